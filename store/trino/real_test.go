//go:build integration || soak

// Real records, and the queries of published rules.

package trino_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/ingest"
	"tocsin/query"
	"tocsin/query/querytest"
)

// shared returns a file or folder of the shared data; the test is left out
// without it.
func shared(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{os.Getenv("TOCSIN_SHARED"), "../../../shared"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); dir != "" && err == nil {
			return path
		}
	}
	t.Skipf("no %s (TOCSIN_SHARED)", name)
	return ""
}

// TestIntegrationTrinoReal asks for values of real CloudTrail records, in the
// logstore that they are loaded into.
func TestIntegrationTrinoReal(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t, "data/cloudtrail/attack-simulation"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var records []map[string]any
	var lines []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct{ Records []json.RawMessage }
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		for _, raw := range doc.Records {
			var r map[string]any
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatal(err)
			}
			records = append(records, r)
			lines = append(lines, string(raw))
		}
	}
	ls := builtin(t, "cloudtrail")
	p := newPair(t, map[*ingest.Logstore][]string{ls: lines[:600]})
	rng := rand.New(rand.NewPCG(8, 9))
	var queries []string
	for range 100 {
		a, b := querytest.FilterOf(rng, records[rng.IntN(600)]), querytest.FilterOf(rng, records[rng.IntN(600)])
		if a != "" && b != "" {
			queries = append(queries, "("+a+") "+[]string{"and", "or", "and not"}[rng.IntN(3)]+" ("+b+") | SELECT __seq__")
		}
	}
	queries = append(queries, "* | SELECT count(*) AS n", "* | GROUP BY eventName", "* | SELECT @actor, count(*) AS n, approx_distinct(awsRegion) AS r GROUP BY @actor HAVING n > 5",
		"* | SELECT date_trunc('hour', __time__) AS h, eventSource, count(*) AS n GROUP BY h, eventSource", "* | SELECT * ORDER BY __seq__ LIMIT 700")
	if ran, gave := p.compareIn(t, query.Options{Logstore: "cloudtrail", MaxRows: 100000}, query.Window{}, queries); ran < 80 || gave < ran/2 {
		t.Errorf("%d queries ran, %d gave rows", ran, gave)
	}
}

func builtin(t *testing.T, name string) *ingest.Logstore {
	t.Helper()
	for _, l := range ingest.Builtin() {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("no logstore %s", name)
	return nil
}

// TestIntegrationTrinoPublished runs the queries of published SLS rules as they
// stand.
func TestIntegrationTrinoPublished(t *testing.T) {
	b, err := os.ReadFile(shared(t, "data/rules/sls/published_queries.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	ls, err := ingest.Declared("actiontrail_audit_event", ingest.Declaration{Format: "json", Time: "time", Fields: map[string]string{"event": "object"}})
	if err != nil {
		t.Fatal(err)
	}
	p := newPair(t, map[*ingest.Logstore][]string{ls: auditLog()})
	var queries []string
	for line := range strings.Lines(string(b)) {
		var r struct{ Query string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		queries = append(queries, r.Query)
	}
	if ran, gave := p.compareIn(t, query.Options{Logstore: "actiontrail_audit_event", MaxRows: 100000}, query.Window{}, queries); ran < len(queries) || gave == 0 {
		t.Errorf("of %d queries %d ran, %d gave rows", len(queries), ran, gave)
	}
}

// auditLog is a small log as ActionTrail writes it; its topic is that of the
// logstore.
func auditLog() (lines []string) {
	names, services := []string{"ChangePassword", "ConsoleSignin", "DeleteTrail", "PutBucketAcl"}, []string{"Ram", "AasCustomer", "ActionTrail", "Oss"}
	for i := range 40 {
		lines = append(lines, fmt.Sprintf(`{"time":"2026-11-20T10:%02d:00Z","event":{"eventName":%q,"serviceName":%q,"errorCode":%q,"eventRW":"Write",`+
			`"userIdentity":{"accountId":"1","principalId":"2","accessKeyId":"k%d","type":"root-account","userName":"u"},"additionalEventData":{"mfaChecked":"false","loginAccount":"u"},`+
			`"requestParameterJson":"{\"acl\":\"public-read\"}","resourceName":"a;b","resourceType":"X;Y"}}`,
			i, names[i%4], services[i%4], []string{"", "NoPermission"}[i%2], i%3))
	}
	return lines
}
