//go:build soak

package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tocsin/ingest/awsapi/awstest"
)

// TestSoakHostileBig adds the large cases that take long to make: gigabytes, and
// archives in archives.
func TestSoakHostileBig(t *testing.T) {
	loadBig(t, "gzip-bomb", "gzip-bomb-json", "gzip-nested", "line-2g")
}

// TestSoakHostileSources takes the large cases out of a bucket, and from standard
// input, where they stand unpacked between good lines: what is packed comes through
// zcat. The case is set aside, what is beside it is stored, and memory stays flat.
func TestSoakHostileSources(t *testing.T) {
	eachBig(t, takeBig, "gzip-bomb", "gzip-bomb-json", "gzip-nested", "gzip-members", "line-2g")
}

func takeBig(t *testing.T, c hostileText, made *exec.Cmd) {
	first := newBench(t)
	first.make(c.Name, made)
	path := first.path(c.Name)
	for _, source := range []string{"bucket", "stdin"} {
		b := newBench(t)
		b.now = time.Now()
		b.write("rules/none.yaml", "")
		stdin, closeIt := io.Reader(strings.NewReader("")), func() error { return nil }
		if source == "bucket" {
			s := awstest.New(t)
			s.PutFile("logs", "b", path)
			s.Put("logs", "a", good(1))
			s.Put("logs", "c", good(2))
			b.write("tocsin.yaml", fmt.Sprintf("private_addresses: [127.0.0.1]\nsources: [{name: in, bucket: logs, endpoint: %q}]\n", s.URL))
		} else {
			b.write("tocsin.yaml", "sources: [{name: in, stdin: true}]\n")
			stdin, closeIt = lineOf(t, path)
		}
		peak, start := peakMemory(), time.Now()
		a := b.onceFrom(stdin)
		grown := peak()
		t.Logf("%s: %v, memory grew by at most %d MB: %s", source, time.Since(start), grown>>20, strings.TrimSpace(a.err))
		if err := closeIt(); err != nil {
			t.Fatal(err)
		}
		if grown > 512<<20 {
			t.Errorf("%s: it took %d MB", source, grown>>20)
		}
		if out := b.must(0, "query", "-l", "cloudtrail", "--all", "-o", "csv", "* | SELECT count(*) AS n, count_if(eventName = 'GoodNeighbour') AS good").out; strings.TrimSpace(out) != "n,good\n2,2" {
			t.Errorf("%s: %s", source, out)
		}
		var letters []deadLetterRow
		if err := json.Unmarshal([]byte(b.must(0, "deadletters", "list", "-o", "json").out), &letters); err != nil {
			t.Fatal(err)
		}
		if len(letters) == 0 || source == "bucket" && len(letters) != 1 {
			t.Errorf("%s: %d dead letters", source, len(letters))
		}
		for _, l := range letters[:min(3, len(letters))] {
			t.Logf("%s: %s", source, l.Reason)
		}
		b.smallOnDisk(t)
	}
}

// lineOf is the unpacked content of a file, as lines between two good ones.
func lineOf(t *testing.T, path string) (r io.Reader, closeIt func() error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(f)
	r = in
	if magic, err := in.Peek(2); err == nil && string(magic) == "\x1f\x8b" {
		if r, err = gzip.NewReader(in); err != nil {
			t.Fatal(errors.Join(err, f.Close()))
		}
	}
	return io.MultiReader(strings.NewReader(good(1)), untilBroken{r}, strings.NewReader("\n"+good(2))), f.Close
}

// untilBroken ends where what it reads is broken, as the end of a pipe does.
type untilBroken struct{ r io.Reader }

func (u untilBroken) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

// smallOnDisk holds that what was set aside is not kept in gigabytes.
func (b *bench) smallOnDisk(t *testing.T) {
	t.Helper()
	info, err := os.Stat(b.path("data/logs.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 256<<20 {
		t.Errorf("the file has %d MB", info.Size()>>20)
	}
}
