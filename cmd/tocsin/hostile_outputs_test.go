package main

// This file judges what queries over hostile records print, in every form.

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// judgeOutputs asks for all values of a format at once, in every form.
func judgeOutputs(t *testing.T, b *bench, payloads []payload) {
	b.write("rules/rules.yaml", "") // not read again for each query
	for _, format := range []string{"cloudtrail", "asff", "ocsf", "cspm"} {
		all := slices.DeleteFunc(slices.Clone(payloads), func(p payload) bool { return p.Format != format })
		columns := map[string]string{}
		var selected, ids []string
		for _, p := range all {
			ids = append(ids, p.identity)
			if columns[p.Field] == "" {
				columns[p.Field] = fmt.Sprintf("c%d", len(columns))
				selected = append(selected, p.selected()+" AS "+columns[p.Field])
			}
		}
		q := fmt.Sprintf("%s | SELECT %s ORDER BY __seq__", strings.Join(ids, " or "), strings.Join(selected, ", "))
		b.judgeOutput(format, all, columns, q)
	}
}

// judgeOutput compares the rows of one query in every form with what was loaded.
func (b *bench) judgeOutput(format string, all []payload, columns map[string]string, q string) {
	b.t.Helper()
	ask := func(terminal bool, form string) string {
		b.terminal = terminal
		return b.must(0, "query", "-l", all[0].logstore(), "-o", form, q).out
	}
	var array []map[string]string
	if err := json.Unmarshal([]byte(ask(false, "json")), &array); err != nil {
		b.t.Fatalf("%s: -o json: %v", format, err)
	}
	b.same(format+" -o json", all, columns, array)
	array = nil
	lines := ask(true, "ndjson")
	if why := unclean(lines); why != "" {
		b.t.Errorf("%s -o ndjson on a terminal: %s", format, why)
	}
	for line := range strings.Lines(lines) {
		var row map[string]string
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			b.t.Fatalf("%s: -o ndjson: %v", format, err)
		}
		array = append(array, row)
	}
	b.same(format+" -o ndjson", all, columns, array)
	b.same(format+" -o csv", all, columns, b.rows(format, ask(false, "csv"), len(all)))
	terminal := ask(true, "csv")
	if why := unclean(terminal); why != "" {
		b.t.Errorf("%s -o csv on a terminal: %s", format, why)
	}
	for _, row := range b.rows(format, terminal, len(all)) {
		for _, cell := range row {
			if formulaLike(cell) {
				b.t.Errorf("%s -o csv on a terminal: %q is a formula", format, cell)
			}
		}
	}
	table := ask(true, "table")
	if why := unclean(table); why != "" {
		b.t.Errorf("%s -o table: %s", format, why)
	}
	for _, p := range all {
		if p.Marker != "" && !strings.Contains(table, p.Marker) {
			b.t.Errorf("%s -o table: %s is not there", format, p.Marker)
		}
	}
}

// rows reads CSV that a query wrote.
func (b *bench) rows(format, text string, want int) (rows []map[string]string) {
	b.t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(all) != want+1 {
		b.t.Fatalf("%s -o csv: %d rows of %d: %v", format, len(all)-1, want, err)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

// same holds that the values are those that were loaded, byte for byte.
func (b *bench) same(form string, all []payload, columns map[string]string, rows []map[string]string) {
	b.t.Helper()
	if len(rows) != len(all) {
		b.t.Errorf("%s: %d rows of %d", form, len(rows), len(all))
		return
	}
	for i, p := range all {
		got, want := rows[i][columns[p.Field]], p.value
		if strings.HasSuffix(form, "csv") { // Go's reader of CSV joins CR LF
			got, want = strings.ReplaceAll(got, "\r\n", "\n"), strings.ReplaceAll(want, "\r\n", "\n")
		}
		if !p.isKey() {
			if got != want {
				b.t.Errorf("%s: %s is %.200q, not %.200q", form, p.ID, got, want)
			}
			continue
		}
		var object map[string]any
		if err := json.Unmarshal([]byte(got), &object); err != nil || object[p.value] != keyValue {
			b.t.Errorf("%s: %s has not the key %.200q: %.300s %v", form, p.ID, p.value, got, err)
		}
	}
}
