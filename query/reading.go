// What a plan reads, so that a store can hold a copy of it for several plans.

package query

import "slices"

// A Reading is what the statements of a plan read: records of one logstore, which
// the statement's window bounds.
type Reading struct {
	Logstore string   // its name
	Table    string   // what a statement reads
	Columns  []string // of the table, those that the DuckDB dialect reads, and those that windows bound, sorted

	store *Logstore
	probe *tableRead // what it has to find for there to be any row; nil: there may be rows without
	tests []string   // the columns that the search looks at, and those that windows bound, sorted
	need  *need      // what one of its records has to meet for there to be any row; nil: nothing
}

// Reading returns what p reads, when that is nothing but records of one logstore
// within the window of the statement. Then a table of the same name with the same
// columns, which holds the records of the window in their order, and maybe more,
// gives the same answer; where no ORDER BY says how, its rows may be in another order. Not ok: it also reads another logstore, a lookup table, a
// snapshot or the history, or a part has a window of its own.
func (p *Plan) Reading() (r Reading, ok bool) { return p.reading, p.reading.store != nil }

// Probe prints a statement that gives a row when the search of p finds a record that
// w bounds, and what columns it reads. When it gives none, p has no rows. Not ok: that
// does not follow, as where count(*) answers 0.
func (r Reading) Probe(d Dialect, w Window) (s Statement, columns []string, ok bool) {
	if r.probe == nil {
		return Statement{}, nil, false
	}
	out := &sqlPrinter{engine: d, window: w}
	out.print("SELECT 1")
	out.bounded(r.probe)
	out.print(" LIMIT 1")
	text := out.b.String()
	return Statement{Text: d.functions(text) + text, Args: out.args}, r.tests, true
}

// Records prints the statement that gives columns of the records that w bounds,
// without an order of its own; without columns it counts them.
func (r Reading) Records(d Dialect, columns []string, w Window) Statement {
	out := &sqlPrinter{engine: d, window: w}
	out.print("SELECT ")
	if len(columns) == 0 {
		out.print("count(*)")
	}
	out.list(len(columns), func(i int) { out.name(columns[i]) })
	out.bounded(&tableRead{store: r.store})
	text := out.b.String()
	return Statement{Text: d.functions(text) + text, Args: out.args}
}

// tally notes what a printer writes.
type tally struct {
	tables []*tableRead
	names  map[string]bool // of columns, of tables and of what subqueries give
}

// reading is what was read by a plan, if a copy can stand for it.
func (t *tally) reading(root *selection) Reading {
	if len(t.tables) == 0 {
		return Reading{}
	}
	store := t.tables[0].store
	if store.NoWindow || store.Pinned || store.Lookup || store.History {
		return Reading{}
	}
	for _, r := range t.tables {
		if r.store != store || r.length > 0 {
			return Reading{}
		}
	}
	r := Reading{Logstore: store.Name, Table: store.Table, Columns: t.columnsOf(store), store: store}
	if found := t.tables[0].filter; len(t.tables) == 1 && found != nil && rowsNeedRows(root) {
		search := &sqlPrinter{engine: DuckDB(), filter: true, tally: &tally{names: map[string]bool{}}}
		search.pred(found, false)
		r.probe, r.tests, r.need = t.tables[0], search.tally.columnsOf(store), needOf(root, found)
	}
	return r
}

// columnsOf are the columns of a table among the names, and those that windows bound.
func (t *tally) columnsOf(store *Logstore) []string {
	columns := []string{seqColumn, timeColumn}
	for _, name := range store.columns() {
		if t.names[name] && !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	slices.Sort(columns)
	return columns
}

// rowsNeedRows reports whether a rowset is empty when the table that it reads is.
func rowsNeedRows(r rowset) bool {
	s, ok := r.(*selection)
	if !ok {
		_, ok = r.(*tableRead)
		return ok
	}
	from, ok := s.from.(*named)
	return ok && !(s.grouped && len(s.groups) == 0) && rowsNeedRows(from.rows)
}

// columns are the columns of the table that statements may read; some come twice.
func (l *Logstore) columns() []string {
	var names []string
	for _, f := range slices.Concat(systemFields(), l.Fields) {
		names = append(names, f.Column)
		if f.Shape == nil {
			continue
		}
		names = append(names, f.Shape.Column)
		for _, part := range f.Shape.Parts {
			names = append(names, part.Column)
		}
	}
	return names
}
