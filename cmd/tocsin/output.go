package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"tocsin/diag"
	"tocsin/notifier"
	"tocsin/query"
)

// outputFormats are the values of -o.
var outputFormats = []string{"table", "json", "ndjson", "csv"}

// outputFormat returns the format to write: as asked, else a table on a
// terminal and NDJSON in a pipe.
func outputFormat(e *env, asked string) (string, error) {
	switch {
	case asked == "" && e.terminal:
		return "table", nil
	case asked == "":
		return "ndjson", nil
	case slices.Contains(outputFormats, asked):
		return asked, nil
	}
	return "", usage("-o %s: it is one of %s", asked, strings.Join(outputFormats, ", "))
}

// rowsHelp is the help text of --rows.
const rowsHelp = "bound on the `number` of rows, at least 1"

// checkRows refuses a --rows that bounds nothing.
func checkRows(n int) error {
	if n < 1 {
		return usage("--rows %d: it is 1 or more", n)
	}
	return nil
}

// writeResult writes the rows of a result to standard output.
func writeResult(e *env, format string, r *query.Result) error {
	switch format {
	case "table":
		return writeTable(e, r)
	case "csv":
		return writeCSV(e, r)
	}
	return writeJSON(e, r, format == "json")
}

// tableCell is the number of characters of a value that a table shows. Other
// forms show all of it.
const tableCell = 1000

// tableColumns is how many columns a table has at most; wider rows, such as whole
// records, are written one below the other.
const tableColumns = 12

// writeTable draws rows for a person; every cell is cleaned and on one line, and
// cut where it is very long.
func writeTable(e *env, r *query.Result) error {
	if len(r.Columns) > tableColumns {
		return writeExpanded(e, r)
	}
	return drawTable(e, r)
}

// drawTable is writeTable for rows of any width.
func drawTable(e *env, r *query.Result) error {
	if len(r.Columns) == 0 {
		return nil
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	if e.width > 20 {
		t.Style().Size.WidthMax = e.width
	}
	lines := []table.Row{make(table.Row, len(r.Columns))}
	columns := make([]table.ColumnConfig, len(r.Columns))
	for i, c := range r.Columns {
		lines[0][i] = cell(c.Name)
		columns[i] = table.ColumnConfig{Number: i + 1, WidthMax: tableWidth, WidthMaxEnforcer: text.WrapSoft}
		if c.Type == query.Integer || c.Type == query.Double {
			columns[i].Align = text.AlignRight
		}
	}
	for _, row := range r.Rows {
		cells := make(table.Row, len(row))
		for i, v := range row {
			cells[i] = shortCell(plain(v))
		}
		lines = append(lines, cells)
	}
	columns[len(columns)-1].WidthMax = lastWidth(e.width, lines)
	t.SetColumnConfigs(columns)
	t.AppendHeader(lines[0])
	t.AppendRows(lines[1:])
	_, err := fmt.Fprintln(e.stdout, t.Render())
	return err
}

// tableWidth is the width of a column beyond which its text goes on below.
const tableWidth = 80

// lastWidth is the width that a terminal leaves to the last column of a table, so
// that it goes on below instead of being cut; where that is next to nothing, and
// where there is no terminal, tableWidth.
func lastWidth(terminal int, lines []table.Row) int {
	left := terminal - 1 - 3*len(lines[0]) // without borders
	for i := range len(lines[0]) - 1 {
		wide := 0
		for _, cells := range lines {
			wide = max(wide, text.StringWidthWithoutEscSequences(fmt.Sprint(cells[i])))
		}
		left -= min(wide, tableWidth)
	}
	if left < 20 {
		return tableWidth
	}
	return min(left, tableWidth)
}

// writeExpanded writes each row as lines of a name and a value, as psql does with
// \x auto; values that are empty are left out.
func writeExpanded(e *env, r *query.Result) error {
	w := bufio.NewWriter(e.stdout)
	for n, row := range r.Rows {
		var lines [][2]string
		wide := 0
		for i, v := range row {
			value := plain(v)
			if value == "" {
				continue
			}
			name := cell(r.Columns[i].Name)
			wide = max(wide, text.StringWidthWithoutEscSequences(name))
			lines = append(lines, [2]string{name, shortCell(value)})
		}
		fmt.Fprintf(w, "─[ %d ]%s\n", n+1, strings.Repeat("─", 40))
		for _, l := range lines {
			fmt.Fprintf(w, "%s  %s\n", text.Pad(l[0], wide, ' '), l[1])
		}
	}
	return w.Flush()
}

// cell makes a value fit for one cell on a terminal.
func cell(s string) string { return diag.Isolate(diag.Line(s)) }

// shortCell is cell, and says where it leaves something out.
func shortCell(s string) string {
	n := 0
	for i := range s {
		if n++; n > tableCell {
			return cell(s[:i]) + fmt.Sprintf("… (%d more characters; -o json shows them)", utf8.RuneCountInString(s[i:]))
		}
	}
	return cell(s)
}

// plain is a value as text: times as RFC 3339 in UTC, NULL as nothing.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any, map[string]any:
		b, err := marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(b)
	}
	return fmt.Sprint(v)
}

// writeCSV is exact in a pipe; on a terminal, where a person copies it, cells
// are formula-safe and clean (G05).
func writeCSV(e *env, r *query.Result) error {
	w := csv.NewWriter(e.stdout)
	write := func(fields []string) error {
		if e.terminal {
			for i, f := range fields {
				fields[i] = notifier.CSVCell(f)
			}
		}
		return w.Write(fields)
	}
	names := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		names[i] = c.Name
	}
	if err := write(names); err != nil {
		return err
	}
	for _, row := range r.Rows {
		fields := make([]string, len(row))
		for i, v := range row {
			fields[i] = plain(v)
		}
		if err := write(fields); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// writeJSON writes one object for each row, with the columns in their order. On
// a terminal what a reader must not get as it is stands as its escape (G02),
// which is the same value.
func writeJSON(e *env, r *query.Result, array bool) error {
	encode := marshal
	if e.terminal {
		encode = marshalVisible
	}
	w := bufio.NewWriter(e.stdout)
	if array {
		w.WriteString("[")
	}
	for i, row := range r.Rows {
		if array && i > 0 {
			w.WriteString(",\n ")
		}
		if err := writeObject(w, encode, r.Columns, row); err != nil {
			return err
		}
		if !array {
			w.WriteByte('\n')
		}
	}
	if array {
		w.WriteString("]\n")
	}
	return w.Flush()
}

func writeObject(w *bufio.Writer, encode func(any) ([]byte, error), columns []query.Column, row []any) error {
	for i, v := range row {
		w.WriteByte("{,"[min(i, 1)])
		name, err := encode(columns[i].Name)
		if err != nil {
			return err
		}
		value, err := encode(v)
		if err != nil {
			return fmt.Errorf("column %s: %w", columns[i].Name, err)
		}
		w.Write(name)
		w.WriteByte(':')
		w.Write(value)
	}
	if len(row) == 0 {
		w.WriteByte('{')
	}
	return w.WriteByte('}')
}

// marshal is JSON without the escaping of <, > and & that encoding/json adds.
func marshal(v any) ([]byte, error) {
	if t, ok := v.(time.Time); ok {
		v = t.UTC().Format(time.RFC3339Nano)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// marshalVisible is marshal with every character that diag.Clean shows as its
// number written as an escape of JSON.
func marshalVisible(v any) ([]byte, error) {
	b, err := marshal(v)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, r := range string(b) {
		switch {
		case r < 0x7f || diag.Clean(string(r)) == string(r):
			out = utf8.AppendRune(out, r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		}
	}
	return out, nil
}
