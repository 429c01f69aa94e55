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

// benchRules are n rules over a sliding window of 15 minutes, of the kinds that
// people write: an event name, several with a source, an error suffix, a nested
// value, the root user.
func benchRules(b *testing.B, n int) []*alertrules.Rule {
	b.Helper()
	queries := []string{
		"eventName:%s | SELECT sourceIPAddress, count(*) AS n GROUP BY sourceIPAddress ORDER BY n DESC LIMIT 100",
		"eventName:%s and errorCode:* | SELECT @actor, count(*) AS n GROUP BY @actor",
		"eventName:(%s or GetObjects) and eventSource:s3.amazonaws.com | SELECT awsRegion, count(*) AS n GROUP BY awsRegion",
		"errorCode:*Denied and eventName:%s | SELECT @actor, count(*) AS n GROUP BY @actor",
		"requestParameters.bucketName:%s* | SELECT @actor, count(*) AS n GROUP BY @actor",
		"userIdentity.type:Root and eventName:%s | SELECT awsRegion, count(*) AS n GROUP BY awsRegion",
	}
	names := []string{"DescribeInstances", "ListPolicies", "GetObjects", "CreateInstances", "DeletePolicies", "StartInstances", "PutObjects", "AttachPolicies"}
	src := "defaults: {logstore: cloudtrail, window: 15m, every: 1m, severity: low}\nrules:\n"
	for i := range n {
		src += fmt.Sprintf("  - {id: r%04d, query: %q}\n", i, fmt.Sprintf(queries[i%len(queries)], names[i/len(queries)%len(names)]))
	}
	file, err := alertrules.Parse("bench.yaml", []byte(src), alertrules.Env{Schema: Schema(ingest.Builtin())})
	must(err)
	return file.Rules
}

// BenchmarkRound is a round of 1,000 rules over 15 minutes with T1, against the
// same 1,000 statements one after the other without anything else.
func BenchmarkRound(b *testing.B) {
	s, end := benchStore(b)
	rules := benchRules(b, 1000)
	engine := &alertrules.Engine{Query: s.Logs.Query, Logs: s.Logs, States: s.State}
	at := end.Truncate(time.Minute)
	plain := func() {
		for _, r := range rules {
			st := r.Plan(at).SQL(query.DuckDB(), query.Window{From: at.Add(-15 * time.Minute), To: at})
			must(drain(b.Context(), s.Logs.in.db, st))
		}
	}
	plain()
	var ours, theirs time.Duration
	n := 0
	for b.Loop() {
		start := time.Now()
		round, err := engine.Round(b.Context(), rules, at)
		must(err)
		if len(round.Evaluations) != len(rules) {
			b.Fatalf("%d evaluations of %d rules", len(round.Evaluations), len(rules))
		}
		ours += time.Since(start)
		start = time.Now()
		plain()
		theirs += time.Since(start)
		at = at.Add(time.Minute)
		n++
	}
	b.ReportMetric(ours.Seconds()/float64(n), "s/round")
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "time/one-query-each")
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
