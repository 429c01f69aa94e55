//go:build integration || soak

// The queries of the documentation on both engines.

package trino_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tocsin/ingest"
	"tocsin/ingest/sample"
	"tocsin/query"
	"tocsin/store"
)

// TestIntegrationTrinoDocs asks every query, filter and example of a function of
// the pages, over logs as `tocsin sample` writes them.
func TestIntegrationTrinoDocs(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	if _, err := sample.Write(dir, sample.Options{Seed: 1, Events: 600, Now: now, Plain: true}); err != nil {
		t.Fatal(err)
	}
	files, _, err := ingest.Files([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	p := newPairOf(t, []*ingest.Logstore{builtin(t, "cloudtrail"), builtin(t, "findings")}, func(l *store.Logs) error {
		r, err := l.Load(t.Context(), files, store.LoadOptions{Ingest: ingest.Options{Now: now}})
		if err == nil && r.SetAside() {
			err = fmt.Errorf("load the sample: %+v", r)
		}
		return err
	})
	for _, page := range []string{"language.md", "investigations.md"} {
		text, err := os.ReadFile(filepath.Join("../../docs", page))
		if err != nil {
			t.Fatal(err)
		}
		for logstore, queries := range queriesOf(string(text)) {
			t.Run(page+"/"+logstore, func(t *testing.T) {
				o := query.Options{Logstore: logstore, MaxRows: 100_000, Lists: map[string][]string{"allowed": {"us-east-1", "eu-central-1"}}}
				for _, q := range queries {
					if strings.Contains(q, "JOIN accounts") {
						t.Logf("left out, since only the cases have lookup tables: %s", q)
						continue
					}
					if _, err := planned(p.schema, o, q); err != nil {
						t.Errorf("%s: %v", q, err)
					}
				}
				p.compareIn(t, o, query.Window{Now: now, To: now.Add(time.Hour)}, queries)
			})
		}
	}
}

var (
	fence = regexp.MustCompile("(?ms)^```query (\\w+)\n(.*?)^```$")
	code  = regexp.MustCompile("`([^`]+)`")
)

// queriesOf are the queries of a page by logstore: those in fences, the filters
// of tables, and the examples of functions.
func queriesOf(page string) map[string][]string {
	out := map[string][]string{}
	for _, m := range fence.FindAllStringSubmatch(page, -1) {
		out[m[1]] = append(out[m[1]], strings.TrimSpace(m[2]))
	}
	table := ""
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.ReplaceAll(strings.Trim(strings.TrimSpace(line), "|"), `\|`, "\x00"), "|")
		if !strings.HasPrefix(line, "|") {
			table = ""
			continue
		}
		head := strings.TrimSpace(cells[0])
		if table == "" {
			table = head
			continue
		}
		for i, cell := range cells {
			for _, m := range code.FindAllStringSubmatch(cell, -1) {
				text := strings.ReplaceAll(m[1], "\x00", "|")
				switch {
				case table == "filter" && i == 0:
					out["cloudtrail"] = append(out["cloudtrail"], text+" | SELECT count(*) AS n")
				case table == "function" && i == 1:
					out["cloudtrail"] = append(out["cloudtrail"], "* | SELECT "+text+" AS x LIMIT 5")
				}
			}
		}
	}
	return out
}
