// Queries: plans of package query, run over the stored records.

package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tocsin/alertrules"
	"tocsin/query"
)

// grace is how long a query may go on after its interrupt. Some functions of
// DuckDB do not look for it.
const grace = 2 * time.Second

// An AbandonedError says that a query ignored its interrupt and was left behind
// with its connection. Two of them, and the process should be started again.
type AbandonedError struct {
	After time.Duration
	Err   error // why it was told to stop
}

// Error says so.
func (e *AbandonedError) Error() string {
	return fmt.Sprintf("the query did not stop %s after it was told to, and was abandoned", e.After)
}

// Is has it be alertrules.ErrRanAway.
func (e *AbandonedError) Is(target error) bool { return target == alertrules.ErrRanAway }

// Unwrap returns why it was told to stop.
func (e *AbandonedError) Unwrap() error { return e.Err }

// A BoundError says which bound stopped a query.
type BoundError struct {
	Bound string // "memory" or "temporary files"
	Err   error
}

// Error says so.
func (e *BoundError) Error() string {
	return fmt.Sprintf("the query needs more %s than it may use: narrow its time range or group by less", e.Bound)
}

// Unwrap returns what the engine said.
func (e *BoundError) Unwrap() error { return e.Err }

// errManyRows stands for what the engine says, which advises a setting.
var errManyRows = errors.New("a subquery in the place of a value gave more than one row; take one of them with max(x) or arbitrary(x), or look through them with IN")

// question is a statement and what its answer looks like.
type question struct {
	statement query.Statement
	columns   []query.Column
	seq       bool // the first column of the statement is __seq__
	maxRows   int  // 0: no bound
}

// answer is what a goroutine that runs a query sends.
type answer struct {
	result *query.Result
	err    error
}

// ask runs the query, and once more when the file had to be opened again.
func (l *Logs) ask(ctx context.Context, q question) (*query.Result, error) {
	r, err := l.askOnce(ctx, q)
	if !invalidated(err) {
		return r, err
	}
	if err := errors.Join(l.repair(ctx), ctx.Err()); err != nil {
		return nil, err
	}
	return l.askOnce(ctx, q)
}

// askOnce runs the query on a goroutine and a connection of its own.
func (l *Logs) askOnce(ctx context.Context, q question) (*query.Result, error) {
	l.gate.RLock()
	defer l.gate.RUnlock()
	return l.apart(ctx, func() (*query.Result, error) { return l.in.read(ctx, q) })
}

// apart runs a query on a goroutine of its own, which is left behind when it goes on
// after ctx is over.
func (l *Logs) apart(ctx context.Context, read func() (*query.Result, error)) (*query.Result, error) {
	got := make(chan answer, 1) // an abandoned query does not block on it
	go func() {
		r, err := read()
		got <- answer{r, err}
	}()
	select {
	case a := <-got:
		return a.result, clarify(ctx, a.err)
	case <-ctx.Done():
	}
	wait := time.NewTimer(l.grace)
	defer wait.Stop()
	select {
	case a := <-got:
		return a.result, clarify(ctx, a.err)
	case <-wait.C:
		l.abandoned.Add(1)
		go func() { // it may end after all
			<-got
			l.abandoned.Add(-1)
		}()
		return nil, &AbandonedError{After: l.grace, Err: ctx.Err()}
	}
}

// clarify turns what the engine says about its bounds into words of ours.
func clarify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the query was stopped: %w", ctx.Err())
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "max_temp_directory_size"):
		return &BoundError{Bound: "temporary files", Err: err}
	case strings.HasPrefix(text, "Out of Memory Error"):
		return &BoundError{Bound: "memory", Err: err}
	case strings.Contains(text, "More than one row returned by a subquery"):
		return fmt.Errorf("run the query: %w", errManyRows)
	}
	return &valueError{text: engineWords(text), err: err}
}

// A valueError is what the engine says of a value that a query cannot work with.
type valueError struct {
	text string
	err  error
}

// Error says so.
func (e *valueError) Error() string { return "run the query: " + e.text }

// Unwrap returns what the engine said.
func (e *valueError) Unwrap() error { return e.err }

// engineWords drops what is about the engine and its driver from an error.
func engineWords(text string) string {
	for _, prefix := range []string{"Invalid Input Error: ", "database/sql/driver: ", "API error: ", "Out of Range Error: ", "Conversion Error: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	if strings.HasPrefix(text, "Overflow in ") {
		text += " (cast one side to double, or use try(…) for NULL)"
	}
	return text
}

// read runs one statement inside a read-only transaction, on a connection that
// is thrown away.
func (in *instance) read(ctx context.Context, q question) (r *query.Result, err error) {
	conn, err := in.users.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// As a statement: the driver's own BeginTx refuses read-only transactions.
	if _, err := conn.ExecContext(ctx, "BEGIN TRANSACTION READ ONLY"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rollback(ctx, conn)) }()
	rows, err := conn.QueryContext(ctx, q.statement.Text, q.statement.Args...) //nolint:rowserrcheck // collect asks for it
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return q.collect(&sqlCursor{Rows: rows})
}

// collect reads the rows, within the bounds.
func (q question) collect(rows cursor) (*query.Result, error) {
	scan, err := newScanner(rows, q)
	if err != nil {
		return nil, err
	}
	c := query.NewCollector(q.columns, q.maxRows)
	for {
		more, err := scan.next()
		if err != nil {
			return nil, err
		}
		if !more || c.Full() {
			return c.Result(), nil
		}
		row, seq, bytes, err := scan.row()
		if err != nil {
			return nil, err
		}
		if q.seq {
			c.AddRecord(seq, row, bytes)
		} else {
			c.Add(row, bytes)
		}
	}
}
