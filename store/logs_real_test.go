package store

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/ingest"
	"tocsin/query"
)

// shared returns the folder of real and hostile data beside the repository.
func shared(t testing.TB) string {
	t.Helper()
	for _, d := range []string{os.Getenv("TOCSIN_SHARED"), "../../shared", "../../../shared"} {
		if _, err := os.Stat(filepath.Join(d, "data")); d != "" && err == nil {
			return d
		}
	}
	t.Skip("no real data: TOCSIN_SHARED names no folder with data/")
	return ""
}

func globObjects(t testing.TB, pattern string) []ingest.Object {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no files (%v)", pattern, err)
	}
	objects := make([]ingest.Object, len(names))
	for i, name := range names {
		objects[i] = fileObject(name)
	}
	return objects
}

// rowsOf runs a query text over a logstore.
func rowsOf(t testing.TB, l *Logs, logstore, text string, w query.Window) *query.Result {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := q.Plan(Schema(ingest.Builtin()), query.Options{Logstore: logstore, MaxRows: 1000})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	r, err := l.Query(context.Background(), p, w)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

func TestRealCloudTrail(t *testing.T) {
	ctx, l := context.Background(), openTest(t, t.TempDir()).Logs
	objects := globObjects(t, filepath.Join(shared(t), "data/cloudtrail/*/*.json"))
	var last Progress
	o := AppendOptions{Logstore: builtin("cloudtrail"), Now: testNow, Progress: func(p Progress) { last = p }}
	sum, err := l.Append(ctx, objects, o)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Objects != 90 || sum.Records+sum.Duplicates != 3210 || sum.Conflicts != 0 || sum.Broken != 0 || len(sum.Failed) > 0 {
		t.Errorf("got %+v", sum)
	}
	if sum.History != 90 {
		t.Errorf("%d of 90 objects are history", sum.History)
	}
	if last.Objects != 90 || last.Records != 3210 || last.Bytes == 0 {
		t.Errorf("progress ended at %+v", last)
	}
	first := sum.Records
	again, err := l.Append(ctx, objects, o)
	if err != nil || again.Known != 90 || again.Records != 0 || again.Duplicates != 0 {
		t.Errorf("the same files again: %+v %v", again, err)
	}
	for i := range objects {
		objects[i].Version = "another"
	}
	again, err = l.Append(ctx, objects, o)
	if err != nil || again.Objects != 90 || again.Records != 0 || again.Duplicates != 3210 || again.Conflicts != 0 {
		t.Errorf("the same content again: %+v %v", again, err)
	}
	counts, err := l.Counts(ctx)
	if err != nil || counts["cloudtrail"] != first {
		t.Errorf("counts %v %v, want %d", counts, err, first)
	}
	r, err := l.Range(ctx, "cloudtrail")
	if err != nil || r.Records != first || !r.Oldest.Equal(sum.Oldest) || !r.Newest.Equal(sum.Newest) {
		t.Errorf("range %+v %v", r, err)
	}
	if n := rowsOf(t, l, "cloudtrail", "* | SELECT count(*) AS n", query.Window{}).Rows[0][0]; n != first {
		t.Errorf("a query counts %v, want %d", n, first)
	}
	if n := rowsOf(t, l, "cloudtrail", "* | SELECT count(*) AS n", query.Window{UpToSeq: 10, AfterSeq: 2}).Rows[0][0]; n != int64(8) {
		t.Errorf("a window of 8 numbers has %v records", n)
	}
	found := rowsOf(t, l, "cloudtrail", "eventName:StopLogging | SELECT eventID, eventTime, __seq__, userIdentity", query.Window{})
	if len(found.Rows) == 0 {
		t.Fatal("no StopLogging")
	}
	id, ok := found.Rows[0][0].(string)
	if _, isTime := found.Rows[0][1].(time.Time); !ok || len(id) != 36 || !isTime {
		t.Errorf("got %v", found.Rows[0])
	}
	if r := rowsOf(t, l, "cloudtrail", "eventID:"+id, query.Window{}); len(r.Rows) != 1 || len(r.Seqs) != 1 || r.Seqs[0] != found.Rows[0][2] {
		t.Errorf("by its id: %v %v", r.Rows, r.Seqs)
	}
	if r := rowsOf(t, l, "cloudtrail", "eventID:no-uuid", query.Window{}); len(r.Rows) != 0 {
		t.Errorf("by no id: %v", r.Rows)
	}
}

// TestHostile loads each hostile text as a file of its own, as the manifest
// says, and sees that it is stored, flagged or set aside, and that the store
// answers afterwards.
func TestHostile(t *testing.T) {
	dir := filepath.Join(shared(t), "data/hostile")
	ls := builtin("cloudtrail")
	for _, file := range []string{"oddities.jsonl", "broken.jsonl", "records.jsonl"} {
		l := openTest(t, t.TempDir()).Logs
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			hostileCase(t, l, ls, line)
		}
		if r := rowsOf(t, l, "cloudtrail", "* | SELECT count(*) AS n, count(DISTINCT __seq__) AS d", query.Window{}); r.Rows[0][0] != r.Rows[0][1] {
			t.Errorf("%s: numbers repeat: %v", file, r.Rows)
		}
		if r := rowsOf(t, l, "cloudtrail", "*", query.Window{}); len(r.Rows) == 0 {
			t.Errorf("%s: no rows", file)
		}
	}
}

func hostileCase(t *testing.T, l *Logs, ls *ingest.Logstore, line string) {
	t.Helper()
	var c struct {
		ID, Format, Text, Expect, Why string
		Base64                        []byte // of broken.jsonl
		Record                        json.RawMessage
	}
	if err := json.Unmarshal([]byte(line), &c); err != nil {
		t.Fatal(err)
	}
	if c.Format != "" && c.Format != "cloudtrail" {
		return
	}
	if c.Text == "" {
		c.Text = string(c.Record) + string(c.Base64)
	}
	path := filepath.Join(t.TempDir(), "case.json")
	if err := os.WriteFile(path, []byte(c.Text), 0o600); err != nil {
		t.Fatal(err)
	}
	sum, err := l.Append(context.Background(), []ingest.Object{fileObject(path)}, AppendOptions{Logstore: ls, Now: testNow})
	if err != nil {
		t.Errorf("%s: %v", c.ID, err)
		return
	}
	judge(t, c.ID+" ("+c.Why+")", c.Expect, sum)
}

// judge holds a summary to what the manifest expects. A conflict that is
// counted and named, or a neighbour that is set aside, counts as a flag.
func judge(t *testing.T, name, expect string, sum Summary) {
	t.Helper()
	aside := sum.Broken > 0 || len(sum.Failed) > 0
	ok := false
	switch expect {
	case "", "stored":
		ok = sum.Records+sum.Duplicates > 0 && !aside || sum.Objects == 1 && !aside
	case "stored-flagged":
		ok = sum.Flagged > 0 || aside || sum.Conflicts > 0
	case "set-aside":
		ok = aside
	}
	if !ok {
		t.Errorf("%s: want %s, got %+v", name, expect, sum)
	}
}

func TestHostileTogether(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	object := fileObject(filepath.Join(shared(t), "data/hostile/broken.bin"))
	sum, err := l.Append(context.Background(), []ingest.Object{object}, AppendOptions{Logstore: builtin("cloudtrail"), Now: testNow})
	if err != nil || sum.Objects != 1 || sum.Records < 12 || sum.Broken < 8 || sum.Flagged < 10 {
		t.Errorf("got %+v %v", sum, err)
	}
	list, all, err := l.DeadLetters(context.Background(), "", 100)
	if err != nil || all != sum.Broken || len(list) != int(all) {
		t.Errorf("%d dead letters, want %d (%v)", all, sum.Broken, err)
	}
	for _, d := range list {
		if d.Reason == "" || d.Object != object.Name || d.Whole {
			t.Errorf("got %+v", d)
		}
	}
}

// TestHostileBig loads the large cases that a few seconds suffice for.
func TestHostileBig(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to make the cases with")
	}
	script := filepath.Join(shared(t), "data/hostile/generate.py")
	l := openTest(t, t.TempDir()).Logs
	for name, expect := range map[string]string{
		"field-1m": "stored", "nest-array-100k": "stored-flagged", "nest-object-100k": "stored-flagged",
		"keys-500k": "stored-flagged", "escapes-4m": "stored", "records-same-id": "stored",
	} {
		text, err := exec.Command(python, "-B", script, "--big", name).Output()
		if err != nil {
			t.Fatal(name, err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		sum, err := l.Append(context.Background(), []ingest.Object{fileObject(path)}, AppendOptions{Logstore: builtin("cloudtrail"), Now: testNow})
		if err != nil {
			t.Fatal(name, err)
		}
		judge(t, name, expect, sum)
		if name == "records-same-id" && sum.Records+sum.Duplicates != 300_000 {
			t.Errorf("%s: got %+v", name, sum)
		}
	}
}

// TestKill kills a load at many moments, and sees that the file then has whole
// transactions, each once, and that the load can go on.
func TestKill(t *testing.T) {
	files := t.TempDir()
	_, records := newTrail(3).write(t, files, 4000)
	data := t.TempDir()
	killed := 0
	for i := range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "TOCSIN_STORE_CHILD=load", "TOCSIN_STORE_FILES="+files, "TOCSIN_STORE_DATA="+data, "TOCSIN_STORE_SLOW=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(60+37*i) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			killed++
		}
		s := openTest(t, data)
		whole(t, s.Logs)
		if err := s.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if killed == 0 {
		t.Error("no child was killed")
	}
	s := openTest(t, data)
	sum, err := s.Logs.Append(context.Background(), filesIn(files), AppendOptions{Logstore: builtin("cloudtrail"), Now: testNow})
	if err != nil || len(sum.Failed) > 0 {
		t.Fatal(sum, err)
	}
	whole(t, s.Logs)
	if n := count(t, s.Logs, "SELECT count(*) FROM log_cloudtrail"); n != 4000 {
		t.Errorf("%d records after all, want 4000 of %d", n, records)
	}
	t.Logf("%d of 8 killed, %d objects left for the last load", killed, sum.Objects)
}

// whole sees that records, ledger and counter agree.
func whole(t *testing.T, l *Logs) {
	t.Helper()
	if err := l.Declare(context.Background(), builtin("cloudtrail")); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		"SELECT count(*) - (SELECT coalesce(sum(records), 0)::BIGINT FROM objects) FROM log_cloudtrail",
		"SELECT count(*) - count(DISTINCT id) FROM log_cloudtrail",
		"SELECT count(*) FROM log_cloudtrail WHERE seq >= (SELECT next_seq FROM counter)",
		"SELECT count(*) FROM log_cloudtrail WHERE object NOT IN (SELECT id FROM objects)",
		"SELECT count(*) - count(DISTINCT name) FROM objects",
	} {
		if n := count(t, l, q); n != 0 {
			t.Errorf("%s: %d", q, n)
		}
	}
}

// TestGrownLogstore has a logstore that declares more columns than its table.
func TestGrownLogstore(t *testing.T) {
	ctx, l := context.Background(), openTest(t, t.TempDir()).Logs
	ls := testLogstore()
	grown := *ls
	ls.Columns = ls.Columns[:5]
	appendScripts(t, l, ls, []script{{"a", "1", recs(1)}}, nil)
	if err := l.Declare(ctx, &grown); err != nil {
		t.Fatal(err)
	}
	appendScripts(t, l, &grown, []script{{"b", "1", recs(2)}}, nil)
	if n := count(t, l, "SELECT count(*) FROM log_t WHERE ref IS NULL"); n != 1 {
		t.Errorf("%d records without the new column, want 1", n)
	}
	other := *testLogstore()
	other.Columns = append([]ingest.Column{{Name: "name", Kind: ingest.Integer}}, other.Columns[1:]...)
	if err := l.Declare(ctx, &other); err == nil || !strings.Contains(err.Error(), "column name is stored as VARCHAR") {
		t.Errorf("got %v", err)
	}
	if _, err := l.SeqAt(ctx, testNow.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if seq, err := l.SeqAt(ctx, testNow); err != nil || seq != 0 {
		t.Errorf("before everything: %d %v", seq, err)
	}
	totals, err := l.totals(ctx)
	if err != nil || totals["t"].Records != 2 || totals["t"].Objects != 2 {
		t.Errorf("got %+v %v", totals, err)
	}
	if r, err := l.Range(ctx, "never"); err != nil || r != (Range{}) {
		t.Errorf("got %+v %v", r, err)
	}
}
