package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tocsin/agent"
	"tocsin/alertrules"
	"tocsin/cmd/tocsin/shell"
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

	agent *agent.Client // that has the data directory, and is asked; nil: it is open here
}

var _ lint.Stored = (*stored)(nil)

// openStored opens the data directory for check; where an agent has it, that is asked.
// Nil where there is none, or another process has it, which is said. It is to be closed.
func (p *project) openStored(ctx context.Context) (*stored, error) {
	if _, err := os.Stat(filepath.Join(p.dir, "logs.duckdb")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var err error
	p.store, err = store.Open(ctx, store.Options{Dir: p.dir, Command: "tocsin check", Now: p.now, Threads: store.LoadThreads})
	var locked *store.LockedError
	switch {
	case errors.As(err, &locked):
		s, asked := p.storedOfAgent(ctx)
		if asked == nil {
			return s, nil
		} else if !errors.Is(asked, agent.ErrNoAgent) {
			err = asked
		}
		fmt.Fprintf(p.env.stderr, "filters were not compared with what is stored: %s\n", diag.Line(err.Error()))
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

// close ends what openStored began.
func (s *stored) close() error {
	if s.agent != nil {
		return nil
	}
	return s.p.close()
}

// ask has the agent answer what the shell asks it, too. What its configuration says of
// other verbs is not said: check reads the user's.
func (s *stored) ask(q request) (response, error) {
	registerValues()
	var in, out bytes.Buffer
	var r response
	if err := gob.NewEncoder(&in).Encode(q); err != nil {
		return r, fmt.Errorf("write the question: %w", err)
	}
	call := agent.Call{ID: rand.Text(), Args: []string{"shell", "--answer", "--data", s.agent.Dir}, Dir: s.agent.Dir, User: s.p.env.userName()}
	code, err := s.agent.Ask(s.ctx, call, agent.Streams{In: &in, Out: &out, Err: io.Discard})
	switch {
	case err != nil:
		return r, err
	case code != exitDone:
		return r, fmt.Errorf("the agent did not answer (status %d)", code)
	}
	if err := gob.NewDecoder(&out).Decode(&r); err != nil {
		return r, fmt.Errorf("read the agent's answer: %w", err)
	}
	return r, r.err(q)
}

// storedOfAgent is what an agent has that has the data directory.
func (p *project) storedOfAgent(ctx context.Context) (*stored, error) {
	dir, err := filepath.Abs(p.dir)
	if err != nil {
		return nil, err
	}
	s := &stored{ctx: ctx, p: p, counts: map[string]int64{}, agent: &agent.Client{Dir: dir, Version: version}}
	r, err := s.ask(request{Stored: true})
	for _, h := range r.Holdings {
		if !h.Lookup {
			s.counts[h.Logstore] = h.Records
		}
	}
	return s, err
}

// matches reports whether a query that is planned finds a row.
func (s *stored) matches(plan *query.Plan, text, logstore string) (bool, error) {
	if s.agent == nil {
		r, err := within(storedTime, s.p.store.Logs.Query)(s.ctx, plan, query.Window{Now: s.p.now})
		return err == nil && len(r.Rows) > 0, err
	}
	r, err := s.ask(request{Question: &shell.Question{Text: text, Logstore: logstore, Rows: 1}, Timeout: storedTime})
	var list *diag.List
	if errors.As(err, &list) { // it goes by another tocsin.yaml, to which it is no filter
		return true, nil
	}
	return err == nil && len(r.Result.Rows) > 0, err
}

// Holds implements lint.Stored.
func (s *stored) Holds(logstore, filter string) (holds, matches bool) {
	if s.counts[logstore] == 0 || filter == "*" || s.err != nil {
		return s.counts[logstore] > 0, true
	}
	text := filter + " | SELECT 1 AS one"
	plan, err := s.p.plan(text, logstore, 1)
	if err != nil { // it is no filter by itself
		return true, true
	}
	if matches, err = s.matches(plan, text, logstore); err != nil {
		s.err = fmt.Errorf("look for %s: %w", filter, err)
		return true, true
	}
	return true, matches
}

// storedTime bounds one look.
const storedTime = 10 * time.Second

// Values implements lint.Stored.
func (s *stored) Values(logstore, field string) []string {
	var seen []query.SeenValue
	var err error
	if s.agent == nil {
		seen, err = s.p.store.Logs.Values(s.ctx, logstore, field, "")
	} else {
		var r response
		r, err = s.ask(request{Logstore: logstore, Field: field})
		seen = r.Values
	}
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
