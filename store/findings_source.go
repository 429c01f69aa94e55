// What the life of findings hands over to the engine.

package store

import (
	"errors"

	"github.com/duckdb/duckdb-go/v2"
)

// listSource hands over n rows that set writes, one after the other.
type listSource struct {
	columns []duckdb.ColumnInfo
	n       int
	set     func(chunk duckdb.DataChunk, at, row int) error
	next    int
}

// ColumnInfos implements duckdb.ChunkTableSource.
func (s *listSource) ColumnInfos() []duckdb.ColumnInfo { return s.columns }

// Cardinality implements duckdb.ChunkTableSource.
func (s *listSource) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(s.n), Exact: true}
}

// Init implements duckdb.ChunkTableSource.
func (s *listSource) Init() { s.next = 0 }

// FillChunk implements duckdb.ChunkTableSource.
func (s *listSource) FillChunk(chunk duckdb.DataChunk) error {
	n := min(duckdb.GetDataChunkCapacity(), s.n-s.next)
	for at := range n {
		if err := s.set(chunk, at, s.next+at); err != nil {
			return err
		}
	}
	s.next += n
	return chunk.SetSize(n)
}

// setTime writes microseconds; noTime is NULL.
func setTime(chunk duckdb.DataChunk, column, row int, t int64) error {
	if t == noTime {
		return duckdb.SetChunkValue[any](chunk, column, row, nil)
	}
	return duckdb.SetChunkValue(chunk, column, row, t)
}

// standingColumns are the columns of a standing in the order in which
// setStanding writes them; timeColumns of them are times.
func standingColumns() []duckdb.ColumnInfo {
	return []duckdb.ColumnInfo{
		columnInfo("finding", duckdb.TYPE_UUID), columnInfo("number", duckdb.TYPE_BIGINT), columnInfo("scanner", duckdb.TYPE_VARCHAR),
		columnInfo("since", duckdb.TYPE_BIGINT), columnInfo("of_seq", duckdb.TYPE_BIGINT),
		columnInfo("fails", duckdb.TYPE_BOOLEAN), columnInfo("fail_level", duckdb.TYPE_VARCHAR), columnInfo("fail_muted", duckdb.TYPE_BOOLEAN),
		columnInfo("now_first", duckdb.TYPE_BIGINT), columnInfo("now_last", duckdb.TYPE_BIGINT), columnInfo("failed_at", duckdb.TYPE_BIGINT),
		columnInfo("now_before", duckdb.TYPE_BIGINT), columnInfo("changed_at", duckdb.TYPE_BIGINT), columnInfo("now_change", duckdb.TYPE_VARCHAR),
	}
}

// setStanding writes a finding as it stands into the columns from first on.
func setStanding(chunk duckdb.DataChunk, first, row int, f *tracked) error {
	return errors.Join(
		duckdb.SetChunkValue(chunk, first, row, duckdb.UUID(f.key)),
		duckdb.SetChunkValue(chunk, first+1, row, number(f.key)),
		duckdb.SetChunkValue(chunk, first+2, row, f.scanner),
		duckdb.SetChunkValue(chunk, first+3, row, f.since),
		duckdb.SetChunkValue(chunk, first+4, row, f.seq),
		duckdb.SetChunkValue(chunk, first+5, row, f.fails),
		setText(chunk, first+6, row, f.level),
		duckdb.SetChunkValue(chunk, first+7, row, f.mutedThen),
		setTime(chunk, first+8, row, f.firstSeen),
		setTime(chunk, first+9, row, f.at),
		setTime(chunk, first+10, row, f.failedAt),
		setTime(chunk, first+11, row, f.before),
		setTime(chunk, first+12, row, f.changedAt),
		duckdb.SetChunkValue(chunk, first+13, row, f.change))
}

// standingSource hands over findings as they stand.
func standingSource(list []*tracked) *listSource {
	return &listSource{columns: standingColumns(), n: len(list), set: func(chunk duckdb.DataChunk, at, row int) error {
		return setStanding(chunk, 0, at, list[row])
	}}
}

// versionSource hands over rows of a batch, each with the finding that stands on
// it.
type versionSource struct {
	rowSource
	list []*tracked
}

// ColumnInfos implements duckdb.ChunkTableSource.
func (s *versionSource) ColumnInfos() []duckdb.ColumnInfo {
	return append(s.rowSource.ColumnInfos(), standingColumns()...)
}

// FillChunk implements duckdb.ChunkTableSource.
func (s *versionSource) FillChunk(chunk duckdb.DataChunk) error {
	from := s.next
	if err := s.rowSource.FillChunk(chunk); err != nil {
		return err
	}
	for i, f := range s.list[from:s.next] {
		if err := setStanding(chunk, rowColumns+len(s.b.columns), i, f); err != nil {
			return err
		}
	}
	return nil
}

// scanSource hands over runs, with the number of the first record of each.
func scanSource(list []scan, seqs map[scan]int64) *listSource {
	return &listSource{
		columns: []duckdb.ColumnInfo{
			columnInfo("scanner", duckdb.TYPE_VARCHAR), columnInfo("account", duckdb.TYPE_VARCHAR),
			columnInfo("second", duckdb.TYPE_BIGINT), columnInfo("seq", duckdb.TYPE_BIGINT),
		},
		n: len(list),
		set: func(chunk duckdb.DataChunk, at, row int) error {
			s := list[row]
			return errors.Join(
				duckdb.SetChunkValue(chunk, 0, at, s.scanner), duckdb.SetChunkValue(chunk, 1, at, s.account),
				duckdb.SetChunkValue(chunk, 2, at, s.second), duckdb.SetChunkValue(chunk, 3, at, seqs[s]))
		},
	}
}

// keySource hands over the keys of findings, with their place in the list.
func keySource(list []*tracked) *listSource {
	return &listSource{
		columns: []duckdb.ColumnInfo{columnInfo("n", duckdb.TYPE_INTEGER), columnInfo("finding", duckdb.TYPE_UUID)},
		n:       len(list),
		set: func(chunk duckdb.DataChunk, at, row int) error {
			return errors.Join(duckdb.SetChunkValue(chunk, 0, at, int32(row)), duckdb.SetChunkValue(chunk, 1, at, duckdb.UUID(list[row].key)))
		},
	}
}
