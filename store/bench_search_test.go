package store

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"tocsin/query"
)

// BenchmarkSearch runs searches that no column answers on its own, through
// parser, planner and engine on two threads, and holds each against SQL of the
// same meaning that is written by hand: a word anywhere in the record, a value
// below an open object, a value in an array. It fails when ours takes more than
// 1.1 of the other.
func BenchmarkSearch(b *testing.B) {
	n := benchRecords()
	l := benchLogs(b, n)
	var anywhere []string
	for _, c := range strings.Fields(`topic source id_text user_agent error_message event_source event_name aws_region source_ip error_code request_id
		event_type event_category recipient_account event_version shared_event_id identity_shape ui_principal ui_arn ui_access_key ui_user issuer_arn issuer_name
		request_parameters response_elements additional_event_data resources tls_details extra`) {
		anywhere = append(anywhere, "contains(lower("+c+"), 'xyzzy0017')")
	}
	for _, c := range []struct{ name, query, byHand string }{
		{"word", "xyzzy0017", strings.Join(anywhere, " OR ")},
		{"nested", "requestParameters.bucketName:data-bucket-17", "lower(json_extract_string(request_parameters, '$.bucketName')) = 'data-bucket-17'"},
		{"array", `resources.ARN:"arn:aws:s3:::data-bucket-17"`, "list_contains(list_transform(json_extract_string(resources, '$[*].ARN'), lambda x: lower(x)), 'arn:aws:s3:::data-bucket-17')"},
	} {
		b.Run(c.name, func(b *testing.B) {
			ours, byHand := time.Hour, time.Hour
			for b.Loop() {
				for range 9 {
					start := time.Now()
					got := rowsOf(b, l, "cloudtrail", c.query+" | SELECT count(*) AS n", query.Window{UpToSeq: int64(n)})
					ours = min(ours, time.Since(start))
					start = time.Now()
					want := countOf(b, l.in.db, c.byHand)
					byHand = min(byHand, time.Since(start))
					if got.Rows[0][0] != want {
						b.Fatalf("%v records, and %d by hand", got.Rows[0][0], want)
					}
				}
			}
			ratio := ours.Seconds() / byHand.Seconds()
			b.ReportMetric(ours.Seconds()*1000, "ms")
			b.ReportMetric(ratio, "of-hand-written")
			if n >= 1_000_000 && ratio > 1.1 {
				b.Errorf("%s takes %s, by hand %s", c.name, ours, byHand)
			}
		})
	}
}

// benchLogs are the logs of a store with n generated records.
func benchLogs(b *testing.B, n int) *Logs {
	ctx, dir := context.Background(), b.TempDir()
	s := openTest(b, b.TempDir())
	newTrail(1).write(b, dir, n)
	if _, err := s.Logs.Append(ctx, filesIn(dir), AppendOptions{Logstore: builtin("cloudtrail"), Now: time.Now()}); err != nil {
		b.Fatal(err)
	}
	must(s.Logs.in.checkpoint(ctx))
	return s.Logs
}

// countOf counts the records that a condition of SQL holds for.
func countOf(tb testing.TB, db *sql.DB, condition string) (n int64) {
	tb.Helper()
	if err := db.QueryRow("SELECT count(*) FROM whole_cloudtrail WHERE " + condition).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}
