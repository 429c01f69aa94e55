package ingest

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// documents counts the records in a file of lists, documents or lines, by
// encoding/json.
func documents(t *testing.T, path string) (all []json.RawMessage) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		var v json.RawMessage
		if err := d.Decode(&v); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(path, err)
		}
		if v[0] != '[' {
			all = append(all, v)
			continue
		}
		var list []json.RawMessage
		if err := json.Unmarshal(v, &list); err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
	}
}

// realFindings are the files of findings that this package reads.
func realFindings(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, g := range []string{"prowler-runs/*/*.ocsf.json", "prowler-runs/*/*.asff.json", "prowler/*ocsf.json", "prowler/*OCSF.json", "prowler/*ASFF.json", "asff/*.jsonl", "samples/alibaba_cspm.jsonl"} {
		files, err := filepath.Glob(filepath.Join(shared(t), "data/findings", g))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, files...)
	}
	if len(all) < 20 {
		t.Fatalf("%d files", len(all))
	}
	return all
}

func TestRealFindings(t *testing.T) {
	declared := map[string]bool{}
	for _, f := range findings().Fields {
		declared[f.Name] = true
	}
	for _, p := range realFindings(t) {
		o, err := Decode(fileObject(p), Options{Now: loadTime})
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		var empty []string
		n, broken := drain(t, o, func(r *Record) {
			for _, i := range []int{fdUID, fdCheck, fdStatus, fdSeverity, fdTitle, fdResource, fdRegion, fdRecord} {
				if !r.Cells[i].Valid && !strings.Contains(p, "docs_") && !strings.Contains(p, "alibaba") {
					empty = append(empty, o.Logstore.Columns[i].Name)
				}
			}
			if r.Time == loadTime.UnixMicro() {
				empty = append(empty, "time")
			}
		})
		if len(empty) > 0 {
			t.Errorf("%s: empty: %v", p, empty)
		}
		if filepath.Base(p) == "docs_4.6.2_JSON-OCSF.json" { // broken as published
			if n != 0 || len(broken) != 1 {
				t.Errorf("%s: %d records, %v", p, n, broken)
			}
			continue
		}
		docs := documents(t, p)
		if n != len(docs) || len(broken) > 0 {
			t.Errorf("%s: %d records of %d, broken: %v", p, n, len(docs), broken)
		}
		for _, doc := range docs {
			var keys map[string]json.RawMessage
			if err := json.Unmarshal(doc, &keys); err != nil {
				t.Fatal(err)
			}
			for k := range keys {
				if !declared[k] {
					t.Errorf("%s: %s is not declared", p, k)
				}
			}
		}
	}
}
