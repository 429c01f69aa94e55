// Package trino runs plans of package query on a Trino server, where the records
// of a logstore are a table as package store makes it: the same column names,
// TIMESTAMP(6) for times, VARCHAR for JSON texts.
package trino

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/trinodb/trino-go-client/trino"

	"tocsin/query"
)

// Logs are the logstores in one catalog and schema of a Trino server. Its
// methods may be called by several goroutines.
type Logs struct{ db *sql.DB }

// Open prepares to ask the server that an address names:
// http(s)://USER[:PASSWORD]@HOST:PORT?catalog=…&schema=…, with the further
// settings of the driver. It does not connect. Errors do not quote the address,
// which may hold a password.
func Open(address string) (*Logs, error) {
	c, err := trino.ParseDSN(address)
	if err != nil {
		return nil, fmt.Errorf("open Trino: %w", whyAddress(address))
	}
	// Times are stored without a zone, in UTC. A statement goes in the body of a
	// request, where it may be longer than a header that proxies let through.
	c.TimeZone, c.DisableExplicitPrepare = "UTC", true
	connector, err := trino.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("open Trino: %w", whyAddress(address))
	}
	return &Logs{db: sql.OpenDB(connector)}, nil
}

// whyAddress says what is wrong with an address, without quoting it.
func whyAddress(address string) error {
	u, err := url.Parse(address)
	if err == nil && u.Scheme == "http" && u.User != nil {
		if _, password := u.User.Password(); password {
			return errors.New("a password is sent over https only")
		}
	}
	return errors.New("the address cannot be used; write https://USER@HOST:PORT?catalog=NAME&schema=NAME")
}

// Close ends the connections.
func (l *Logs) Close() error { return l.db.Close() }

// Query runs a plan over a window. It implements alertrules.QueryFunc. Rows
// beyond the plan's bound are cut, and Result.Partial says so. When ctx is over
// it returns at once with an error that wraps ctx.Err(), and the server is told
// to end the query; a deadline of ctx is also the server's.
func (l *Logs) Query(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
	type answer struct {
		result *query.Result
		err    error
	}
	got := make(chan answer, 1) // nobody may be there to take it
	go func() {
		r, err := l.ask(ctx, p, w)
		got <- answer{r, err}
	}()
	select {
	case a := <-got:
		return a.result, clarify(ctx, a.err)
	case <-ctx.Done():
		return nil, clarify(ctx, ctx.Err())
	}
}

// ask runs one statement and reads its rows.
func (l *Logs) ask(ctx context.Context, p *query.Plan, w query.Window) (*query.Result, error) {
	s := p.SQL(query.Trino(), w)
	args := s.Args
	if d, ok := ctx.Deadline(); ok { // for the case that we end before the query does
		left := max(1, int(time.Until(d)/time.Second)+1)
		args = append(args[:len(args):len(args)], sql.Named("X-Trino-Session", "query_max_run_time="+strconv.Itoa(left)+"s"))
	}
	rows, err := l.db.QueryContext(ctx, s.Text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return collect(rows, p)
}

// collect reads the rows, within the bounds of the plan.
func collect(rows *sql.Rows, p *query.Plan) (*query.Result, error) {
	columns := p.Columns()
	if p.RowIdentity() {
		columns = append([]query.Column{{Name: "__seq__", Type: query.Integer}}, columns...)
	}
	raw, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range raw {
		into[i] = &raw[i]
	}
	c := query.NewCollector(p.Columns(), p.MaxRows())
	for rows.Next() {
		if c.Full() {
			return c.Result(), nil
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row, size := make([]any, len(columns)), 16*len(columns)
		for i, v := range raw {
			x, n, err := decode(v, columns[i].Type)
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", columns[i].Name, err)
			}
			row[i], size = x, size+n
		}
		if !p.RowIdentity() {
			c.Add(row, size)
		} else if seq, ok := row[0].(int64); ok {
			c.AddRecord(seq, row[1:], size)
		} else {
			return nil, errors.New("a record without __seq__")
		}
	}
	return c.Result(), rows.Err()
}

// A BoundError says which bound of the server stopped a query.
type BoundError struct {
	Bound string // "memory" or "time"
	Err   error
}

// Error says so.
func (e *BoundError) Error() string {
	return fmt.Sprintf("the query needs more %s than the Trino server gives it: narrow its time range or group by less", e.Bound)
}

// Unwrap returns what the server said.
func (e *BoundError) Unwrap() error { return e.Err }

// clarify turns what the server says into words of ours.
func clarify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the query was stopped: %w", ctx.Err())
	}
	var said *trino.ErrTrino
	if errors.As(err, &said) {
		switch said.ErrorName {
		case "EXCEEDED_LOCAL_MEMORY_LIMIT", "EXCEEDED_GLOBAL_MEMORY_LIMIT", "CLUSTER_OUT_OF_MEMORY":
			return &BoundError{Bound: "memory", Err: err}
		case "EXCEEDED_TIME_LIMIT", "EXCEEDED_CPU_LIMIT":
			return &BoundError{Bound: "time", Err: err}
		}
		return fmt.Errorf("run the query on Trino: %s: %w", said.ErrorName, err)
	}
	if strings.Contains(err.Error(), "cannot load timezone") { // what the driver makes of +58855-01-01 00:00:00
		return fmt.Errorf("run the query on Trino: a time beyond the year 9999 cannot be shown: %w", err)
	}
	return fmt.Errorf("run the query on Trino: %w", err)
}
