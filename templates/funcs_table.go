// table(): rows as HTML or as aligned text.

package templates

import (
	"strings"

	"github.com/mattn/go-runewidth"

	"tocsin/diag"
)

const (
	cellBytes = 8 << 10 // of a value that are looked at for a cell
	cellChars = 300     // characters of a cell that are shown in HTML
	textChars = 100     // columns of a cell in text

	wideColumns = 7 // rows with more columns are written one below the other, a line for each value
)

// tableRow is one row of table().
type tableRow struct {
	cells []any
	isNew bool
	was   string
}

// fnTable prints rows as a table, in HTML with styles that mail programs keep,
// in text with aligned columns. Rows are those of alerts[…].rows, maps (columns
// are then their keys), or lists; n limits how many are shown.
func fnTable(c *call) any {
	columns, n := c.list(0), c.int(2, 20)
	var rows []tableRow
	marks := false
	for i, r := range c.list(1) {
		if i >= n {
			break
		}
		row := c.tableRow(norm(r), columns)
		marks = marks || row.isNew
		rows = append(rows, row)
	}
	wide := len(columns) > wideColumns
	switch {
	case c.st.p.out == outHTML && wide:
		return &markup{html: c.htmlRecords(columns, rows)}
	case c.st.p.out == outHTML:
		return &markup{html: c.htmlTable(columns, rows, marks)}
	case wide:
		return &markup{text: c.textRecords(columns, rows)}
	}
	return &markup{text: c.textTable(columns, rows, marks)}
}

func (c *call) tableRow(r any, columns []any) tableRow {
	c.st.spend(10)
	switch x := r.(type) {
	case []any:
		return tableRow{cells: x}
	case map[string]any:
		if cells, ok := x["cells"].([]any); ok {
			return tableRow{cells: cells, isNew: truth(member(x, "is_new")), was: c.st.text(member(x, "was"))}
		}
		cells := make([]any, len(columns))
		for i, k := range columns {
			name := c.st.text(norm(k))
			if _, there := x[name]; !there {
				name = strings.TrimPrefix(name, "@") // the heading of a column that is actor in the row
			}
			cells[i] = member(x, name)
		}
		return tableRow{cells: cells}
	}
	return tableRow{cells: []any{r}}
}

// cell returns the text of a cell, one line.
func (c *call) cell(v any, limit int) string {
	if v == nil {
		return "–"
	}
	s := c.st.text(norm(v))
	if len(s) > cellBytes { // a value of any size costs its row no more than this
		s = strings.ToValidUTF8(s[:cellBytes], "") + "…"
	}
	c.st.alloc(2 * len(s))
	return cutText(diag.Line(s), limit)
}

const (
	thRight = ` style="padding:6px 10px;text-align:right;font-weight:bold;background-color:#f2f4f7;border-bottom:1px solid #d0d5dd;color:#344054"`
	thStyle = ` style="padding:6px 10px;text-align:left;font-weight:bold;background-color:#f2f4f7;border-bottom:1px solid #d0d5dd;color:#344054"`
	tdStyle = ` style="padding:6px 10px;vertical-align:top;border-bottom:1px solid #eaecf0;color:#101828;word-break:break-word"`
	nrStyle = ` style="padding:6px 10px;vertical-align:top;border-bottom:1px solid #eaecf0;color:#101828;text-align:right;white-space:nowrap"`
	newMark = `<span class="t-new" style="background-color:#fef0c7;color:#93370d;padding:1px 6px;font-size:11px;font-weight:bold;white-space:nowrap">NEW</span>`
)

// htmlTable writes the table with all its styles in the elements.
func (c *call) htmlTable(columns []any, rows []tableRow, marks bool) string {
	var b strings.Builder
	b.WriteString(`<table class="t-rows" width="100%" cellpadding="0" cellspacing="0" border="0" style="border-collapse:collapse;margin:0 0 8px 0;font:13px/18px Arial,Helvetica,sans-serif"><tr>`)
	if marks {
		b.WriteString(`<th class="t-th"` + thStyle + `></th>`)
	}
	for i, k := range columns {
		style := thStyle
		if len(rows) > 0 && isNumberAt(rows[0].cells, i) {
			style = thRight
		}
		b.WriteString(`<th class="t-th"` + style + `>` + c.st.p.htmlOf(c.cell(k, cellChars)) + `</th>`)
	}
	b.WriteString("</tr>")
	for _, r := range rows {
		b.WriteString("<tr>")
		if marks {
			mark := ""
			if r.isNew {
				mark = newMark
			}
			b.WriteString(`<td class="t-td"` + tdStyle + `>` + mark + `</td>`)
		}
		for i, v := range r.cells {
			style := tdStyle
			if isNumberAt(r.cells, i) {
				style = nrStyle
			}
			b.WriteString(`<td class="t-td"` + style + `>` + c.st.p.htmlOf(c.cell(v, cellChars)))
			if i == len(r.cells)-1 && r.was != "" && r.was != "∅" {
				b.WriteString(` <span class="t-dim" style="color:#667085">(` + c.st.p.htmlOf(diag.Line(r.was)) + `)</span>`)
			}
			b.WriteString("</td>")
		}
		b.WriteString("</tr>")
		c.grown(b.Len())
	}
	b.WriteString("</table>")
	return c.made(b.String())
}

func isNumberAt(cells []any, i int) bool {
	if i >= len(cells) {
		return false
	}
	_, _, ok := asNumber(norm(cells[i]))
	return ok
}

// grown stops a text that is being built when it gets too large.
func (c *call) grown(n int) {
	if n > maxOne {
		c.st.alloc(maxOne + 1)
	}
	c.st.spend(1000)
}

// textTable aligns columns; Japanese letters are two columns wide.
func (c *call) textTable(columns []any, rows []tableRow, marks bool) string {
	grid := [][]string{{}}
	for _, k := range columns {
		grid[0] = append(grid[0], c.cell(k, textChars))
	}
	for _, r := range rows {
		line := make([]string, 0, len(r.cells)+1)
		for i, v := range r.cells {
			s := runewidth.Truncate(c.cell(v, cellChars), textChars, "…")
			if i == len(r.cells)-1 && r.was != "" && r.was != "∅" {
				s += " (" + diag.Line(r.was) + ")"
			}
			line = append(line, s)
		}
		grid = append(grid, line)
	}
	if marks {
		grid[0] = append([]string{""}, grid[0]...)
		for i, r := range rows {
			mark := ""
			if r.isNew {
				mark = "NEW"
			}
			grid[i+1] = append([]string{mark}, grid[i+1]...)
		}
	}
	return c.align(grid)
}

// align writes lines of cells, each column as wide as its widest cell, with a
// rule below the first line.
func (c *call) align(grid [][]string) string {
	var widths []int
	for _, line := range grid {
		for i, s := range line {
			for len(widths) <= i {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], runewidth.StringWidth(Defang(s)))
		}
	}
	var b strings.Builder
	for n, line := range grid {
		for i, s := range line {
			b.WriteString(c.st.p.textOf(s))
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-runewidth.StringWidth(Defang(s))+2))
			}
		}
		b.WriteByte('\n')
		if n == 0 {
			total := 0
			for _, w := range widths {
				total += w + 2
			}
			b.WriteString(strings.Repeat("-", min(max(total-2, 1), 120)) + "\n")
		}
		c.grown(b.Len())
	}
	return c.made(strings.TrimSuffix(b.String(), "\n"))
}
