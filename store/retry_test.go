// Tests of reading dead letters again.

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/ingest"
)

// trailLine is a CloudTrail record in one line.
func trailLine(id int, more string) string {
	return fmt.Sprintf(`{"eventVersion":"1.08","eventTime":"2026-11-20T10:00:%02dZ","eventSource":"iam.amazonaws.com","eventName":"GetUser","eventID":"0c0c0000-0000-4000-8000-0000000000%02d"%s}`, id, id, more)
}

// retryRig is a store and a folder of files.
type retryRig struct {
	t    *testing.T
	logs *Logs
	dir  string
	read ingest.Options
}

func newRetryRig(t *testing.T) *retryRig {
	return &retryRig{t: t, logs: openTest(t, t.TempDir()).Logs, dir: t.TempDir(), read: ingest.Options{Now: testNow, Source: "in"}}
}

func (r *retryRig) path(name string) string { return filepath.Join(r.dir, name) }

func (r *retryRig) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(r.path(name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *retryRig) open(path string) (ingest.Object, error) {
	info, err := os.Stat(path)
	if err != nil {
		return ingest.Object{}, err
	}
	return ingest.FileObject(path, info, true), nil
}

func (r *retryRig) load(name string) *Report {
	r.t.Helper()
	o, err := r.open(r.path(name))
	if err != nil {
		r.t.Fatal(err)
	}
	report, err := r.logs.Load(r.t.Context(), []ingest.Object{o}, LoadOptions{Ingest: r.read})
	if err != nil {
		r.t.Fatal(err)
	}
	return report
}

func (r *retryRig) retry() *RetryReport {
	r.t.Helper()
	letters, err := r.logs.DeadLettersAfter(r.t.Context(), "", 0, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	report, err := r.logs.Retry(r.t.Context(), letters, RetryOptions{
		Open: func(d DeadLetter) (ingest.Object, error) { return r.open(d.Object) },
		Read: func(d DeadLetter) (ingest.Options, error) {
			if d.Source != "in" {
				r.t.Errorf("dead letter %d is of source %q", d.ID, d.Source)
			}
			return r.read, nil
		},
		Now: testNow,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return report
}

// check holds what the store has against what is wanted: records, and the
// reasons of the letters that are left, in their order.
func (r *retryRig) check(step string, records int64, reasons ...string) {
	r.t.Helper()
	if n := count(r.t, r.logs, "SELECT count(*) FROM log_cloudtrail"); n != records {
		r.t.Errorf("%s: %d records, want %d", step, n, records)
	}
	letters, err := r.logs.DeadLettersAfter(r.t.Context(), "", 0, 1000)
	if err != nil || len(letters) != len(reasons) {
		r.t.Fatalf("%s: dead letters %+v %v", step, letters, err)
	}
	for i, d := range letters {
		if !strings.Contains(d.Reason, reasons[i]) {
			r.t.Errorf("%s: reason %q, want %q", step, d.Reason, reasons[i])
		}
	}
}

// A record is read from the bytes that were kept once its file is gone: with a
// higher limit it is stored, once, and what is broken still stays and says why.
func TestRetryKeptBytes(t *testing.T) {
	r := newRetryRig(t)
	r.read.Limits.Record = 400
	r.write("a", trailLine(1, "")+"\n"+trailLine(2, `,"userAgent":"`+strings.Repeat("x", 500)+`"`)+"\n"+`{"eventVersion":"1.08","eventName":"Cre`+"\n")
	r.load("a")
	r.check("loaded", 1, "limits.record", "no end")
	if err := os.Remove(r.path("a")); err != nil {
		t.Fatal(err)
	}
	if got := r.retry(); got.Stored != 0 || got.Stay() != 2 {
		t.Errorf("nothing has changed: %+v", got)
	}
	r.check("nothing has changed", 1, "limits.record", "no end")
	r.read.Limits.Record = 0
	if got := r.retry(); got.Stored != 1 || got.Stay() != 1 || got.Letters[0].Why != "" {
		t.Errorf("with another limit: %+v", got)
	}
	r.check("with another limit", 2, "no end")
	if n := count(t, r.logs, "SELECT position FROM log_cloudtrail ORDER BY time DESC LIMIT 1"); n != 1 {
		t.Errorf("its position is %d", n)
	}
	if n := count(t, r.logs, "SELECT count(*) FROM objects WHERE source = 'in'"); n != 2 {
		t.Errorf("%d rows of the ledger name the source", n)
	}
}

// A record whose bytes were cut is read from its file, and from nothing else.
func TestRetryCutBytes(t *testing.T) {
	r := newRetryRig(t)
	r.read.Limits.Record = 400
	long := trailLine(2, `,"userAgent":"`+strings.Repeat("x", 100_000)+`"`)
	r.write("a", trailLine(1, "")+"\n"+long+"\n"+trailLine(3, "")+"\n")
	r.load("a")
	r.read.Limits.Record = 0
	whole, err := os.ReadFile(r.path("a"))
	if err != nil {
		t.Fatal(err)
	}
	r.write("a", "another")
	if got := r.retry(); got.Stored != 0 || got.Stay() != 1 || !strings.Contains(got.Letters[0].Why, "cut to 65536, and the file has changed since; load it again") {
		t.Errorf("changed: %+v", got)
	}
	if err := os.Remove(r.path("a")); err != nil {
		t.Fatal(err)
	}
	if got := r.retry(); got.Stay() != 1 || !strings.Contains(got.Letters[0].Why, "no such file") {
		t.Errorf("gone: %+v", got)
	}
	r.check("gone", 2, "limits.record")
	r.write("a", string(whole))
	letters, err := r.logs.DeadLettersAfter(t.Context(), "", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.logs.in.db.Exec("UPDATE deadletters SET version = ?", func() string { o, _ := r.open(r.path("a")); return o.Version }())
	if err != nil || len(letters) != 1 {
		t.Fatal(err, letters)
	}
	if got := r.retry(); got.Stored != 1 || got.Duplicates != 0 || got.Stay() != 0 {
		t.Errorf("there again: %+v", got)
	}
	r.check("there again", 3)
}

// A file that was set aside whole is loaded whole, or stays with its new reason.
func TestRetryWholeObject(t *testing.T) {
	r := newRetryRig(t)
	r.write("a", "no log at all\n")
	r.write("b", trailLine(1, "")+"\n"+trailLine(2, "")+"\n")
	r.load("a")
	r.load("b")
	if err := errors.Join(r.logs.in.db.Ping(), os.Rename(r.path("a"), r.path("c"))); err != nil {
		t.Fatal(err)
	}
	if got := r.retry(); got.Stay() != 1 || !strings.Contains(got.Letters[0].Why, "cannot be opened") {
		t.Errorf("gone: %+v", got)
	}
	r.check("gone", 2, "no known format")
	r.write("a", "")
	if got := r.retry(); got.Stay() != 1 {
		t.Errorf("empty: %+v", got)
	}
	r.check("empty", 2, "it is empty")
	r.write("a", trailLine(2, "")+"\n"+trailLine(3, "")+"\nno record\n")
	if got := r.retry(); got.Stored != 1 || got.Duplicates != 1 || got.Broken != 1 || got.Stay() != 0 {
		t.Errorf("mended: %+v", got)
	}
	r.check("mended", 3, "")
}

// An object that fails behind its first batch has a dead letter like any other.
func TestFailedLargeObjectIsADeadLetter(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	records := recs(1, 2, 3, 4, 5, 6, 7, 8, 9)
	records[8] = rec{fail: errors.New("the line is cut")}
	sum := appendScripts(t, l, testLogstore(), []script{{"big", "1", records}}, func(o *AppendOptions) { o.rows = 2 })
	if len(sum.Failed) != 1 || sum.Records != 0 {
		t.Errorf("got %+v", sum)
	}
	if n := count(t, l, "SELECT count(*) FROM deadletters WHERE object = 'big' AND position IS NULL AND reason = 'the line is cut'"); n != 1 {
		t.Errorf("%d dead letters", n)
	}
}

// The bytes of dead letters that are in memory at a time are bounded, and none of
// the letters is left out.
func TestLettersInMemory(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	_, err := l.in.db.Exec(`INSERT INTO deadletters SELECT i, '', 'o', i::VARCHAR, NULL, NULL, NULL, 'r', repeat('x', 40_000_000)::BLOB, TIMESTAMP '2026-01-01', NULL, NULL, NULL FROM range(1, 4) t(i)`)
	ok(t, err)
	var sizes []int
	for after := int64(0); ; {
		letters, err := l.DeadLettersAfter(t.Context(), "", after, 10)
		ok(t, err)
		if sizes = append(sizes, len(letters)); len(letters) == 0 {
			break
		}
		after = letters[len(letters)-1].ID
	}
	if fmt.Sprint(sizes) != "[2 1 0]" {
		t.Errorf("letters at a time: %v", sizes)
	}
}
