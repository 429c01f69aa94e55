// Tests of the export as Parquet.

package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/ingest"
)

// exportTo exports the test logstore below dir and returns the names.
func exportTo(t *testing.T, l *Logs, dir string, change func(*ExportOptions)) (names []string, records int64) {
	t.Helper()
	o := ExportOptions{Logstore: "t", Put: func(_ context.Context, f ExportedFile) error {
		if parsed, ok := ParseExported(f.Name()); !ok || parsed.First != f.First || parsed.Last != f.Last || parsed.Generation != f.Generation {
			t.Errorf("%s is read as %+v", f.Name(), parsed)
		}
		folder := filepath.Join(dir, "dt="+f.Day)
		names = append(names, f.Day+" "+fmt.Sprint(f.First, "-", f.Last, " ", f.Records))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		return os.Rename(f.Path, filepath.Join(folder, f.Name()))
	}}
	if change != nil {
		change(&o)
	}
	records, err := l.Export(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return names, records
}

// parquet is an engine that may read files.
func parquet(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// What is exported is what is stored: each record of each day once, with all of
// its values, compressed with zstd; what the target has is not exported again.
func TestExport(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	dir := t.TempDir()
	begin := time.Date(2026, 11, 1, 23, 0, 0, 0, time.UTC)
	var records []rec
	for i := range 9000 {
		records = append(records, rec{id: i + 1, name: fmt.Sprintf("ä %d \x00", i), time: begin.Add(time.Duration(i%3) * time.Hour).Add(time.Duration(i) * time.Microsecond)})
	}
	records[5].flags = []string{"odd"}
	appendScripts(t, l, testLogstore(), []script{{"a", "1", records[:4000]}, {"b", "1", records[4000:]}}, func(o *AppendOptions) { o.rows, o.records = 512, 512 })
	names, n := exportTo(t, l, dir, nil)
	if n != 9000 || len(names) != 2 || !strings.HasPrefix(names[0], "2026-11-01 1-") || !strings.HasSuffix(names[0], " 3000") || !strings.HasSuffix(names[1], " 6000") {
		t.Errorf("%d records in %v", n, names)
	}
	db := parquet(t)
	var columns []string
	for _, c := range allColumns(testLogstore()) {
		name := quoteName(c.Name)
		if c.Kind == ingest.UUID {
			name += "::VARCHAR"
		}
		columns = append(columns, name)
	}
	sum := "SELECT count(*), bit_xor(hash(" + strings.Join(columns, ", ") + "))::VARCHAR, count(DISTINCT seq) FROM "
	read := func(q interface {
		QueryRow(string, ...any) *sql.Row
	}, from string,
	) string {
		var n, distinct int64
		var hash string
		if err := q.QueryRow(sum+from).Scan(&n, &hash, &distinct); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(n, " ", hash, " ", distinct)
	}
	files := "read_parquet(" + quoteText(dir+"/*/*.parquet") + ")"
	if got, want := read(db, files), read(l.in.db, "log_t"); got != want {
		t.Errorf("exported %s, stored %s", got, want)
	}
	var codec, day string
	if err := db.QueryRow("SELECT string_agg(DISTINCT compression) FROM parquet_metadata(" + quoteText(dir+"/*/*.parquet") + ")").Scan(&codec); err != nil || codec != "ZSTD" {
		t.Errorf("compressed with %s %v", codec, err)
	}
	if err := db.QueryRow("SELECT string_agg(DISTINCT (dt::DATE = time::DATE)::VARCHAR) FROM read_parquet(" + quoteText(dir+"/*/*.parquet") + ", hive_partitioning = true)").Scan(&day); err != nil || day != "true" {
		t.Errorf("records lie in their day: %s %v", day, err)
	}

	have := func(_ context.Context, day, _ string) (int64, error) {
		list, err := filepath.Glob(filepath.Join(dir, "dt="+day, "*"))
		last := int64(0)
		for _, path := range list {
			if f, ok := ParseExported(filepath.Base(path)); ok {
				last = max(last, f.Last)
			}
		}
		return last, err
	}
	if names, n := exportTo(t, l, dir, func(o *ExportOptions) { o.Have = have }); n != 0 || names != nil {
		t.Errorf("exported again: %v", names)
	}
	loadAt(t, l, testNow, "late", rec{id: 9001, time: begin}, rec{id: 9002, time: begin.Add(72 * time.Hour)})
	names, n = exportTo(t, l, dir, func(o *ExportOptions) { o.Have = have })
	if n != 2 || strings.Join(names, "; ") != "2026-11-01 9001-9001 1; 2026-11-04 9002-9002 1" {
		t.Errorf("what came late: %v", names)
	}
	if got, want := read(db, files), read(l.in.db, "log_t"); got != want {
		t.Errorf("exported %s, stored %s", got, want)
	}
	loadAt(t, l, testNow, "out of range", rec{id: 9003, time: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)})
	if names, _ = exportTo(t, l, dir, func(o *ExportOptions) { o.Have = have }); strings.Join(names, "; ") != "9999-12-31 9003-9003 1" {
		t.Errorf("out of range: %v", names)
	}
	names, _ = exportTo(t, l, t.TempDir(), func(o *ExportOptions) { o.From, o.To = begin.Add(70*time.Hour), begin.Add(73*time.Hour) })
	if len(names) != 1 || !strings.HasPrefix(names[0], "2026-11-04") {
		t.Errorf("one day: %v", names)
	}
}

// The engine that writes can do nothing but that.
func TestExportEngineIsLocked(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	db, err := openWriter(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{
		"COPY (SELECT 1) TO " + quoteText(other+"/x.parquet"),
		"COPY (SELECT 1) TO " + quoteText(dir+"/../x.parquet"),
		"SELECT * FROM read_text('/etc/passwd')",
		"SET allowed_directories = ['/']",
		"SET enable_external_access = true",
	} {
		if _, err := db.Exec(s); err == nil {
			t.Errorf("%s is done", s)
		}
	}
	if _, err := db.Exec("COPY (SELECT 1) TO " + quoteText(dir+"/x.parquet")); err != nil {
		t.Errorf("its own directory: %v", err)
	}
}
