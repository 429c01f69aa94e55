package ingest

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// realRecords is one envelope of real CloudTrail records, repeated to some megabytes.
func realRecords(b *testing.B) (data []byte, records int) {
	files, err := filepath.Glob(filepath.Join(shared(b), "data/cloudtrail/attack-simulation/*.json"))
	if err != nil {
		b.Fatal(err)
	}
	data = []byte(`{"Records":[`)
	for range 4 {
		for _, p := range files {
			text, err := os.ReadFile(p)
			if err != nil {
				b.Fatal(err)
			}
			var env struct{ Records []json.RawMessage }
			if err := json.Unmarshal(text, &env); err != nil {
				b.Fatal(err)
			}
			for _, r := range env.Records {
				if records > 0 {
					data = append(data, ',')
				}
				data = append(data, r...)
				records++
			}
		}
	}
	return append(data, "]}"...), records
}

func BenchmarkCloudTrail(b *testing.B) {
	data, records := realRecords(b)
	decodeLoop(b, data, len(data), records)
}

func BenchmarkCloudTrailGzip(b *testing.B) {
	data, records := realRecords(b)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(data); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	decodeLoop(b, z.Bytes(), len(data), records)
}

func decodeLoop(b *testing.B, data []byte, unpacked, records int) {
	obj := Object{Name: "bench", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
	b.SetBytes(int64(unpacked))
	b.ReportAllocs()
	for b.Loop() {
		o, err := Decode(obj, Options{Now: loadTime})
		if err != nil {
			b.Fatal(err)
		}
		if n, _ := drain(b, o, nil); n != records {
			b.Fatalf("%d records, not %d", n, records)
		}
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkBaseline is encoding/json over the same records, with the hot fields
// typed and the nested objects raw.
func BenchmarkBaseline(b *testing.B) {
	data, records := realRecords(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var env struct {
			Records []struct {
				EventTime, EventSource, EventName, AWSRegion, SourceIPAddress, UserAgent, ErrorCode, ErrorMessage, RequestID, EventID string
				RequestParameters, ResponseElements, UserIdentity, AdditionalEventData, Resources, TLSDetails                         json.RawMessage
			}
		}
		if err := json.Unmarshal(data, &env); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
