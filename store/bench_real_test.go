package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// realIDs is a UUID as AWS writes it; a record has two or three of its own.
var realIDs = regexp.MustCompile(`"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"`)

// realTimes is the time of an event.
var realTimes = regexp.MustCompile(`"eventTime":"([^"]+)"`)

// BenchmarkRealSize loads real CloudTrail records, repeated on other days and with
// ids of their own, and reports the size of the file against that of the packed
// files, of 160 records each.
func BenchmarkRealSize(b *testing.B) {
	records := realRecords(b)
	t, dir := newTrail(1), b.TempDir()
	var packed int64
	n, files := 0, 0
	for round := 0; n < benchRecords()/5; round++ {
		for from := 0; from < len(records); from += 160 {
			part := records[from:min(from+160, len(records))]
			packed += t.realFile(filepath.Join(dir, fmt.Sprintf("%06d.json.gz", files)), part, round)
			n, files = n+len(part), files+1
		}
	}
	for b.Loop() {
		c := runChild(b, "load", dir)
		if want := fmt.Sprint(n, 0, 0); c.output != want {
			b.Fatalf("loaded %q, want %q", c.output, want)
		}
		b.ReportMetric(float64(c.bytes)/float64(n), "bytes/record")
		b.ReportMetric(float64(packed)/float64(n), "gzip-bytes/record")
		b.ReportMetric(float64(c.bytes)/float64(packed), "size/gzip")
	}
}

// realRecords are the records of the simulated attacks.
func realRecords(b *testing.B) (records []json.RawMessage) {
	b.Helper()
	names, err := filepath.Glob(filepath.Join(shared(b), "data/cloudtrail/attack-simulation/*.json"))
	must(err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		must(err)
		var doc struct{ Records []json.RawMessage }
		must(json.Unmarshal(text, &doc))
		records = append(records, doc.Records...)
	}
	if len(records) == 0 {
		b.Skip("no real records")
	}
	return records
}

// realFile writes a file of records as they would have been so many days later, and
// returns its size.
func (t *trail) realFile(name string, records []json.RawMessage, days int) int64 {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, 6)
	must(err)
	put := func(p []byte) {
		_, err := z.Write(p)
		must(err)
	}
	put([]byte(`{"Records":[`))
	for i, r := range records {
		if i > 0 {
			put([]byte(","))
		}
		text := realIDs.ReplaceAllFunc(r, func([]byte) []byte { return []byte(`"` + t.uuid() + `"`) })
		text = realTimes.ReplaceAllFunc(text, func(m []byte) []byte {
			at, err := time.Parse(time.RFC3339, string(realTimes.FindSubmatch(m)[1]))
			must(err)
			return fmt.Appendf(nil, `"eventTime":%q`, at.AddDate(0, 0, days).Format(time.RFC3339))
		})
		put(text)
	}
	put([]byte("]}"))
	must(z.Close())
	must(os.WriteFile(name, out.Bytes(), 0o600))
	return int64(out.Len())
}
