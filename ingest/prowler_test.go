package ingest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// alike are the columns that every format of one run fills alike.
var alike = []int{fdUID, fdCheck, fdStatus, fdSeverity, fdTitle, fdResource, fdResourceName, fdResourceType, fdService, fdAccount, fdRegion, fdRemediation, fdMuted}

// normalised are the findings of a file by their ids, each as the texts of alike
// and the second in which it was observed.
func normalised(t *testing.T, path string) map[string][]string {
	t.Helper()
	o, err := Decode(fileObject(path), Options{Now: loadTime})
	if err != nil {
		t.Fatal(path, err)
	}
	all := map[string][]string{}
	_, broken := drain(t, o, func(r *Record) {
		var row []string
		for _, i := range alike {
			row = append(row, string(r.Cells[i].B))
		}
		row[len(row)-1] = map[int64]string{0: "", 1: "muted"}[r.Cells[fdMuted].N]
		if r.Topic != "prowler" || !r.Cells[fdMuted].Valid {
			t.Errorf("%s: topic %s, %v", path, r.Topic, row)
		}
		at := time.UnixMicro(r.Time).UTC().Format(time.DateTime)
		if last := r.Cells[fdLastSeen]; r.Cells[fdFirstSeen].Valid || time.UnixMicro(last.N).UTC().Format(time.DateTime) != at {
			t.Errorf("%s: first and last seen: %+v %+v", path, r.Cells[fdFirstSeen], last)
		}
		all[row[0]] = append(row, at)
	})
	if len(broken) > 0 {
		t.Errorf("%s: %v", path, broken)
	}
	return all
}

// TestOneRunInAllFormats holds the files of one run to each other. What they
// cannot agree in is named here, finding by finding.
func TestOneRunInAllFormats(t *testing.T) {
	// ASFF has no name of the resource but its ARN, and some ARNs do not tell.
	unnamed := map[string]bool{"iam_policy_attached_only_to_group_or_roles": true, "iam_support_role_created": true}
	files, err := filepath.Glob(filepath.Join(shared(t), "data/findings/prowler-runs/*/*.csv"))
	if err != nil || len(files) != 8 {
		t.Fatal(files, err)
	}
	compared := 0
	for _, csv := range files {
		want := normalised(t, csv)
		for _, ending := range []string{".ocsf.json", ".json", ".asff.json"} {
			path := strings.TrimSuffix(csv, ".csv") + ending
			if _, err := os.Stat(path); err != nil {
				continue
			}
			got := normalised(t, path)
			if ending != ".asff.json" && len(got) != len(want) {
				t.Errorf("%s: %d findings, the CSV has %d", path, len(got), len(want))
			}
			for key, row := range got {
				other := want[key]
				if ending == ".asff.json" {
					other = asffAlike(want, row)
				}
				if other == nil {
					t.Errorf("%s: %s is not in the CSV", path, key)
					continue
				}
				compared++
				row, other = slices.Clone(row), slices.Clone(other)
				if ending == ".asff.json" && unnamed[row[1]] {
					row[0], row[6] = other[0], other[6]
				}
				if ending == ".asff.json" && row[12] == "muted" {
					row[2] = other[2] // WARNING, whatever the result
				}
				if !slices.Equal(row, other) {
					t.Errorf("%s:\n %q\n not as in the CSV\n %q", path, row, other)
				}
			}
		}
	}
	if compared != 944 {
		t.Errorf("%d findings were compared", compared)
	}
}

// asffAlike is the finding of the same check, resource and region.
func asffAlike(all map[string][]string, row []string) []string {
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if r := all[key]; r[1] == row[1] && r[5] == row[5] && r[10] == row[10] {
			return r
		}
	}
	return nil
}
