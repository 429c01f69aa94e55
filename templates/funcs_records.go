// table() of rows with many columns: one record below the other, a line for each
// value, because no mail program shows a wide table.

package templates

import (
	"strings"

	"github.com/mattn/go-runewidth"

	"tocsin/diag"
)

const (
	keyStyle   = ` style="padding:3px 10px 3px 0;vertical-align:top;color:#667085;white-space:nowrap"`
	valueStyle = ` style="padding:3px 0;vertical-align:top;color:#101828;word-break:break-word"`
)

// htmlRecords writes the values of each row, absent ones left out.
func (c *call) htmlRecords(columns []any, rows []tableRow) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(`<table class="t-rows" width="100%" cellpadding="0" cellspacing="0" border="0" style="border-collapse:collapse;margin:0 0 8px 0;border-top:1px solid #d0d5dd;font:13px/18px Arial,Helvetica,sans-serif">`)
		if mark := recordMark(r); mark != "" {
			b.WriteString(`<tr><td colspan="2" style="padding:6px 0 3px 0"><b>` + c.st.p.htmlOf(mark) + `</b></td></tr>`)
		}
		for i, v := range r.cells {
			if v == nil || i >= len(columns) {
				continue
			}
			b.WriteString(`<tr><td class="t-dim"` + keyStyle + `>` + c.st.p.htmlOf(c.cell(columns[i], cellChars)) +
				`</td><td class="t-td" width="100%"` + valueStyle + `>` + c.st.p.htmlOf(c.cell(v, cellChars)) + `</td></tr>`)
		}
		b.WriteString("</table>")
		c.grown(b.Len())
	}
	return c.made(b.String())
}

// textRecords is htmlRecords for text: names aligned, a blank line between rows.
func (c *call) textRecords(columns []any, rows []tableRow) string {
	width := 0
	for _, k := range columns {
		width = max(width, runewidth.StringWidth(Defang(c.cell(k, textChars))))
	}
	var b strings.Builder
	for n, r := range rows {
		if n > 0 {
			b.WriteByte('\n')
		}
		if mark := recordMark(r); mark != "" {
			b.WriteString(c.st.p.textOf(mark) + "\n")
		}
		for i, v := range r.cells {
			if v == nil || i >= len(columns) {
				continue
			}
			name := c.cell(columns[i], textChars)
			b.WriteString(c.st.p.textOf(name) + strings.Repeat(" ", width-runewidth.StringWidth(Defang(name))+2))
			b.WriteString(c.st.p.textOf(c.cell(v, cellChars)) + "\n")
		}
		c.grown(b.Len())
	}
	return c.made(strings.TrimSuffix(b.String(), "\n"))
}

// recordMark says what is special about a row; "" for an ordinary one.
func recordMark(r tableRow) string {
	was := wasText(r)
	switch {
	case r.isNew && was != "":
		return "NEW " + was
	case r.isNew:
		return "NEW"
	}
	return was
}

// wasText is what changed, in brackets; "" when nothing did.
func wasText(r tableRow) string {
	if r.was == "" || r.was == "∅" {
		return ""
	}
	return "(" + diag.Line(r.was) + ")"
}
