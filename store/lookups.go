// Lookup tables: what the configuration names, as tables that queries join.

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"tocsin/ingest"
)

// lookupPrefix keeps the names of lookup tables apart from those of logstores
// and of our own tables.
const lookupPrefix = "lookup_"

func lookupTable(name string) string { return lookupPrefix + name }

// lookupColumn is the physical name of a column: ours, so that names which
// differ in case never collide.
func lookupColumn(i int) string { return fmt.Sprint("c", i) }

// DeclareLookups makes the lookup tables those that are given: one whose content
// differs is replaced, one that is not given any more is dropped, all in one
// transaction. Queries that run see the tables as they were.
func (l *Logs) DeclareLookups(ctx context.Context, lookups ...*ingest.Lookup) error {
	return l.alone(ctx, func(conn *sql.Conn) error {
		stored, err := storedLookups(ctx, conn)
		if err != nil {
			return err
		}
		known := make(map[string]bool, len(lookups))
		for _, t := range lookups {
			known[t.Name] = true
		}
		if changed := changedLookups(stored, lookups); len(changed) > 0 || !allIn(stored, known) {
			err = inTx(ctx, conn, func() error { return writeLookups(ctx, conn, changed, stored, known) })
		}
		if err != nil {
			return fmt.Errorf("lookup tables: %w", err)
		}
		l.schema.lookups(lookups)
		return nil
	})
}

func storedLookups(ctx context.Context, q querier) (map[string]string, error) {
	rows, err := q.QueryContext(ctx, "SELECT name, hash FROM lookups")
	if err != nil {
		return nil, fmt.Errorf("read the list of lookup tables: %w", err)
	}
	defer rows.Close()
	stored := map[string]string{}
	for rows.Next() {
		var name, hash string
		if err := rows.Scan(&name, &hash); err != nil {
			return nil, fmt.Errorf("read the list of lookup tables: %w", err)
		}
		stored[name] = hash
	}
	return stored, rows.Err()
}

func changedLookups(stored map[string]string, lookups []*ingest.Lookup) []*ingest.Lookup {
	var out []*ingest.Lookup
	for _, t := range lookups {
		if stored[t.Name] != t.Hash {
			out = append(out, t)
		}
	}
	return out
}

func allIn(stored map[string]string, known map[string]bool) bool {
	for name := range stored {
		if !known[name] {
			return false
		}
	}
	return true
}

// writeLookups brings the tables up to date inside of the open transaction.
func writeLookups(ctx context.Context, conn *sql.Conn, changed []*ingest.Lookup, stored map[string]string, known map[string]bool) error {
	for name := range stored {
		if !known[name] {
			if err := dropLookup(ctx, conn, name); err != nil {
				return err
			}
		}
	}
	for _, t := range changed {
		if err := dropLookup(ctx, conn, t.Name); err != nil {
			return err
		}
		if err := createLookup(ctx, conn, t); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return nil
}

func dropLookup(ctx context.Context, conn *sql.Conn, name string) error {
	if _, err := conn.ExecContext(ctx, "DROP TABLE IF EXISTS "+quoteName(lookupTable(name))); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, "DELETE FROM lookups WHERE name = ?", name)
	return err
}

func createLookup(ctx context.Context, conn *sql.Conn, t *ingest.Lookup) error {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = lookupColumn(i) + " " + sqlType(lookupKind(c.Type))
	}
	if _, err := conn.ExecContext(ctx, "CREATE TABLE "+quoteName(lookupTable(t.Name))+" ("+strings.Join(columns, ", ")+")"); err != nil {
		return err
	}
	err := fillTable(ctx, conn, lookupTable(t.Name), func(add func(...driver.Value) error) error {
		values := make([]driver.Value, len(t.Columns))
		return t.Each(func(row []any) error {
			for i, v := range row {
				values[i] = v
			}
			return add(values...)
		})
	})
	if err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "INSERT INTO lookups VALUES (?, ?, ?)", t.Name, t.Hash, t.Rows)
	return err
}

// lookupKind is the physical type of a column of a lookup table.
func lookupKind(t ingest.FieldType) ingest.Kind {
	switch t {
	case ingest.IntegerField:
		return ingest.Integer
	case ingest.DoubleField:
		return ingest.Double
	case ingest.BooleanField:
		return ingest.Boolean
	case ingest.TimeField:
		return ingest.Stamp
	default:
		return ingest.Text
	}
}

// fillTable fills a table of ours inside of the open transaction.
func fillTable(ctx context.Context, conn *sql.Conn, table string, fill func(add func(...driver.Value) error) error) error {
	return conn.Raw(func(c any) error {
		dc, ok := c.(driver.Conn)
		if !ok {
			return errors.New("the driver gave no connection")
		}
		app, err := duckdb.NewAppender(dc, "logs", "main", table)
		if err != nil {
			return err
		}
		err = fill(app.AppendRow)
		return errors.Join(err, app.CloseWithCancel(ctx))
	})
}
