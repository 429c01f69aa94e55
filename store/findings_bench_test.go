package store

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"tocsin/ingest"
)

// accountsRun is the first real run, once for each of many accounts, days later.
func accountsRun(t testing.TB, accounts, days int) ingest.Object {
	first, _ := runFiles(t)
	src, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(src)), "["), "]")
	body = strings.ReplaceAll(body, "1795623338", fmt.Sprint(1795623338+86400*days))
	readers := []io.Reader{strings.NewReader("[")}
	for i := range accounts {
		if i > 0 {
			readers = append(readers, strings.NewReader(","))
		}
		readers = append(readers, strings.NewReader(strings.ReplaceAll(body, "123456789012", fmt.Sprintf("%012d", i+1))))
	}
	readers = append(readers, strings.NewReader("]"))
	return ingest.Object{Name: fmt.Sprint("run ", days), Version: "1", Size: -1, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(readers...)), nil
	}}
}

// BenchmarkFindingsAgain loads 100,000 findings most of which are known, the
// n-th scan of the same accounts; the first iteration stores them.
func BenchmarkFindingsAgain(b *testing.B) {
	s, err := Open(context.Background(), Options{Dir: b.TempDir(), Command: "bench", Now: testNow, Threads: LoadThreads})
	must(err)
	defer func() { must(s.Close(context.Background())) }()
	records := int64(0)
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		obj := accountsRun(b, 1100, i)
		b.StartTimer()
		begin := time.Now()
		sum, err := s.Logs.Append(context.Background(), []ingest.Object{obj}, AppendOptions{
			Logstore: builtin(ingest.FindingsName), Now: testNow.AddDate(0, 0, 7+i), Read: ingest.Options{Limits: ingest.Limits{Ratio: 1 << 30, Object: 1 << 40}},
		})
		must(err)
		records += sum.Records
		b.Logf("scan %d: %d records in %s", i, sum.Records, time.Since(begin))
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkFindingsNow asks for the posture over 100,000 findings.
func BenchmarkFindingsNow(b *testing.B) {
	s, err := Open(context.Background(), Options{Dir: b.TempDir(), Command: "bench", Now: testNow, Threads: LoadThreads})
	must(err)
	defer func() { must(s.Close(context.Background())) }()
	for i := range 2 {
		_, err := s.Logs.Append(context.Background(), []ingest.Object{accountsRun(b, 1100, i)}, AppendOptions{
			Logstore: builtin(ingest.FindingsName), Now: testNow.AddDate(0, 0, 7+i), Read: ingest.Options{Limits: ingest.Limits{Ratio: 1 << 30, Object: 1 << 40}},
		})
		must(err)
	}
	for b.Loop() {
		table(b, s.Logs, ingest.FindingsNowName, posture, 0)
	}
}
