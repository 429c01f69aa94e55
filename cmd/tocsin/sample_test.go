package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"tocsin/ingest/sample"
)

// TestSampleQueries: of all formats loaded together, what is planted in each is
// found by its query, and nothing else is; and what load says are the counts of
// the manifest.
func TestSampleQueries(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write("tocsin.yaml", "rules: []\n")
	said := b.must(0, "sample", b.path("logs"), "--format", strings.Join(sample.Formats(), ","), "--events", "400", "--duplicates", "2%", "--late", "0.02", "--broken", "2%", "--manifest", b.path("manifest.json"))
	for _, want := range []string{`{"kind":"`, `","logstore":"`} {
		if !strings.Contains(said.out, want) {
			t.Errorf("sample does not print %s:\n%s", want, said.out)
		}
	}
	if listed := regexp.MustCompile(`bytes: \d+ records for \w+(, \d+ records for \w+)*, \d+ told twice`); !listed.MatchString(said.err) {
		t.Errorf("the sum of sample is %s", said.err)
	}
	text, err := os.ReadFile(b.path("manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m sample.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	load := b.must(1, "load", b.path("logs"))
	for store := range m.Records {
		var want sample.FormatCount
		for _, f := range m.Formats {
			if f.Logstore == store {
				want.Records, want.Files = want.Records+f.Records, want.Files+f.Files
				want.Duplicates, want.Broken = want.Duplicates+f.Duplicates, want.Broken+f.Broken
			}
		}
		line := fmt.Sprintf("%s: %d records stored from %d objects, %d duplicates, %d records set aside", store, want.Records, want.Files, want.Duplicates, want.Broken)
		if !strings.Contains(load.err, line) {
			t.Errorf("load does not say %q:\n%s", line, load.err)
		}
	}
	if len(m.Incidents) < len(sample.Formats()) {
		t.Errorf("%d incidents in %d formats", len(m.Incidents), len(sample.Formats()))
	}
	for _, i := range m.Incidents {
		got := b.must(0, "query", "--all", "-l", i.Logstore, "-o", "ndjson", i.Query)
		if n := strings.Count(got.out, "\n"); n != i.Records {
			t.Errorf("%s: %s finds %d records, not %d", i.Kind, i.Query, n, i.Records)
		}
	}
}

// TestSampleFlags: what the flags may be.
func TestSampleFlags(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write("tocsin.yaml", "rules: []\n")
	for _, c := range []struct{ args, want string }{
		{"--format nosuch", "known are actiontrail, asff, "},
		{"--rate 10", "write a rate as 2000/s, 10/m or 5/h"},
		{"--rate 0/s", "write a rate as"},
		{"--duplicates 101%", "write a share as 1% or 0.01"},
		{"--late NaN", "write a share as"},
		{"--broken -1%", "write a share as"},
		{"--follow --now 2026-11-25", "--follow and --now exclude each other"},
		{"--rate 1/s --last 24h", "--rate and --last exclude each other"},
		{"--events -1", "it is 1 or more"},
	} {
		a := b.must(2, append([]string{"sample", b.path("none")}, strings.Fields(c.args)...)...)
		if !strings.Contains(a.err, c.want) {
			t.Errorf("%s: %s", c.args, a.err)
		}
	}
	if _, err := os.Stat(b.path("none")); err == nil {
		t.Error("something was written")
	}
	// 600 records at one a second are ten minutes.
	a := b.must(0, "sample", b.path("rate"), "--rate", "1/s", "--events", "600", "--quiet", "--plain", "--format", "prisma-audit", "--manifest", b.path("m.json"))
	text, err := os.ReadFile(b.path("m.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m sample.Manifest
	if err := json.Unmarshal(text, &m); err != nil || m.To.Sub(m.From) != 10*time.Minute || m.Records["audit"] != 600 || a.out != "" {
		t.Errorf("%v: %+v, %s", err, m, a.out)
	}
}

// TestSampleFollows: it goes on until its records are written, in real time.
func TestSampleFollows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write("tocsin.yaml", "rules: []\n")
	clock := b.now
	e := b.env(new(bytes.Buffer), new(bytes.Buffer))
	e.now = func() time.Time { clock = clock.Add(time.Second); return clock }
	if code := run(t.Context(), e, []string{"sample", b.path("live"), "--follow", "--rate", "100/s", "--events", "150", "--plain"}); code != 0 {
		t.Fatalf("exit status %d", code)
	}
	if a := b.must(0, "load", b.path("live")); !strings.Contains(a.err, "cloudtrail: 168 records stored") {
		t.Errorf("load says %s", a.err)
	}
}
