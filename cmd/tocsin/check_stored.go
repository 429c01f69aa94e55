package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/diag"
	"tocsin/lint"
	"tocsin/query"
	"tocsin/store"
)

// This file is what check knows of the records that are stored.

// stored answers lint.Stored. Its first error sticks; what could not be asked counts
// as seen.
type stored struct {
	ctx    context.Context
	p      *project
	counts map[string]int64
	err    error
}

var _ lint.Stored = (*stored)(nil)

// openStored opens the data directory for check: nil where there is none, or another
// process has it, which is said. The project is to be closed with the store.
func (p *project) openStored(ctx context.Context) (*stored, error) {
	if _, err := os.Stat(filepath.Join(p.dir, "logs.duckdb")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var err error
	p.store, err = store.Open(ctx, store.Options{Dir: p.dir, Command: "tocsin check", Now: p.now, Threads: store.LoadThreads})
	var locked *store.LockedError
	switch {
	case errors.As(err, &locked):
		fmt.Fprintf(p.env.stderr, "filters were not compared with what is stored: %s\n", diag.Line(locked.Error()))
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := p.declare(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}
	counts, err := p.store.Logs.Counts(ctx)
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return &stored{ctx: ctx, p: p, counts: counts}, nil
}

// Holds implements lint.Stored.
func (s *stored) Holds(logstore, filter string) (holds, matches bool) {
	if s.counts[logstore] == 0 || filter == "*" || s.err != nil {
		return s.counts[logstore] > 0, true
	}
	plan, err := s.p.plan(filter+" | SELECT 1 AS one", logstore, 1)
	if err != nil { // it is no filter by itself
		return true, true
	}
	r, err := within(storedTime, s.p.store.Logs.Query)(s.ctx, plan, query.Window{Now: s.p.now})
	if err != nil {
		s.err = fmt.Errorf("look for %s: %w", filter, err)
		return true, true
	}
	return true, len(r.Rows) > 0
}

// storedTime bounds one look.
const storedTime = 10 * time.Second

// Values implements lint.Stored.
func (s *stored) Values(logstore, field string) []string {
	seen, err := s.p.store.Logs.Values(s.ctx, logstore, field, "")
	if err != nil && s.err == nil {
		s.err = err
	}
	values := make([]string, len(seen))
	for i, v := range seen {
		values[i] = v.Value
	}
	return values
}

// fixtures are the records of a rule's tests. A file that cannot be read is told of by
// whoever runs the test.
func fixtures(r *alertrules.Rule) string {
	var b strings.Builder
	for _, test := range r.Tests {
		for _, record := range test.Records {
			b.Write(record)
			b.WriteByte('\n')
		}
		if test.Logs == "" {
			continue
		}
		if src, err := readRegular(filepath.Join(filepath.Dir(r.File), filepath.FromSlash(test.Logs))); err == nil {
			b.Write(src)
		}
	}
	return b.String()
}
