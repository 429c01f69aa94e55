// The table of a logstore: made from its declaration, grown when the
// declaration grows.

package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"

	"tocsin/ingest"
)

// tablePrefix keeps the names of logstores apart from those of our own tables.
const tablePrefix = "log_"

// tableName is the physical name of a logstore's table.
func tableName(logstore string) string { return tablePrefix + logstore }

// tables remembers which tables are as declared.
type tables struct {
	mu   sync.Mutex
	done map[string][]ingest.Column // by logstore name: the columns that the table was made for
}

// ensure makes the table of ls exist with all of its columns.
func (t *tables) ensure(ctx context.Context, conn *sql.Conn, ls *ingest.Logstore) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if done, ok := t.done[ls.Name]; ok && slices.Equal(done, ls.Columns) {
		return nil
	}
	has, err := columnsOf(ctx, conn, tableName(ls.Name))
	if err != nil {
		return err
	}
	viewed := has
	if len(ls.Wholes) > 0 { // what queries read is a view
		if viewed, err = columnsOf(ctx, conn, readName(ls)); err != nil {
			return err
		}
	}
	err = inTx(ctx, conn, func() error {
		statements := remakeStatements(ls, has)
		if statements == nil {
			statements = statementsFor(ls, has)
		}
		if len(ls.Wholes) > 0 && (len(statements) > 0 || len(viewed) == 0) {
			statements = append(statements, viewStatement(ls))
		}
		for _, s := range statements {
			if _, err := conn.ExecContext(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = sameTypes(ls, has)
	}
	if err != nil {
		return fmt.Errorf("table of logstore %s: %w", ls.Name, err)
	}
	if t.done == nil {
		t.done = map[string][]ingest.Column{}
	}
	t.done[ls.Name] = slices.Clone(ls.Columns)
	return nil
}

// existing returns the table of a logstore and whether it exists.
func (t *tables) existing(ctx context.Context, q querier, logstore string) (string, bool, error) {
	t.mu.Lock()
	_, ok := t.done[logstore]
	t.mu.Unlock()
	if ok {
		return tableName(logstore), true, nil
	}
	has, err := columnsOf(ctx, q, tableName(logstore))
	return tableName(logstore), len(has) > 0, err
}

// columnsOf returns the columns of a table with their types; none when it does
// not exist.
func columnsOf(ctx context.Context, q querier, table string) (map[string]string, error) {
	rows, err := q.QueryContext(ctx, "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'logs' AND table_name = ?", table)
	if err != nil {
		return nil, fmt.Errorf("columns of %s: %w", table, err)
	}
	defer rows.Close()
	has := map[string]string{}
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, fmt.Errorf("columns of %s: %w", table, err)
		}
		has[name] = kind
	}
	return has, rows.Err()
}

// tableNames returns the logstores that have a table, sorted.
func tableNames(ctx context.Context, q querier) ([]string, error) {
	names, err := column[string](ctx, q, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'logs' AND starts_with(table_name, ?) ORDER BY 1", tablePrefix)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, tablePrefix)
	}
	return names, nil
}

// statementsFor returns the DDL that brings a table with the columns has to the
// declaration.
func statementsFor(ls *ingest.Logstore, has map[string]string) []string {
	table := quoteName(tableName(ls.Name))
	var parts []string
	for _, c := range allColumns(ls) {
		def := quoteName(c.Name) + " " + sqlType(c.Kind)
		if c.Zstd {
			def += " USING COMPRESSION zstd"
		}
		if len(has) == 0 {
			parts = append(parts, def)
		} else if _, ok := has[c.Name]; !ok {
			parts = append(parts, "ALTER TABLE "+table+" ADD COLUMN "+def)
		}
	}
	if len(has) == 0 {
		if len(ls.Wholes) == 0 {
			for _, c := range uuidColumns(ls) {
				parts = append(parts, quoteName(textColumn(c))+" VARCHAR GENERATED ALWAYS AS ("+quoteName(c)+"::VARCHAR) VIRTUAL")
			}
		}
		return []string{"CREATE TABLE " + table + " (" + strings.Join(parts, ", ") + ")"}
	}
	return parts
}

// sameTypes refuses a declaration that gives a stored column another type.
func sameTypes(ls *ingest.Logstore, has map[string]string) error {
	for _, c := range allColumns(ls) {
		if kind, ok := has[c.Name]; ok && kind != sqlType(c.Kind) {
			return fmt.Errorf("column %s is stored as %s and now declared as %s: keep its type, or declare a logstore of another name",
				c.Name, kind, sqlType(c.Kind))
		}
	}
	return nil
}

// allColumns are the system columns and then those of the logstore.
func allColumns(ls *ingest.Logstore) []ingest.Column {
	return append(ingest.SystemColumns(), ls.Columns...)
}

// textColumn is the computed column that shows a UUID column as text.
func textColumn(uuid string) string { return uuid + "_text" }

// sqlType is the DuckDB type of a kind of column.
func sqlType(k ingest.Kind) string {
	switch k {
	case ingest.Stamp:
		return "TIMESTAMP"
	case ingest.Boolean:
		return "BOOLEAN"
	case ingest.Integer:
		return "BIGINT"
	case ingest.Double:
		return "DOUBLE"
	case ingest.UUID:
		return "UUID"
	default:
		return "VARCHAR"
	}
}
