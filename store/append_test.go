package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/ingest"
)

// testStore is a logstore with a column of each kind.
func testLogstore() *ingest.Logstore {
	return &ingest.Logstore{Name: "t", Columns: []ingest.Column{
		{Name: "name", Kind: ingest.Text},
		{Name: "body", Kind: ingest.Text, Zstd: true},
		{Name: "n", Kind: ingest.Integer},
		{Name: "f", Kind: ingest.Double},
		{Name: "ok", Kind: ingest.Boolean},
		{Name: "at", Kind: ingest.Stamp},
		{Name: "ref", Kind: ingest.UUID},
	}}
}

// rec is a record of a test; the zero value but for broken and fail is a record.
type rec struct {
	id     int
	name   string
	time   time.Time
	broken string // set aside, with this reason
	fail   error  // ends the object
	flags  []string
}

// script is an object as a list of records.
type script struct {
	name, version string
	records       []rec
}

// scripted is a Decoder of a script.
type scripted struct {
	records []rec
	next    int
	text    []byte
}

func (s *scripted) Next(r *ingest.Record) error {
	if s.next >= len(s.records) {
		return io.EOF
	}
	x := s.records[s.next]
	s.next++
	if x.fail != nil {
		return x.fail
	}
	if x.broken != "" {
		return &ingest.Broken{Position: int64(s.next - 1), Line: int64(s.next), Reason: x.broken, Raw: []byte("raw " + x.broken)}
	}
	s.text = append(s.text[:0], x.name...) // the buffer is reused, as a decoder may
	if len(r.Cells) != 7 {
		r.Cells = make([]ingest.Cell, 7)
	}
	r.ID = [16]byte{}
	binary.BigEndian.PutUint64(r.ID[8:], uint64(x.id))
	at := x.time
	if at.IsZero() {
		at = testNow.Add(-time.Duration(x.id) * time.Minute)
	}
	r.Time, r.Position, r.Topic, r.Source, r.Flags = at.UnixMicro(), int64(s.next-1), "topic", "src", x.flags
	r.Cells[0] = ingest.Cell{Valid: true, B: s.text}
	r.Cells[1] = ingest.Cell{}
	r.Cells[2] = ingest.Cell{Valid: true, N: int64(x.id)}
	r.Cells[3] = ingest.Cell{Valid: true, F: float64(x.id) / 2}
	r.Cells[4] = ingest.Cell{Valid: true, N: int64(x.id % 2)}
	r.Cells[5] = ingest.Cell{Valid: true, N: testNow.UnixMicro()}
	r.Cells[6] = ingest.Cell{Valid: true, B: r.ID[:]}
	return nil
}

// appendScripts takes scripts in, with batches of few rows.
func appendScripts(t interface{ Fatal(...any) }, l *Logs, ls *ingest.Logstore, scripts []script, change func(*AppendOptions)) Summary {
	objects := make([]ingest.Object, len(scripts))
	byName := map[string]script{}
	for i, s := range scripts {
		objects[i] = ingest.Object{Name: s.name, Version: s.version, Size: int64(len(s.records))}
		byName[s.name+"\x00"+s.version] = s
	}
	o := AppendOptions{
		Logstore: ls, Now: testNow,
		decode: func(o ingest.Object) (decoder, error) {
			return decoder{Decoder: &scripted{records: byName[o.Name+"\x00"+o.Version].records}, format: "script"}, nil
		},
	}
	if change != nil {
		change(&o)
	}
	sum, err := l.Append(context.Background(), objects, o)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func count(t testing.TB, l *Logs, query string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := l.in.db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatal(query, err)
	}
	return n
}

func recs(ids ...int) []rec {
	list := make([]rec, len(ids))
	for i, id := range ids {
		list[i] = rec{id: id, name: fmt.Sprint("name ", id)}
	}
	return list
}

func TestAppendValues(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	at := time.Date(2026, 11, 20, 1, 2, 3, 456789000, time.UTC)
	far := time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	sum := appendScripts(t, l, testLogstore(), []script{{"a", "1", []rec{
		{id: 7, name: "x\x00y", time: at, flags: []string{"odd", "deep", "odd"}},
		{id: 8, name: "bad \xff utf", time: at.Add(time.Second)},
		{id: 9, name: "", time: far},
	}}}, nil)
	if sum.Records != 3 || sum.Flagged != 3 || sum.FirstSeq != 1 || sum.LastSeq != 3 || !sum.Oldest.Equal(at) {
		t.Errorf("got %+v", sum)
	}
	rows, err := l.in.db.Query(`SELECT concat_ws('|', seq, time, ingest_time, id, object, position, topic, source, tenant, flags, name, body, n, f, ok, "at", ref) FROM log_t ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		got = append(got, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"1|2026-11-20 01:02:03.456789|2026-11-20 12:00:00|00000000-0000-0000-0000-000000000007|1|0|topic|src| deep odd |x\x00y|7|3.5|true|2026-11-20 12:00:00|00000000-0000-0000-0000-000000000007",
		"2|2026-11-20 01:02:04.456789|2026-11-20 12:00:00|00000000-0000-0000-0000-000000000008|1|1|topic|src| utf8 |bad \uFFFD utf|8|4.0|false|2026-11-20 12:00:00|00000000-0000-0000-0000-000000000008",
	}
	if len(got) != 3 || !slices.Equal(got[:2], want) || !strings.HasPrefix(got[2], "3|9999-12-31 23:59:59.999999|") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestAppendOnce holds the summary of each step to what it must add.
func TestAppendOnce(t *testing.T) {
	late := testNow.Add(-72 * time.Hour)
	boom := errors.New("cut off")
	steps := []struct {
		name    string
		scripts []script
		want    Summary
		total   int64
	}{
		{"first", []script{{"a", "1", recs(1, 2, 3)}, {"b", "1", recs(4, 5)}}, Summary{Objects: 2, Records: 5}, 5},
		{"the same objects", []script{{"a", "1", recs(1, 2, 3)}, {"b", "1", recs(4, 5)}}, Summary{Known: 2}, 5},
		{"the same records under another name", []script{{"c", "1", recs(3, 2, 1)}}, Summary{Objects: 1, Duplicates: 3}, 5},
		{"a grown object", []script{{"a", "2", recs(1, 2, 3, 6)}}, Summary{Objects: 1, Records: 1, Duplicates: 3}, 6},
		{"one record in two objects", []script{{"d", "1", recs(7)}, {"e", "1", recs(7, 8)}}, Summary{Objects: 2, Records: 2, Duplicates: 1}, 8},
		{"another content in the batch", []script{{"f", "1", []rec{{id: 9, name: "one"}, {id: 9, name: "two"}}}}, Summary{Objects: 1, Records: 1, Duplicates: 1, Conflicts: 1}, 9},
		{"another content than is stored", []script{{"g", "1", []rec{{id: 9, name: "three"}, {id: 9, name: "one"}}}}, Summary{Objects: 1, Duplicates: 2, Conflicts: 2}, 9},
		{"a broken record", []script{{"h", "1", []rec{{id: 10}, {broken: "no JSON"}, {id: 11}}}}, Summary{Objects: 1, Records: 2, Broken: 1}, 11},
		{"a failed object", []script{{"i", "1", append(recs(12, 13), rec{fail: boom})}, {"j", "1", recs(14)}}, Summary{Objects: 1, Records: 1, Failed: []Failure{{Object: "i", Err: boom}}}, 12},
		{"it fails again", []script{{"i", "1", append(recs(12, 13), rec{fail: boom})}}, Summary{Failed: []Failure{{Object: "i", Err: boom}}}, 12},
		{"it is whole now", []script{{"i", "1", recs(12, 13)}}, Summary{Objects: 1, Records: 2}, 14},
		{"twice in the list", []script{{"m", "1", recs(15)}, {"m", "1", recs(15)}}, Summary{Objects: 1, Known: 1, Records: 1}, 15},
		{"it fails under another version", []script{{"i", "2", append(recs(12, 13), rec{fail: boom})}}, Summary{Failed: []Failure{{Object: "i", Err: boom}}}, 15},
		{"without a time", []script{{"k", "1", []rec{{id: 20, time: late, flags: []string{"no-time"}}}}}, Summary{Objects: 1, Records: 1, Flagged: 1, Flags: map[string]int64{"no-time": 1}}, 16},
		{"without a time, later", []script{{"l", "1", []rec{{id: 20, time: testNow, flags: []string{"no-time"}}}}}, Summary{Objects: 1, Duplicates: 1}, 16},
	}
	l := openTest(t, t.TempDir()).Logs
	ls := testLogstore()
	for _, s := range steps {
		got := appendScripts(t, l, ls, s.scripts, nil)
		got.FirstSeq, got.LastSeq, got.Oldest, got.Newest, got.Named = 0, 0, time.Time{}, time.Time{}, nil
		if fmt.Sprint(got) != fmt.Sprint(s.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", s.name, got, s.want)
		}
		if n := count(t, l, "SELECT count(*) FROM log_t"); n != s.total {
			t.Errorf("%s: %d records, want %d", s.name, n, s.total)
		}
	}
	list, all, err := l.DeadLetters(context.Background(), "", 10)
	if err != nil || all != 2 || len(list) != 2 {
		t.Fatalf("got %d %v %v, want 2 dead letters", all, list, err)
	}
	if d := list[0]; d.Object != "i" || !d.Whole || d.Reason != "cut off" {
		t.Errorf("got %+v", d)
	}
	if d, err := l.DeadLetter(context.Background(), list[1].ID); err != nil || d.Object != "h" || d.Line != 2 || string(d.Raw) != "raw no JSON" || d.Whole {
		t.Errorf("got %+v %v", d, err)
	}
	if _, err := l.DeadLetter(context.Background(), 1<<40); !errors.Is(err, ErrNoDeadLetter) {
		t.Errorf("got %v", err)
	}
}

// TestAppendLarge has objects that do not fit into a batch.
func TestAppendLarge(t *testing.T) {
	long := func(from, n int) []rec {
		var list []rec
		for i := range n {
			list = append(list, rec{id: from + i, name: fmt.Sprint(from + i)})
		}
		return list
	}
	small := func(o *AppendOptions) { o.rows, o.records = 10, 25 }
	l := openTest(t, t.TempDir()).Logs
	boom := errors.New("late failure")
	sum := appendScripts(t, l, testLogstore(), []script{
		{"a", "1", long(0, 4)},
		{"b", "1", long(100, 95)},
		{"c", "1", append(long(300, 57), rec{fail: boom})},
		{"d", "1", append(long(400, 30), rec{broken: "x"})},
		{"e", "1", append(long(500, 3), long(100, 40)...)},
		{"f", "1", append(long(600, 20), long(600, 20)...)},
	}, small)
	if sum.Objects != 5 || sum.Records != 4+95+30+3+20 || sum.Duplicates != 60 || sum.Broken != 1 || len(sum.Failed) != 1 || sum.Conflicts != 0 {
		t.Errorf("got %+v", sum)
	}
	if n := count(t, l, "SELECT count(DISTINCT id) FROM log_t"); n != sum.Records {
		t.Errorf("%d ids, want %d", n, sum.Records)
	}
	if n := count(t, l, "SELECT count(*) FROM log_t JOIN objects o ON o.id = object WHERE o.name = 'c'"); n != 0 {
		t.Errorf("%d records of the object that failed", n)
	}
	if seq, _, _ := l.LastSeq(context.Background()); seq != sum.LastSeq {
		t.Errorf("last seq %d, want %d", seq, sum.LastSeq)
	}
	ledger, err := l.newestObjects(context.Background(), 10)
	if err != nil || len(ledger) != 5 || ledger[0].Name != "f" || ledger[0].Records != 20 || ledger[0].Duplicates != 20 {
		t.Errorf("got %+v %v", ledger, err)
	}
}

func TestAppendHistory(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	ls, old := testLogstore(), testNow.Add(-30*24*time.Hour)
	appendScripts(t, l, ls, []script{
		{"old", "1", []rec{{id: 1, time: old}}},
		{"mixed", "1", []rec{{id: 2, time: old}, {id: 3, time: testNow}}},
	}, nil)
	appendScripts(t, l, ls, []script{{"live", "1", []rec{{id: 4, time: old}}}}, func(o *AppendOptions) { o.History = Live })
	appendScripts(t, l, ls, []script{{"past", "1", []rec{{id: 5, time: testNow}}}}, func(o *AppendOptions) { o.History = Past })
	list, err := l.historyObjects(context.Background(), "t", 0, 100)
	if err != nil || len(list) != 2 || list[0].Name != "old" || list[1].Name != "past" {
		t.Errorf("got %+v %v", list, err)
	}
	if list, err := l.historyObjects(context.Background(), "t", 1, 4); err != nil || len(list) != 0 {
		t.Errorf("got %+v %v, want none", list, err)
	}
}

func TestAppendCancelled(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	ctx, cancel := context.WithCancel(context.Background())
	endless := decoderFunc(func(r *ingest.Record) error {
		r.ID[0]++
		if r.ID[0] == 200 {
			cancel()
		}
		return nil
	})
	_, err := l.Append(ctx, []ingest.Object{{Name: "a", Version: "1"}}, AppendOptions{
		Logstore: testLogstore(), Now: testNow, rows: 10,
		decode: func(ingest.Object) (decoder, error) { return decoder{Decoder: endless}, nil },
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := count(t, l, "SELECT count(*) FROM log_t"); n != 0 {
		t.Errorf("%d records of half an object", n)
	}
	if sum := appendScripts(t, l, testLogstore(), []script{{"b", "1", recs(1)}}, nil); sum.Records != 1 {
		t.Errorf("the next load got %+v", sum)
	}
}

// decoderFunc is a Decoder.
type decoderFunc func(r *ingest.Record) error

// Next implements ingest.Decoder.
func (f decoderFunc) Next(r *ingest.Record) error { return f(r) }

// TestAppendProperty: however records come, in whatever objects, order, batches
// and transactions, each is stored once, numbers grow and are never reused.
func TestAppendProperty(t *testing.T) {
	checks(t, 40)
	dir := t.TempDir()
	s := openTest(t, dir)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		ls := testLogstore()
		ls.Name = fmt.Sprintf("p%d", run)
		before, _, err := s.Logs.LastSeq(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		ids := map[int]bool{}
		var total, dup int64
		for load := range rapid.IntRange(1, 4).Draw(t, "loads") {
			var scripts []script
			for o := range rapid.IntRange(0, 6).Draw(t, "objects") {
				list := rapid.SliceOfN(rapid.IntRange(0, 60), 0, 40).Draw(t, "ids")
				for _, id := range list {
					ids[id] = true
				}
				scripts = append(scripts, script{fmt.Sprint(load, "/", o), "1", recs(list...)})
				total += int64(len(list))
			}
			sum := appendScripts(t, s.Logs, ls, scripts, func(o *AppendOptions) {
				o.rows = rapid.IntRange(1, 30).Draw(t, "rows")
				o.records = int64(rapid.IntRange(1, 60).Draw(t, "records"))
			})
			dup += sum.Duplicates
			if sum.Conflicts != 0 || sum.Objects != len(scripts) {
				t.Fatalf("got %+v", sum)
			}
		}
		var n, distinct, low, high int64
		err = s.Logs.in.db.QueryRow(fmt.Sprintf("SELECT count(*), count(DISTINCT id), coalesce(min(seq), 0), coalesce(max(seq), 0) FROM log_%s", ls.Name)).Scan(&n, &distinct, &low, &high)
		if err != nil {
			t.Fatal(err)
		}
		if n != int64(len(ids)) || distinct != n || n+dup != total {
			t.Fatalf("%d records, %d ids, %d duplicates; want %d of %d", n, distinct, dup, len(ids), total)
		}
		if n > 0 && (low <= before || high-low+1 < n) {
			t.Fatalf("seq %d to %d of %d records after %d", low, high, n, before)
		}
		if after, _, err := s.Logs.LastSeq(context.Background()); err != nil || after < high {
			t.Fatalf("last seq %d %v, want at least %d", after, err, high)
		}
	})
}

// A broken record of an object that has grown is the dead letter that is kept
// already; another place, other bytes, or another object is not.
func TestAppendBrokenAgain(t *testing.T) {
	l, ls := openTest(t, t.TempDir()).Logs, testLogstore()
	bad := rec{broken: "no JSON"}
	other := rec{broken: "no end"}
	log := func(name, version string, records ...rec) script { return script{name, version, records} }
	for _, x := range []struct {
		name string
		log  script
		want string // place in the list, object, version and position of all dead letters
	}{
		{"new", log("a", "1", bad), "1 a 1 0"},
		{"grown", log("a", "2", bad, recs(1)[0]), "1 a 2 0"},
		{"grown, with another", log("a", "3", bad, recs(1)[0], bad), "1 a 3 0, 2 a 3 2"},
		{"grown again", log("a", "4", bad, recs(1)[0], bad, recs(2)[0]), "1 a 4 0, 2 a 4 2"},
		{"other bytes", log("a", "5", other), "1 a 4 0, 2 a 4 2, 3 a 5 0"},
		{"another object", log("b", "1", bad), "1 a 4 0, 2 a 4 2, 3 a 5 0, 4 b 1 0"},
	} {
		sum := appendScripts(t, l, ls, []script{x.log}, nil)
		letters, err := l.DeadLettersAfter(t.Context(), "", 0, 100)
		var got []string
		for i, d := range letters {
			got = append(got, fmt.Sprint(i+1, " ", d.Object, " ", d.Version, " ", d.Position))
		}
		if s := strings.Join(got, ", "); err != nil || s != x.want || sum.Broken == 0 {
			t.Errorf("%s: %s, not %s; %d broken, %v", x.name, s, x.want, sum.Broken, err)
		}
	}
}
