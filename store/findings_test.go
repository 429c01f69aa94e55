package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/ingest"
	"tocsin/query"
)

// runFiles are the two runs of Prowler over one account, before and after repairs.
func runFiles(t testing.TB) (first, second string) {
	t.Helper()
	for i, name := range []string{"run1", "run2"} {
		found, err := filepath.Glob(filepath.Join(shared(t), "data/findings/prowler-runs/5.46.0-"+name+"/*.ocsf.json"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v %v", name, found, err)
		}
		if i == 0 {
			first = found[0]
			continue
		}
		second = found[0]
	}
	return first, second
}

func loadFindings(t testing.TB, l *Logs, objects ...ingest.Object) *Report {
	t.Helper()
	report, err := l.Load(context.Background(), objects, LoadOptions{Ingest: ingest.Options{Now: testNow.AddDate(0, 0, 7)}})
	if err != nil || report.SetAside() || len(report.Refused) > 0 {
		t.Fatalf("%+v %v", report, err)
	}
	return report
}

// laterRun is the second run a day later, without what lies in a resource.
func laterRun(t testing.TB, file, without string) ingest.Object {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list, kept []map[string]any
	if err := json.Unmarshal(src, &list); err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		resource := f["resources"].([]any)[0].(map[string]any)
		if strings.Contains(resource["uid"].(string), without) {
			continue
		}
		f["time"] = f["time"].(float64) + 86400
		kept = append(kept, f)
	}
	if len(kept) == len(list) || len(kept) == 0 {
		t.Fatalf("%d of %d findings are not in %s", len(kept), len(list), without)
	}
	out, err := json.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	return ingest.Object{Name: "later", Version: "1", Size: int64(len(out)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(string(out))), nil
	}}
}

// table is the answer of a query, a line for each row.
func table(t testing.TB, l *Logs, logstore, text string, seq int64) string {
	t.Helper()
	var b strings.Builder
	for _, row := range rowsOf(t, l, logstore, text, query.Window{UpToSeq: seq}).Rows {
		for i, v := range row {
			if i > 0 {
				b.WriteByte(' ')
			}
			if at, ok := v.(time.Time); ok {
				v = at.UTC().Format("2006-01-02T15:04:05Z")
			}
			fmt.Fprint(&b, v)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

const (
	changesOf = "* | SELECT @change, count(*) AS n GROUP BY @change ORDER BY n, 1"
	posture   = "* | SELECT @status, count(*) AS n, sum(@missed) AS m GROUP BY @status ORDER BY 1"
)

// The second run of a scanner is what is news in it, not all of it.
func TestFindingsTwoRuns(t *testing.T) {
	run1, run2 := runFiles(t)
	dir := t.TempDir()
	s := openTest(t, dir)
	l := s.Logs
	loadFindings(t, l, fileObject(run1))
	same(t, "changes of the first run", table(t, l, "findings", changesOf, 0), "same 38\nopened 53\n")
	loadFindings(t, l, fileObject(run2))
	same(t, "changes of the second run", table(t, l, "findings", "__seq__ > 91 | SELECT @change, count(*) AS n GROUP BY @change ORDER BY n", 0), "opened 2\nresolved 5\nsame 84\n")
	same(t, "posture", table(t, l, "findings_now", posture, 0), "FAIL 50 0\nMANUAL 2 0\nPASS 39 0\n")
	same(t, "what was opened", table(t, l, "findings_now", "@change:opened and @changed_at:* | SELECT @check, @first_seen, @last_seen, @changed_at WHERE @changed_at > @first_seen ORDER BY 1", 0),
		"s3_bucket_public_access 2026-11-25T16:15:38Z 2026-11-25T16:20:17Z 2026-11-25T16:20:17Z\n"+
			"s3_bucket_public_list_acl 2026-11-25T16:15:38Z 2026-11-25T16:20:17Z 2026-11-25T16:20:17Z\n")
	same(t, "what was resolved", table(t, l, "findings_now", "@change:resolved | SELECT @status, count(*) AS n GROUP BY @status", 0), "PASS 5\n")
	same(t, "posture after the first run", table(t, l, "findings_now", posture, 91), "FAIL 53 0\nMANUAL 2 0\nPASS 36 0\n")
	same(t, "posture in the middle of it", table(t, l, "findings_now", "* | SELECT count(*) AS n, max(__seq__) AS s", 40), "40 40\n")

	before := table(t, l, "findings_now", "* | SELECT * ORDER BY @finding", 0)
	ok(t, s.Close(t.Context()))
	l = openTest(t, dir).Logs
	ok(t, l.Declare(t.Context(), ingest.Builtin()...))
	same(t, "after opening again", table(t, l, "findings_now", "* | SELECT * ORDER BY @finding", 0), before)
}

func same(t testing.TB, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// What stands does not depend on the order in which runs arrive.
func TestFindingsAnyOrder(t *testing.T) {
	run1, run2 := runFiles(t)
	const all = "* | SELECT @finding, @status, @severity, @first_seen, @last_seen, @missed, @last_scan, __finding__ ORDER BY @finding"
	l := openTest(t, t.TempDir()).Logs
	loadFindings(t, l, fileObject(run1), fileObject(run2))
	want := table(t, l, "findings_now", all, 0)
	l = openTest(t, t.TempDir()).Logs
	loadFindings(t, l, fileObject(run2))
	loadFindings(t, l, fileObject(run1))
	same(t, "the older run last", table(t, l, "findings_now", all, 0), want)
	same(t, "changes of the older run", table(t, l, "findings", "__seq__ > 91 | SELECT @change, count(*) AS n GROUP BY @change", 0), "same 91\n")
}

// A finding of a resource that is gone is not resolved: it grows stale.
func TestFindingsMissed(t *testing.T) {
	run1, run2 := runFiles(t)
	l := openTest(t, t.TempDir()).Logs
	loadFindings(t, l, fileObject(run1), fileObject(run2))
	const stale = "@missed > 0 | SELECT @status, count(*) AS n, max(@last_seen) AS seen, max(@last_scan) AS scan, max(@missed) AS m GROUP BY @status ORDER BY 1"
	same(t, "none is missed", table(t, l, "findings_now", stale, 0), "")
	loadFindings(t, l, laterRun(t, run2, "acme-eu-data"))
	want := "FAIL 6 2026-11-25T16:20:17Z 2026-11-26T16:20:17Z 1\nPASS 1 2026-11-25T16:20:17Z 2026-11-26T16:20:17Z 1\n"
	same(t, "of the bucket that is gone", table(t, l, "findings_now", stale, 0), want)
	same(t, "before it was", table(t, l, "findings_now", stale, 182), "")
	same(t, "resolved", table(t, l, "findings", "__seq__ > 182 and not @change:same | SELECT count(*) AS n", 0), "0\n")
}

// Records of Security Hub share ids, with one time or several: they are one
// finding, which has no scans to be missing from.
func TestFindingsOneID(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	loadFindings(t, l, fileObject(filepath.Join(shared(t), "data/findings/asff/asff_findings.jsonl")))
	same(t, "records and ids", table(t, l, "findings", "* | SELECT count(*) AS n, count(DISTINCT @finding) AS ids", 0), "123 121\n")
	same(t, "findings", table(t, l, "findings_now", "* | SELECT count(*) AS n, count(DISTINCT @finding) AS ids, sum(@missed) AS m", 0), "121 121 0\n")
	same(t, "the newest stands", table(t, l, "findings_now", "@finding:*ec80d4a4* | SELECT @first_seen < @last_seen AS later, @last_seen", 0), "true 2021-11-01T09:48:57Z\n")
}

// A file of a program that knew no life of findings gets it from what it holds.
func TestFindingsFromWhatIsStored(t *testing.T) {
	run1, run2 := runFiles(t)
	dir := t.TempDir()
	s := openTest(t, dir)
	loadFindings(t, s.Logs, fileObject(run1))
	loadFindings(t, s.Logs, fileObject(run2))
	const all = "* | SELECT * ORDER BY @finding"
	now, records := table(t, s.Logs, "findings_now", all, 0), table(t, s.Logs, "findings", "* | ORDER BY __seq__", 0)
	for _, old := range []string{
		"DROP MACRO TABLE findings_at", "DROP TABLE log_findings_now", "DELETE FROM findings_past", "DELETE FROM scans", "DELETE FROM snapshots", "ALTER TABLE log_findings DROP COLUMN change",
		"ALTER TABLE log_findings DROP COLUMN failed_before",
	} {
		_, err := s.Logs.in.db.Exec(old)
		ok(t, err)
	}
	ok(t, s.Close(t.Context()))
	l := openTest(t, dir).Logs
	ok(t, l.Declare(t.Context(), ingest.Builtin()...))
	same(t, "findings_now", table(t, l, "findings_now", all, 0), now)
	same(t, "findings", table(t, l, "findings", "* | ORDER BY __seq__", 0), records)
	loadFindings(t, l, laterRun(t, run2, "acme-eu-data"))
	same(t, "what comes later", table(t, l, "findings_now", "@missed:1 | SELECT count(*) AS n", 0), "7\n")
}

// A record that claims to be of the future is kept as it is, and does not hide
// what comes later.
func TestFindingsOfTheFuture(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	at := func(id int, when time.Time, status string) finding {
		return finding{id: id, at: when, uid: "f", account: "1", topic: "prowler", status: status, severity: "high"}
	}
	appendFindings(t, l, testNow, []finding{at(1, testNow.Add(-time.Hour), "PASS")}, nil)
	appendFindings(t, l, testNow, []finding{at(2, testNow.AddDate(500, 0, 0), "PASS")}, nil)
	appendFindings(t, l, testNow.Add(time.Hour), []finding{at(3, testNow.Add(time.Hour), "FAIL")}, nil)
	same(t, "changes", table(t, l, "findings", "* | SELECT @change ORDER BY __seq__", 0), "same\nsame\nopened\n")
	same(t, "its own time", table(t, l, "findings", "* | SELECT year(@time) AS y ORDER BY __seq__ DESC LIMIT 1 OFFSET 1", 0), fmt.Sprintln(testNow.Year()+500))
	same(t, "what stands", table(t, l, "findings_now", "* | SELECT @status, @missed", 0), "FAIL 0\n")
}

// Two tenants that have the same finding have one each, in the records and as it
// stands; each has it once.
func TestFindingsOfTenants(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	text := `{"__topic__":"sas-cspm-log","check_id":"1","check_item_name":"n","instance_id":"i","status":"NOT_PASS","start_time":"1763632800"}` + "\n"
	for i, tenant := range []string{"acme", "other", "acme"} {
		o := ingest.Object{Name: fmt.Sprint("o", i), Version: "1", Open: ingest.Bytes([]byte(text))}
		_, err := l.Load(t.Context(), []ingest.Object{o}, LoadOptions{Ingest: ingest.Options{Now: testNow, Tenant: tenant}})
		ok(t, err)
	}
	for query, want := range map[string]int{
		"SELECT count(*) FROM log_findings": 2, "SELECT count(DISTINCT tenant) FROM log_findings_now": 2, "SELECT count(*) FROM log_findings_now": 2,
	} {
		if n := count(t, l, query); int(n) != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
}
