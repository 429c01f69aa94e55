package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// shared returns the folder of real and hostile data beside the repository.
func shared(t testing.TB) string {
	t.Helper()
	dirs := []string{os.Getenv("TOCSIN_SHARED"), "../../shared", "../../../shared"}
	for _, d := range dirs {
		if _, err := os.Stat(filepath.Join(d, "data")); d != "" && err == nil {
			return d
		}
	}
	t.Skip("no real data: TOCSIN_SHARED names no folder with data/")
	return ""
}

func bytesObject(data []byte) Object {
	return Object{Name: "case", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

func fileObject(path string) Object {
	return Object{Name: path, Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// drain counts the records and the broken ones of an object.
func drain(t testing.TB, o *Opened, each func(*Record)) (n int, broken []*Broken) {
	t.Helper()
	var r Record
	for {
		var b *Broken
		switch err := o.Next(&r); {
		case errors.Is(err, io.EOF):
			return n, broken
		case errors.As(err, &b):
			broken = append(broken, b)
		case err != nil:
			t.Fatal(err)
		default:
			n++
			if each != nil {
				each(&r)
			}
		}
	}
}

func TestRealCloudTrail(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t), "data/cloudtrail/*/*.json"))
	if err != nil {
		t.Fatal(err)
	}
	total := map[string]int{}
	for _, p := range files {
		o, err := Decode(fileObject(p), Options{})
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		n, broken := drain(t, o, nil)
		if len(broken) > 0 {
			t.Errorf("%s: %v", p, broken[0])
		}
		if want := counted(t, p); n != want || n == 0 {
			t.Errorf("%s: %d records, not %d", p, n, want)
		}
		total[filepath.Base(filepath.Dir(p))] += n
	}
	if len(files) != 90 || total["attack-simulation"] != 2900 || total["techniques"] != 310 {
		t.Errorf("%d files, records %v", len(files), total)
	}
}

// counted is the number of records in a file of CloudTrail, by encoding/json.
func counted(t *testing.T, path string) (n int) {
	t.Helper()
	for _, doc := range documents(t, path) {
		var envelope struct{ Records []json.RawMessage }
		if err := json.Unmarshal(doc, &envelope); err != nil {
			t.Fatal(path, err)
		}
		if n += len(envelope.Records); envelope.Records == nil {
			n++
		}
	}
	return n
}
