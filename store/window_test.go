package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/alertrules"
	"tocsin/query"
	"tocsin/query/querytest"
)

// sharing is the context of a round that asks these, with its copies.
func sharing(t *testing.T, l *Logs, asks []alertrules.Ask) context.Context {
	t.Helper()
	ctx, release := l.Share(t.Context(), asks)
	t.Cleanup(release)
	return ctx
}

// wholeCopies is such a context, with copies of all columns that are read.
func wholeCopies(t *testing.T, l *Logs, asks []alertrules.Ask) context.Context {
	t.Helper()
	groups := map[string]*askGroup{}
	for _, a := range asks {
		r, readable := a.Plan.Reading()
		if !readable {
			t.Fatal("it reads more than a window")
		}
		g := groups[r.Table]
		if g == nil {
			g = &askGroup{reading: r}
			groups[r.Table] = g
		}
		g.readings = append(g.readings, slices.Repeat([]query.Reading{r}, 8)...) // as often as looks below paths
		g.windows = append(g.windows, a.Window)
		columns := slices.Sorted(slices.Values(slices.Concat(g.reading.Columns, r.Columns)))
		g.reading.Columns = slices.Compact(columns)
	}
	var copies []*windowCopy
	for _, g := range groups {
		c, err := l.copyWindow(t.Context(), g)
		ok(t, err)
		if c == nil {
			t.Fatalf("no copy of %s", g.reading.Table)
		}
		t.Cleanup(func() { ok(t, c.drop(context.Background())) })
		copies = append(copies, c)
	}
	return context.WithValue(t.Context(), copiesKey{}, copies)
}

// planned is the plan of a query over one of the built-in logstores.
func planned(t *testing.T, l *Logs, logstore, text string) *query.Plan {
	t.Helper()
	q, err := query.Parse(text)
	ok(t, err)
	p, err := q.Plan(l.schema.all(), query.Options{Logstore: logstore, MaxRows: 1000})
	ok(t, err)
	return p
}

// TestCopyConformance: what the cases of queries answer from a copy is what the file
// answers, row by row. One in three is asked; TestSoakCopyConformance asks them all.
func TestCopyConformance(t *testing.T) { copyConformance(t, 3) }

func copyConformance(t *testing.T, step int) {
	const dir = "../query/testdata"
	l := openTest(t, t.TempDir()).Logs
	script, err := querytest.Script(dir)
	ok(t, err)
	for s := range strings.SplitSeq(strings.TrimSpace(script), ";\n") {
		_, err := l.in.db.ExecContext(t.Context(), s)
		ok(t, err)
	}
	schema, err := querytest.Schema(dir)
	ok(t, err)
	cases, err := querytest.Cases(dir)
	ok(t, err)
	var asks []alertrules.Ask
	var asked []querytest.Case
	w, far, probed, barren := querytest.Window(), 0, 0, 0
	for n, c := range cases {
		q, err := query.Parse(c.Query)
		if err != nil || n%step > 0 {
			continue
		}
		o, err := querytest.Options(dir, c.Logstore)
		ok(t, err)
		p, err := q.Plan(schema, o)
		if err != nil {
			continue
		}
		if _, readable := p.Reading(); !readable {
			far++
			continue
		}
		asks, asked = append(asks, alertrules.Ask{Plan: p, Window: w}), append(asked, c)
	}
	ctx := wholeCopies(t, l, asks)
	narrow := w
	narrow.From, narrow.UpToSeq = w.From.Add(10*time.Hour), 5
	for i, a := range asks {
		w := []query.Window{w, narrow}[i%2]
		want, refused := l.ask(ctx, question{statement: a.Plan.SQL(query.DuckDB(), w), columns: a.Plan.Columns(), seq: a.Plan.RowIdentity(), maxRows: a.Plan.MaxRows()})
		got, answered, err := l.askCopy(ctx, a.Plan, w)
		if err != nil || answered != (refused == nil) {
			t.Errorf("%s: the copy answered %v, %v; the file %v", asked[i].Query, answered, err, refused)
		} else if diff := differs(want, got, asked[i].Ordered || a.Plan.RowIdentity()); answered && diff != "" {
			t.Errorf("%s: %s", asked[i].Query, diff)
		}
		reading, _ := a.Plan.Reading()
		one := w
		one.AfterSeq, one.UpToSeq = int64(i%6), int64(i%6+1)
		for _, c := range ctx.Value(copiesKey{}).([]*windowCopy) {
			if !c.covers(reading.Table, one) || !c.sieve.Barren(reading, one) {
				continue
			}
			barren++
			r, err := l.ask(ctx, question{statement: a.Plan.SQL(query.DuckDB(), one), columns: a.Plan.Columns(), seq: a.Plan.RowIdentity()})
			if err != nil || len(r.Rows) > 0 {
				t.Errorf("%s over record %d: barren, but %v, %v", asked[i].Query, one.UpToSeq, r, err)
			}
		}
		probe, _, can := reading.Probe(query.DuckDB(), w)
		if !can || i%3 > 0 {
			continue
		}
		probed++
		found, err := l.ask(ctx, question{statement: probe, columns: []query.Column{{Type: query.Integer}}})
		if err != nil || len(found.Rows) == 0 && want != nil && len(want.Rows) > 0 {
			t.Errorf("%s: the probe finds nothing, %v", asked[i].Query, err)
		}
	}
	if n := l.windows.answered.Load(); len(asks) < 500/step || n < int64(len(asks))*9/10 || probed < 50/step || barren < 50/step {
		t.Errorf("%d cases, of which a copy answered %d, %d probed, %d barren; %d read more than a window", len(asks), n, probed, barren, far)
	}
}

// TestCopyOfWholes: what the tables keep in parts is whole in a copy, too.
func TestCopyOfWholes(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	loadIdentities(t, l)
	var asks []alertrules.Ask
	w := query.Window{From: testNow.AddDate(-1, 0, 0), To: testNow.AddDate(1, 0, 0), UpToSeq: 100}
	for _, text := range []string{
		"*", "rolename", "not rolename", "userIdentity:*", "userIdentity.userName:u*", "userIdentity.sessionContext.sourceIdentity:rolename",
		"* | SELECT userIdentity, requestID, eventID", "requestID:0a0a0000*", "eventID:0a0a0000-0000-4000-8000-000000000003",
		"* | SELECT userIdentity.arn, count(*) AS n GROUP BY userIdentity.arn", `\u0062`, "* | SELECT userIdentity.sessionContext AS s",
	} {
		asks = append(asks, alertrules.Ask{Plan: planned(t, l, "cloudtrail", text), Window: w})
	}
	ctx := wholeCopies(t, l, asks)
	for _, a := range asks {
		want, err := l.Query(t.Context(), a.Plan, w)
		ok(t, err)
		got, answered, err := l.askCopy(ctx, a.Plan, w)
		if diff := differs(want, got, a.Plan.RowIdentity()); !answered || err != nil || diff != "" {
			t.Errorf("answered %v, %v: %s", answered, err, diff)
		}
	}
}

// differs says how two answers differ, where the order of the rows counts or not.
func differs(want, got *query.Result, ordered bool) string {
	sorted := func(r *query.Result) *query.Result {
		if r == nil || ordered {
			return r
		}
		c := *r
		c.Rows = slices.SortedFunc(slices.Values(r.Rows), func(a, b []any) int { return strings.Compare(fmt.Sprintf("%#v", a), fmt.Sprintf("%#v", b)) })
		return &c
	}
	return cmp.Diff(sorted(want), sorted(got))
}

// counts are plans that count, two of them, as one is not worth a copy.
func counts(t *testing.T, l *Logs, w query.Window) []alertrules.Ask {
	t.Helper()
	return []alertrules.Ask{
		{Plan: planned(t, l, "t", "* | SELECT count(*) AS n"), Window: w},
		{Plan: planned(t, l, "t", "* | SELECT count(*) AS n, max(__seq__) AS last"), Window: w},
	}
}

// TestCopyIsPinned: a copy does not see what is stored after S, nor what lies beside
// its window; what is wider than the copy is asked of the file.
func TestCopyIsPinned(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	appendScripts(t, l, testLogstore(), []script{{"a", "1", recs(1, 2, 3)}}, nil)
	s, _, err := l.LastSeq(t.Context())
	ok(t, err)
	w := query.Window{From: testNow.AddDate(-1, 0, 0), To: testNow.AddDate(1, 0, 0), UpToSeq: s}
	asks := counts(t, l, w)
	for _, when := range []string{"before", "after"} { // the copy is made
		if when == "before" {
			appendScripts(t, l, testLogstore(), []script{{"b", "1", recs(4, 5)}}, nil)
		}
		ctx, release := l.Share(t.Context(), asks)
		if when == "after" {
			appendScripts(t, l, testLogstore(), []script{{"c", "1", recs(6, 7)}}, nil)
		}
		for _, c := range []struct {
			change func(*query.Window)
			want   int64
			copied bool
		}{
			{func(*query.Window) {}, 3, true},
			{func(w *query.Window) { w.UpToSeq-- }, 2, true},
			{func(w *query.Window) { w.AfterSeq = s - 1 }, 1, true},
			{func(w *query.Window) { w.To = testNow.AddDate(-1, 0, 1) }, 0, true},
			{func(w *query.Window) { w.UpToSeq++ }, 4, false},
			{func(w *query.Window) { w.UpToSeq = 0 }, map[string]int64{"before": 5, "after": 7}[when], false},
			{func(w *query.Window) { w.From = w.From.Add(-1) }, 3, false},
			{func(w *query.Window) { w.To = time.Time{} }, 3, false},
		} {
			narrow := w
			c.change(&narrow)
			_, answered, err := l.askCopy(ctx, asks[0].Plan, narrow)
			r, asked := l.Query(ctx, asks[0].Plan, narrow)
			if err := errors.Join(err, asked); err != nil || answered != c.copied || r.Rows[0][0] != c.want {
				t.Errorf("%s: %+v: copied %v, %v, %v", when, narrow, answered, r, err)
			}
		}
		release()
	}
}

// TestCopyProbes: a copy with the columns that searches look at tells that they find
// nothing; what they find is asked of the file.
func TestCopyProbes(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	loadIdentities(t, l)
	w := query.Window{From: testNow.AddDate(-1, 0, 0), To: testNow.AddDate(1, 0, 0), UpToSeq: 100}
	var asks []alertrules.Ask
	queries := []struct {
		text   string
		copied bool
	}{
		{"eventName:never", true},
		{"eventName:x", false},
		{"eventName:x and not eventName:x", true},
		{"not eventName:x", true},
		{"not eventName:never", false},
		{"eventName:never | SELECT *", true},
		{"eventName:never | SELECT * ORDER BY __seq__ DESC LIMIT 3", true},
		{"eventName:never | SELECT count(*) AS n", true},
		{"eventName:never | SELECT eventName, count(*) AS n GROUP BY eventName | SELECT count(*) AS n", true},
		{"eventName:never | SELECT * | SELECT count(*) AS n", false},
		{"userIdentity.userName:u and eventName:never", true},
	}
	for _, q := range queries {
		asks = append(asks, alertrules.Ask{Plan: planned(t, l, "cloudtrail", q.text), Window: w})
	}
	ctx := sharing(t, l, asks)
	for i, a := range asks {
		_, answered, err := l.askCopy(ctx, a.Plan, w)
		ok(t, err)
		got, err := l.Query(ctx, a.Plan, w)
		ok(t, err)
		want, err := l.Query(t.Context(), a.Plan, w)
		ok(t, err)
		if diff := differs(want, got, true); answered != queries[i].copied || diff != "" {
			t.Errorf("%s: answered %v: %s", queries[i].text, answered, diff)
		}
	}
}

// TestCopyIsDropped: nothing of a round is left.
func TestCopyIsDropped(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	appendScripts(t, l, testLogstore(), []script{{"a", "1", recs(1, 2, 3)}}, nil)
	w := query.Window{AfterSeq: 1, UpToSeq: 3}
	asks := counts(t, l, w)
	for range 3 {
		ctx, release := l.Share(t.Context(), asks)
		for _, a := range asks {
			if r, answered, err := l.askCopy(ctx, a.Plan, w); err != nil || !answered || r.Rows[0][0] != int64(2) {
				t.Errorf("answered %v, %v, %v", answered, r, err)
			}
		}
		release()
		var schemas int
		ok(t, l.windows.in.db.QueryRow("SELECT count(*) FROM duckdb_schemas() WHERE schema_name LIKE 'w%'").Scan(&schemas))
		if n := l.windows.in.users.Stats().OpenConnections; n > 0 || schemas > 0 {
			t.Errorf("%d connections and %d schemas are left", n, schemas)
		}
	}
}

// TestCopyFails: what a copy cannot answer is asked of the file, and harms nobody
// else: a query that needs more memory than the window instance has, a statement that
// leaves something, an instance that is broken.
func TestCopyFails(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	appendScripts(t, l, testLogstore(), []script{{"a", "1", recs(1, 2, 3)}}, nil)
	w := query.Window{AfterSeq: 1, UpToSeq: 3}
	asks := counts(t, l, w)
	ctx := sharing(t, l, asks)
	c := ctx.Value(copiesKey{}).([]*windowCopy)[0]
	well := func(after string) {
		t.Helper()
		for _, a := range asks {
			if r, err := l.Query(ctx, a.Plan, w); err != nil || r.Rows[0][0] != int64(2) {
				t.Errorf("after %s: %v, %v", after, r, err)
			}
		}
	}
	big := raw("SELECT max(a) FROM (SELECT repeat(i::VARCHAR, 200) || hash(i) AS a FROM range(1000000) t(i) ORDER BY a DESC LIMIT 900000)", false, 1, query.Text)
	_, err := c.read(t.Context(), big)
	var bound *BoundError
	if !errors.As(clarify(t.Context(), err), &bound) {
		t.Errorf("got %v, want a BoundError", err)
	}
	well("too much memory")
	for _, s := range []string{
		"CREATE TEMP MACRO lower(x) AS 'evil'", "CREATE TEMP TABLE log_t AS SELECT 1", "SET VARIABLE x = 1", "USE memory.main", "PRAGMA disable_optimizer",
		"COMMIT", "ROLLBACK", "DROP TABLE log_t", "DELETE FROM log_t", "SELECT 1; ROLLBACK", "ATTACH ':memory:' AS x", "INSERT INTO log_t SELECT * FROM tocsin_batch()",
	} {
		if _, err := c.read(t.Context(), raw(s, false, 1, query.Integer)); err == nil {
			t.Errorf("the engine ran %s", s)
		}
		well(s)
	}
	before := l.windows.answered.Load()
	well("all that")
	if l.windows.answered.Load() != before+2 {
		t.Error("the copy answers no more")
	}
	ok(t, l.windows.in.engine.Close())
	ok(t, c.hangUp(t.Context()))
	well("the end of the engine")
}

// TestCopyStops: a question whose time is over is not asked of the file again.
func TestCopyStops(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	appendScripts(t, l, testLogstore(), []script{{"a", "1", recs(1, 2, 3)}}, nil)
	w := query.Window{AfterSeq: 1, UpToSeq: 3}
	asks := counts(t, l, w)
	ctx, cancel := context.WithCancel(sharing(t, l, asks))
	cancel()
	if _, answered, err := l.askCopy(ctx, asks[0].Plan, w); !answered || !errors.Is(err, context.Canceled) {
		t.Errorf("answered %v, %v", answered, err)
	}
}

// TestExtents: a copy is of the widest window that is worth it.
func TestExtents(t *testing.T) {
	at := func(minutes int) time.Time { return testNow.Add(time.Duration(minutes) * time.Minute) }
	window := func(from, to int) query.Window { return query.Window{From: at(from), To: at(to), UpToSeq: 9} }
	g := &askGroup{windows: []query.Window{window(-15, 0), window(-60, 0), window(-15, 0), window(-5, 1), window(-1440, 0)}}
	var got []string
	for _, e := range g.extents() {
		got = append(got, fmt.Sprintf("%v to %v: %d", e.window.From.Sub(testNow), e.window.To.Sub(testNow), e.asks))
	}
	want := []string{"-24h0m0s to 1m0s: 5", "-1h0m0s to 1m0s: 4", "-15m0s to 1m0s: 3", "-5m0s to 1m0s: 1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	for _, c := range []struct {
		asks    int
		rows    int64
		columns int
		want    bool
	}{{1, 1, 1, false}, {2, 100, 10, true}, {2, 10_000, 10, false}, {1000, 10_000, 20, true}, {1000, 1_000_000, 20, false}} {
		if (extent{asks: c.asks}).worth(c.rows, c.columns) != c.want {
			t.Errorf("%+v", c)
		}
	}
}

// TestCopyBytes: a window whose values take too much is read once, found to be too
// large, and known to be so from then on.
func TestCopyBytes(t *testing.T) {
	r := query.Reading{Table: "log_t", Columns: []string{"name", "seq"}}
	w := &windowInstance{}
	if got := w.width(r); got != 2*valueBytes {
		t.Error(got)
	}
	w.learn(r, &windowBatch{names: r.Columns, bytes: []int64{5000, 160}, rows: 10})
	if got := w.width(r); got != 516 {
		t.Error(got)
	}
}
