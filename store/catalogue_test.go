package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/ingest"
	"tocsin/query"
)

var _ query.Seen = (*Logs)(nil)

// catalogueStore has records of three kinds.
func catalogueStore(t *testing.T) *Logs {
	t.Helper()
	ctx, l := context.Background(), openTest(t, t.TempDir()).Logs
	web, err := ingest.Declared("web", ingest.Declaration{Format: "json", Time: "ts", Fields: map[string]string{"status": "integer", "path": "text", "ok": "boolean", "in": "object", "took": "double"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Declare(ctx, append(ingest.Builtin(), web)...); err != nil {
		t.Fatal(err)
	}
	if err := l.DeclareLookups(ctx, lookup(t, "accounts", "account,Owner,limit\n1,Ann,5\n2,ann,5\n3,,\n4,Bob,7\n", map[string]string{"limit": "integer"})); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range 30 {
		fmt.Fprintf(&lines, `{"ts":"2026-11-20T10:00:%02dZ","status":%d,"path":"/Index/%d of x","ok":%t,"took":0.5,"user":"u%d","__tag__:host":"h","in":{"ids":[{"n":%d},{"n":%d}],"x-y":"V%d","who":{"a.b":"%s"}}}`+"\n",
			i, 200+i%3*100, i%2, i%2 == 0, i%4, i%5, i%5, i%2, []string{"Jo", "JO", "ann\u202e"}[i%3])
	}
	if _, err := l.Append(ctx, []ingest.Object{fileIn(t, "web.jsonl", lines.String())}, AppendOptions{Logstore: web, Now: testNow}); err != nil {
		t.Fatal(err)
	}
	return l
}

func fileIn(t *testing.T, name, text string) ingest.Object {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return fileObject(path)
}

func TestPaths(t *testing.T) {
	ctx, l := context.Background(), catalogueStore(t)
	paths, err := l.Paths(ctx, "web")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range paths {
		got[p.Path] = fmt.Sprintf("%s %d/%d", p.Type, p.Records, p.Of)
	}
	for path, want := range map[string]string{
		"@time": "time 30/30", "@actor": "text 0/30", "status": "integer 30/30", "path": "text 30/30", "ok": "boolean 30/30", "took": "double 30/30",
		"in": "object 30/30", "in.ids": "object 30/30", "in.ids.n": "integer 30/30", "in.x-y": "text 30/30", "in.who": "object 30/30", `in.who."a.b"`: "text 30/30",
		"extra": "object 30/30", "extra.user": "text 30/30",
	} {
		if got[path] != want {
			t.Errorf("%s: %s, want %s", path, got[path], want)
		}
	}
	if paths, err = l.Paths(ctx, "accounts"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]query.SeenPath{{Path: "account", Type: "text", Records: 4, Of: 4}, {Path: "Owner", Type: "text", Records: 4, Of: 4}, {Path: "limit", Type: "integer", Records: 3, Of: 4}}, paths); diff != "" {
		t.Error(diff)
	}
	if paths, err = l.Paths(ctx, "cloudtrail"); err != nil || len(paths) < 40 || paths[0].Of != 0 {
		t.Error(len(paths), err)
	}
	if _, err = l.Paths(ctx, "nothing"); !errors.Is(err, ErrNoTable) {
		t.Error(err)
	}
}

// TestPathsFollowTheRecords: an answer is kept only while no records came.
func TestPathsFollowTheRecords(t *testing.T) {
	ctx, l := context.Background(), catalogueStore(t)
	user := func() (n int64) {
		paths, err := l.Paths(ctx, "web")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			if p.Path == "extra.user" {
				n = p.Records
			}
			p.Records = 0 // the answer is ours to change
		}
		return n
	}
	if n := user(); n != 30 {
		t.Fatal(n)
	}
	web, err := ingest.Declared("web", ingest.Declaration{Format: "json", Time: "ts", Fields: map[string]string{"status": "integer"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(ctx, []ingest.Object{fileIn(t, "more.jsonl", `{"ts":"2026-11-20T11:00:00Z","user":"x"}`)}, AppendOptions{Logstore: web, Now: testNow}); err != nil {
		t.Fatal(err)
	}
	if n := user(); n != 31 {
		t.Error(n)
	}
}

func TestSeenValues(t *testing.T) {
	ctx, l := context.Background(), catalogueStore(t)
	for _, c := range []struct{ logstore, field, prefix, want string }{
		{"web", "status", "", "200 10, 300 10, 400 10"},
		{"web", "status", "3", "300 10"},
		{"web", "STATUS", "3", "300 10"},
		{"web", "ok", "", "false 15, true 15"},
		{"web", "ok", "T", "true 15"},
		{"web", "took", "0", "0.5 30"},
		{"web", "path", "/INDEX/1", "/Index/1 of x 15"},
		{"web", "path", "of", ""},
		{"web", "in.ids.n", "", "0 6, 1 6, 2 6, 3 6, 4 6"},
		{"web", "in.x-y", "v", "V0 15, V1 15"},
		{"web", `in."x-y"`, "v1", "V1 15"},
		{"web", `in.who."a.b"`, "jo", "JO 10, Jo 10"},
		{"web", "in.who", "", ""},
		{"web", "in", "", ""},
		{"web", "in.nothing", "", ""},
		{"web", "extra.user", "u", "u0 8, u1 8, u2 7, u3 7"},
		{"web", "__tag__:host", "", "h 30"},
		{"web", "extra.user", "u*", ""},
		{"web", "@time", "", ""},
		{"web", "__time__", "", ""},
		{"web", "@actor", "", ""},
		{"accounts", "Owner", "", "Ann 1, Bob 1, ann 1"},
		{"accounts", "Owner", "a", "Ann 1, ann 1"},
		{"accounts", "limit", "", "5 2, 7 1"},
		{"cloudtrail", "eventName", "x'; DROP", ""},
		{"cloudtrail", "requestParameters.x", "%_\\", ""},
	} {
		values, err := l.Values(ctx, c.logstore, c.field, c.prefix)
		var got []string
		for _, v := range values {
			got = append(got, fmt.Sprint(v.Value, " ", v.Count))
		}
		if err != nil || strings.Join(got, ", ") != c.want {
			t.Errorf("%s %s %q: %v %v, want %s", c.logstore, c.field, c.prefix, got, err, c.want)
		}
	}
	for _, field := range []string{"nothing", "", "in..x", "status.x", "a:b or c", `"`} {
		if values, err := l.Values(ctx, "web", field, ""); err == nil || !strings.Contains(err.Error(), "has no field") {
			t.Errorf("%q: %v %v", field, values, err)
		}
	}
	if _, err := l.Values(ctx, "nothing", "x", ""); !errors.Is(err, ErrNoTable) {
		t.Error(err)
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := l.Values(stopped, "web", "status", ""); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestCatalogueOfRealRecords holds the catalogue against the language: a path is
// in as many records as "path:*" finds, and a value as often as "path:=value".
func TestCatalogueOfRealRecords(t *testing.T) {
	ctx, l := context.Background(), openTest(t, t.TempDir()).Logs
	objects := globObjects(t, filepath.Join(shared(t), "data/cloudtrail/techniques/*.json"))
	if _, err := l.Append(ctx, objects, AppendOptions{Logstore: builtin("cloudtrail"), Now: testNow}); err != nil {
		t.Fatal(err)
	}
	if err := l.Declare(ctx, ingest.Builtin()...); err != nil {
		t.Fatal(err)
	}
	paths, err := l.Paths(ctx, "cloudtrail")
	if err != nil || len(paths) < 300 {
		t.Fatal(len(paths), err)
	}
	count := func(filter string) int64 {
		return rowsOf(t, l, "cloudtrail", filter+" | SELECT count(*) AS n", query.Window{}).Rows[0][0].(int64)
	}
	checked := 0
	for i, p := range paths {
		if n := count(p.Path + ":*"); n != p.Records {
			t.Errorf("%s: %d records, the language finds %d", p.Path, p.Records, n)
		}
		if i%10 != 0 || !strings.Contains(p.Type, "text") {
			continue
		}
		values, err := l.Values(ctx, "cloudtrail", p.Path, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range values[:min(len(values), 3)] {
			checked++
			quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v.Value)
			if p.Path == "userAgent" || p.Path == "errorMessage" {
				continue // prose is matched by words
			}
			if n := count(p.Path + `:="` + quoted + `"`); n != v.Count {
				t.Errorf("%s %q: %d times, the language finds %d", p.Path, v.Value, v.Count, n)
			}
		}
	}
	if checked < 30 {
		t.Errorf("only %d values were checked", checked)
	}
}

// BenchmarkCatalogue asks for paths and values over generated records. It fails
// when over a million of them the slowest values take longer than counting the
// values of one column in all records.
func BenchmarkCatalogue(b *testing.B) {
	ctx, n := context.Background(), benchRecords()
	s, dir := openTest(b, b.TempDir()), b.TempDir()
	newTrail(1).write(b, dir, n)
	if _, err := s.Logs.Append(ctx, filesIn(dir), AppendOptions{Logstore: builtin("cloudtrail"), Now: time.Now()}); err != nil {
		b.Fatal(err)
	}
	must(s.Logs.Declare(ctx, ingest.Builtin()...))
	must(s.Logs.in.checkpoint(ctx))
	fields := [][2]string{
		{"eventName", ""},
		{"eventName", "desc"},
		{"eventID", ""},
		{"userIdentity.arn", "arn"},
		{"requestParameters.bucketName", "data"},
		{"requestParameters.instancesSet.items.instanceId", ""},
		{"userIdentity.sessionContext.attributes.creationDate", ""},
		{"extra.nothing", "x"},
	}
	for b.Loop() {
		start := time.Now()
		if paths, err := s.Logs.Paths(ctx, "cloudtrail"); err != nil || len(paths) < 80 {
			b.Fatal(len(paths), err)
		}
		b.ReportMetric(time.Since(start).Seconds()*1000, "ms/paths")
		slowest := time.Duration(0)
		for _, f := range fields {
			best := time.Hour
			for range 5 {
				start := time.Now()
				if _, err := s.Logs.Values(ctx, "cloudtrail", f[0], f[1]); err != nil {
					b.Fatal(err)
				}
				best = min(best, time.Since(start))
			}
			b.Logf("%s %q: %.0f ms", f[0], f[1], best.Seconds()*1000)
			slowest = max(slowest, best)
		}
		whole := time.Hour
		for range 5 {
			start := time.Now()
			rowsOf(b, s.Logs, "cloudtrail", "* | SELECT eventID, count(*) AS n GROUP BY eventID ORDER BY n DESC LIMIT 50", query.Window{})
			whole = min(whole, time.Since(start))
		}
		b.ReportMetric(slowest.Seconds()*1000, "ms/values")
		b.ReportMetric(whole.Seconds()*1000, "ms/all")
		if n >= 1_000_000 && slowest > whole {
			b.Errorf("values take %s, everything %s", slowest, whole)
		}
	}
}
