package notifier

// This file makes the CSV that a person is handed: a mail's attachment, an
// export. It is safe to open in a spreadsheet (G05); CSV for programs
// ("-o csv" into a pipe) is exact and is not made here.

import (
	"encoding/csv"
	"regexp"
	"strings"
	"unicode"

	"tocsin/diag"
)

// CSV returns a heading and rows as UTF-8 text with a line feed at each line's
// end. Every cell is cleaned (diag.Clean) and isolated where it is written from
// right to left; a heading or cell that a spreadsheet would take for a formula
// gets a leading apostrophe, numbers do not (G05). A row may be shorter or
// longer than the heading.
func CSV(columns []string, rows [][]string) []byte {
	var b strings.Builder
	w := csv.NewWriter(&b)
	line := make([]string, 0, len(columns))
	write := func(cells []string) {
		line = line[:0]
		for _, c := range cells {
			line = append(line, CSVCell(c))
		}
		w.Write(line) // a strings.Builder never fails, and the comma is a valid delimiter
	}
	write(columns)
	for _, r := range rows {
		write(r)
	}
	w.Flush()
	return []byte(b.String())
}

// CSVCell returns what stands in a CSV file for one value that a person may open
// in a spreadsheet: cleaned, isolated, with an apostrophe before a formula (G05).
func CSVCell(s string) string {
	s = diag.Clean(s)
	shown := diag.Isolate(s)
	if formula(s) {
		return "'" + shown
	}
	return shown
}

var number = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$`)

// formula reports whether a spreadsheet might evaluate the cell s: its first
// visible character starts a formula (also in the full width that East Asian
// input methods type), or it starts with a tab or CR, and it is no number.
func formula(s string) bool {
	if strings.HasPrefix(s, "\t") || strings.HasPrefix(s, "\r") {
		return true
	}
	t := strings.TrimLeftFunc(s, unicode.IsSpace)
	if t == "" || number.MatchString(t) {
		return false
	}
	return strings.HasPrefix(t, "=") || strings.HasPrefix(t, "+") || strings.HasPrefix(t, "-") || strings.HasPrefix(t, "@") ||
		strings.HasPrefix(t, "＝") || strings.HasPrefix(t, "＋") || strings.HasPrefix(t, "－") || strings.HasPrefix(t, "＠")
}
