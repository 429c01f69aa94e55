package ingest

import (
	"bytes"
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
	total := 0
	for _, p := range files {
		o, err := Decode(fileObject(p), Options{})
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		n, broken := drain(t, o, nil)
		if len(broken) > 0 {
			t.Errorf("%s: %v", p, broken[0])
		}
		total += n
	}
	if total != 3210 {
		t.Errorf("%d records, not 3210", total)
	}
}
