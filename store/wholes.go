// What is kept in parts, and the view in which it is whole.

package store

import (
	"cmp"
	"slices"
	"strings"

	"tocsin/ingest"
	"tocsin/query"
)

// uuidColumns are the columns whose text is computed: UUIDs, but for those that are
// a part of a Whole.
func uuidColumns(ls *ingest.Logstore) (names []string) {
	for _, c := range allColumns(ls) {
		if c.Kind == ingest.UUID && !slices.ContainsFunc(ls.Wholes, func(w ingest.Whole) bool { return w.UUID == c.Name }) {
			names = append(names, c.Name)
		}
	}
	return names
}

// readName is the name of what queries read: the table, or the view that puts its
// wholes together. (A generated column would be computed for each row that is
// written, too.)
func readName(ls *ingest.Logstore) string {
	if len(ls.Wholes) == 0 {
		return tableName(ls.Name)
	}
	return "whole_" + ls.Name
}

// viewStatement makes that view. A migration that changes what is in it drops the
// old one.
func viewStatement(ls *ingest.Logstore) string {
	list := "*"
	for _, c := range uuidColumns(ls) {
		list += ", " + quoteName(c) + "::VARCHAR AS " + quoteName(textColumn(c))
	}
	for i := range ls.Wholes {
		w := &ls.Wholes[i]
		list += ", " + wholeExpression(w, "") + " AS " + quoteName(w.Name)
	}
	return "CREATE OR REPLACE VIEW " + quoteName(readName(ls)) + " AS SELECT " + list + " FROM " + quoteName(tableName(ls.Name))
}

// wholeExpression puts a column together, from columns of what the prefix names.
func wholeExpression(w *ingest.Whole, prefix string) string {
	kept := prefix + quoteName(w.Kept)
	if w.UUID != "" {
		return "coalesce(" + prefix + quoteName(w.UUID) + "::VARCHAR, " + kept + ")"
	}
	args := kept
	for _, h := range w.Holes {
		args += ", coalesce(" + prefix + quoteName(h.Column) + ", '')"
	}
	return fillFunction(w).Name + "(" + args + ")"
}

// fillFunction fills the holes of a Whole.
func fillFunction(w *ingest.Whole) query.DuckDBFunction {
	params := make([]query.Type, len(w.Holes)+1)
	for i := range params {
		params[i] = query.Text
	}
	return query.DuckDBFunction{Name: "tocsin_whole_" + w.Name, Params: params, Result: query.Text, Call: func(args []any) (any, error) {
		texts := make([]string, len(args))
		for i, a := range args {
			texts[i], _ = a.(string) // the engine has checked
		}
		return w.Fill(texts[0], texts[1:]), nil
	}}
}

// remakeStatements returns the statements that make a table anew which was made before one
// of its columns became a Whole: what was kept of it then is all of it.
func remakeStatements(ls *ingest.Logstore, has map[string]string) []string {
	kept := map[string]string{} // a column → what holds it in the old table
	for _, w := range ls.Wholes {
		if _, ok := has[w.Kept]; !ok && has[w.Name] != "" {
			kept[w.Kept] = w.Name
		}
	}
	if len(kept) == 0 {
		return nil
	}
	var into, from []string
	for _, c := range allColumns(ls) {
		name := cmp.Or(kept[c.Name], c.Name)
		if _, ok := has[name]; ok {
			into, from = append(into, quoteName(c.Name)), append(from, quoteName(name))
		}
	}
	table, old := quoteName(tableName(ls.Name)), quoteName("before_"+tableName(ls.Name))
	statements := append([]string{"ALTER TABLE " + table + " RENAME TO " + old}, statementsFor(ls, nil)...)
	return append(statements,
		"INSERT INTO "+table+" ("+strings.Join(into, ", ")+") SELECT "+strings.Join(from, ", ")+" FROM "+old, // in the order of the table, which needs no memory
		"DROP TABLE "+old)
}
