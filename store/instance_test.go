package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var testNow = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// openTest opens a store in a directory of the test and closes it at its end.
func openTest(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(context.Background(), Options{Dir: dir, Command: "test", Now: testNow, Memory: 512 << 20, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestOpenIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "spill-logs", "old"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := openTest(t, dir)
	if _, err := s.Logs.in.db.Exec("INSERT INTO deadletters VALUES (1, 'x', 'y', 'z', 1, 1, 1, 'r', 'raw', TIMESTAMP '2026-01-01', NULL, NULL, NULL)"); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "spill-logs", "old")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the spill directory was not emptied: %v", err)
	}
}

func TestLockSaysByWhom(t *testing.T) {
	dir := t.TempDir()
	openTest(t, dir)
	_, err := Open(context.Background(), Options{Dir: dir, Command: "tocsin query", Now: testNow})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("got %v, want a LockedError", err)
	}
	if locked.PID != os.Getpid() || locked.Command != "test" || !strings.Contains(err.Error(), `locked by "test" (pid `) {
		t.Errorf("got %v", err)
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, dir)
	_, first, err := s.Logs.LastSeq(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "logs.duckdb.wal")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("close left a write-ahead log: %v", err)
	}
	again := openTest(t, dir)
	seq, second, err := again.Logs.LastSeq(context.Background())
	if err != nil || seq != 0 || first != second || len(first) != 36 {
		t.Errorf("got %d %q %v, want 0 and %q", seq, second, err, first)
	}
}

func testInstance(t *testing.T, dir string, files fstest.MapFS) (*instance, error) {
	t.Helper()
	return openInstance(context.Background(), instanceOptions{
		Name: "x", Dir: dir, Memory: 128 << 20, Threads: 1, Spill: 1 << 30, Schema: files, Copy: true, Now: testNow,
	})
}

func TestMigrate(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	one := fstest.MapFS{"0001_a.sql": {Data: []byte("CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);")}}
	two := fstest.MapFS{"0001_a.sql": one["0001_a.sql"], "0002_b.sql": {Data: []byte("ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 8;")}}
	bad := fstest.MapFS{"0001_a.sql": one["0001_a.sql"], "0002_b.sql": two["0002_b.sql"], "0003_c.sql": {Data: []byte("INSERT INTO a VALUES (1, 2); SELECT nonsense;")}}

	open := func(files fstest.MapFS, do func(*sql.DB)) error {
		in, err := testInstance(t, dir, files)
		if err != nil {
			return err
		}
		do(in.db)
		return in.close(ctx)
	}
	var x, y, n int
	if err := open(one, func(*sql.DB) {}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "x.duckdb.before-1")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a new file was copied: %v", err)
	}
	err := open(two, func(db *sql.DB) {
		if err := db.QueryRow("SELECT x, y FROM a").Scan(&x, &y); err != nil || x != 7 || y != 8 {
			t.Errorf("got %d %d %v", x, y, err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "x.duckdb.before-2")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file was not copied before its migration: %v", err)
	}
	if err := open(bad, func(*sql.DB) {}); err == nil || !strings.Contains(err.Error(), "0003_c") {
		t.Errorf("got %v, want the name of the migration", err)
	}
	err = open(two, func(db *sql.DB) {
		if err := db.QueryRow("SELECT count(*) FROM a").Scan(&n); err != nil || n != 1 {
			t.Errorf("a failed migration left %d rows, %v", n, err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var newer *NewerError
	if err := open(one, func(*sql.DB) {}); !errors.As(err, &newer) || newer.Has != 2 || newer.Knows != 1 {
		t.Errorf("got %v, want a NewerError", err)
	}
	if _, err := migrations(fstest.MapFS{"0002_b.sql": {}}); err == nil {
		t.Error("a gap in the numbers was accepted")
	}
}

// TestLockDown holds the engine itself to G18–G22, without the planner.
func TestLockDown(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret.csv"), []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &windowInstance{}
	for _, open := range []func() (*instance, error){
		func() (*instance, error) {
			return testInstance(t, dir, fstest.MapFS{"0001_a.sql": {Data: []byte("CREATE TABLE a (x INTEGER)")}})
		},
		func() (*instance, error) { return w.open(ctx) },
	} {
		in, err := open()
		if err != nil {
			t.Fatal(err)
		}
		t.Run(in.name, func(t *testing.T) { lockedDown(t, in, dir) })
		if err := in.close(ctx); err != nil {
			t.Error(err)
		}
	}
}

// lockedDown holds an instance to it; dir is where it may leave its file.
func lockedDown(t *testing.T, in *instance, dir string) {
	ctx := context.Background()
	file := quoteText(filepath.Join(dir, "secret.csv"))
	for _, s := range []string{
		"SELECT * FROM read_csv(" + file + ")",
		"SELECT * FROM read_text(" + file + ")",
		"SELECT * FROM read_blob('/etc/passwd')",
		"SELECT * FROM glob('/etc/*')",
		"SELECT * FROM " + file,
		"COPY a TO " + quoteText(filepath.Join(dir, "out.csv")),
		"COPY a FROM " + file,
		"COPY (SELECT 1) TO " + quoteText(filepath.Join(dir, "out.csv")),
		"EXPORT DATABASE " + quoteText(filepath.Join(dir, "out")),
		"ATTACH " + quoteText(filepath.Join(dir, "other.duckdb")) + " AS other",
		"INSTALL httpfs",
		"LOAD httpfs",
		"LOAD '/tmp/x.duckdb_extension'",
		"SET enable_external_access = true",
		"SET lock_configuration = false",
		"SET memory_limit = '100GB'",
		"SET temp_directory = '/tmp'",
		"SET allowed_directories = ['/']",
		"RESET threads",
		"SELECT '1.2.3.4'::INET",
		"SELECT * FROM read_csv('https://example.com/x.csv')",
		"CREATE PERSISTENT SECRET s (TYPE s3)",
	} {
		if _, err := in.db.ExecContext(ctx, s); err == nil {
			t.Errorf("the engine ran %s", s)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch e.Name() {
		case "secret.csv", "x.duckdb", "x.duckdb.wal", "spill-x":
		default:
			t.Errorf("the engine left %s", e.Name())
		}
	}
}
