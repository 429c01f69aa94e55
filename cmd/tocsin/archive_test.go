package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"tocsin/ingest/awsapi/awstest"
)

// An archive in a bucket: what a source hands out is there before it counts as
// taken in, by hand too, and where the bucket refuses, nothing is taken in.
func TestArchiveInABucket(t *testing.T) {
	t.Parallel()
	s := awstest.New(t)
	dir := archiveProject(t, s.URL)
	refused := true
	s.Fault = func(operation, _ string) *awstest.Fault {
		if operation == "PutObject" && refused {
			return &awstest.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}
		}
		return nil
	}
	out, err := command(t, dir, "run", "--once").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "the permission s3:PutObject on arn:aws:s3:::kept/raw/acme/") || countRecords(t, dir) != 0 {
		t.Errorf("a bucket that is not ours: %v\n%s", err, out)
	}
	s.Mu.Lock()
	refused = false
	s.Mu.Unlock()
	for range 2 {
		if out, err := command(t, dir, "run", "--once").CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	if n := countRecords(t, dir); n != 2*recordsPerObject {
		t.Errorf("%d records", n)
	}
	name := regexp.MustCompile(`^raw/acme/20\d\d/\d\d/\d\d/in-([0-9a-f]{64})$`)
	for key, o := range s.Buckets["kept"] {
		if m := name.FindStringSubmatch(key); m == nil || m[1] != fmt.Sprintf("%x", sha256.Sum256(o.Data)) {
			t.Errorf("%s holds\n%s", key, o.Data)
		}
	}
	if n, puts := len(s.Buckets["kept"]), s.Count("PutObject"); n != 2 || puts > 4 {
		t.Errorf("%d objects are kept, of %d calls", n, puts)
	}
	archiveByTwo(t, dir, func() int { return len(s.Buckets["kept"]) - 2 })
}

// archiveProject is a folder with two logs, and an archive in a bucket.
func archiveProject(t *testing.T, endpoint string) string {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"tocsin.yaml": fmt.Sprintf("private_addresses: [127.0.0.1]\nsources: [{name: in, dir: logs, tenant: acme}]\n"+
			"archive: {bucket: kept/raw, endpoint: %q, region: us-east-1}\n", endpoint),
		"logs/a.json": trailObject(1), "logs/b.json": trailObject(2),
	})
	return dir
}

// archiveByTwo archives forty files by two processes at a time: each is new to one
// of them, and all are there.
func archiveByTwo(t *testing.T, dir string, kept func() int) {
	t.Helper()
	const files = 40
	for n := range files {
		if err := os.MkdirAll(filepath.Join(dir, "more"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "more", fmt.Sprint(n)), []byte(trailObject(1000+n)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var both sync.WaitGroup
	answers := make([]string, 2)
	for n := range answers {
		both.Go(func() {
			out, err := command(t, dir, "archive", "more", "-o", "ndjson").Output()
			if err != nil {
				t.Error(err)
			}
			answers[n] = string(out)
		})
	}
	both.Wait()
	first := map[string]int{}
	for line := range strings.Lines(answers[0] + answers[1]) {
		var row struct {
			File string
			New  bool
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if row.New {
			first[row.File]++
		}
	}
	for file, n := range first {
		if n != 1 {
			t.Errorf("%s was new to %d", file, n)
		}
	}
	if n := kept(); len(first) != files || n != files {
		t.Errorf("%d files were new, %d are kept, of %d", len(first), n, files)
	}
}
