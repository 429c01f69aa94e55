package store

import (
	"cmp"
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
	"tocsin/query"
)

// finding is a record of a test.
type finding struct {
	id                                    int
	at, first                             time.Time
	topic, account, uid, status, severity string
	muted                                 bool
}

// appendFindings takes records in as one object.
func appendFindings(t interface{ Fatal(...any) }, l *Logs, now time.Time, list []finding, change func(*AppendOptions)) Summary {
	ls := builtin(ingest.FindingsName)
	o := AppendOptions{Logstore: ls, Now: now, decode: func(ingest.Object) (decoder, error) {
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
	name := fmt.Sprint(now.UnixMicro(), list)
	sum, err := l.Append(context.Background(), []ingest.Object{{Name: name, Version: "1"}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func (f *finding) record(r *ingest.Record, ls *ingest.Logstore) {
	r.Cells = make([]ingest.Cell, len(ls.Columns))
	r.ID = [16]byte{}
	binary.BigEndian.PutUint64(r.ID[8:], uint64(f.id))
	r.Time, r.Position, r.Topic = f.at.UnixMicro(), int64(f.id), f.topic
	for i, c := range ls.Columns {
		text := map[string]string{"finding_uid": f.uid, "account": f.account, "status": f.status, "severity": f.severity, "record": "{}"}[c.Name]
		switch {
		case text != "":
			r.Cells[i] = ingest.Cell{Valid: true, B: []byte(text)}
		case c.Name == "muted":
			r.Cells[i] = ingest.Cell{Valid: true, N: map[bool]int64{true: 1}[f.muted]}
		case c.Name == "first_seen" && !f.first.IsZero():
			r.Cells[i] = ingest.Cell{Valid: true, N: f.first.UnixMicro()}
		}
	}
}

// model says what stands after the records that came in: the plain meaning of
// docs/findings.md, worked out anew from all of them. news is @change of the last.
func model(came []finding) (lines []string, news string) {
	type one struct {
		top, lastFail finding
		first         time.Time
		fails         bool
		lastNews      string
		mentioned     bool
	}
	rank := func(f finding) string {
		v := map[string]string{"PASS": "0", "FAIL": "2"}[f.status]
		return fmt.Sprint(f.at.Unix(), cmp.Or(v, "1"), !f.muted, map[string]int{"low": 1, "high": 2}[f.severity], 1000+f.id)
	}
	all, scans := map[string]*one{}, map[string]map[time.Time]bool{}
	for _, f := range came {
		key := f.topic + f.account + f.uid
		o := all[key]
		if o == nil {
			o = &one{first: f.at, lastNews: "same"}
			all[key] = o
		}
		if o.first.After(f.at) {
			o.first = f.at
		}
		if !f.first.IsZero() && o.first.After(f.first) {
			o.first = f.first
		}
		if f.topic == "prowler" {
			if scans[f.account] == nil {
				scans[f.account] = map[time.Time]bool{}
			}
			scans[f.account][f.at] = true
		}
		news = "same"
		if o.mentioned && rank(f) <= rank(o.top) {
			continue
		}
		switch {
		case f.status == "FAIL" && !o.fails:
			news = "opened"
		case f.status == "PASS" && o.fails:
			news = "resolved"
		case f.status == "FAIL" && (f.severity != o.lastFail.severity || f.muted != o.lastFail.muted):
			news = "changed"
		}
		if f.status == "FAIL" {
			o.lastFail = f
		}
		if news != "same" {
			o.lastNews = news
		}
		o.fails = f.status == "FAIL" || o.fails && f.status != "PASS"
		o.top, o.mentioned = f, true
	}
	for key, o := range all {
		missed := 0
		for at := range scans[o.top.account] {
			if o.top.topic == "prowler" && at.After(o.top.at) {
				missed++
			}
		}
		lines = append(lines, fmt.Sprintln(key, o.top.id, o.top.status, o.top.severity, o.first.Unix(), o.top.at.Unix(), o.lastNews, missed))
	}
	slices.Sort(lines)
	return lines, news
}

// TestFindingsProperty: whatever scans there are, in whatever order, batches and
// transactions they arrive, with programs that end in between, what stands and
// what is news is as the model says; and a query that is pinned at what was
// stored says later what it said then.
func TestFindingsProperty(t *testing.T) {
	checks(t, 20)
	l := openTest(t, t.TempDir()).Logs
	ok(t, l.Declare(t.Context(), ingest.Builtin()...))
	rapid.Check(t, func(t *rapid.T) {
		for _, table := range []string{"log_findings", "log_findings_now", "findings_past", "scans", "objects"} {
			if _, err := l.in.db.Exec("DELETE FROM " + table); err != nil {
				t.Fatal(err)
			}
		}
		byID, then := map[int]finding{}, map[int64]string{}
		for range rapid.IntRange(1, 8).Draw(t, "loads") {
			list := drawFindings(t, byID)
			options := func(o *AppendOptions) {
				o.rows = rapid.IntRange(1, 12).Draw(t, "rows")
				o.records = int64(rapid.IntRange(1, 20).Draw(t, "records"))
			}
			if rapid.IntRange(0, 4).Draw(t, "breaks") == 0 {
				breakLoad(t, l, list, options)
			}
			appendFindings(t, l, testNow, list, options)
			came := stored(t, l, byID)
			want, _ := model(came)
			seq, _, err := l.LastSeq(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			got := standingAt(t, l, 0)
			if text := strings.Join(want, ""); text != got.plain {
				t.Fatalf("what stands:\n%swant\n%s", got.plain, text)
			}
			then[cmp.Or(seq, -1)] = got.whole
		}
		for seq, text := range then {
			if got := standingAt(t, l, seq).whole; got != text {
				t.Fatalf("pinned at %d:\n%sthen\n%s", seq, got, text)
			}
		}
		compareNews(t, l, stored(t, l, byID))
	})
}

// drawFindings are records of few findings, some of which came in before.
func drawFindings(t *rapid.T, byID map[int]finding) (list []finding) {
	for range rapid.IntRange(0, 14).Draw(t, "records") {
		f := finding{
			id: len(byID) + 1, at: testNow.Add(-time.Duration(rapid.IntRange(0, 6).Draw(t, "scan")) * time.Hour),
			topic: rapid.SampledFrom([]string{"prowler", "prowler", "asff"}).Draw(t, "topic"), account: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "account"),
			uid:    rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "uid"),
			status: rapid.SampledFrom([]string{"FAIL", "FAIL", "PASS", "UNKNOWN"}).Draw(t, "status"), severity: rapid.SampledFrom([]string{"low", "high"}).Draw(t, "severity"),
			muted: rapid.IntRange(0, 5).Draw(t, "muted") == 0,
		}
		if f.topic == "asff" && rapid.Bool().Draw(t, "says first") {
			f.first = f.at.Add(-time.Duration(rapid.IntRange(0, 100).Draw(t, "first")) * time.Hour)
		}
		if len(byID) > 0 && rapid.IntRange(0, 6).Draw(t, "again") == 0 {
			f = byID[rapid.IntRange(1, len(byID)).Draw(t, "which")]
		}
		byID[f.id] = f
		list = append(list, f)
	}
	return list
}

// breakLoad is a load that ends before it is done: nothing of it remains.
func breakLoad(t *rapid.T, l *Logs, list []finding, options func(*AppendOptions)) {
	before := standingAt(t, l, 0).whole
	ctx, cancel := context.WithCancel(context.Background())
	ls := builtin(ingest.FindingsName)
	o := AppendOptions{Logstore: ls, Now: testNow, decode: func(ingest.Object) (decoder, error) {
		next := 0
		return decoder{Decoder: decoderFunc(func(r *ingest.Record) error {
			if next == len(list) {
				cancel()
				return ctx.Err()
			}
			next++
			list[next-1].record(r, ls)
			return nil
		})}, nil
	}}
	options(&o)
	_, err := l.Append(ctx, []ingest.Object{{Name: "broken", Version: fmt.Sprint(list)}}, o)
	cancel()
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the load ended with %v", err)
	}
	if after := standingAt(t, l, 0).whole; after != before {
		t.Fatalf("half a load is left:\n%sbefore\n%s", after, before)
	}
}

// rowsOfTable are the rows of a query of ours.
func rowsOfTable(t interface{ Fatal(...any) }, l *Logs, text string, columns int) (list [][]any) {
	rows, err := l.in.db.Query(text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		row, into := make([]any, columns), make([]any, columns)
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		list = append(list, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// stored are the records in the order of their numbers, in which batches sort them.
func stored(t *rapid.T, l *Logs, byID map[int]finding) (list []finding) {
	for _, row := range rowsOfTable(t, l, "SELECT position FROM log_findings ORDER BY seq", 1) {
		list = append(list, byID[int(row[0].(int64))])
	}
	return list
}

// compareNews compares @change of each record with that of the model.
func compareNews(t *rapid.T, l *Logs, came []finding) {
	for i, row := range rowsOfTable(t, l, "SELECT change FROM log_findings ORDER BY seq", 1) {
		if _, want := model(came[:i+1]); row[0] != want {
			t.Fatalf("record %d %+v is %s, want %s", i, came[i], row[0], want)
		}
	}
}

// said is what findings_now says, with and without what the model does not know.
type said struct{ plain, whole string }

func standingAt(t *rapid.T, l *Logs, seq int64) said {
	q, err := query.Parse("* | SELECT concat(__topic__, @account, @finding) AS k, __seq__, @status, @severity, @first_seen, @last_seen, @change, @missed, __finding__")
	if err != nil {
		t.Fatal(err)
	}
	p, err := q.Plan(Schema(ingest.Builtin()), query.Options{Logstore: ingest.FindingsNowName})
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Query(context.Background(), p, query.Window{UpToSeq: seq})
	if err != nil {
		t.Fatal(err)
	}
	of := positions(t, l)
	var plain, whole []string
	for _, row := range r.Rows {
		key := fmt.Sprint(row[0])
		first, last := row[4].(time.Time).Unix(), row[5].(time.Time).Unix()
		plain = append(plain, fmt.Sprintln(key, of[key], row[2], row[3], first, last, row[6], row[7]))
		whole = append(whole, fmt.Sprintln(row...))
	}
	slices.Sort(plain)
	slices.Sort(whole)
	return said{strings.Join(plain, ""), strings.Join(whole, "")}
}

// positions are the numbers of the records on which findings stand.
func positions(t *rapid.T, l *Logs) map[string]int {
	of := map[string]int{}
	for _, row := range rowsOfTable(t, l, "SELECT concat(topic, account, finding_uid), position FROM log_findings_now", 2) {
		key := row[0].(string)
		if _, twice := of[key]; twice {
			t.Fatalf("%s stands twice", key)
		}
		of[key] = int(row[1].(int64))
	}
	return of
}
