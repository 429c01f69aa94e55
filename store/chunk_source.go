// Batches as table functions: how records get into DuckDB. A driver's data
// chunk is only to be had in a table function, and writing into it with
// SetChunkValue is the fastest way that needs no unsafe pointer (DuckDB copies
// the strings). The batch travels in the context of the statement, so that no
// other statement can read it.

package store

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/duckdb/duckdb-go/v2"

	"tocsin/ingest"
)

// batchFunction is the name of the table function.
const batchFunction = "tocsin_batch"

// sourceKey is the key of the table source in the context of a statement.
type sourceKey struct{}

// withSource returns the context for a statement that reads batchFunction.
func withSource(ctx context.Context, s duckdb.ChunkTableSource) context.Context {
	return context.WithValue(ctx, sourceKey{}, s)
}

// registerBatch makes the table function known.
func registerBatch(_ context.Context, conn *sql.Conn) error {
	return duckdb.RegisterTableUDF(conn, batchFunction, duckdb.ChunkTableFunction{
		BindArgumentsContext: func(ctx context.Context, _ map[string]any, _ ...any) (duckdb.ChunkTableSource, error) {
			if s, ok := ctx.Value(sourceKey{}).(duckdb.ChunkTableSource); ok {
				return s, nil
			}
			return nil, errors.New(batchFunction + " is for the store alone")
		},
	})
}

// columnInfo describes a column of a table function. The types are basic ones,
// for which there is always a description.
func columnInfo(name string, t duckdb.Type) duckdb.ColumnInfo {
	info, err := duckdb.NewTypeInfo(t)
	if err != nil {
		panic("store: " + err.Error()) // only for nested types
	}
	return duckdb.ColumnInfo{Name: name, T: info}
}

// rowSource hands over rows of a batch, in that order.
type rowSource struct {
	b    *batch
	rows []int32
	next int
}

// ColumnInfos implements duckdb.ChunkTableSource. Times are microseconds here,
// because a time.Time for each of them costs more than make_timestamp in SQL.
func (s *rowSource) ColumnInfos() []duckdb.ColumnInfo {
	infos := []duckdb.ColumnInfo{
		columnInfo("seq", duckdb.TYPE_BIGINT), columnInfo("time", duckdb.TYPE_BIGINT), columnInfo("id", duckdb.TYPE_UUID),
		columnInfo("object", duckdb.TYPE_BIGINT), columnInfo("position", duckdb.TYPE_BIGINT),
		columnInfo("topic", duckdb.TYPE_VARCHAR), columnInfo("source", duckdb.TYPE_VARCHAR),
		columnInfo("tenant", duckdb.TYPE_VARCHAR), columnInfo("flags", duckdb.TYPE_VARCHAR),
	}
	for _, c := range s.b.columns {
		infos = append(infos, columnInfo(c.Name, chunkType(c.Kind)))
	}
	return infos
}

// rowColumns is the number of columns before those of the logstore.
const rowColumns = 9

// chunkType is the type in which a kind of column is handed over.
func chunkType(k ingest.Kind) duckdb.Type {
	switch k {
	case ingest.Stamp, ingest.Integer:
		return duckdb.TYPE_BIGINT
	case ingest.Boolean:
		return duckdb.TYPE_BOOLEAN
	case ingest.Double:
		return duckdb.TYPE_DOUBLE
	case ingest.UUID:
		return duckdb.TYPE_UUID
	default:
		return duckdb.TYPE_VARCHAR
	}
}

// Cardinality implements duckdb.ChunkTableSource.
func (s *rowSource) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(len(s.rows)), Exact: true}
}

// Init implements duckdb.ChunkTableSource.
func (s *rowSource) Init() { s.next = 0 }

// FillChunk implements duckdb.ChunkTableSource.
func (s *rowSource) FillChunk(chunk duckdb.DataChunk) error {
	rows := s.rows[s.next:min(s.next+duckdb.GetDataChunkCapacity(), len(s.rows))]
	s.next += len(rows)
	if err := s.fillFixed(chunk, rows); err != nil {
		return err
	}
	for i := range s.b.columns {
		if err := s.fillColumn(chunk, i, rows); err != nil {
			return err
		}
	}
	return chunk.SetSize(len(rows))
}

// fillFixed writes the columns that every record has.
func (s *rowSource) fillFixed(chunk duckdb.DataChunk, rows []int32) error {
	var errs [rowColumns]error
	for i, n := range rows {
		r := &s.b.rows[n]
		errs[0] = duckdb.SetChunkValue(chunk, 0, i, r.seq)
		errs[1] = duckdb.SetChunkValue(chunk, 1, i, r.time)
		errs[2] = duckdb.SetChunkValue(chunk, 2, i, duckdb.UUID(r.id))
		errs[3] = duckdb.SetChunkValue(chunk, 3, i, r.object)
		errs[4] = duckdb.SetChunkValue(chunk, 4, i, r.position)
		errs[5] = setText(chunk, 5, i, r.topic)
		errs[6] = setText(chunk, 6, i, r.source)
		errs[7] = setText(chunk, 7, i, r.tenant)
		errs[8] = setText(chunk, 8, i, r.flags)
		if err := errors.Join(errs[:]...); err != nil {
			return err
		}
	}
	return nil
}

// setText writes a text; an empty one is NULL.
func setText(chunk duckdb.DataChunk, column, row int, s string) error {
	if s == "" {
		return duckdb.SetChunkValue[any](chunk, column, row, nil)
	}
	return duckdb.SetChunkValue(chunk, column, row, s)
}

// fillColumn writes one column of the logstore.
func (s *rowSource) fillColumn(chunk duckdb.DataChunk, column int, rows []int32) error {
	b, out, kind := s.b, column+rowColumns, s.b.columns[column].Kind
	for i, n := range rows {
		at := int(n)*len(b.columns) + column
		var err error
		switch {
		case !b.valid[at]:
			err = duckdb.SetChunkValue[any](chunk, out, i, nil)
		case kind == ingest.Text:
			err = duckdb.SetChunkValue(chunk, out, i, b.bytes(n, column))
		case kind == ingest.Boolean:
			err = duckdb.SetChunkValue(chunk, out, i, b.cells[at] != 0)
		case kind == ingest.Double:
			err = duckdb.SetChunkValue(chunk, out, i, math.Float64frombits(b.cells[at]))
		case kind == ingest.UUID:
			err = duckdb.SetChunkValue(chunk, out, i, b.bytes(n, column))
		default:
			err = duckdb.SetChunkValue(chunk, out, i, int64(b.cells[at]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// idSource hands over the ids of some rows, with their numbers.
type idSource struct {
	b    *batch
	rows []int32
	next int
}

// ColumnInfos implements duckdb.ChunkTableSource.
func (s *idSource) ColumnInfos() []duckdb.ColumnInfo {
	return []duckdb.ColumnInfo{columnInfo("n", duckdb.TYPE_INTEGER), columnInfo("id", duckdb.TYPE_UUID)}
}

// Cardinality implements duckdb.ChunkTableSource.
func (s *idSource) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(len(s.rows)), Exact: true}
}

// Init implements duckdb.ChunkTableSource.
func (s *idSource) Init() { s.next = 0 }

// FillChunk implements duckdb.ChunkTableSource.
func (s *idSource) FillChunk(chunk duckdb.DataChunk) error {
	rows := s.rows[s.next:min(s.next+duckdb.GetDataChunkCapacity(), len(s.rows))]
	s.next += len(rows)
	for i, n := range rows {
		if err := duckdb.SetChunkValue(chunk, 0, i, n); err != nil {
			return err
		}
		if err := duckdb.SetChunkValue(chunk, 1, i, duckdb.UUID(s.b.rows[n].id)); err != nil {
			return err
		}
	}
	return chunk.SetSize(len(rows))
}

// nameSource hands over the names and versions of objects, with their numbers.
type nameSource struct {
	objects []ingest.Object
	next    int
}

// ColumnInfos implements duckdb.ChunkTableSource.
func (s *nameSource) ColumnInfos() []duckdb.ColumnInfo {
	return []duckdb.ColumnInfo{
		columnInfo("n", duckdb.TYPE_INTEGER), columnInfo("name", duckdb.TYPE_VARCHAR), columnInfo("version", duckdb.TYPE_VARCHAR),
	}
}

// Cardinality implements duckdb.ChunkTableSource.
func (s *nameSource) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(len(s.objects)), Exact: true}
}

// Init implements duckdb.ChunkTableSource.
func (s *nameSource) Init() { s.next = 0 }

// FillChunk implements duckdb.ChunkTableSource.
func (s *nameSource) FillChunk(chunk duckdb.DataChunk) error {
	n := min(duckdb.GetDataChunkCapacity(), len(s.objects)-s.next)
	for i := range n {
		o := &s.objects[s.next+i]
		err := errors.Join(
			duckdb.SetChunkValue(chunk, 0, i, int32(s.next+i)),
			duckdb.SetChunkValue(chunk, 1, i, validText(o.Name)),
			duckdb.SetChunkValue(chunk, 2, i, validText(o.Version)))
		if err != nil {
			return err
		}
	}
	s.next += n
	return chunk.SetSize(n)
}
