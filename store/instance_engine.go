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
	e.mu.Lock()
	defer e.mu.Unlock()
	e.current = c
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
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil {
		return nil
	}
	c := e.current
	e.current = nil
	return c.Close()
}

// invalidated reports whether an error says that the file has to be attached
// again.
func invalidated(err error) bool {
	return err != nil && strings.Contains(err.Error(), "has been invalidated")
}

// restart ends the engine and starts it again with the same file. No statement
// may run: two engines with one file would read stale data without an error.
func (in *instance) restart(ctx context.Context) error {
	in.db.SetMaxIdleConns(0)
	defer in.db.SetMaxIdleConns(2) // the default
	if n := in.db.Stats().OpenConnections + in.users.Stats().OpenConnections; n > 0 {
		return fmt.Errorf("%s was invalidated by DuckDB, and %d statements hold it: start again", in.path, n)
	}
	if err := in.engine.Close(); err != nil {
		return err
	}
	return in.start(ctx)
}

// repair restarts the engine of the logs when the file is invalidated still. It
// waits for the writer and for queries.
func (l *Logs) repair(ctx context.Context) error {
	l.writer.Lock()
	defer l.writer.Unlock()
	l.gate.Lock()
	defer l.gate.Unlock()
	var n int64
	if err := l.in.db.QueryRowContext(ctx, "SELECT next_seq FROM counter").Scan(&n); err == nil {
		return nil // somebody was faster
	}
	l.repairs.Add(1)
	return l.in.restart(ctx)
}
