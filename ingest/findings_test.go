package ingest

import (
	"bytes"
	"encoding/csv"
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

// rows counts the rows of a CSV file by encoding/csv, without headers.
func rows(t *testing.T, path string) (n int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = ';'
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(path, err)
	}
	for _, row := range all {
		if row[0] != all[0][0] {
			n++
		}
	}
	return n
}

// realFindings are the files of findings, and how many each has.
func realFindings(t *testing.T) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, g := range []string{"prowler-runs/*/*", "prowler/*", "asff/*.jsonl", "samples/alibaba_cspm.jsonl", "samples/guardduty.json", "samples/prisma_alert.json"} {
		files, err := filepath.Glob(filepath.Join(shared(t), "data/findings", g))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range files {
			switch {
			case filepath.Base(p) == "docs_4.6.2_JSON-OCSF.json": // broken as published
				all[p] = 0
			case strings.HasSuffix(p, ".csv"):
				all[p] = rows(t, p)
			default:
				all[p] = len(documents(t, p))
			}
		}
	}
	all[filepath.Join(shared(t), "data/findings/samples/qualys_totalcloud_eval.json")] = 1 // a page
	if len(all) != 39 {
		t.Fatalf("%d files", len(all))
	}
	return all
}

func TestRealFindings(t *testing.T) {
	declared := map[string]bool{}
	for _, f := range findings().Fields {
		if declared[f.Name] {
			t.Errorf("%s is declared twice", f.Name)
		}
		declared[f.Name] = true
	}
	for p, want := range realFindings(t) {
		o, err := Decode(fileObject(p), Options{Now: loadTime})
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		var odd []string
		n, broken := drain(t, o, func(r *Record) {
			for _, i := range []int{fdUID, fdCheck, fdStatus, fdSeverity, fdTitle, fdResource, fdRegion, fdRecord} {
				if !r.Cells[i].Valid && !strings.Contains(p, "docs_") && !strings.Contains(p, "alibaba") {
					odd = append(odd, "no "+o.Logstore.Columns[i].Name)
				}
			}
			if r.Time == loadTime.UnixMicro() {
				odd = append(odd, "no time")
			}
			var keys map[string]json.RawMessage
			if err := json.Unmarshal(r.Cells[fdRecord].B, &keys); err != nil {
				t.Error(p, err)
			}
			for k := range keys {
				if !declared[k] {
					odd = append(odd, k+" is not declared")
				}
			}
		})
		if len(odd) > 0 {
			t.Errorf("%s: %v", p, odd)
		}
		if aside := map[bool]int{want == 0: 1}[true]; n != want || len(broken) != aside {
			t.Errorf("%s: %d records of %d, broken: %v", p, n, want, broken)
		}
	}
}

// TestDeclaredNames: what the default map of columns names can be queried.
func TestDeclaredNames(t *testing.T) {
	declared := map[string]bool{}
	for _, f := range findings().Fields {
		declared[f.Name] = true
	}
	for field, paths := range DefaultColumns().fields {
		for _, path := range paths {
			if !declared[path[0]] {
				t.Errorf("%s (%s) is not declared", path[0], field)
			}
		}
	}
}
