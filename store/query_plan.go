// Query: a plan of package query, printed for DuckDB and run.

package store

import (
	"context"
	"errors"
	"fmt"

	"tocsin/query"
)

// Query runs a plan over a window. It implements alertrules.QueryFunc. Rows
// beyond the plan's bound are cut, and Result.Partial says so. When ctx is over
// the query is interrupted and the error wraps ctx.Err(); a query that goes on
// all the same is an *AbandonedError. It may be called by several goroutines.
func (l *Logs) Query(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
	if r, ok, err := l.askCopy(ctx, p, w); ok {
		return r, err
	}
	if err := l.ready(ctx, p.Logstores()); err != nil {
		return nil, err
	}
	for _, name := range p.Lookups() {
		if t, ok := l.schema.Logstore(name); !ok || !t.Lookup {
			return nil, fmt.Errorf("lookup table %s: %w", name, ErrNoTable)
		}
	}
	ctx, cut, err := l.handOver(ctx, p.Histories(), w)
	if err != nil {
		return nil, err
	}
	r, err := l.ask(ctx, question{
		statement: p.SQL(query.DuckDB(), w), columns: p.Columns(), seq: p.RowIdentity(), maxRows: p.MaxRows(),
	})
	if err == nil && cut != "" {
		if r.Partial != "" {
			cut = r.Partial + "; " + cut
		}
		r.Partial = cut
	}
	return r, err
}

// ready refuses logstores that have no table yet.
func (l *Logs) ready(ctx context.Context, logstores []string) error {
	for _, name := range logstores {
		if _, ok, err := l.tables.existing(ctx, l.in.db, name); err != nil {
			return err
		} else if !ok {
			return fmt.Errorf("logstore %s: %w", name, ErrNoTable)
		}
	}
	return nil
}

// ErrNoTable says that a logstore or lookup table was never declared to the
// store (Declare, DeclareLookups).
var ErrNoTable = errors.New("it has no table in this data directory")
