// Copies of records in the window instance: which are worth it, how they are made,
// asked and dropped.

package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"tocsin/alertrules"
	"tocsin/query"
)

// maxCopyBytes bounds the values of one copy.
const maxCopyBytes = 64 << 20

// An askGroup is asks that one copy may serve: over one logstore, bounded by time or
// by numbers.
type askGroup struct {
	reading  query.Reading // with the columns of all of them
	readings []query.Reading
	windows  []query.Window
}

// wideColumns is how many columns a plan may read and share a copy with plans that
// read a few: one that looks for a word anywhere reads all that there are. One that
// shows whole records does, too; but it seldom finds any, and a copy with the columns
// that its search looks at can tell.
const wideColumns = 16

// groupAsks sorts asks by what they are over, in their order. What reads more than
// one logstore, or without bounds, is in none.
func groupAsks(asks []alertrules.Ask) []*askGroup {
	type key struct {
		table          string
		numbered, wide bool
	}
	groups := map[key]*askGroup{}
	var order []*askGroup
	for _, a := range asks {
		r, ok := a.Plan.Reading()
		timed := !a.Window.From.IsZero() && !a.Window.To.IsZero()
		if !ok || timed == (a.Window.AfterSeq > 0) || a.Window.UpToSeq <= 0 {
			continue
		}
		if _, columns, ok := r.Probe(query.DuckDB(), a.Window); ok && len(r.Columns) > wideColumns {
			r.Columns = columns
		}
		k := key{r.Table, !timed, len(r.Columns) > wideColumns}
		g := groups[k]
		if g == nil {
			g = &askGroup{reading: r}
			g.reading.Columns = nil
			groups[k], order = g, append(order, g)
		}
		g.readings, g.windows = append(g.readings, r), append(g.windows, a.Window)
		for _, c := range r.Columns {
			if i, has := slices.BinarySearch(g.reading.Columns, c); !has {
				g.reading.Columns = slices.Insert(g.reading.Columns, i, c)
			}
		}
	}
	return order
}

// extents are the windows that a copy may be of, the widest first, at most four:
// each holds as many of the asks as begin with it or later.
func (g *askGroup) extents() []extent {
	windows := slices.Clone(g.windows)
	slices.SortStableFunc(windows, func(a, b query.Window) int {
		return cmp.Or(b.From.Compare(a.From), cmp.Compare(b.AfterSeq, a.AfterSeq))
	})
	var all []extent
	var e extent
	for i, w := range windows {
		e.window.From, e.window.AfterSeq, e.asks = w.From, w.AfterSeq, i+1
		e.window.UpToSeq = max(e.window.UpToSeq, w.UpToSeq)
		if w.To.After(e.window.To) {
			e.window.To = w.To
		}
		if i+1 == len(windows) || !windows[i+1].From.Equal(w.From) || windows[i+1].AfterSeq != w.AfterSeq {
			all = append(all, e)
		}
	}
	slices.Reverse(all)
	return all[:min(len(all), 4)]
}

// An extent is a window, and how many asks lie in it.
type extent struct {
	window query.Window
	asks   int
}

// worth reports whether a copy of so many rows and columns is less work than the
// questions that it serves: a value takes about half a microsecond to be copied,
// and a question that is asked of the copy saves about a millisecond.
func (e extent) worth(rows int64, columns int) bool {
	return e.asks > 1 && rows*int64(columns) <= 2000*int64(e.asks)
}

// A windowCopy is a table in the window instance, in a schema of its own.
type windowCopy struct {
	in     *instance
	name   string        // of the schema
	of     query.Reading // what it holds
	window query.Window
	sieve  *query.Sieve
	idle   chan *copyConn
	gone   atomic.Bool // dropped: whoever comes late with a connection closes it
}

// idleConns is how many connections of a copy wait for the next question.
const idleConns = 4

// covers reports whether every record that is read over w is in the copy.
func (c *windowCopy) covers(table string, w query.Window) bool {
	if table != c.of.Table || w.UpToSeq <= 0 || w.UpToSeq > c.window.UpToSeq || w.AfterSeq < c.window.AfterSeq {
		return false
	}
	return c.window.From.IsZero() || !w.From.Before(c.window.From) && !w.To.IsZero() && !w.To.After(c.window.To)
}

// has reports whether the copy has these columns.
func (c *windowCopy) has(columns []string) bool {
	for _, name := range columns {
		if _, has := slices.BinarySearch(c.of.Columns, name); !has {
			return false
		}
	}
	return true
}

// rest is what of w the copy itself does not see to.
func (c *windowCopy) rest(w query.Window) query.Window {
	if w.Now.IsZero() {
		w.Now = w.To
	}
	if w.From.Equal(c.window.From) {
		w.From = time.Time{}
	}
	if w.To.Equal(c.window.To) {
		w.To = time.Time{}
	}
	if w.AfterSeq == c.window.AfterSeq {
		w.AfterSeq = 0
	}
	if w.UpToSeq == c.window.UpToSeq {
		w.UpToSeq = 0
	}
	return w
}

// read answers a question. A connection in which it failed is thrown away, with
// whatever is left in its transaction.
func (c *windowCopy) read(ctx context.Context, q question) (*query.Result, error) {
	conn, err := c.conn(ctx)
	if err != nil {
		return nil, err
	}
	r, err := conn.ask(ctx, q)
	if err != nil {
		return nil, errors.Join(err, conn.close(ctx))
	}
	select {
	case c.idle <- conn:
	default:
		return r, conn.close(ctx)
	}
	if c.gone.Load() { // this question was abandoned meanwhile
		return r, c.hangUp(ctx)
	}
	return r, nil
}

// conn returns a connection in a read-only transaction that sees the copy.
func (c *windowCopy) conn(ctx context.Context) (*copyConn, error) {
	select {
	case conn := <-c.idle:
		return conn, nil
	default:
	}
	conn, err := c.in.users.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range []string{"USE memory." + c.name, "BEGIN TRANSACTION READ ONLY"} {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return &copyConn{conn: conn}, nil
}

// drop ends the connections that are idle and gives the memory back.
func (c *windowCopy) drop(ctx context.Context) error {
	c.gone.Store(true)
	err := c.hangUp(ctx)
	_, dropping := c.in.db.ExecContext(ctx, "DROP SCHEMA "+c.name+" CASCADE")
	return errors.Join(err, dropping)
}

// hangUp ends the connections that are idle.
func (c *windowCopy) hangUp(ctx context.Context) error {
	var errs []error
	for {
		select {
		case conn := <-c.idle:
			errs = append(errs, conn.close(ctx))
		default:
			return errors.Join(errs...)
		}
	}
}

// copyWindow makes the copy for a group; nil: none is worth it.
func (l *Logs) copyWindow(ctx context.Context, g *askGroup) (*windowCopy, error) {
	l.gate.RLock()
	defer l.gate.RUnlock()
	for _, e := range g.extents() {
		var rows int64
		count := g.reading.Records(query.DuckDB(), nil, e.window)
		if err := l.in.db.QueryRowContext(ctx, count.Text, count.Args...).Scan(&rows); err != nil {
			return nil, fmt.Errorf("count the records of a window: %w", err)
		}
		if !e.worth(rows, len(g.reading.Columns)) || rows*int64(l.windows.width(g.reading)) > maxCopyBytes {
			continue
		}
		b, err := l.readWindow(ctx, g.reading, e.window)
		if err != nil {
			return nil, fmt.Errorf("read the records of a window: %w", err)
		}
		l.windows.learn(g.reading, b)
		if b.cut {
			continue
		}
		c, err := l.windows.fill(ctx, g.reading, b)
		if err != nil {
			return nil, fmt.Errorf("copy the records of a window: %w", err)
		}
		c.window = e.window
		c.sieve = query.NewSieve(g.readings, b.names, b.rows, func(record, column int) any { return b.cells[record*len(b.names)+column] })
		return c, nil
	}
	return nil, nil
}

// fill makes a copy of what was read.
func (w *windowInstance) fill(ctx context.Context, r query.Reading, b *windowBatch) (*windowCopy, error) {
	in, err := w.open(ctx)
	if err != nil {
		return nil, err
	}
	c := &windowCopy{in: in, name: w.copyName(), of: r, idle: make(chan *copyConn, idleConns)}
	conn, err := in.conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	columns := make([]string, len(b.names))
	for i, name := range b.names {
		columns[i] = quoteName(name) + " " + b.kinds[i]
	}
	table := c.name + "." + quoteName(r.Table)
	err = inTx(ctx, conn, func() error {
		for _, s := range []string{
			"CREATE SCHEMA " + c.name,
			"CREATE TABLE " + table + " (" + strings.Join(columns, ", ") + ")",
			"INSERT INTO " + table + " SELECT * FROM " + batchFunction + "()",
		} {
			if _, err := conn.ExecContext(withSource(ctx, b), s); err != nil {
				return err
			}
		}
		return nil
	})
	if invalidated(err) {
		w.give(ctx, in)
	}
	return c, err
}

// width is about how many bytes a record takes with these columns.
func (w *windowInstance) width(r query.Reading) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := 0.0
	for _, c := range r.Columns {
		if n, known := w.widths[r.Table+"."+c]; known {
			sum += n
		} else {
			sum += valueBytes
		}
	}
	return sum
}

// learn remembers how many bytes the values of columns took.
func (w *windowInstance) learn(r query.Reading, b *windowBatch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.widths == nil {
		w.widths = map[string]float64{}
	}
	for i, name := range b.names {
		if b.rows > 0 {
			w.widths[r.Table+"."+name] = float64(b.bytes[i]) / float64(b.rows)
		}
	}
}

// valueBytes is what a value takes beside its text.
const valueBytes = 16

// A windowBatch is records on their way from the logs into a copy.
type windowBatch struct {
	names []string
	kinds []string // types of the columns
	types []duckdb.Type
	cells []driver.Value // row after row
	bytes []int64        // by column
	rows  int
	cut   bool // they are more than a copy may hold

	next int
}

// readWindow reads the records of a window.
func (l *Logs) readWindow(ctx context.Context, r query.Reading, w query.Window) (*windowBatch, error) {
	conn, err := l.in.conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	s := r.Records(query.DuckDB(), r.Columns, w)
	b := &windowBatch{names: r.Columns, bytes: make([]int64, len(r.Columns))}
	// Below database/sql, which would convert every value once more.
	err = conn.Raw(func(c any) error {
		raw, ok := c.(driver.QueryerContext)
		if !ok {
			return fmt.Errorf("the driver's connection is a %T", c)
		}
		rows, err := raw.QueryContext(ctx, s.Text, namedValues(s.Args))
		if err != nil {
			return err
		}
		return errors.Join(b.read(rows), rows.Close())
	})
	return b, err
}

// read takes the rows in.
func (b *windowBatch) read(rows driver.Rows) error {
	kinds, err := (&driverCursor{Rows: rows}).kinds()
	if err != nil {
		return err
	}
	for i, kind := range kinds {
		t, known := copiedTypes()[kind]
		if !known {
			return fmt.Errorf("column %s is of type %s", b.names[i], kind)
		}
		b.kinds, b.types = append(b.kinds, kind), append(b.types, t)
	}
	size := int64(0)
	for {
		at := len(b.cells)
		b.cells = slices.Grow(b.cells, len(b.names))[:at+len(b.names)]
		if err := rows.Next(b.cells[at:]); errors.Is(err, io.EOF) {
			b.cells = b.cells[:at]
			return nil
		} else if err != nil {
			return err
		}
		b.rows++
		for i, v := range b.cells[at:] {
			n := int64(valueBytes)
			if text, ok := v.(string); ok {
				n += int64(len(text))
			}
			b.bytes[i] += n
			size += n
		}
		if size > maxCopyBytes {
			b.cut = true
			return nil
		}
	}
}

// copiedTypes are the types that a copy can have: those of the tables.
func copiedTypes() map[string]duckdb.Type {
	return map[string]duckdb.Type{
		"BIGINT": duckdb.TYPE_BIGINT, "BOOLEAN": duckdb.TYPE_BOOLEAN, "DOUBLE": duckdb.TYPE_DOUBLE,
		"TIMESTAMP": duckdb.TYPE_TIMESTAMP, "VARCHAR": duckdb.TYPE_VARCHAR,
	}
}

// ColumnInfos implements duckdb.ChunkTableSource.
func (b *windowBatch) ColumnInfos() []duckdb.ColumnInfo {
	infos := make([]duckdb.ColumnInfo, len(b.names))
	for i, name := range b.names {
		infos[i] = columnInfo(name, b.types[i])
	}
	return infos
}

// Cardinality implements duckdb.ChunkTableSource.
func (b *windowBatch) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(b.rows), Exact: true}
}

// Init implements duckdb.ChunkTableSource.
func (b *windowBatch) Init() { b.next = 0 }

// FillChunk implements duckdb.ChunkTableSource.
func (b *windowBatch) FillChunk(chunk duckdb.DataChunk) error {
	n := min(duckdb.GetDataChunkCapacity(), b.rows-b.next)
	for i := range n {
		for column, v := range b.cells[(b.next+i)*len(b.names):][:len(b.names)] {
			if err := duckdb.SetChunkValue(chunk, column, i, v); err != nil {
				return err
			}
		}
	}
	b.next += n
	return chunk.SetSize(n)
}
