// Tables of the server, and their rows.

package trinotest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	_ "github.com/trinodb/trino-go-client/trino" // the driver "trino"

	"tocsin/query"
)

// A Column is one column of a table. Type is Text, Integer, Double, Boolean or
// Time.
type Column struct {
	Name string
	Type query.Type
}

// catalog makes the catalog and the schema that Address names.
func (s *Server) catalog(ctx context.Context) error {
	return s.Run(ctx, "CREATE CATALOG memory USING memory")
}

// Run runs statements, one after the other.
func (s *Server) Run(ctx context.Context, statements ...string) (err error) {
	db, err := sql.Open("trino", s.Address())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, text := range statements {
		if err := run(ctx, db, text); err != nil {
			return err
		}
	}
	return nil
}

// run runs a statement, which has run when its answer was read.
func run(ctx context.Context, db *sql.DB, text string) error {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// Load makes a table, in the place of one of that name, and fills it. Values are nil, string, int64, float64, bool
// or time.Time, as the column says.
func (s *Server) Load(ctx context.Context, table string, columns []Column, rows [][]any) error {
	var names, casts []string
	for i, c := range columns {
		kind := sqlType(c.Type)
		names = append(names, quote(c.Name)+" "+kind)
		casts = append(casts, fmt.Sprintf("CAST(json_extract_scalar(x, '$[%d]') AS %s)", i, kind))
	}
	if err := s.Run(ctx, "DROP TABLE IF EXISTS "+quote(table), "CREATE TABLE "+quote(table)+" ("+strings.Join(names, ", ")+")"); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	var b strings.Builder
	flush := func() error {
		if b.Len() == 0 {
			return nil
		}
		text := "INSERT INTO " + quote(table) + " SELECT " + strings.Join(casts, ", ") +
			" FROM UNNEST(CAST(json_parse('[" + strings.ReplaceAll(b.String(), "'", "''") + "]') AS ARRAY(JSON))) u(x)"
		b.Reset()
		return s.Run(ctx, text)
	}
	for _, row := range rows {
		line, err := json.Marshal(textual(row))
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		if b.Len()+len(line) > maxInsert {
			if err := flush(); err != nil {
				return fmt.Errorf("fill %s: %w", table, err)
			}
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.Write(line)
	}
	if err := flush(); err != nil {
		return fmt.Errorf("fill %s: %w", table, err)
	}
	return nil
}

// maxInsert keeps a statement below the million characters that Trino reads.
const maxInsert = 400_000

// textual are the values of a row as texts, which no reader of JSON changes.
func textual(row []any) []*string {
	out := make([]*string, len(row))
	for i, v := range row {
		var s string
		switch v := v.(type) {
		case nil:
			continue
		case string:
			s = v
		case int64:
			s = strconv.FormatInt(v, 10)
		case float64:
			s = strconv.FormatFloat(v, 'g', -1, 64)
		case bool:
			s = strconv.FormatBool(v)
		case time.Time:
			s = v.UTC().Format("2006-01-02 15:04:05.000000")
		default:
			s = fmt.Sprint(v)
		}
		out[i] = &s
	}
	return out
}

func sqlType(t query.Type) string {
	switch t {
	case query.Integer:
		return "BIGINT"
	case query.Double:
		return "DOUBLE"
	case query.Boolean:
		return "BOOLEAN"
	case query.Time:
		return "TIMESTAMP(6)"
	}
	return "VARCHAR"
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
