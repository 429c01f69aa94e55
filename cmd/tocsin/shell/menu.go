// The menu below the line, as the line editor wants it.
//
// The editor keeps those texts that begin with what was typed, in any case, and
// puts the chosen one in the place of as many characters as the typed text has
// bytes. So what was typed has to be ASCII, and a value that needs quotes has to
// have been begun with one: where that is not so, the line is edited first.

package shell

import (
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"tocsin/diag"
	"tocsin/query"
)

// A menu is an offer made fit for the editor.
type menu struct {
	line   string // the text, which may have been edited
	cursor int    // byte in it
	prefix string // what the texts of all items begin with; the editor takes it out
	items  []item
}

// An item is one line of a menu.
type item struct {
	insert string
	label  string
	group  string
}

// fit turns an offer for a line into a menu on a screen of w columns. What a
// terminal must not get is not offered.
func fit(line string, cursor int, o offer, w int) menu {
	m := menu{line: line, cursor: cursor}
	entries := o.entries[:0:0]
	for _, e := range o.entries {
		if diag.Clean(e.text) == e.text && !strings.ContainsAny(e.text, "\n\t") {
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 || o.span.Start < 0 || o.span.Start > cursor || cursor > len(line) {
		return m
	}
	word := line[o.span.Start:cursor]
	if quote := quoteFor(word, entries); quote != "" {
		m.line = line[:o.span.Start] + quote + line[o.span.Start:]
		m.cursor += len(quote)
		word = quote + word
		for i, e := range entries {
			if !strings.HasPrefix(e.text, quote) {
				entries[i].text = quote + e.text + quote
			}
		}
	}
	if !ascii(word) {
		entries = append([]entry{{text: word, group: entries[0].group, detail: "as typed"}}, keep(entries, word)...)
		m.line = m.line[:o.span.Start] + m.line[m.cursor:]
		m.cursor, word = o.span.Start, ""
	}
	lead := ""
	switch before, _ := utf8.DecodeLastRuneInString(m.line[:m.cursor]); {
	case word != "":
		m.prefix = word
	case m.cursor > 0 && before < utf8.RuneSelf:
		lead = string(before) // an empty prefix would mean the word before
		m.prefix = lead
	}
	m.items = items(keep(entries, word), lead, w)
	return m
}

// keep returns the entries that begin with word, in any case.
func keep(entries []entry, word string) []entry {
	var kept []entry
	for _, e := range entries {
		if len(e.text) >= len(word) && strings.EqualFold(e.text[:len(word)], word) {
			kept = append(kept, e)
		}
	}
	return kept
}

// quoteFor returns the quote that has to be put before word, so that the values
// which need one can be offered; "" where none is missing, or where something
// other than values would be lost.
func quoteFor(word string, entries []entry) string {
	quote := ""
	if word == "" || quoted(word) {
		return ""
	}
	for _, e := range entries {
		switch {
		case quoted(e.text) && len(keep([]entry{{text: e.text[1:]}}, word)) > 0:
			quote = e.text[:1]
		case quoted(e.text):
		case e.group != query.ValueCandidate.String():
			return ""
		}
	}
	return quote
}

func quoted(s string) bool { return strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "'") }

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// items lays entries out in columns: text, detail, what it is about.
func items(entries []entry, lead string, w int) []item {
	texts, details := 0, 0
	for _, e := range entries {
		texts = max(texts, min(width(e.text), max(20, w/2)))
		details = max(details, min(width(e.detail), max(20, w/3)))
	}
	out := make([]item, len(entries))
	for i, e := range entries {
		label := pad(visible(e.text), texts)
		if details > 0 {
			label += "  " + pad(visible(e.detail), details)
		}
		if e.doc != "" {
			label += "  " + visible(e.doc)
		}
		if w > 4 {
			label = runewidth.Truncate(label, w-4, "…")
		}
		out[i] = item{insert: lead + e.text, label: strings.TrimRight(label, " "), group: e.group}
	}
	return out
}

// groups is how many headings a menu has.
func groups(items []item) int {
	seen := map[string]bool{}
	for _, it := range items {
		seen[it.group] = true
	}
	return len(seen)
}

// width is the number of columns of a text on a terminal.
func width(s string) int { return runewidth.StringWidth(s) }

// pad makes a text n columns wide, or cuts it there.
func pad(s string, n int) string {
	if width(s) > n {
		return runewidth.Truncate(s, n, "…")
	}
	return runewidth.FillRight(s, n)
}
