package main

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tocsin/ingest/sample"
)

// BenchmarkQueryStart is a whole `tocsin query` over 15 minutes of a store of
// 100,000 records, as a process of its own, against `tocsin version`, which opens
// nothing.
func BenchmarkQueryStart(b *testing.B) {
	dir := b.TempDir()
	if _, err := sample.Write(filepath.Join(dir, "logs"), sample.Options{Seed: 1, Events: 100_000, Now: time.Now()}); err != nil {
		b.Fatal(err)
	}
	process := func(args ...string) time.Duration {
		cmd := command(b, dir, args...)
		start := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("tocsin %v: %v\n%s", args, err, out)
		}
		return time.Since(start)
	}
	process("load", "--live", "logs")
	var queries, versions []time.Duration
	for b.Loop() {
		for range 11 {
			queries = append(queries, process("query", "-l", "cloudtrail", "--last", "15m", "eventName:ConsoleLogin | GROUP BY userIdentity.type"))
			versions = append(versions, process("version"))
		}
	}
	slices.Sort(queries)
	slices.Sort(versions)
	median, bare := queries[len(queries)/2], versions[len(versions)/2]
	b.ReportMetric(median.Seconds()*1000, "ms/query")
	b.ReportMetric(bare.Seconds()*1000, "ms/version")
	b.ReportMetric(median.Seconds()/bare.Seconds(), "time/version")
}
