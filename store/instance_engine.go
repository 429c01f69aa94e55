// The engine below an instance, and how it is started again: a file that DuckDB
// reports as invalidated has to be attached anew, which a locked engine cannot.

package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// engine is a connector whose DuckDB can be replaced.
type engine struct {
	name     string      // of the attached database
	attached atomic.Bool // connections have it as their default
	mu       sync.Mutex
	current  *duckdb.Connector
}

// sharedConnector is a connector that a *sql.DB does not close.
type sharedConnector struct{ driver.Connector }

func (e *engine) start() error {
	e.attached.Store(false)
	c, err := duckdb.NewConnector(engineDSN, func(c driver.ExecerContext) error {
		if !e.attached.Load() {
			return nil
		}
		_, err := c.ExecContext(context.Background(), "USE "+e.name, nil)
		return err
	})
	if err != nil {
		return err
	}
	e.set(c)
	return nil
}

// Connect implements driver.Connector.
func (e *engine) Connect(ctx context.Context) (driver.Conn, error) {
	e.mu.Lock()
	c := e.current
	e.mu.Unlock()
	if c == nil {
		return nil, errors.New("the engine is not running")
	}
	return c.Connect(ctx)
}

// Driver implements driver.Connector.
func (e *engine) Driver() driver.Driver { return duckdb.Driver{} }

// Close ends the engine. sql.DB calls it.
func (e *engine) Close() error {
	if c := e.set(nil); c != nil {
		return c.Close()
	}
	return nil
}

// set exchanges what new connections are made of, and returns what it was.
func (e *engine) set(c *duckdb.Connector) (before *duckdb.Connector) {
	e.mu.Lock()
	defer e.mu.Unlock()
	before, e.current = e.current, c
	return before
}

// invalidated reports whether an error says that the file has to be attached
// again.
func invalidated(err error) bool {
	return err != nil && strings.Contains(err.Error(), "has been invalidated")
}

// restart ends the engine and starts it again with the same file. No statement
// may run: two engines with one file would read stale data without an error. It waits
// a while for those that do.
func (in *instance) restart(ctx context.Context) error {
	in.db.SetMaxIdleConns(0)
	defer in.db.SetMaxIdleConns(2) // the default
	before := in.engine.set(nil)   // nobody connects to it any more
	for waited := time.Duration(0); ; waited += restartPoll {
		n := in.db.Stats().OpenConnections + in.users.Stats().OpenConnections
		if n == 0 {
			break
		}
		if waited > restartWait || ctx.Err() != nil {
			in.engine.set(before)
			in.stuck.Store(true)
			return fmt.Errorf("%s was invalidated by DuckDB, and %d statements hold it: start again", in.path, n)
		}
		time.Sleep(restartPoll)
	}
	in.stuck.Store(false)
	if before != nil {
		if err := before.Close(); err != nil {
			return err
		}
	}
	return in.start(ctx)
}

// How long statements that run are waited for, and how often they are looked at.
const (
	restartWait = 2 * time.Second
	restartPoll = 10 * time.Millisecond
)

// answers reports whether the file can be read; also when ctx is over, and nobody
// knows.
func (in *instance) answers(ctx context.Context) bool {
	var n int64
	return in.db.QueryRowContext(ctx, in.options.Probe).Scan(&n) == nil || ctx.Err() != nil
}

// mend starts the engine again when the file cannot be read any more. Nobody else
// may write.
func (in *instance) mend(ctx context.Context) error {
	if in.answers(ctx) {
		return nil // somebody was faster
	}
	in.repairs.Add(1)
	return in.restart(ctx)
}

// repair restarts the engine of the logs when the file is invalidated. It waits
// for the writer and for queries.
func (l *Logs) repair(ctx context.Context) error {
	if l.in.answers(ctx) {
		return nil
	}
	l.writer.Lock()
	defer l.writer.Unlock()
	l.gate.Lock()
	defer l.gate.Unlock()
	return l.in.mend(ctx)
}

// repair restarts the engine of the state when the file is invalidated. It waits for
// the writer.
func (s *State) repair(ctx context.Context) error {
	if s.in.answers(ctx) {
		return nil
	}
	s.writer.Lock()
	defer s.writer.Unlock()
	return s.in.mend(ctx)
}

// Health is how the engines of a store are.
type Health struct {
	Abandoned int // queries that could not be stopped, and go on
	Repaired  int // how often a file was opened again that DuckDB had given up
	// Stuck says that a file was given up and cannot be opened again in this process,
	// because a query that cannot be stopped holds it.
	Stuck bool
}

// Health returns it.
func (s *Store) Health() Health {
	return Health{
		Abandoned: int(s.Logs.abandoned.Load()),
		Repaired:  int(s.Logs.in.repairs.Load() + s.State.in.repairs.Load()),
		Stuck:     s.Logs.in.stuck.Load() || s.State.in.stuck.Load(),
	}
}
