// Tests of objects that are loaded again.

package store

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/alertrules"
	"tocsin/ingest"
)

// scanFile is an object of findings in a test.
type scanFile struct {
	name string
	list []finding
}

// loadScans takes objects of findings in, in one Append.
func loadScans(t interface{ Fatal(...any) }, l *Logs, files []scanFile, change func(*AppendOptions)) Summary {
	ls := builtin(ingest.FindingsName)
	o := AppendOptions{Logstore: ls, Now: testNow, decode: func(object ingest.Object) (decoder, error) {
		list := files[slices.IndexFunc(files, func(f scanFile) bool { return f.name == object.Name })].list
		next := 0
		return decoder{Decoder: decoderFunc(func(r *ingest.Record) error {
			if next == len(list) {
				return io.EOF
			}
			next++
			list[next-1].record(r, ls)
			return nil
		}), format: "script"}, nil
	}}
	if change != nil {
		change(&o)
	}
	var objects []ingest.Object
	for _, f := range files {
		objects = append(objects, ingest.Object{Name: f.name, Version: "1"})
	}
	sum, err := l.Append(context.Background(), objects, o)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// emptyFindings makes a store one that never saw a finding.
func emptyFindings(t *rapid.T, l *Logs) {
	for _, table := range []string{"log_findings", "log_findings_now", "findings_past", "scans", "objects"} {
		if _, err := l.in.db.Exec("DELETE FROM " + table); err != nil {
			t.Fatal(err)
		}
	}
}

// drawScans are the scans of some hours, each of some of the findings.
func drawScans(t *rapid.T) (files []scanFile) {
	id := 0
	for hour := range rapid.IntRange(1, 5).Draw(t, "scans") {
		f := scanFile{name: fmt.Sprint("scan ", hour)}
		for _, uid := range []string{"a", "b", "c"} {
			if rapid.IntRange(0, 3).Draw(t, "left out") == 0 {
				continue
			}
			id++
			f.list = append(f.list, finding{
				id: id, uid: uid, at: testNow.Add(time.Duration(hour-6) * time.Hour),
				topic: rapid.SampledFrom([]string{"prowler", "asff"}).Draw(t, "topic"), account: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "account"),
				status: rapid.SampledFrom([]string{"FAIL", "FAIL", "PASS", "UNKNOWN"}).Draw(t, "status"), severity: rapid.SampledFrom([]string{"low", "high"}).Draw(t, "severity"),
				muted: rapid.IntRange(0, 5).Draw(t, "muted") == 0,
			})
		}
		files = append(files, f)
	}
	return files
}

// misread is a scan as a wrong map of columns reads it.
func misread(t *rapid.T, f scanFile) scanFile {
	f.list = slices.Clone(f.list)
	for i := range f.list {
		one := &f.list[i]
		switch rapid.IntRange(0, 6).Draw(t, "wrong") {
		case 0:
			one.status = "UNKNOWN"
		case 1:
			one.uid, one.id = "other", one.id+1000
		case 2:
			one.severity = ""
		case 3:
			one.at, one.id = one.at.Add(rapid.SampledFrom([]time.Duration{-50 * time.Hour, 30 * time.Minute, 40 * time.Hour}).Draw(t, "away")), one.id+1000
		case 4:
			one.account = ""
		case 5:
			one.topic = "ocsf"
		}
	}
	return f
}

func storing(t *rapid.T, again bool) func(*AppendOptions) {
	rows, records := rapid.IntRange(1, 12).Draw(t, "rows"), rapid.IntRange(1, 20).Draw(t, "records")
	return func(o *AppendOptions) {
		o.rows, o.records, o.Again = rows, int64(records), again
	}
}

// Scans that were read wrongly, and are loaded again in whatever order, batches
// and transactions: what stands and what is news of them is as if they had been
// read right the first time.
func TestAgainFindingsProperty(t *testing.T) {
	checks(t, 20)
	l := openTest(t, t.TempDir()).Logs
	ok(t, l.Declare(t.Context(), ingest.Builtin()...))
	rapid.Check(t, func(t *rapid.T) {
		emptyFindings(t, l)
		right := drawScans(t)
		loaded := slices.Clone(right)
		var mend []scanFile
		for i := range loaded {
			if rapid.Bool().Draw(t, "misread") {
				loaded[i] = misread(t, right[i])
				mend = append(mend, right[i])
			}
		}
		loadScans(t, l, loaded, storing(t, false))
		mend = rapid.Permutation(mend).Draw(t, "order")
		parts := [][]scanFile{mend}
		if at := rapid.IntRange(0, len(mend)).Draw(t, "cut"); at > 0 {
			parts = [][]scanFile{mend[:at], mend[at:]}
		}
		for _, part := range parts {
			loadScans(t, l, part, storing(t, true))
		}
		byID := map[int]finding{}
		var came []finding
		for _, f := range right {
			for _, one := range f.list {
				byID[one.id] = one
				came = append(came, one)
			}
		}
		want, _ := model(came)
		if got := standingAt(t, l, 0); got.plain != strings.Join(want, "") {
			t.Fatalf("what stands:\n%swant\n%s", got.plain, strings.Join(want, ""))
		}
		byTime := func(x, y finding) int { return cmp.Compare(x.id, y.id) }
		if got := stored(t, l, byID); !slices.Equal(slices.SortedFunc(slices.Values(got), byTime), came) {
			t.Fatalf("stored\n%+v\nwant\n%+v", got, came)
		}
		if len(parts) == 1 {
			compareReread(t, l, mend, came)
		}
		if lost := rowsOfTable(t, l, "SELECT of_seq FROM findings_past WHERE of_seq NOT IN (SELECT seq FROM log_findings)", 1); len(lost) > 0 {
			t.Fatalf("versions of records that are gone: %v", lost)
		}
	})
}

// compareReread compares @change of the records that were loaded again.
func compareReread(t *rapid.T, l *Logs, mend []scanFile, came []finding) {
	for _, f := range mend {
		for _, one := range f.list {
			at := slices.Index(came, one)
			_, want := model(came[:at+1])
			row := rowsOfTable(t, l, fmt.Sprint("SELECT change FROM log_findings WHERE position = ", one.id), 1)
			if len(row) != 1 || row[0][0] != want {
				t.Fatalf("%+v is %v, want %s", one, row, want)
			}
		}
	}
}

// What is loaded again as it was changes nothing of what stands, whatever the
// order in which it came.
func TestAgainChangesNothingProperty(t *testing.T) {
	checks(t, 20)
	l := openTest(t, t.TempDir()).Logs
	ok(t, l.Declare(t.Context(), ingest.Builtin()...))
	rapid.Check(t, func(t *rapid.T) {
		emptyFindings(t, l)
		var files []scanFile
		byID := map[int]finding{}
		for n := range rapid.IntRange(1, 3).Draw(t, "loads") {
			files = append(files, scanFile{fmt.Sprint(n), drawFindings(t, byID)})
			loadScans(t, l, files[n:], storing(t, false))
		}
		const life = "SELECT finding::VARCHAR, fails, fail_level, fail_muted, failed_at, changed_at, failed_before FROM log_findings_now ORDER BY 1"
		before, lives := standingAt(t, l, 0).plain, rowsOfTable(t, l, life, 7)
		records := rowsOfTable(t, l, "SELECT count(*) FROM log_findings", 1)[0][0]
		for range rapid.IntRange(1, 2).Draw(t, "times") {
			loadScans(t, l, rapid.Permutation(files).Draw(t, "files")[:rapid.IntRange(1, len(files)).Draw(t, "n")], storing(t, true))
		}
		if after := standingAt(t, l, 0).plain; after != before {
			t.Fatalf("what stands:\n%sbefore\n%s", after, before)
		}
		if after := rowsOfTable(t, l, life, 7); !reflect.DeepEqual(after, lives) {
			t.Fatalf("their lives:\n%v\nbefore\n%v", after, lives)
		}
		if n := rowsOfTable(t, l, "SELECT count(*) FROM log_findings", 1)[0][0]; n != records {
			t.Fatalf("%v records, before %v", n, records)
		}
	})
}

// What is known from records that are no longer kept remains, and a query that is
// pinned at what was stored before sees the versions whose records remain.
func TestAgainFindingsKept(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	at := func(hour int) time.Time { return testNow.Add(time.Duration(hour-10) * time.Hour) }
	scan := func(hour int, status, severity string) scanFile {
		return scanFile{fmt.Sprint("scan ", hour), []finding{{id: hour, at: at(hour), topic: "prowler", account: "1", uid: "a", status: status, severity: severity}}}
	}
	loadScans(t, l, []scanFile{scan(1, "FAIL", "high"), scan(2, "FAIL", "high"), scan(3, "PASS", "high")}, nil)
	loadScans(t, l, []scanFile{scan(4, "FAIL", "low")}, nil)
	seq := count(t, l, "SELECT next_seq - 1 FROM counter")
	if n := count(t, l, "DELETE FROM log_findings WHERE position = 1"); n != 1 {
		t.Fatal(n)
	}
	sum := loadScans(t, l, []scanFile{scan(2, "PASS", "high"), scan(9, "FAIL", "low")}, func(o *AppendOptions) { o.Again = true })
	if sum.Objects != 2 || sum.Records != 2 || sum.Replaced != 1 {
		t.Errorf("summary %+v", sum)
	}
	for query, want := range map[string]int64{
		"SELECT epoch_us(first_seen) FROM log_findings_now":                    at(1).UnixMicro(),
		"SELECT epoch_us(last_seen) FROM log_findings_now":                     at(9).UnixMicro(),
		"SELECT epoch_us(last_seen) FROM findings_at(" + fmt.Sprint(seq) + ")": at(4).UnixMicro(),
		"SELECT count(*) FROM log_findings WHERE change = 'opened'":            1,
		"SELECT count(*) FROM objects":                                         6,
		"SELECT sum(records)::BIGINT FROM objects":                             5,
		"SELECT count(*) FROM findings_past WHERE seq >= until":                0,
	} {
		if got := count(t, l, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

// againStep is a load of objects again, and what is stored after it.
type againStep struct {
	name            string
	scripts         []script
	rows            int // in a transaction; 0: all
	want            Summary
	old, new, total int64 // records by that name
	letters         int64
}

// named are records with a name.
func named(name string, ids ...int) []rec {
	list := recs(ids...)
	for i := range list {
		list[i].name = name
	}
	return list
}

// What is loaded again takes the place of what was stored of it, whatever object
// stored it; what is not named stays; dead letters go; and what cannot be read now
// leaves everything as it was.
func TestAgain(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	ls := testLogstore()
	loadOnce(t, l, ls)
	for _, step := range []againStep{
		{
			"an object that fails",
			[]script{{"log", "2", append(named("new", 1, 2), rec{fail: io.ErrUnexpectedEOF})}},
			2,
			Summary{Failed: []Failure{{Object: "log", Err: io.ErrUnexpectedEOF, Again: true}}},
			5, 0, 6, 2,
		},
		{"one that is new", []script{{"fresh", "1", named("new", 9)}}, 0, Summary{Objects: 1, Records: 1, History: 1}, 5, 1, 7, 2},
		{"one that has grown", []script{{"log", "2", named("new", 1, 2, 3)}}, 0, Summary{Objects: 1, Records: 3, Replaced: 4, History: 1}, 2, 4, 6, 1},
		{"its records in another one", []script{{"copy", "1", named("newer", 3, 4)}}, 0, Summary{Objects: 1, Records: 2, Replaced: 2, History: 1}, 1, 3, 6, 1},
		{"large ones", []script{{"log", "2", named("new", 1, 2, 3, 7, 8)}, {"copy", "1", named("new", 8, 3)}}, 2, Summary{Objects: 2, Records: 5, Replaced: 4, Duplicates: 2, History: 2}, 1, 6, 7, 1},
		{"what it had is not in it", []script{{"log", "2", named("new", 1)}}, 0, Summary{Objects: 1, Records: 1, Replaced: 5, History: 1}, 1, 2, 3, 1},
	} {
		step.try(t, l, ls)
	}
}

// loadOnce stores a log that has grown, a copy of a part of it, another object, and
// what came of a dead letter of the log.
func loadOnce(t *testing.T, l *Logs, ls *ingest.Logstore) {
	t.Helper()
	appendScripts(t, l, ls, []script{
		{"log", "1", append(named("old", 1, 2), rec{broken: "odd"})},
		{"log", "2", append(named("old", 1, 2, 3), rec{broken: "odd"})}, // it has grown
		{"copy", "1", named("old", 3, 4)},
		{"rest", "1", named("old", 5)},
	}, nil)
	if n := count(t, l, "SELECT count(*) FROM log_t WHERE name = 'old'"); n != 5 {
		t.Fatal(n, "records")
	}
	for _, retried := range []string{
		"INSERT INTO objects SELECT * REPLACE (100 AS id, version || ', dead letter 7 at 1' AS version) FROM objects WHERE name = 'log' AND version = '2'",
		"INSERT INTO log_t BY NAME SELECT * EXCLUDE (id_text, ref_text) REPLACE (100 AS object, 'retried' AS name, uuid() AS id) FROM log_t WHERE name = 'old' LIMIT 1",
		"UPDATE counter SET next_id = 101",
	} {
		if _, err := l.in.db.Exec(retried); err != nil {
			t.Fatal(err)
		}
	}
}

func (step *againStep) try(t *testing.T, l *Logs, ls *ingest.Logstore) {
	t.Helper()
	got := appendScripts(t, l, ls, step.scripts, func(o *AppendOptions) { o.Again, o.History, o.rows = true, Past, step.rows })
	got.FirstSeq, got.LastSeq, got.Oldest, got.Newest = 0, 0, time.Time{}, time.Time{}
	if fmt.Sprint(got) != fmt.Sprint(step.want) {
		t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
	}
	for query, want := range map[string]int64{
		"SELECT count(*) FROM log_t WHERE name = 'old'": step.old, "SELECT count(*) FROM log_t WHERE name = 'new'": step.new,
		"SELECT count(*) FROM log_t": step.total, "SELECT count(*) FROM deadletters": step.letters,
		"SELECT count(*) FROM log_t WHERE seq >= (SELECT next_seq FROM counter)": 0,
	} {
		if n := count(t, l, query); n != want {
			t.Errorf("%s: %s: %d, want %d", step.name, query, n, want)
		}
	}
}

// What another logstore has of the same object stays, and stays history: its rules
// would mail it as news.
func TestAgainInOneLogstore(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	one, other := testLogstore(), testLogstore()
	other.Name = "u"
	file := []script{{"log", "1", append(recs(1, 2), rec{broken: "odd"})}}
	appendScripts(t, l, one, file, func(o *AppendOptions) { o.History = Past })
	appendScripts(t, l, other, file, func(o *AppendOptions) { o.History = Past })
	const ledger = "SELECT id, records, oldest, newest, first_seq, last_seq, history FROM objects WHERE logstore = 't'"
	before := rowsOfTable(t, l, ledger, 7)
	appendScripts(t, l, other, file, func(o *AppendOptions) { o.Again, o.History = true, Live })
	past, err := l.History(t.Context(), 0, 1<<40)
	if want := []alertrules.Past{{SeqRange: alertrules.SeqRange{From: 0, To: 2}}}; err != nil || !slices.Equal(past, want) {
		t.Errorf("history is %+v, want %+v; %v", past, want, err)
	}
	if after := rowsOfTable(t, l, ledger, 7); !reflect.DeepEqual(after, before) {
		t.Errorf("the ledger of the other logstore says\n%v, before\n%v", after, before)
	}
	for query, want := range map[string]int64{
		"SELECT count(*) FROM log_t":                            2,
		"SELECT count(*) FROM log_u":                            2,
		"SELECT sum(records)::BIGINT FROM objects":              4,
		"SELECT count(*) FROM deadletters WHERE logstore = 't'": 1,
		"SELECT count(*) FROM log_u WHERE seq <= 4":             0,
		"SELECT count(*) FROM objects WHERE first_seq IS NULL":  1,
	} {
		if got := count(t, l, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

// A load that ends before it is done leaves what was stored.
func TestAgainInterrupted(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	ls := testLogstore()
	appendScripts(t, l, ls, []script{{"log", "1", recs(1, 2, 3, 4, 5)}}, nil)
	for at := range 6 {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := l.Append(ctx, []ingest.Object{{Name: "log", Version: "1"}}, AppendOptions{Logstore: ls, Now: testNow, Again: true, rows: 2, decode: func(ingest.Object) (decoder, error) {
			s := &scripted{records: recs(6, 7, 8, 9, 10)}
			return decoder{Decoder: decoderFunc(func(r *ingest.Record) error {
				if s.next == at {
					cancel()
					return ctx.Err()
				}
				return s.Next(r)
			})}, nil
		}})
		cancel()
		if err == nil {
			t.Errorf("at %d: no error", at)
		}
		if n := count(t, l, "SELECT sum(n) FROM log_t"); n != 15 {
			t.Errorf("at %d: the records sum to %d", at, n)
		}
		if n := count(t, l, "SELECT count(*) FROM objects"); n != 1 {
			t.Errorf("at %d: %d rows of the ledger", at, n)
		}
	}
}
