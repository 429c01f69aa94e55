package store

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/query"
)

// benchStore loads generated CloudTrail and returns when its last record was.
func benchStore(b *testing.B) (*Store, time.Time) {
	b.Helper()
	files := b.TempDir()
	newTrail(1).write(b, files, benchRecords())
	s, err := Open(b.Context(), Options{Dir: b.TempDir(), Command: "bench", Now: time.Now(), Threads: LoadThreads})
	must(err)
	b.Cleanup(func() { must(s.Close(context.Background())) })
	_, err = s.Logs.Append(b.Context(), filesIn(files), AppendOptions{Logstore: builtin("cloudtrail"), Now: time.Now(), History: Live})
	must(err)
	must(s.Logs.in.checkpoint(b.Context()))
	held, err := s.Logs.Range(b.Context(), "cloudtrail")
	must(err)
	return s, held.Newest
}

// benchKinds are the kinds of queries that people write, and how many of 50 rules
// are of each: %s is the name of an event.
var benchKinds = []struct {
	share int
	query string
}{
	{10, "eventName:%s | SELECT sourceIPAddress, count(*) AS n GROUP BY sourceIPAddress ORDER BY n DESC LIMIT 100"},
	{8, "eventName:%s and errorCode:* | SELECT @actor, count(*) AS n GROUP BY @actor"},
	{6, "eventName:(%s or GetObjects) and eventSource:s3.amazonaws.com | SELECT awsRegion, count(*) AS n GROUP BY awsRegion"},
	{5, "* | SELECT eventName, count(*) AS n WHERE eventName IN ('%s', 'DeleteInstances', 'DetachPolicies') AND awsRegion <> 'us-east-1' GROUP BY eventName"},
	{5, "errorCode:*Denied and eventName:%s | SELECT @actor, count(*) AS n GROUP BY @actor"},
	{5, "requestParameters.bucketName:%s* | SELECT @actor, count(*) AS n GROUP BY @actor"},
	{5, "userIdentity.type:Root and eventName:%s | SELECT awsRegion, count(*) AS n GROUP BY awsRegion"},
	{3, "eventName:(%s or PutObjects) | SELECT awsRegion, count(DISTINCT sourceIPAddress) AS addresses GROUP BY awsRegion"},
	{2, "eventName:%s | SELECT awsRegion, approx_distinct(userIdentity.arn) AS callers GROUP BY awsRegion HAVING callers > 3"},
	{1, "%s0815 | SELECT @actor, count(*) AS n GROUP BY @actor"}, // a word anywhere in the record
}

// benchRules are n rules over a sliding window of 15 minutes, of these kinds, no two
// with the same query.
func benchRules(b *testing.B, n int) []*alertrules.Rule {
	b.Helper()
	var kinds []string
	for i, more := 0, true; more; i++ { // one of each kind in turn
		more = false
		for _, k := range benchKinds {
			if i < k.share {
				kinds, more = append(kinds, k.query), true
			}
		}
	}
	var names []string
	for _, verb := range []string{"Describe", "List", "Get", "Create", "Delete", "Put", "Update", "Attach", "Detach", "Start"} {
		for _, thing := range []string{"Instances", "Objects", "Policies", "Users", "Roles", "Keys", "Buckets", "Trails", "Snapshots", "Functions", "Groups", "Tables"} {
			names = append(names, verb+thing)
		}
	}
	src := "defaults: {logstore: cloudtrail, window: 15m, every: 1m, severity: low}\nrules:\n"
	for i := range n {
		round := i / len(kinds)
		src += fmt.Sprintf("  - {id: r%04d, query: %q}\n", i, fmt.Sprintf(kinds[i%len(kinds)], names[(round*len(kinds)+i%len(kinds)*7)%len(names)]))
	}
	file, err := alertrules.Parse("bench.yaml", []byte(src), alertrules.Env{Schema: Schema(ingest.Builtin())})
	must(err)
	return file.Rules
}

// BenchmarkRound is a round of 1,000 rules over 15 minutes with T1: with the window
// that they share, without it, and against the same 1,000 statements one after the
// other, without anything else.
func BenchmarkRound(b *testing.B) {
	s, end := benchStore(b)
	rules := benchRules(b, 1000)
	at := end.Truncate(time.Minute)
	engine := &alertrules.Engine{Query: s.Logs.Query, Logs: s.Logs, States: s.State}
	round := func() time.Duration {
		start := time.Now()
		round, err := engine.Round(b.Context(), rules, at)
		must(err)
		if len(round.Evaluations) != len(rules) {
			b.Fatalf("%d evaluations of %d rules", len(round.Evaluations), len(rules))
		}
		at = at.Add(time.Minute)
		return time.Since(start)
	}
	plain := func() time.Duration {
		start := time.Now()
		for _, r := range rules {
			st := r.Plan(at).SQL(query.DuckDB(), query.Window{From: at.Add(-15 * time.Minute), To: at})
			must(drain(b.Context(), s.Logs.in.db, st))
		}
		return time.Since(start)
	}
	at = at.Add(-15 * time.Minute)
	round() // makes the states
	best := [3]time.Duration{time.Hour, time.Hour, time.Hour}
	for b.Loop() {
		for range 3 {
			engine.Share = s.Logs.Share
			best[0] = min(best[0], round())
			engine.Share = nil
			best[1] = min(best[1], round())
			best[2] = min(best[2], plain())
		}
	}
	b.ReportMetric(best[0].Seconds(), "s/round")
	b.ReportMetric(best[1].Seconds(), "s/round-on-the-file")
	b.ReportMetric(best[0].Seconds()/best[2].Seconds(), "of-one-query-each")
	b.ReportMetric(best[0].Seconds()/best[1].Seconds(), "of-the-file")
	if answered := s.Logs.windows.answered.Load(); answered == 0 {
		b.Error("no question was answered from a shared window")
	}
}

// drain runs a statement and leaves its rows unread.
func drain(ctx context.Context, db *sql.DB, st query.Statement) error {
	rows, err := db.QueryContext(ctx, st.Text, st.Args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}
