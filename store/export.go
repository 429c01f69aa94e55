// Export of a logstore as Parquet files, a day (UTC) of events in a folder.
//
// The engine of the logs may not write files, and no engine that runs users' SQL
// has a directory that it may write to. So the files are written by an engine of
// its own, which has no data and runs one statement of ours; the records are
// handed to it as data chunks, a page at a time.

package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tocsin/ingest"
)

// ExportOptions say what is exported. From and To bound the days, half-open, by
// the day in UTC that they lie in; zero: all days.
type ExportOptions struct {
	Logstore string
	From, To time.Time
	// Have says up to which number (__seq__) of this generation the target has the
	// records of a day: they are not exported again. nil: it has none.
	Have func(ctx context.Context, day, generation string) (int64, error)
	// Put gets each file when it is complete, to copy or to move; it is gone
	// afterwards.
	Put func(ctx context.Context, f ExportedFile) error
}

// An ExportedFile is a complete Parquet file with records of one day, those from
// First to Last by __seq__ that the file has no elder sister for.
type ExportedFile struct {
	Path        string // where it is now
	Day         string // 2026-11-20, in UTC
	Generation  string // the beginning of the random id of the logs file
	First, Last int64
	Records     int64
}

// Name is the name of the file: ours, and never that of another one.
func (f ExportedFile) Name() string {
	return fmt.Sprintf("tocsin-%s-%012d-%012d.parquet", f.Generation, f.First, f.Last)
}

// ParseExported reads a name that Name made; false for any other.
func ParseExported(name string) (f ExportedFile, ok bool) {
	_, err := fmt.Sscanf(name, "tocsin-%8s-%d-%d.parquet", &f.Generation, &f.First, &f.Last)
	return f, err == nil && f.Name() == name
}

const (
	exportPage   = 2048      // records that are handed over at once: as many as a data chunk holds
	exportFile   = 1_000_000 // records of a file
	exportGroup  = 30_720    // records of a row group, which is held in memory
	exportMemory = 512 << 20 // of the engine that writes
)

// Export writes the records that are stored when it begins, whole days of them.
// It returns how many; with an error those of the files that were put.
func (l *Logs) Export(ctx context.Context, o ExportOptions) (records int64, err error) {
	dir, err := emptyDir(filepath.Join(filepath.Dir(l.in.path), "export-tmp"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	x := &exporting{o: o, dir: dir}
	if x.table, _, err = l.tables.existing(ctx, l.in.db, o.Logstore); err != nil {
		return 0, err
	}
	x.from = x.table
	if ls := l.schema.logstore(o.Logstore); ls != nil {
		x.wholes, x.from = ls.Wholes, readName(ls)
	}
	if x.logs, err = l.in.conn(ctx); err != nil {
		return 0, err
	}
	defer x.logs.Close()
	if _, err := x.logs.ExecContext(ctx, "BEGIN TRANSACTION READ ONLY"); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rollback(ctx, x.logs)) }()
	if x.writer, err = openWriter(ctx, dir); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, x.writer.Close()) }()
	if err := x.run(ctx); err != nil {
		return x.records, fmt.Errorf("export %s: %w", o.Logstore, err)
	}
	return x.records, nil
}

// openWriter starts the engine that writes files in a directory, and nothing else.
func openWriter(ctx context.Context, dir string) (*sql.DB, error) {
	e := &engine{name: "memory"}
	if err := e.start(); err != nil {
		return nil, fmt.Errorf("start the engine that writes files: %w", err)
	}
	db := sql.OpenDB(e)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	defer conn.Close()
	all := append(settings(instanceOptions{Memory: exportMemory, Threads: 1, Spill: 2 << 30}, filepath.Join(dir, "spill")),
		"SET GLOBAL allowed_directories = ["+quoteText(dir)+"]")
	for _, s := range all {
		if _, err = conn.ExecContext(ctx, s); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", s, err), db.Close())
		}
	}
	if err := errors.Join(registerBatch(ctx, conn), lockDown(ctx, conn)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// exporting is the state of an Export.
type exporting struct {
	o          ExportOptions
	dir, table string
	from       string    // what is read: the table, or a view of it
	logs       *sql.Conn // in a transaction that reads
	writer     *sql.DB
	columns    []ingest.Column
	wholes     []ingest.Whole // columns that are written in the place of what is kept of them
	generation string
	records    int64
}

// run exports the days one after another.
func (x *exporting) run(ctx context.Context) error {
	if err := x.logs.QueryRowContext(ctx, "SELECT left(generation::VARCHAR, 8) FROM counter").Scan(&x.generation); err != nil {
		return err
	}
	if err := x.describe(ctx); err != nil || len(x.columns) == 0 {
		return err
	}
	days, err := x.days(ctx)
	if err != nil {
		return err
	}
	for _, d := range days {
		if x.o.Have != nil {
			have, err := x.o.Have(ctx, d.name(), x.generation)
			if err != nil {
				return err
			}
			d.after = max(d.after, have)
		}
		if err := x.day(ctx, d); err != nil {
			return fmt.Errorf("day %s: %w", d.name(), err)
		}
	}
	return nil
}

// describe reads the columns of the table, without those that are computed, but
// with the wholes.
func (x *exporting) describe(ctx context.Context) error {
	rows, err := x.logs.QueryContext(ctx, "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'logs' AND table_name = ? ORDER BY column_index", x.table)
	if err != nil {
		return err
	}
	defer rows.Close()
	kinds := map[string]ingest.Kind{}
	for _, k := range []ingest.Kind{ingest.Text, ingest.Stamp, ingest.Boolean, ingest.Integer, ingest.Double, ingest.UUID} {
		kinds[sqlType(k)] = k
	}
	left, written := map[string]bool{}, map[string]string{}
	for _, w := range x.wholes {
		left[w.Name], left[w.UUID], written[w.Kept] = true, true, w.Name
	}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return err
		}
		kind, ok := kinds[text]
		if !ok {
			return fmt.Errorf("column %s is of the type %s", name, text)
		}
		if kind == ingest.UUID {
			left[textColumn(name)] = true
		}
		if !left[name] {
			x.columns = append(x.columns, ingest.Column{Name: cmp.Or(written[name], name), Kind: kind})
		}
	}
	return rows.Err()
}

// exportDay is what is exported of a day.
type exportDay struct {
	from        time.Time
	after, last int64 // __seq__, (after, last]
}

func (d exportDay) name() string { return d.from.Format(time.DateOnly) }

// days lists the days that have records.
func (x *exporting) days(ctx context.Context) ([]exportDay, error) {
	from, to := time.UnixMicro(minTime), time.UnixMicro(maxTime+1) // times that were out of range lie at the very end
	if !x.o.From.IsZero() {
		from = time.UnixMicro(floorDay(x.o.From.UnixMicro()))
	}
	if !x.o.To.IsZero() {
		to = time.UnixMicro(floorDay(x.o.To.UnixMicro()-1) + day)
	}
	rows, err := x.logs.QueryContext(ctx, "SELECT date_trunc('day', time)::TIMESTAMP AS d, min(seq) - 1, max(seq) FROM "+quoteName(x.table)+
		" WHERE time >= ? AND time < ? GROUP BY d ORDER BY d", from.UTC(), to.UTC())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []exportDay
	for rows.Next() {
		var d exportDay
		if err := rows.Scan(&d.from, &d.after, &d.last); err != nil {
			return nil, err
		}
		d.from = d.from.UTC()
		list = append(list, d)
	}
	return list, rows.Err()
}

// day writes the files of a day.
func (x *exporting) day(ctx context.Context, d exportDay) error {
	for pages := newPages(ctx, x, d); ; pages.records, pages.first = 0, 0 {
		more, err := pages.fill()
		if err != nil || !more {
			return err
		}
		path := filepath.Join(x.dir, "day.parquet")
		if err := x.file(ctx, path, pages); err != nil {
			return err
		}
		f := ExportedFile{Path: path, Day: d.name(), Generation: x.generation, First: pages.first, Last: pages.lastSeen, Records: pages.records}
		if err := x.o.Put(ctx, f); err != nil {
			return err
		}
		x.records += f.Records
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // it may have been moved
			return err
		}
	}
}

// file has the engine write one file.
func (x *exporting) file(ctx context.Context, path string, pages *pages) error {
	var list []string
	for _, c := range x.columns {
		name := quoteName(c.Name)
		if c.Kind == ingest.Stamp {
			name = "make_timestamp(" + name + ") AS " + name
		}
		list = append(list, name)
	}
	_, err := x.writer.ExecContext(withSource(ctx, pages), fmt.Sprintf("COPY (SELECT %s FROM %s()) TO %s (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d)",
		strings.Join(list, ", "), batchFunction, quoteText(path), exportGroup))
	return err
}
