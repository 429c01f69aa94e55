package securityhub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/ingest"
	"tocsin/ingest/awsapi/awstest"
)

type rig struct {
	*awstest.Server
	marks marks
	now   time.Time
}

type marks map[string]string

func (m marks) Mark(_ context.Context, name string) (string, error) { return m[name], nil }

func (m marks) SetMark(_ context.Context, name, value string) error {
	m[name] = value
	return nil
}

func newRig(t *testing.T) *rig {
	return &rig{awstest.New(t), marks{}, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
}

func (r *rig) source() ingest.Source {
	return New(Options{Name: "hub", Client: NewClient(r.Config()), Region: "us-east-1", Marks: r.marks})
}

// add makes a finding that was updated some time before now.
func (r *rig) add(id string, age time.Duration) {
	at := r.now.Add(-age)
	r.Mu.Lock()
	defer r.Mu.Unlock()
	r.Hub = append(r.Hub, awstest.Finding{Updated: at, JSON: fmt.Sprintf(
		`{"SchemaVersion":"2018-10-08","Id":%q,"ProductArn":"arn:p","GeneratorId":"g","AwsAccountId":"111122223333","UpdatedAt":%q,"CreatedAt":%[2]q,"Title":"t","Severity":{"Label":"HIGH"},"Resources":[{"Type":"AwsS3Bucket","Id":"arn:r"}],"FieldOfTomorrow":{"x":1}}`,
		id, at.Format("2006-01-02T15:04:05.000Z"))})
}

// ids decodes what a drain hands out.
func (r *rig) drain(t *testing.T, s ingest.Source, committed bool) (ids []string) {
	t.Helper()
	for {
		b, err := s.Receive(t.Context(), ingest.Ask{Now: r.now, All: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range b.Objects {
			ids = append(ids, decode(t, o, r.now)...)
		}
		if err := b.Settle(t.Context(), ingest.Outcome{Committed: committed}); err != nil {
			t.Fatal(err)
		}
		if !b.More || !committed {
			return ids
		}
	}
}

// decode reads an object as the store would.
func decode(t *testing.T, o ingest.Object, now time.Time) (ids []string) {
	t.Helper()
	opened, err := ingest.Decode(o, ingest.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	at := slices.IndexFunc(opened.Logstore.Columns, func(c ingest.Column) bool { return c.Name == "extra" })
	for {
		var r ingest.Record
		switch err := opened.Next(&r); {
		case errors.Is(err, io.EOF):
			return ids
		case err != nil:
			t.Fatal(err)
		}
		if r.Topic != "asff" || at >= 0 && !strings.Contains(string(r.Cells[at].B), "FieldOfTomorrow") {
			t.Errorf("topic %s, extra %s", r.Topic, r.Cells[at].B)
		}
		ids = append(ids, fmt.Sprintf("%x", r.ID))
	}
}

// All findings come once; then only what was updated, from an hour before the mark
// on; after a restart from the mark. Nothing is missed when the store fails in
// between.
func TestWatermark(t *testing.T) {
	r := newRig(t)
	for i := range 1234 {
		r.add(fmt.Sprint("f", i), time.Duration(i)*time.Hour/2)
	}
	s := r.source()
	got := r.drain(t, s, true)
	slices.Sort(got)
	if n := len(slices.Compact(got)); n != 1234 {
		t.Errorf("%d findings", n)
	}
	if r.marks["read hub"] != "2026-11-22T12:00:00.000Z" {
		t.Errorf("mark %q", r.marks["read hub"])
	}
	r.now = r.now.Add(10 * time.Minute)
	r.add("new", 5*time.Minute)
	r.add("late", 40*time.Minute)                   // its writer took half an hour
	if got := r.drain(t, s, false); len(got) != 5 { // with the two of the hour before, and the one at its beginning
		t.Errorf("what was updated: %d findings", len(got))
	}
	if got := r.drain(t, r.source(), true); len(got) != 5 { // with the two of the hour before, and the one at its beginning
		t.Errorf("after the store failed, and a restart: %d findings", len(got))
	}
}

// Once a day all are asked for, when what is new is here: a finding whose time of
// update is hours old when it comes, as a scanner's that was at work for long, and one
// that a customer changed, whose time does not move. One such question that fails
// keeps nothing new back, and is asked again.
func TestAllOnceADay(t *testing.T) {
	r := newRig(t)
	for i := range 250 {
		r.add(fmt.Sprint("f", i), time.Duration(i+10)*time.Hour)
	}
	s := r.source()
	step := func(name string, after time.Duration, want int) {
		t.Helper()
		r.now = r.now.Add(after)
		if got := r.drain(t, s, true); len(got) != want {
			t.Errorf("%s: %d findings, want %d", name, len(got), want)
		}
	}
	step("the first time", 0, 250)
	r.add("late", 5*time.Hour)
	step("what is new", 10*time.Minute, 0)
	step("still", 23*time.Hour, 0)
	step("a day after the first", time.Hour, 251)
	step("what is new", 10*time.Minute, 0)
	s = r.source() // a restart
	step("what is new, after a restart", 10*time.Minute, 0)
	s = r.source()
	r.Hub[3].JSON = strings.Replace(r.Hub[3].JSON, `"Title":"t"`, `"Title":"t","Workflow":{"Status":"SUPPRESSED"}`, 1)
	r.now = r.now.Add(24 * time.Hour)
	r.add("new", time.Minute)
	calls := 0
	r.Fault = func(string, string) *awstest.Fault {
		if calls++; calls == 2 {
			return &awstest.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException"}
		}
		return nil
	}
	b, err := s.Receive(t.Context(), ingest.Ask{Now: r.now, All: true})
	if err != nil || len(b.Objects) != 1 || !b.More {
		t.Fatalf("what is new, a day later: %d objects, more %v, %v", len(b.Objects), b.More, err)
	}
	if err := b.Settle(t.Context(), ingest.Outcome{Committed: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Receive(t.Context(), ingest.Ask{Now: r.now, All: true}); err == nil {
		t.Error("a question that is refused is no error")
	}
	r.add("newer", time.Second)
	step("what is new, after it failed", 10*time.Minute, 2) // with the one of the hour before
	step("all, after it failed", time.Hour, 255)            // and before it the two of the hour before
}

// A drain that is cut off goes on at the last page that was stored, when the
// service sorts; a page that breaks off is asked for again.
func TestResume(t *testing.T) {
	r := newRig(t)
	for i := range 1234 {
		r.add(fmt.Sprint("f", i), time.Duration(1234-i)*time.Hour)
	}
	cuts := 2
	r.Fault = func(string, string) *awstest.Fault {
		if cuts > 0 {
			cuts--
			return &awstest.Fault{Cut: true}
		}
		return nil
	}
	b, err := r.source().Receive(t.Context(), ingest.Ask{Now: r.now, All: true})
	if err != nil || len(b.Objects) != pages || !b.More {
		t.Fatalf("%d objects, more %t, %v", len(b.Objects), b.More, err)
	}
	if err := b.Settle(t.Context(), ingest.Outcome{Committed: true}); err != nil {
		t.Fatal(err)
	}
	if b.Objects[0].Modified.IsZero() || b.Objects[0].Modified.After(r.now.Add(-1000*time.Hour)) {
		t.Errorf("by the source's clock it is of %s", b.Objects[0].Modified)
	}
	if got := r.drain(t, r.source(), true); len(got) > 740 || len(got) < 734 {
		t.Errorf("after a restart: %d findings", len(got))
	}
}

func TestDenied(t *testing.T) {
	r := newRig(t)
	r.Fault = func(string, string) *awstest.Fault {
		return &awstest.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException"}
	}
	_, err := r.source().Receive(t.Context(), ingest.Ask{Now: r.now, All: true})
	if err == nil || !strings.Contains(err.Error(), "the permission securityhub:GetFindings is missing") {
		t.Error(err)
	}
}
