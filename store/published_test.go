// The published queries of SLS rules, through the whole of the store.

package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/ingest"
	"tocsin/query"
	"tocsin/query/querytest"
	"tocsin/store"
)

// publishedCases are the cases of the published queries, whose rows were worked
// out by hand.
func publishedCases(t *testing.T) (cases []querytest.Case) {
	t.Helper()
	for _, c := range conformanceCases(t) {
		if c.File == "cases_published.txt" {
			cases = append(cases, c)
		}
	}
	if len(cases) != 27 {
		t.Fatalf("%d cases of published queries, not 27", len(cases))
	}
	return cases
}

// TestPublishedVerbatim: the cases are the published queries, to the letter.
func TestPublishedVerbatim(t *testing.T) {
	var b []byte
	for _, dir := range []string{os.Getenv("TOCSIN_SHARED"), "../../shared", "../../../shared"} {
		if got, err := os.ReadFile(dir + "/data/rules/sls/published_queries.jsonl"); err == nil && b == nil {
			b = got
		}
	}
	if b == nil {
		t.Skip("no folder with published rules (TOCSIN_SHARED)")
	}
	cases := publishedCases(t)
	i := 0
	for line := range strings.Lines(string(b)) {
		var r struct{ Query string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if i >= len(cases) || strings.TrimRight(r.Query, " ") != cases[i].Query {
			t.Errorf("query %d is not the one that was published: %s", i+1, r.Query)
		}
		i++
	}
	if i != len(cases) {
		t.Errorf("%d published queries, %d cases", i, len(cases))
	}
}

// TestPublishedStored: the same rows come out of the logstore audit, in which ever
// way SLS exports the records.
func TestPublishedStored(t *testing.T) {
	for name, event := range map[string]func(r querytest.AuditRecord) any{
		"object": func(r querytest.AuditRecord) any { return map[string]any{"event": json.RawMessage(r.Event)} },
		"text":   func(r querytest.AuditRecord) any { return map[string]any{"event": r.Event} },
		"flat": func(r querytest.AuditRecord) any {
			all := map[string]any{}
			flatten(t, "event", json.RawMessage(r.Event), all)
			return all
		},
	} {
		t.Run(name, func(t *testing.T) { publishedStored(t, event) })
	}
}

// flatten makes flat keys of an object, as SLS does where it indexes one.
func flatten(t *testing.T, name string, v json.RawMessage, all map[string]any) {
	t.Helper()
	var below map[string]json.RawMessage
	if v[0] != '{' {
		all[name] = v
		return
	}
	if err := json.Unmarshal(v, &below); err != nil {
		t.Fatal(err)
	}
	for k, v := range below {
		flatten(t, name+"."+k, v, all)
	}
}

func publishedStored(t *testing.T, event func(querytest.AuditRecord) any) {
	ctx := t.Context()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	s, err := store.Open(ctx, store.Options{Dir: t.TempDir(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(ctx) })
	var lines bytes.Buffer
	for _, r := range querytest.AuditRecords() {
		keys, err := json.Marshal(event(r))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&lines, `{"__topic__":%q,"__time__":"%d",%s`+"\n", r.Topic, r.Time.Unix(), keys[1:])
	}
	records := ingest.Object{
		Name: "audit", Version: "1", Size: int64(lines.Len()), Modified: now, Named: true,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(lines.Bytes())), nil },
	}
	report, err := s.Logs.Load(ctx, []ingest.Object{records}, store.LoadOptions{Ingest: ingest.Options{Now: now}})
	if err != nil || len(report.Refused) > 0 || report.Records() != int64(len(querytest.AuditRecords())) {
		t.Fatal(err, report)
	}
	schema := store.Schema(ingest.Builtin())
	for i, c := range publishedCases(t) {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			got := ask(t, s, schema, "audit", c.Query, 100)
			want := slices.Clone(c.Rows)
			if !c.Ordered {
				slices.Sort(got)
				slices.Sort(want)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got\n%s\nwant\n%s", c.Query, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// ask runs a query over a logstore and returns its rows as JSON.
func ask(t *testing.T, s *store.Store, schema query.Schema, logstore, text string, maxRows int) (out []string) {
	t.Helper()
	q, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := q.Plan(schema, query.Options{Logstore: logstore, MaxRows: maxRows})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Logs.Query(context.Background(), p, querytest.Window())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(row); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.TrimSpace(b.String()))
	}
	return out
}

// TestPublishedLimits: LIMIT 10000 is kept, and without one nothing is cut.
func TestPublishedLimits(t *testing.T) {
	conn := conformanceConn(t)
	const more = `INSERT INTO audit SELECT 1000 + i, TIMESTAMP '2026-11-20 11:00:00', TIMESTAMP '2026-11-20 12:00:00', 'actiontrail_audit_event', '', '',
		'{"errorCode":"x","userIdentity":{"type":"root-account","accountId":"a' || i || '","accessKeyId":"k"}}' FROM range(10200) r(i)`
	if _, err := conn.ExecContext(t.Context(), more); err != nil {
		t.Fatal(err)
	}
	schema, cases := conformanceSchema(t), publishedCases(t)
	for _, c := range []struct{ number, rows int }{{20, 10000}, {3, 10202}} {
		q, err := query.Parse(cases[c.number-1].Query)
		if err != nil {
			t.Fatal(err)
		}
		p, err := q.Plan(schema, query.Options{Logstore: "audit", MaxRows: 20000})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(runConformance(t, conn, p, query.Window{})); n != c.rows {
			t.Errorf("query %d gives %d rows, not %d", c.number, n, c.rows)
		}
	}
}
