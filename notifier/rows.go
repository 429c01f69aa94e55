package notifier

// This file compares the rows of a state alert with those that were told: which
// are new, which are gone, which numbers changed (D07).

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"tocsin/alertrules"
	"tocsin/diag"
)

// rowID is a short name for a row's key, which may be long.
func rowID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// rowsKnown reports whether the rows told can be compared with those of the
// alert: after an edit of the rule the rows are the new base, none of them new
// and none gone (D23).
func rowsKnown(it Item) bool {
	return it.Told != nil && it.Told.Rows != nil && !it.Alert.Edited.After(it.Told.At)
}

// newRows returns the ids of rows that the reader has not been told of.
func newRows(it Item) map[string]bool {
	out := map[string]bool{}
	if !rowsKnown(it) {
		return out
	}
	for _, r := range it.Alert.Rows {
		if _, ok := it.Told.Rows[rowID(r.Key)]; !ok {
			out[rowID(r.Key)] = true
		}
	}
	return out
}

// goneRow is a row that was told and is there no more.
type goneRow struct{ id, label string }

// goneRows returns the rows that were told and are there no more, sorted by
// their labels. When the rows were cut, what is missing is not gone.
func goneRows(it Item) []goneRow {
	if !rowsKnown(it) || it.Alert.Partial != "" || it.Alert.RowsAll > len(it.Alert.Rows) {
		return nil
	}
	now := make(map[string]bool, len(it.Alert.Rows))
	for _, r := range it.Alert.Rows {
		now[rowID(r.Key)] = true
	}
	var out []goneRow
	for id, r := range it.Told.Rows {
		if !now[id] {
			out = append(out, goneRow{id, r.Label})
		}
	}
	slices.SortFunc(out, func(a, b goneRow) int { return cmp.Or(cmp.Compare(a.label, b.label), cmp.Compare(a.id, b.id)) })
	return out
}

// was says which numbers of a row changed since they were told: "was 2", with
// the column's name where the row has several numbers; "" when none did.
func was(it Item, r alertrules.Row) string {
	if !rowsKnown(it) {
		return ""
	}
	told, ok := it.Told.Rows[rowID(r.Key)]
	if !ok {
		return ""
	}
	var parts []string
	numbers := 0
	for i, c := range it.Alert.Columns {
		n, isNumber := numberText(cell(r, i))
		if !isNumber {
			continue
		}
		numbers++
		if before, ok := told.Numbers[c.Name]; ok && before != n {
			parts = append(parts, c.Name+" was "+before)
		}
	}
	if numbers == 1 && len(parts) == 1 {
		_, value, _ := strings.Cut(parts[0], " was ")
		return "was " + value
	}
	return strings.Join(parts, ", ")
}

// tellRows returns what a mail with the rows of a makes known.
func tellRows(a *alertrules.Alert) map[string]ToldRow {
	out := make(map[string]ToldRow, len(a.Rows))
	for _, r := range a.Rows {
		t := ToldRow{Label: rowLabel(a, r)}
		for i, c := range a.Columns {
			if n, ok := numberText(cell(r, i)); ok {
				if t.Numbers == nil {
					t.Numbers = map[string]string{}
				}
				t.Numbers[c.Name] = n
			}
		}
		out[rowID(r.Key)] = t
	}
	return out
}

// rowLabel names a row by its values that are no numbers, cleaned and cut, and
// without those that no mail may carry.
func rowLabel(a *alertrules.Alert, r alertrules.Row) string {
	hidden := newMask(nil)
	var parts []string
	for i, c := range a.Columns {
		v := cell(r, i)
		if _, ok := numberText(v); ok || v == nil || hidden.hides(c.Name) {
			continue
		}
		parts = append(parts, cut(diag.Line(cellText(hidden.value(c.Name, v))), 60))
	}
	return cut(strings.Join(parts, ", "), 120)
}

// cell returns the value of column i, nil when the row is shorter.
func cell(r alertrules.Row, i int) any {
	if i >= len(r.Cells) {
		return nil
	}
	return r.Cells[i]
}

// numberText returns a number as text.
func numberText(v any) (string, bool) {
	switch n := v.(type) {
	case int64:
		return strconv.FormatInt(n, 10), true
	case int:
		return strconv.Itoa(n), true
	case float64:
		if math.Abs(n) < 1e15 {
			return strconv.FormatFloat(n, 'f', -1, 64), true
		}
		return strconv.FormatFloat(n, 'g', -1, 64), true
	}
	return "", false
}

// cellText returns a value as a table or a CSV shows it; null is empty.
func cellText(v any) string {
	if v == nil {
		return ""
	}
	if n, ok := numberText(v); ok {
		return n
	}
	return fmt.Sprint(v)
}

// cut shortens s to n runes, with an ellipsis.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// cutAll is cut for the values of a map.
func cutAll(m map[string]string, n int) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k] = cut(v, n)
	}
	return out
}
