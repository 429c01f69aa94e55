// A connection of the window instance, which answers one question after another.

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"tocsin/query"
)

// A copyConn is a connection in a read-only transaction, in which nothing has
// failed. A question of the file gets a connection of its own, and what it leaves
// there ends with it. Here a connection for each would be a third of the work.
// Instead nothing runs in it that could leave something: one statement at a time,
// of which the engine itself says that it is a SELECT.
type copyConn struct {
	conn *sql.Conn
	kept []keptStatement // the last used first
}

// A keptStatement is prepared. Rules are alike: they differ in the values of their
// parameters.
type keptStatement struct {
	text string
	stmt *duckdb.Stmt
}

const (
	keptStatements = 16       // each holds memory, up to 2 MB
	maxCopyText    = 64 << 10 // of a statement: preparing one is not interrupted
)

// errNotOne refuses what is for the file.
var errNotOne = errors.New("it is not one SELECT of moderate length")

// ask runs the statement.
func (c *copyConn) ask(ctx context.Context, q question) (r *query.Result, err error) {
	err = c.conn.Raw(func(raw any) error {
		conn, ok := raw.(*duckdb.Conn)
		if !ok {
			return fmt.Errorf("the driver's connection is a %T", raw)
		}
		stmt, err := c.prepared(ctx, conn, q.statement.Text)
		if err != nil {
			return err
		}
		rows, err := stmt.QueryContext(ctx, namedValues(q.statement.Args))
		if err != nil {
			return err
		}
		r, err = q.collect(&driverCursor{Rows: rows})
		return errors.Join(err, rows.Close())
	})
	return r, err
}

// prepared returns the statement of a text.
func (c *copyConn) prepared(ctx context.Context, conn *duckdb.Conn, text string) (*duckdb.Stmt, error) {
	if i := slices.IndexFunc(c.kept, func(k keptStatement) bool { return k.text == text }); i >= 0 {
		k := c.kept[i]
		copy(c.kept[1:i+1], c.kept[:i])
		c.kept[0] = k
		return k.stmt, nil
	}
	if len(text) > maxCopyText || strings.Contains(text, ";") {
		return nil, errNotOne
	}
	prepared, err := conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	stmt, ok := prepared.(*duckdb.Stmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's statement is a %T", prepared), prepared.Close())
	}
	if kind, err := stmt.StatementType(); err != nil || kind != duckdb.STATEMENT_TYPE_SELECT {
		return nil, errors.Join(errNotOne, err, stmt.Close())
	}
	if len(c.kept) == keptStatements {
		last := c.kept[keptStatements-1].stmt
		c.kept = c.kept[:keptStatements-1]
		err = last.Close()
	}
	c.kept = slices.Insert(c.kept, 0, keptStatement{text, stmt})
	return stmt, err
}

// close ends the connection.
func (c *copyConn) close(ctx context.Context) error {
	var errs []error
	for _, k := range c.kept {
		errs = append(errs, k.stmt.Close())
	}
	return errors.Join(append(errs, rollback(ctx, c.conn), c.conn.Close())...)
}

// namedValues are parameters as the driver takes them.
func namedValues(args []any) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, v := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return values
}
