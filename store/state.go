// State: the file of what rules and mails remember. This file opens it and has
// the set-wise reads and writes of documents that the others are made of.

package store

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"tocsin/alertrules"
	"tocsin/notifier"
)

//go:embed schema/state/*.sql
var stateSchema embed.FS

// stateThreads of the state instance: it never runs a user's SQL.
const stateThreads = 1

// stateMemory is an eighth of what the process may use, 128 to 512 MB.
func stateMemory(host int64) int64 {
	return shareOf(host/8, 128<<20, 512<<20)
}

// shareOf is what an instance gets of the memory, within bounds; the most when it is
// not known, and 0.
func shareOf(part, least, most int64) int64 {
	if part == 0 {
		return most
	}
	return min(max(part, least), most)
}

// State is the store of rule states, alerts, beliefs and the outbox. Its
// methods are safe for concurrent use; transactions wait for each other.
type State struct {
	in     *instance
	writer sync.Mutex
}

var (
	_ alertrules.States = (*State)(nil)
	_ alertrules.Logs   = (*Logs)(nil)
	_ notifier.Book     = (*State)(nil)
	_ notifier.Outbox   = (*State)(nil)
)

// openState opens the file of a data directory.
func openState(ctx context.Context, o Options) (*State, error) {
	schema, err := fs.Sub(stateSchema, "schema/state")
	if err != nil {
		return nil, err
	}
	s := &State{}
	s.in, err = openInstance(ctx, instanceOptions{
		Name: "state", Dir: o.Dir, Memory: stateMemory(HostMemory()), Threads: stateThreads, Spill: o.Spill,
		Schema: schema, Copy: true, Now: o.Now, Probe: "SELECT next_alert FROM counters",
	})
	return s, err
}

func (s *State) close(ctx context.Context) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	return s.in.close(ctx)
}

// Maintain opens the file again when DuckDB has given it up, and writes the
// write-ahead log into it when that has grown over its bound; the agent calls it in
// quiet moments.
func (s *State) Maintain(ctx context.Context) error {
	if err := s.repair(ctx); err != nil {
		return err
	}
	s.writer.Lock()
	defer s.writer.Unlock()
	if s.in.walBytes() < walSoft/4 || !s.in.roomy() {
		return nil
	}
	return s.in.checkpoint(ctx)
}

// transact runs do in one transaction, alone.
func (s *State) transact(ctx context.Context, do func(t *tx) error) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	conn, err := s.in.conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return inTx(ctx, conn, func() error { return do(&tx{ctx: ctx, conn: conn}) })
}

// A tx is an open transaction. Its first error sticks, so that a transaction
// reads as the list of what it writes.
type tx struct {
	ctx  context.Context
	conn *sql.Conn
	err  error
}

// exec runs one statement of ours.
func (t *tx) exec(text string, args ...any) {
	if t.err != nil {
		return
	}
	if _, err := t.conn.ExecContext(t.ctx, text, args...); err != nil {
		t.err = fmt.Errorf("%s: %w", firstWords(text), err)
	}
}

// A row is what one row of a table gets, by column.
type row map[string]any

// insert adds rows in one statement. columns says the type of each column.
func (t *tx) insert(table, columns string, rows []row) {
	if t.err != nil || len(rows) == 0 {
		return
	}
	list, err := json.Marshal(rows)
	if err != nil {
		t.err = fmt.Errorf("insert into %s: %w", table, err)
		return
	}
	var names, fields, shape []string
	for _, c := range strings.Split(columns, ", ") {
		name, kind, _ := strings.Cut(c, " ")
		names = append(names, name)
		fields = append(fields, "r."+name)
		shape = append(shape, fmt.Sprintf("%q: %q", name, kind))
	}
	t.exec("INSERT INTO "+table+" ("+strings.Join(names, ", ")+") SELECT "+strings.Join(fields, ", ")+
		" FROM (SELECT unnest(from_json_strict(?, '[{"+strings.Join(shape, ", ")+"}]')) AS r)", string(list))
}

// remove deletes the rows whose column has one of the values, in one statement.
func (t *tx) remove(table, column string, values []string) {
	if len(values) > 0 {
		t.exec("DELETE FROM "+table+" WHERE "+column+" IN "+oneOf, texts(values))
	}
}

// oneOf is a set of texts as one parameter; see texts.
const oneOf = `(SELECT unnest(from_json_strict(?, '["VARCHAR"]')))`

// texts prints the parameter of oneOf.
func texts(values []string) string {
	if values == nil {
		values = []string{}
	}
	b, err := json.Marshal(values)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

// doc is a document as it is stored.
func (t *tx) doc(v any) string {
	b, err := json.Marshal(v)
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("store %T: %w", v, err)
	}
	return string(b)
}

// stamp is a time as insert takes it; the zero time is NULL.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02 15:04:05.999999")
}

// documents reads the rows of a statement whose only column is a document.
func documents[T any](ctx context.Context, q querier, text string, args ...any) ([]*T, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", firstWords(text), err)
	}
	defer rows.Close()
	var list []*T
	for rows.Next() {
		var doc string
		if err := rows.Scan(&doc); err != nil {
			return nil, fmt.Errorf("%s: %w", firstWords(text), err)
		}
		v := new(T)
		if err := json.Unmarshal([]byte(doc), v); err != nil {
			return nil, fmt.Errorf("read a stored %T: %w", v, err)
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// firstWords names a statement in an error.
func firstWords(text string) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(4, len(words))], " ")
}
