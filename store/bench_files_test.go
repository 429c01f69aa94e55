package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tocsin/ingest"
	"tocsin/query"
)

// BenchmarkSmallFiles loads the same number of records from 10,000 files and from
// 500. It fails when the small ones take more than three times as long.
func BenchmarkSmallFiles(b *testing.B) {
	const records = 200_000
	few, many := b.TempDir(), b.TempDir()
	for dir, file := range map[string]int{few: 400, many: 20} {
		t := newTrail(1)
		t.file = file
		t.write(b, dir, records)
	}
	for b.Loop() {
		in500, in10000 := runChild(b, "load", few), runChild(b, "load", many)
		ratio := in10000.wall.Seconds() / in500.wall.Seconds()
		b.ReportMetric(in10000.wall.Seconds(), "s/10000-files")
		b.ReportMetric(ratio, "of-500-files")
		if ratio > 3 {
			b.Errorf("10,000 files take %s, 500 files %s", in10000.wall, in500.wall)
		}
	}
}

// BenchmarkLive lets objects of 20 records become visible at 2,000 records a
// second, takes in what is there as a source does, and measures how long it is
// until a query finds their rows, beside a ledger of 300,000 older objects. It
// fails when that is over 1.5 s for one in twenty.
func BenchmarkLive(b *testing.B) {
	const seconds, perSecond = 20, 100
	ctx, dir := context.Background(), b.TempDir()
	t := newTrail(2)
	t.file = 20
	files, _ := t.write(b, dir, seconds*perSecond*20)
	files = slices.DeleteFunc(files, func(name string) bool { return filepath.Base(name)[7] != '0' }) // no copies
	for b.Loop() {
		s := openTest(b, b.TempDir())
		_, err := s.Logs.in.db.Exec(`INSERT INTO objects (id, logstore, name, version, format, size, modified, records, duplicates, conflicts, broken, flagged, history, oldest, newest, first_seq, last_seq, loaded_at)
			SELECT -n, 'cloudtrail', 's3://org-trail/AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/10/111122223333_CloudTrail_us-east-1_20261110T0000Z_' || md5(n::VARCHAR) || '.json.gz',
			md5(n::VARCHAR), 'cloudtrail', 1000, NULL, 0, 0, 0, 0, 0, false, NULL, NULL, NULL, NULL, now()::TIMESTAMP FROM range(300000) t(n)`)
		must(err)
		seen, late := live(ctx, b, s, files)
		slices.Sort(late)
		p95 := late[len(late)*95/100]
		b.ReportMetric(late[len(late)/2].Seconds(), "p50-s")
		b.ReportMetric(p95.Seconds(), "p95-s")
		b.ReportMetric(float64(seen)/seconds, "records/s")
		if p95 > 1500*time.Millisecond {
			b.Errorf("one object in twenty takes more than %s until its rows are found", p95)
		}
	}
}

// live plays BenchmarkLive, and returns how many records a query found at the
// end, and for each object how late it was found.
func live(ctx context.Context, b *testing.B, s *Store, files []string) (records int64, late []time.Duration) {
	b.Helper()
	const every = 10 * time.Millisecond
	start := time.Now()
	visible := func(i int) time.Time { return start.Add(time.Duration(i) * every) }
	for next := 0; next < len(files); {
		var objects []ingest.Object
		for i := next; i < len(files) && !visible(i).After(time.Now()); i++ {
			objects = append(objects, fileObject(files[i]))
		}
		if len(objects) == 0 {
			time.Sleep(every)
			continue
		}
		if _, err := s.Logs.Load(ctx, objects, LoadOptions{Ingest: ingest.Options{Now: time.Now()}, History: Live}); err != nil {
			b.Fatal(err)
		}
		seq, _, err := s.Logs.LastSeq(ctx)
		must(err)
		got := rowsOf(b, s.Logs, "cloudtrail", "* | SELECT count(*) AS n", query.Window{UpToSeq: seq})
		next += len(objects)
		if records = toInt(got.Rows[0][0]); records != int64(next)*20 {
			b.Fatalf("%d records are found, of %d objects", records, next)
		}
		for i := next - len(objects); i < next; i++ {
			late = append(late, time.Since(visible(i)))
		}
	}
	return records, late
}

func toInt(v any) int64 {
	n, ok := v.(int64)
	if !ok {
		panic(fmt.Sprintf("%T", v))
	}
	return n
}
