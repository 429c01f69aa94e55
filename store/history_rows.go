// How rows of the history get from the state instance, which runs only our own
// statements, into the instance that runs a user's query: read within bounds, and
// handed over as data chunks.

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"tocsin/ingest"
	"tocsin/query"
)

// Bounds of what one query is handed of one of them.
const (
	maxHistoryRows  = 100_000
	maxHistoryBytes = 64 << 20
)

// A historyReader reads rows of the history.
type historyReader func(ctx context.Context, t historyTable, w query.Window) (*historyBatch, error)

// A historyBatch is rows of the history, the newest first.
type historyBatch struct {
	table historyTable
	rows  [][]any // time, and the columns
	cut   bool    // there are older ones in the window
}

// historyRows implements historyReader.
func (s *State) historyRows(ctx context.Context, t historyTable, w query.Window) (*historyBatch, error) {
	where, args := []string{"true"}, []any{}
	if !w.From.IsZero() {
		where, args = append(where, "time >= ?"), append(args, w.From.UTC())
	}
	if !w.To.IsZero() {
		where, args = append(where, "time < ?"), append(args, w.To.UTC())
	}
	rows, err := s.in.db.QueryContext(ctx, "SELECT * FROM ("+t.statement+") WHERE "+strings.Join(where, " AND ")+" ORDER BY time DESC LIMIT ?", append(args, maxHistoryRows+1)...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.name, err)
	}
	defer rows.Close()
	b := &historyBatch{table: t}
	size := 0
	for rows.Next() {
		row := make([]any, 1+len(t.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("read %s: %w", t.name, err)
		}
		for _, v := range row {
			if text, ok := v.(string); ok {
				size += len(text)
			}
		}
		if len(b.rows) == maxHistoryRows || size > maxHistoryBytes {
			b.cut = true
			break
		}
		b.rows = append(b.rows, row)
	}
	return b, rows.Err()
}

// historyKey is the key of the batches in the context of a statement.
type historyKey struct{}

// handOver returns the context for a statement that reads parts of the history,
// and says what was left out of them.
func (l *Logs) handOver(ctx context.Context, names []string, w query.Window) (context.Context, string, error) {
	if len(names) == 0 {
		return ctx, "", nil
	}
	if l.history == nil {
		return ctx, "", fmt.Errorf("%s: %w", names[0], ErrNoTable)
	}
	batches, tables := map[string]*historyBatch{}, historyTables()
	var cut []string
	for _, name := range names {
		i := slices.IndexFunc(tables, func(t historyTable) bool { return t.name == name })
		if i < 0 {
			return ctx, "", fmt.Errorf("%s: %w", name, ErrNoTable)
		}
		b, err := l.history(ctx, tables[i], w)
		if err != nil {
			return ctx, "", err
		}
		batches[tables[i].function] = b
		if b.cut {
			cut = append(cut, fmt.Sprintf("only the newest %d rows of %s were read: narrow the range", len(b.rows), name))
		}
	}
	return context.WithValue(ctx, historyKey{}, batches), strings.Join(cut, "; "), nil
}

// registerHistory makes the table functions known.
func registerHistory(conn *sql.Conn) error {
	for _, t := range historyTables() {
		err := duckdb.RegisterTableUDF(conn, t.function, duckdb.ChunkTableFunction{
			BindArgumentsContext: func(ctx context.Context, _ map[string]any, _ ...any) (duckdb.ChunkTableSource, error) {
				batches, _ := ctx.Value(historyKey{}).(map[string]*historyBatch)
				if b := batches[t.function]; b != nil {
					return &historySource{b: b}, nil
				}
				return nil, errors.New(t.function + " is for the store alone")
			},
		})
		if err != nil {
			return fmt.Errorf("function %s: %w", t.function, err)
		}
	}
	return nil
}

// A historySource hands a batch over, oldest first.
type historySource struct {
	b    *historyBatch
	next int
}

// ColumnInfos implements duckdb.ChunkTableSource.
func (s *historySource) ColumnInfos() []duckdb.ColumnInfo {
	infos := []duckdb.ColumnInfo{
		columnInfo(seqName, duckdb.TYPE_BIGINT), columnInfo("time", duckdb.TYPE_TIMESTAMP), columnInfo("ingest_time", duckdb.TYPE_TIMESTAMP),
		columnInfo("topic", duckdb.TYPE_VARCHAR), columnInfo("source", duckdb.TYPE_VARCHAR), columnInfo("tenant", duckdb.TYPE_VARCHAR),
	}
	for i, c := range s.b.table.columns {
		infos = append(infos, columnInfo(lookupColumn(i), historyType(c.kind)))
	}
	return infos
}

// seqName is the column of __seq__.
const seqName = "seq"

// historyColumns is the number of columns before those of the table.
const historyColumns = 6

func historyType(t ingest.FieldType) duckdb.Type {
	switch t {
	case ingest.IntegerField:
		return duckdb.TYPE_BIGINT
	case ingest.DoubleField:
		return duckdb.TYPE_DOUBLE
	case ingest.BooleanField:
		return duckdb.TYPE_BOOLEAN
	case ingest.TimeField:
		return duckdb.TYPE_TIMESTAMP
	default:
		return duckdb.TYPE_VARCHAR
	}
}

// Cardinality implements duckdb.ChunkTableSource.
func (s *historySource) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(len(s.b.rows)), Exact: true}
}

// Init implements duckdb.ChunkTableSource.
func (s *historySource) Init() { s.next = 0 }

// FillChunk implements duckdb.ChunkTableSource.
func (s *historySource) FillChunk(chunk duckdb.DataChunk) error {
	n := min(duckdb.GetDataChunkCapacity(), len(s.b.rows)-s.next)
	for i := range n {
		if err := s.fill(chunk, i, s.next+i); err != nil {
			return err
		}
	}
	s.next += n
	return chunk.SetSize(n)
}

// fill writes one row; number counts from the oldest.
func (s *historySource) fill(chunk duckdb.DataChunk, at, number int) error {
	row := s.b.rows[len(s.b.rows)-1-number]
	moment, ok := row[0].(time.Time)
	if !ok {
		return fmt.Errorf("the time of a row of %s is a %T", s.b.table.name, row[0])
	}
	err := errors.Join(
		duckdb.SetChunkValue(chunk, 0, at, int64(number+1)), duckdb.SetChunkValue(chunk, 1, at, moment), duckdb.SetChunkValue(chunk, 2, at, moment),
		duckdb.SetChunkValue(chunk, 3, at, s.b.table.name), duckdb.SetChunkValue[any](chunk, 4, at, nil), duckdb.SetChunkValue[any](chunk, 5, at, nil))
	for i, v := range row[1:] {
		if err != nil {
			return err
		}
		err = duckdb.SetChunkValue(chunk, historyColumns+i, at, v)
	}
	return err
}
