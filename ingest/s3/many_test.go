package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tocsin/ingest"
	"tocsin/ingest/awsapi/awstest"
)

// hugeBucket answers lists of a bucket with many keys of no days, which are nowhere
// but in their numbers.
type hugeBucket struct{ keys int }

func (h hugeBucket) Do(r *http.Request) (*http.Response, error) {
	type object struct{ Key, ETag, LastModified string }
	page := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []object
	}{}
	from, err := strconv.Atoi("0" + r.URL.Query().Get("continuation-token"))
	if err != nil {
		return nil, err
	}
	to := min(from+1000, h.keys)
	for n := from; n < to; n++ {
		page.Contents = append(page.Contents, object{fmt.Sprintf("exports/a-rather-long-name-of-an-object-%09d.json.gz", n), fmt.Sprintf("%032d", n), "2026-11-20T10:00:00.000Z"})
	}
	if to < h.keys {
		page.IsTruncated, page.NextContinuationToken = true, strconv.Itoa(to)
	}
	b, err := xml.Marshal(page)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(b))), Request: r}, nil
}

// upTo is a ledger that has the versions below a number.
type upTo int

func (n *upTo) Settled(_ context.Context, objects []ingest.Object) ([]bool, error) {
	if len(objects) > 2*sifted {
		return nil, fmt.Errorf("asked about %d objects at once", len(objects))
	}
	settled := make([]bool, len(objects))
	for i, o := range objects {
		m, err := strconv.Atoi(strings.TrimLeft(o.Version, "0"))
		settled[i] = err == nil && m < int(*n)
	}
	return settled, nil
}

// A bucket whose keys are named by no days is listed whole in each pass, and what is
// held in memory does not grow with it. All is handed out once; a few that are new
// are found among the many that are known.
func TestManyKeys(t *testing.T) {
	r := newRig(t)
	c := r.Config()
	const room = 10_000
	bucket := &hugeBucket{}
	c.HTTPClient = bucket
	r.reader.Client = NewClient(c)
	ledger := upTo(0)
	s, ok := New(Options{Name: "b", Reader: r.reader, Places: []Place{{"logs", "exports/"}}, Marks: r.marks, Ledger: &ledger, room: room}).(*source)
	if !ok {
		t.Fatal("another type")
	}
	pass := func() (handed int) {
		t.Helper()
		r.now = r.now.Add(time.Hour)
		for {
			b, err := s.Receive(t.Context(), ingest.Ask{Now: r.now, All: true})
			if err != nil {
				t.Fatal(err)
			}
			handed += len(b.Objects)
			if p := s.pass; p != nil && (len(p.seen) > room || len(p.found)+len(p.fresh) > 2*sifted || len(s.taken) > room || len(p.todo) > 1) {
				t.Fatalf("%d seen, %d found, %d fresh, %d taken, %d to do", len(p.seen), len(p.found), len(p.fresh), len(s.taken), len(p.todo))
			}
			if b.Settle != nil {
				ledger += upTo(len(b.Objects))
				if err := b.Settle(t.Context(), ingest.Outcome{Committed: true}); err != nil {
					t.Fatal(err)
				}
			}
			if !b.More {
				return handed
			}
		}
	}
	for _, c := range []struct{ keys, want int }{{3 * room, 3 * room}, {3 * room, 0}, {3*room + 3, 3}, {6 * room, 3*room - 3}} {
		bucket.keys = c.keys
		if got := pass(); got != c.want {
			t.Errorf("of %d keys it handed out %d, want %d", c.keys, got, c.want)
		}
	}
}

// An object that cannot be read has its tries also when each pass is one of a
// process that begins anew, as `tocsin run --once` is.
func TestFailedInManyProcesses(t *testing.T) {
	r := newRig(t)
	r.Put("logs", "bad", "x")
	r.Put("logs", "good", "x")
	bad := map[string]error{"s3://logs/bad": errors.New("no gzip")}
	again := 0
	for range 3 { // tries: 3
		s := r.source("logs")
		r.now = r.now.Add(time.Hour)
		b, err := s.Receive(t.Context(), ingest.Ask{Now: r.now, All: true})
		if err != nil || len(b.Objects) != 2 {
			t.Fatal(len(b.Objects), err)
		}
		for _, o := range b.Objects {
			if o.Name == "s3://logs/bad" && o.Retried(bad[o.Name]) {
				again++
			}
		}
		if err := b.Settle(t.Context(), ingest.Outcome{Committed: true, Failed: bad}); err != nil {
			t.Fatal(err)
		}
	}
	if again != 2 || r.marks["tries b"] != "{}" {
		t.Errorf("handed out again %d times, and %q is left", again, r.marks["tries b"])
	}
}

// Failures of objects that are gone hold no place: a bad object that comes then has
// its tries, the mark of the days moves on, and nothing is left in that of the tries.
// Nothing is forgotten in a pass whose listing was given up.
func TestFailedAndGone(t *testing.T) {
	r := newRig(t)
	bad := map[string]error{"s3://logs/2026/11/21/bad": errors.New("no gzip")}
	for n := range maxFails {
		key := fmt.Sprintf("2026/11/20/%d", n)
		r.Put("logs", key, "x")
		bad["s3://logs/"+key] = errors.New("no gzip")
	}
	s := r.source("logs")
	if got := r.drain(t, s, bad); len(got) != maxFails {
		t.Fatalf("%d objects", len(got))
	}
	tries := r.marks["tries b"]
	r.Fault = func(string, string) *awstest.Fault {
		return &awstest.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}
	}
	r.now = r.now.Add(time.Hour)
	if b, err := s.Receive(t.Context(), ingest.Ask{Now: r.now, All: true}); err == nil || b.More || r.marks["tries b"] != tries {
		t.Errorf("a list that is denied: more %t, %v, tries are the same: %t", b.More, err, r.marks["tries b"] == tries)
	}
	r.Fault = nil
	for n := range maxFails {
		delete(r.Buckets["logs"], fmt.Sprintf("2026/11/20/%d", n))
	}
	r.Put("logs", "2026/11/21/bad", "x")
	// The first of these passes finds no room for its failure; it makes that.
	for pass, want := range []int{1, 1, 1, 1, 0} {
		if got := r.drain(t, s, bad); len(got) != want {
			t.Errorf("pass %d: %q, want %d", pass, got, want)
		}
	}
	if r.marks["tries b"] != "{}" || !strings.Contains(r.marks["read b"], "2026/11/21") {
		t.Errorf("the marks are %q and %q", r.marks["tries b"], r.marks["read b"])
	}
}

// What the ledger has, or what is set aside there, is not handed out by a source
// that begins anew.
func TestSettledBefore(t *testing.T) {
	r := newRig(t)
	r.Put("logs", "a", "x")
	s := New(Options{Name: "b", Reader: r.reader, Places: []Place{{"logs", ""}}, Marks: r.marks, Ledger: all{}})
	if got := r.drain(t, s, nil); len(got) != 0 {
		t.Errorf("handed out %q", got)
	}
	broken := New(Options{Name: "b", Reader: r.reader, Places: []Place{{"logs", ""}}, Marks: r.marks, Ledger: none{}})
	if b, err := broken.Receive(t.Context(), ingest.Ask{Now: r.now.Add(time.Hour), All: true}); err == nil || len(b.Objects) != 0 {
		t.Errorf("the ledger cannot be read: %d objects, %v", len(b.Objects), err)
	}
}

type all struct{}

func (all) Settled(_ context.Context, objects []ingest.Object) ([]bool, error) {
	settled := make([]bool, len(objects))
	for i := range settled {
		settled[i] = true
	}
	return settled, nil
}

type none struct{}

func (none) Settled(context.Context, []ingest.Object) ([]bool, error) {
	return nil, errors.New("the ledger cannot be read")
}
