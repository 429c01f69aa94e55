package s3

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/ingest"
	"tocsin/ingest/awsapi"
	"tocsin/ingest/awsapi/awstest"
)

// rig is a server with a reader that does not pause.
type rig struct {
	*awstest.Server
	reader *Reader
	marks  marks
	now    time.Time
}

func newRig(t *testing.T) *rig {
	r := &rig{Server: awstest.New(t), marks: marks{}, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	r.reader = NewReader(NewClient(r.Config()), "us-east-1")
	r.reader.wait = func(context.Context, int) {}
	return r
}

func (r *rig) source(places ...string) ingest.Source {
	o := Options{Name: "b", Reader: r.reader, Marks: r.marks, Tries: 3}
	for _, p := range places {
		place, _ := ParsePlace(p)
		o.Places = append(o.Places, place)
	}
	return New(o)
}

type marks map[string]string

func (m marks) Mark(_ context.Context, name string) (string, error) { return m[name], nil }

func (m marks) SetMark(_ context.Context, name, value string) error {
	m[name] = value
	return nil
}

// drain takes everything of one pass, and returns the names.
func (r *rig) drain(t *testing.T, s ingest.Source, failed map[string]error) (names []string) {
	t.Helper()
	r.now = r.now.Add(time.Hour)
	for {
		b, err := s.Receive(t.Context(), ingest.Ask{Now: r.now, All: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range b.Objects {
			names = append(names, o.Name)
		}
		if b.Settle != nil {
			if err := b.Settle(t.Context(), ingest.Outcome{Committed: true, Failed: failed}); err != nil {
				t.Fatal(err)
			}
		}
		if !b.More {
			return names
		}
	}
}

func read(o ingest.Object) (string, error) {
	in, err := o.Open()
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(in)
	return string(b), errors.Join(err, in.Close())
}

// Below folders of days a source looks again at the last day and the one before
// it, also after a restart; everywhere else at all. It hands nothing out twice.
func TestListsAgain(t *testing.T) {
	r := newRig(t)
	const trail = "p/AWSLogs/1/CloudTrail/"
	day := func(region, day, name string) string { return trail + region + "/2026/11/" + day + "/" + name }
	for _, key := range []string{
		day("eu-west-1", "01", "old"), day("eu-west-1", "20", "a"), day("us-east-1", "21", "b"), "p/plain", "p/x/plain", "q/other",
		"p/AWSLogs/1/CloudTrail-Digest/us-east-1/2026/11/20/digest", "p/folder/",
	} {
		r.Put("logs", key, key)
	}
	s := r.source("logs/p/")
	got := r.drain(t, s, nil)
	want := []string{day("eu-west-1", "01", "old"), day("eu-west-1", "20", "a"), day("us-east-1", "21", "b"), "p/plain", "p/x/plain"}
	for i := range want {
		want[i] = "s3://logs/" + want[i]
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("first:\n%q, want\n%q", got, want)
	}
	if got := r.drain(t, s, nil); len(got) != 0 {
		t.Errorf("again: %q", got)
	}
	r.Put("logs", day("eu-west-1", "19", "late"), "late")
	r.Put("logs", day("eu-west-1", "22", "new"), "new")
	r.Put("logs", day("eu-west-1", "02", "too late"), "no file comes into a day that is long over")
	r.Put("logs", "p/plain", "changed")
	if got := r.drain(t, s, nil); len(got) != 3 || slices.Contains(got, "s3://logs/"+day("eu-west-1", "02", "too late")) {
		t.Errorf("what came: %q", got)
	}
	calls := r.Count("ListObjectsV2")
	again := r.drain(t, r.source("logs/p/"), nil) // a restart: what is listed again is for the ledger
	if slices.Contains(again, "s3://logs/"+day("eu-west-1", "01", "old")) || !slices.Contains(again, "s3://logs/"+day("eu-west-1", "22", "new")) {
		t.Errorf("after a restart: %q", again)
	}
	if n := r.Count("ListObjectsV2") - calls; n > 12 {
		t.Errorf("a pass took %d calls", n)
	}
}

// Keys that are named by something else than a day below a year make the folder
// one that is listed whole.
func TestIrregularYears(t *testing.T) {
	r := newRig(t)
	r.Put("logs", "2026/11/22/a", "a")
	r.Put("logs", "2026/report.json", "b")
	s := r.source("logs")
	if got := r.drain(t, s, nil); len(got) != 2 {
		t.Errorf("first: %q", got)
	}
	r.Put("logs", "2026/01/01/late", "c")
	if got := r.drain(t, s, nil); len(got) != 1 {
		t.Errorf("late: %q", got)
	}
}

// A key of a day that is yet to come is handed out, and hides nothing that comes
// before it; nor does a mark that names such a day.
func TestDaysToCome(t *testing.T) {
	r := newRig(t)
	r.marks["read b"] = `{"logs/":"2098/12/31"}`
	r.Put("logs", "2026/11/22/a", "a")
	r.Put("logs", "2099/01/01/planted", "b")
	s := r.source("logs")
	if got := r.drain(t, s, nil); len(got) != 2 {
		t.Errorf("first: %q", got)
	}
	r.Put("logs", "2026/11/23/new", "c")
	if got := r.drain(t, s, nil); !slices.Equal(got, []string{"s3://logs/2026/11/23/new"}) {
		t.Errorf("what came: %q", got)
	}
	if got := r.marks["read b"]; got != `{"logs/":"2026/11/23"}` {
		t.Errorf("mark %s", got)
	}
}

// Many pages, and many folders on one level.
func TestPages(t *testing.T) {
	r := newRig(t)
	for i := range 2500 {
		r.Put("logs", fmt.Sprintf("k/%04d", i), "x")
	}
	for i := range 1200 {
		r.Put("logs", fmt.Sprintf("f/%04d/x", i), "x")
	}
	got := r.drain(t, r.source("logs/k/", "logs/f/"), nil)
	slices.Sort(got)
	if len(slices.Compact(got)) != 3700 {
		t.Errorf("%d names", len(got))
	}
	if n := r.Count("ListObjectsV2"); n > 12 {
		t.Errorf("%d calls", n)
	}
}

// An object that cannot be read is handed out again, up to its tries, and the mark
// waits for it.
func TestFailedAgain(t *testing.T) {
	r := newRig(t)
	r.Put("logs", "2026/11/20/bad", "x")
	r.Put("logs", "2026/11/22/good", "x")
	s := r.source("logs")
	bad := map[string]error{"s3://logs/2026/11/20/bad": errors.New("no gzip")}
	for i, want := range []int{2, 1, 1, 0, 0} {
		if got := r.drain(t, s, bad); len(got) != want {
			t.Errorf("pass %d: %q", i, got)
		}
		if done := r.marks["read b"] != ""; done != (want == 0 || i == 2) {
			t.Errorf("pass %d: mark %q", i, r.marks["read b"])
		}
	}
}

// A batch that was not stored comes again.
func TestNotCommitted(t *testing.T) {
	r := newRig(t)
	r.Put("logs", "a", "x")
	s := r.source("logs")
	b, err := s.Receive(t.Context(), ingest.Ask{Now: r.now, All: true})
	if err != nil || len(b.Objects) != 1 {
		t.Fatal(b, err)
	}
	if err := b.Settle(t.Context(), ingest.Outcome{}); err != nil {
		t.Fatal(err)
	}
	if got := r.drain(t, s, nil); len(got) != 1 {
		t.Errorf("again: %q", got)
	}
}

// Bodies that break off are read on, from the byte where they broke, and only when
// the object is still the same; lists that break off are asked for again; 503 is
// waited out.
func TestBrokenBodies(t *testing.T) {
	r := newRig(t)
	text := strings.Repeat("0123456789", 100_000)
	r.Put("logs", "a", text)
	cuts, slow := 3, 2
	r.Fault = func(operation, _ string) *awstest.Fault {
		switch {
		case slow > 0:
			slow--
			return &awstest.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}
		case cuts > 0:
			cuts--
			return &awstest.Fault{Cut: true}
		}
		return nil
	}
	s := r.source("logs")
	b, err := s.Receive(t.Context(), ingest.Ask{Now: r.now, All: true})
	if err != nil || len(b.Objects) != 1 {
		t.Fatal(b.Objects, err)
	}
	cuts, slow = 3, 1
	if got, err := read(b.Objects[0]); err != nil || got != text {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	gets := r.Count("GetObject")
	if got, err := read(b.Objects[0]); err != nil || got != text || r.Count("GetObject") != gets {
		t.Errorf("the second time: %d bytes, %d calls, %v", len(got), r.Count("GetObject")-gets, err)
	}
	// always broken, and changed in between
	cuts = 1000
	_, err = read(r.reader.Objects(t.Context(), []Ref{{Bucket: "logs", Key: "a", Size: 10}})[0])
	if !errors.Is(err, io.ErrUnexpectedEOF) || !awsapi.Late(err) {
		t.Errorf("a body that always breaks off: %v", err)
	}
	cuts = 1
	big := r.reader.Objects(t.Context(), []Ref{{Bucket: "logs", Key: "a", Size: smallObject + 1}})[0]
	in, err := big.Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(in, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	r.Put("logs", "a", "changed")
	if _, err := io.Copy(io.Discard, in); err == nil || !strings.Contains(err.Error(), "PreconditionFailed") {
		t.Errorf("an object that changed while it was read: %v", err)
	}
}

// An object that has to be the same is not read when it has changed.
func TestSameObject(t *testing.T) {
	r := newRig(t)
	r.Put("logs", "a", "one")
	ref := Ref{Bucket: "logs", Key: "a", ETag: strings.Trim(r.Buckets["logs"]["a"].ETag(), `"`), Size: -1, Same: true}
	if got, err := read(r.reader.Objects(t.Context(), []Ref{ref})[0]); err != nil || got != "one" {
		t.Errorf("%q %v", got, err)
	}
	r.Put("logs", "a", "two")
	if got, err := read(r.reader.Objects(t.Context(), []Ref{ref})[0]); err == nil || !strings.Contains(err.Error(), "PreconditionFailed") {
		t.Errorf("%q %v", got, err)
	}
}

// A server that begins anew where it was asked to go on gives no object, and none
// in which its beginning stands twice.
func TestServerWithoutRanges(t *testing.T) {
	r := newRig(t)
	r.Put("logs", "a", strings.Repeat("0123456789", 1000))
	cuts := 1
	r.Fault = func(operation, _ string) *awstest.Fault {
		cuts--
		if operation == "GetObject" && cuts >= 0 {
			return &awstest.Fault{Cut: true}
		}
		return nil
	}
	c := r.Config()
	c.HTTPClient = noRanges{}
	r.reader.Client = NewClient(c)
	got, err := read(r.reader.Objects(t.Context(), []Ref{{Bucket: "logs", Key: "a", Size: smallObject + 1}})[0])
	if err == nil || !strings.Contains(err.Error(), "the server does not go on at byte") || !awsapi.Late(err) || len(got) > 10_000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// noRanges asks for all of everything.
type noRanges struct{}

func (noRanges) Do(r *http.Request) (*http.Response, error) {
	r.Header.Del("Range")
	return http.DefaultClient.Do(r)
}

// What is kept of a batch has a bound; what is over it streams.
func TestKeptIsBounded(t *testing.T) {
	r := newRig(t)
	text := strings.Repeat("x", 12<<20)
	var refs []Ref
	for i := range 8 {
		r.Put("logs", fmt.Sprint(i), text)
		refs = append(refs, Ref{Bucket: "logs", Key: fmt.Sprint(i), Size: -1})
	}
	a := &ahead{ctx: t.Context(), reader: r.reader, refs: refs, kept: make([]kept, len(refs))}
	held := 0
	for i := range refs {
		in, err := a.open(i)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, in); err != nil || n != int64(len(text)) {
			t.Error(n, err)
		}
		in.Close()
		held += len(a.kept[i].data)
	}
	if held > keptBytes || held < len(text) {
		t.Errorf("%d bytes are kept", held)
	}
}

// A refusal names the permission and what it is for.
func TestDenied(t *testing.T) {
	r := newRig(t)
	r.Fault = func(string, string) *awstest.Fault {
		return &awstest.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}
	}
	_, err := r.source("logs/p").Receive(t.Context(), ingest.Ask{Now: r.now, All: true})
	if err == nil || !strings.Contains(err.Error(), "the permission s3:ListBucket on arn:aws:s3:::logs is missing") {
		t.Error(err)
	}
	_, err = read(r.reader.Objects(t.Context(), []Ref{{Bucket: "logs", Key: "k", Size: 1}})[0])
	if err == nil || !strings.Contains(err.Error(), "the permission s3:GetObject on arn:aws:s3:::logs/k is missing") {
		t.Error(err)
	}
}

// Names of objects that somebody chose reach the server and come back as they are.
func TestHostileKeys(t *testing.T) {
	shared := os.Getenv("TOCSIN_SHARED")
	if shared == "" {
		t.Skip("TOCSIN_SHARED is not set: the corpus of hostile names is not here")
	}
	f, err := os.Open(filepath.Join(shared, "data/hostile/inputs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := newRig(t)
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c struct{ ID, Kind, Value, Expect string }
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil || c.Kind != "object" {
			continue // values of other kinds are no texts
		}
		n++
		r.Server.Buckets["logs"] = map[string]awstest.Stored{c.Value: {Data: []byte(c.ID), Modified: r.now}}
		ref := Ref{Bucket: "logs", Key: c.Value, Size: -1}
		if ref.Ignored() != (c.Expect == "ignored") {
			t.Errorf("%s: ignored %t", c.ID, ref.Ignored())
		}
		if got, err := read(r.reader.Objects(t.Context(), []Ref{ref})[0]); err != nil || got != c.ID {
			t.Errorf("%s: %q %v", c.ID, got, err)
		}
	}
	if n < 12 {
		t.Errorf("%d names in the corpus", n)
	}
}

func TestParsePlace(t *testing.T) {
	for s, want := range map[string]string{
		"logs": "logs/", "logs/AWSLogs/": "logs/AWSLogs/", "s3://logs/a b": "logs/a b", "my.logs-1": "my.logs-1/",
		"": "-", "a": "-", "logs@192.0.2.9/x": "-", "*": "-", "logs?x": "-", "lo gs": "-",
	} {
		got := "-"
		if p, ok := ParsePlace(s); ok {
			got = p.String()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}
