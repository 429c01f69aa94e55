// The records of a day, a page at a time: from the engine of the logs to the one
// that writes files.

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"tocsin/ingest"
)

// pages hands the records of a day over, up to exportFile of them, in the order of
// __seq__. A page is a range of that many numbers, so it fits into a data chunk.
type pages struct {
	ctx       context.Context //nolint:containedctx // the engine calls without one
	x         *exporting
	d         exportDay
	statement string
	page      [][]any // read, and not handed over yet
	next      int64   // everything up to it was read
	first     int64   // of the file
	lastSeen  int64
	records   int64 // of the file
}

func newPages(ctx context.Context, x *exporting, d exportDay) *pages {
	var list []string
	for _, c := range x.columns {
		name := quoteName(c.Name)
		switch c.Kind {
		case ingest.Stamp:
			name = "epoch_us(" + name + ")"
		case ingest.UUID:
			name += "::VARCHAR"
		}
		list = append(list, name)
	}
	return &pages{ctx: ctx, x: x, d: d, next: d.after, statement: "SELECT seq, " + strings.Join(list, ", ") + " FROM " + quoteName(x.from) +
		" WHERE seq > ? AND seq <= ? AND time >= ? AND time < ? ORDER BY seq"}
}

// fill reads on until there is a page; false: there is none.
func (p *pages) fill() (more bool, err error) {
	for len(p.page) == 0 && p.next < p.d.last {
		if err := p.read(); err != nil {
			return false, err
		}
		if len(p.page) > 0 {
			break
		}
		var at sql.NullInt64 // the others of the day may lie far behind
		err := p.x.logs.QueryRowContext(p.ctx, "SELECT min(seq) FROM "+quoteName(p.x.table)+" WHERE seq > ? AND time >= ? AND time < ?",
			p.next, p.d.from, p.d.from.AddDate(0, 0, 1)).Scan(&at)
		if err != nil || !at.Valid {
			return false, err
		}
		p.next = at.Int64 - 1
	}
	return len(p.page) > 0, nil
}

// read reads the next range of numbers.
func (p *pages) read() error {
	upTo := min(p.next+exportPage, p.d.last)
	rows, err := p.x.logs.QueryContext(p.ctx, p.statement, p.next, upTo, p.d.from, p.d.from.AddDate(0, 0, 1))
	if err != nil {
		return err
	}
	defer rows.Close()
	p.next = upTo
	for rows.Next() {
		row := make([]any, len(p.x.columns)+1)
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		p.page = append(p.page, row)
	}
	return rows.Err()
}

// ColumnInfos implements duckdb.ChunkTableSource.
func (p *pages) ColumnInfos() []duckdb.ColumnInfo {
	var infos []duckdb.ColumnInfo
	for _, c := range p.x.columns {
		kind := chunkType(c.Kind)
		if c.Kind == ingest.UUID {
			kind = duckdb.TYPE_VARCHAR
		}
		infos = append(infos, columnInfo(c.Name, kind))
	}
	return infos
}

// Cardinality implements duckdb.ChunkTableSource: nobody knows it.
func (p *pages) Cardinality() *duckdb.CardinalityInfo { return nil }

// Init implements duckdb.ChunkTableSource.
func (p *pages) Init() {}

// FillChunk implements duckdb.ChunkTableSource.
func (p *pages) FillChunk(chunk duckdb.DataChunk) error {
	if p.records >= exportFile {
		return chunk.SetSize(0)
	}
	if _, err := p.fill(); err != nil {
		return err
	}
	for i, row := range p.page {
		seq, ok := row[0].(int64)
		if !ok {
			return errors.New("a record without a number")
		}
		if p.first == 0 {
			p.first = seq
		}
		p.lastSeen = seq
		for c, v := range row[1:] {
			if err := duckdb.SetChunkValue(chunk, c, i, v); err != nil {
				return fmt.Errorf("column %s: %w", p.x.columns[c].Name, err)
			}
		}
	}
	p.records += int64(len(p.page))
	n := len(p.page)
	p.page = nil
	return chunk.SetSize(n)
}
