package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// TestHostileEngineAlone gives the SQL of the hostile corpus to the engine as it
// stands, as if the planner were not there (G19, G20, G22): inside of the store
// some of it changes something, which is why there is a planner, but nothing is
// read or written outside.
func TestHostileEngineAlone(t *testing.T) {
	path := filepath.Join(os.Getenv("TOCSIN_SHARED"), "data/hostile/queries.jsonl")
	if os.Getenv("TOCSIN_SHARED") == "" {
		path = "../../shared/data/hostile/queries.jsonl"
	}
	corpus, err := os.ReadFile(path)
	if err != nil {
		t.Skip("no hostile corpus (TOCSIN_SHARED): " + err.Error())
	}
	const bait = "BAIT4711"
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"export/rows.csv", "rows.csv", "secret.txt", "log.csv", "tocsin-data/state.duckdb"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("a,b\n"+bait+",2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "store")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	in, err := testInstance(t, data, fstest.MapFS{"0001_log.sql": {Data: []byte("CREATE TABLE log AS SELECT 'CreateUser' AS \"eventName\", 'PASS' AS status, 7 AS cnt")}})
	if err != nil {
		t.Fatal(err)
	}
	w := &windowInstance{}
	inMemory, err := w.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inMemory.db.Exec("CREATE TABLE log AS SELECT 'CreateUser' AS \"eventName\", 'PASS' AS status, 7 AS cnt"); err != nil {
		t.Fatal(err)
	}
	for _, in := range []*instance{in, inMemory} {
		before := filesBelow(t, dir, data)
		ran, stopped := 0, 0
		for line := range strings.Lines(string(corpus)) {
			var h struct{ ID, Class, Query string }
			if err := json.Unmarshal([]byte(line), &h); err != nil {
				t.Fatal(err)
			}
			_, stmt, sqlHalf := strings.Cut(h.Query, "|")
			if !sqlHalf || !slices.Contains([]string{"file", "remote", "catalog", "statement", "stacked", "dynamic", "comment", "quote"}, h.Class) {
				continue
			}
			if strings.Contains(stmt, "enable_logging") { // the engine takes it, and then ends the process: the planner alone is in its way (G20)
				continue
			}
			ran++
			out, err := rawly(in, stmt)
			if err != nil {
				stopped++
			}
			if strings.Contains(out, bait) && !strings.Contains(h.Query, bait) || strings.Contains(out, "root:") {
				t.Errorf("%s: the engine read a file: %.200s", h.ID, h.Query)
			}
		}
		if after := filesBelow(t, dir, data); !slices.Equal(before, after) {
			t.Errorf("files before\n%s\nafter\n%s", before, after)
		}
		t.Logf("%s: %d statements, %d stopped by the engine alone", in.name, ran, stopped)
		if ran < 100 || stopped == 0 || stopped == ran {
			t.Errorf("%d statements, %d stopped: the corpus is another one", ran, stopped)
		}
		if err := in.close(context.Background()); err != nil {
			t.Logf("after all this the instance closes with %v", err)
		}
	}
}

// rawly runs a text as the connection of a user would, and returns what it
// answers.
func rawly(in *instance, stmt string) (string, error) {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	conn, err := in.users.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN TRANSACTION READ ONLY"); err != nil {
		return "", err
	}
	rows, err := conn.QueryContext(ctx, stmt)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	return textOfRows(rows)
}

// textOfRows is everything that a few rows say.
func textOfRows(rows *sql.Rows) (string, error) {
	var b strings.Builder
	cols, err := rows.Columns()
	if err != nil {
		return "", err
	}
	vals, into := make([]any, len(cols)), make([]any, len(cols))
	for i := range vals {
		into[i] = &vals[i]
	}
	for n := 0; n < 100 && rows.Next(); n++ {
		if err := rows.Scan(into...); err != nil {
			return b.String(), err
		}
		fmt.Fprintln(&b, vals...)
	}
	return b.String(), rows.Err()
}

// filesBelow are the files below a directory, with their sizes, without those of
// the store.
func filesBelow(t *testing.T, dir, without string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || strings.HasPrefix(name, without) || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		list = append(list, fmt.Sprint(name, " ", info.Size(), " ", info.ModTime().UnixNano()))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
