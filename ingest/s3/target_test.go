package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"tocsin/ingest/awsapi/awstest"
)

func (r *rig) target(place string) *Target {
	at, _ := ParsePlace(place)
	return &Target{Client: NewClient(r.Config()), Place: at, wait: func(context.Context, int) {}}
}

// A content is put where there is none, whatever goes wrong on the way, and what
// is there stays.
func TestPut(t *testing.T) {
	fault := func(status int, code string) *awstest.Fault { return &awstest.Fault{Status: status, Code: code} }
	cut := &awstest.Fault{Cut: true} // the answer is lost, the object stored
	for _, c := range []struct {
		name   string
		place  string
		there  string // "": nothing
		faults []*awstest.Fault
		before bool
		err    string // "": none
		want   string // "": nothing is there
	}{
		{"new", "kept", "", nil, false, "", "content"},
		{"a folder", "kept/in/a", "", nil, false, "", "content"},
		{"a folder with its slash", "kept/in/a/", "", nil, false, "", "content"},
		{"there before", "kept", "first", nil, true, "", "first"},
		{"throttled", "kept", "", []*awstest.Fault{fault(503, "SlowDown")}, false, "", "content"},
		{"the answer is lost", "kept", "", []*awstest.Fault{cut}, true, "", "content"},
		{"others put it too", "kept", "", []*awstest.Fault{fault(409, "ConditionalRequestConflict"), fault(409, "ConditionalRequestConflict")}, false, "", "content"},
		{"others put it for ever", "kept", "", slow(409, "ConditionalRequestConflict"), false, "s3:PutObject s3://kept/t/x: ConditionalRequestConflict", ""},
		{"not ours to write", "kept", "", []*awstest.Fault{fault(403, "AccessDenied")}, false, "the permission s3:PutObject on arn:aws:s3:::kept/t/x is missing", ""},
		{"too large for it", "kept", "", []*awstest.Fault{fault(400, "EntityTooLarge")}, false, "EntityTooLarge", ""},
		{"another conflict", "kept", "", []*awstest.Fault{fault(409, "InvalidBucketState")}, false, "InvalidBucketState", ""},
	} {
		r := newRig(t)
		target := r.target(c.place)
		key := map[string]string{"kept": "t/x", "kept/in/a": "in/a/t/x", "kept/in/a/": "in/a/t/x"}[c.place]
		if c.there != "" {
			r.Server.Put("kept", key, c.there)
		}
		r.Fault = func(string, string) (f *awstest.Fault) {
			if len(c.faults) > 0 {
				f, c.faults = c.faults[0], c.faults[1:]
			}
			return f
		}
		before, err := target.Put(t.Context(), "t/x", strings.NewReader("content"))
		if before != c.before || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: before %v, error %v", c.name, before, err)
		}
		if got := string(r.Buckets["kept"][key].Data); got != c.want {
			t.Errorf("%s: there is %q, want %q", c.name, got, c.want)
		}
	}
}

func slow(status int, code string) (all []*awstest.Fault) {
	for range 100 {
		all = append(all, &awstest.Fault{Status: status, Code: code})
	}
	return all
}

// A content that cannot be read is not put, and a large one is not held in memory.
func TestPutReads(t *testing.T) {
	r := newRig(t)
	broken := struct {
		io.Reader
		io.Seeker
	}{iotest.ErrReader(errors.New("the disk is broken")), bytes.NewReader(nil)}
	if _, err := r.target("kept").Put(t.Context(), "x", broken); err == nil || !strings.Contains(err.Error(), "the disk is broken") {
		t.Error(err)
	}
	if n := r.Count("PutObject"); n != 0 {
		t.Errorf("%d calls", n)
	}
	var largest int
	content := &pieces{left: 8 << 20, largest: &largest}
	if _, err := r.target("kept").Put(t.Context(), "x", content); err != nil || len(r.Buckets["kept"]["x"].Data) != 8<<20 {
		t.Errorf("%d bytes are there: %v", len(r.Buckets["kept"]["x"].Data), err)
	}
	if largest > 1<<20 {
		t.Errorf("%d bytes were asked for at once", largest)
	}
}

// pieces is a content of zeros that notes how much is asked for at once.
type pieces struct {
	at, left int64
	largest  *int
}

func (p *pieces) Read(b []byte) (int, error) {
	*p.largest = max(*p.largest, len(b))
	n := int(min(p.left-p.at, int64(len(b))))
	if n == 0 {
		return 0, io.EOF
	}
	clear(b[:n])
	p.at += int64(n)
	return n, nil
}

func (p *pieces) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		p.at = offset
	case io.SeekCurrent:
		p.at += offset
	default:
		p.at = p.left + offset
	}
	return p.at, nil
}

// Of many that put the same key, one finds nothing there before.
func TestPutRace(t *testing.T) {
	r := newRig(t)
	race(t, r.target("kept"))
}

func race(t *testing.T, target *Target) {
	t.Helper()
	const writers = 8
	var first sync.Map
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			before, err := target.Put(t.Context(), "t/x", strings.NewReader("content"))
			if err != nil {
				t.Error(err)
			}
			if !before {
				first.Store(n, true)
			}
		})
	}
	all.Wait()
	won := 0
	first.Range(func(any, any) bool { won++; return true })
	if won != 1 {
		t.Errorf("%d writers found nothing there", won)
	}
}
