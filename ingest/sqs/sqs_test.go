package sqs

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
	"tocsin/ingest/awsapi/awstest"
	"tocsin/ingest/s3"
)

// rig is a server with a queue.
type rig struct {
	*awstest.Server
	queue Queue
}

func newRig(t *testing.T, name string) *rig {
	r := &rig{Server: awstest.New(t)}
	var err error
	if r.queue, err = ParseQueue(r.AddQueue(name, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
	return r
}

// source reads the objects of places; without any, the messages are the records.
func (r *rig) source(places ...s3.Place) *Source {
	s := New(Options{
		Client: NewClient(r.Config()), Queue: r.queue, Tries: 3,
		Reader: s3.NewReader(s3.NewClient(r.Config()), ""), Places: places,
	})
	s.least = 0
	return s
}

var logs = s3.Place{Bucket: "logs-example"}

func (r *rig) receive(t *testing.T, s *Source) ingest.Batch {
	t.Helper()
	b, err := s.Receive(t.Context(), ingest.Ask{Now: time.Now(), All: true})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func settle(t *testing.T, b ingest.Batch, o ingest.Outcome) {
	t.Helper()
	if b.Settle == nil {
		return
	}
	if err := b.Settle(t.Context(), o); err != nil {
		t.Fatal(err)
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

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

const created = `{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","eventTime":"2026-11-20T10:00:00Z","s3":{"bucket":{"name":"logs-example"},"object":{"key":"a/b+c%2Bd%E3%81%82.json","size":7,"eTag":"e1"}}}]}`

// What messages name, in all their shapes.
func TestObjects(t *testing.T) {
	sent := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	const one = "s3://logs-example/a/b c+dあ.json e1 7 2026-11-20"
	for _, c := range []struct{ name, body, want string }{
		{"S3", created, one},
		{"through SNS", `{"Type":"Notification","TopicArn":"arn","Message":` + quoted(created) + `}`, one},
		{"several", `{"Records":[{"eventName":"ObjectCreated:Copy","s3":{"bucket":{"name":"b"},"object":{"key":"k1"}}},{"eventName":"s3:ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"k2","size":-5}}},{"eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"b"},"object":{"key":"k3"}}}]}`, "s3://b/k1  -1 2026-11-21 s3://b/k2  -1 2026-11-21"},
		{"EventBridge", `{"version":"0","source":"aws.s3","detail-type":"Object Created","time":"2026-11-20T10:00:00Z","detail":{"bucket":{"name":"logs-example"},"object":{"key":"a/b c+dあ.json","size":7,"etag":"e1"}}}`, one},
		{"EventBridge, encoded by nobody", `{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"b"},"object":{"key":"x%2By","etag":""}}}`, "s3://b/x%2By  -1 2026-11-21"},
		{"tags", `{"source":"aws.s3","detail-type":"Object Tags Added","detail":{"bucket":{"name":"b"},"object":{"key":"x"}}}`, ""},
		{"CloudTrail", `{"s3Bucket":"b","s3ObjectKey":["AWSLogs/1+2","k%20"]}`, "s3://b/AWSLogs/1+2  -1 2026-11-21 s3://b/k%20  -1 2026-11-21"},
		{"CloudTrail through SNS", `{"Type":"Notification","Message":"{\"s3Bucket\":\"b\",\"s3ObjectKey\":[\"k\"]}"}`, "s3://b/k  -1 2026-11-21"},
		{"test", `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`, ""},
		{"nothing", `{"Records":[]}`, ""},
		{"another service", `{"source":"aws.ec2","detail-type":"x","detail":{}}`, "error: no notification that names objects"},
		{"a confirmation", `{"Type":"SubscriptionConfirmation","SubscribeURL":"https://example.net/"}`, "error: no address in it is called"},
		{"two envelopes", `{"Type":"Notification","Message":` + quoted(`{"Type":"Notification","Message":`+quoted(created)+`}`) + `}`, "error: an envelope in an envelope"},
		{"a broken key", `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"%zz"}}}]}`, "error: not encoded"},
		{"no key", `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{}}}]}`, "error: names no object"},
		{"no JSON", "\x1b[2J", "error: no notification"},
		{"numbers", `{"Records":7}`, "error: no notification"},
	} {
		refs, err := Named(c.body, sent)
		var parts []string
		for _, r := range refs {
			parts = append(parts, fmt.Sprintf("%s %s %d %s", r.Name(), r.ETag, r.Size, r.Modified.Format(time.DateOnly)))
		}
		got := strings.Join(parts, " ")
		if err != nil {
			got = "error: " + err.Error()
		}
		if want, isError := strings.CutPrefix(c.want, "error: "); isError && (err == nil || !strings.Contains(got, want)) || !isError && got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A message is deleted after what it brought is stored, and not before.
func TestDeletedAfterCommit(t *testing.T) {
	r := newRig(t, "events")
	r.Put("logs-example", "a/b c+dあ.json", "content")
	for range 13 {
		r.Send("events", created)
	}
	s := r.source(logs)
	b := r.receive(t, s)
	if len(b.Objects) != 13 || r.Left("events") != 13 {
		t.Fatalf("%d objects, %d messages left", len(b.Objects), r.Left("events"))
	}
	if got, err := read(b.Objects[0]); got != "content" || err != nil {
		t.Error(got, err)
	}
	if more := r.receive(t, s); len(more.Objects) != 0 {
		t.Errorf("hidden messages were received: %d", len(more.Objects))
	}
	settle(t, b, ingest.Outcome{}) // nothing was stored: all of them are there at once
	b = r.receive(t, s)
	if len(b.Objects) != 13 {
		t.Errorf("after a store that failed: %d objects", len(b.Objects))
	}
	settle(t, b, ingest.Outcome{Committed: true})
	if n := r.Left("events"); n != 0 {
		t.Errorf("%d messages left", n)
	}
}

// A queue is empty when nothing came of a wait, not when an answer without one, which
// asks only some of its servers, was empty.
func TestDrained(t *testing.T) {
	r := newRig(t, "events")
	r.Clock = func() time.Time { return time.Now().Add(-time.Hour) }
	for range 25 {
		r.Send("events", created)
	}
	c := r.Config()
	c.HTTPClient = blindAtOnce{}
	s := New(Options{Client: NewClient(c), Queue: r.queue, Reader: s3.NewReader(s3.NewClient(c), ""), Places: []s3.Place{logs}})
	for more := true; more; {
		b := r.receive(t, s)
		settle(t, b, ingest.Outcome{Committed: true})
		more = b.More
	}
	if n := r.Left("events"); n != 0 {
		t.Errorf("%d messages left", n)
	}
}

// A queue into which messages come all the time is not asked for ever: what was sent
// just now says that it has been caught up with.
func TestNeverEmpty(t *testing.T) {
	r := newRig(t, "events")
	s := r.source(logs)
	for range 3 {
		r.Send("events", created)
	}
	if b := r.receive(t, s); len(b.Objects) != 3 || b.More {
		t.Errorf("%d objects, more %t", len(b.Objects), b.More)
	}
}

// blindAtOnce finds no messages when it is not to wait for them.
type blindAtOnce struct{}

func (blindAtOnce) Do(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ReceiveMessage") && !strings.Contains(string(body), `"WaitTimeSeconds"`) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return http.DefaultClient.Do(r)
}

// Entries of a batch that the queue refuses are tried again; a handle that is no
// longer good is no error.
func TestDeletesAgain(t *testing.T) {
	r := newRig(t, "events")
	r.Send("events", `{"Records":[]}`)
	r.Send("events", `{"Records":[]}`)
	refuse := 2
	r.Fault = func(operation, _ string) *awstest.Fault {
		if operation == "DeleteMessageBatch entry" && refuse > 0 {
			refuse--
			return &awstest.Fault{Code: "InternalError"}
		}
		return nil
	}
	s := r.source(logs)
	settle(t, r.receive(t, s), ingest.Outcome{Committed: true})
	if n := r.Left("events"); n != 0 {
		t.Errorf("%d messages left", n)
	}
	r.Send("events", `{"Records":[]}`)
	late := r.receive(t, s)
	r.Show("events") // its time was over before the commit
	settle(t, r.receive(t, s), ingest.Outcome{Committed: true})
	settle(t, late, ingest.Outcome{Committed: true})
	refuse = 1000
	r.Send("events", `{"Records":[]}`)
	b := r.receive(t, s)
	if err := b.Settle(t.Context(), ingest.Outcome{Committed: true}); err == nil || !strings.Contains(err.Error(), "sqs:DeleteMessage queue events: 1 messages: InternalError") {
		t.Errorf("a queue that never deletes: %v", err)
	}
}

// A message whose object cannot be read is handed out again, later and later, and
// deleted after its tries; by a fault that is none of its own it has more of them.
func TestPoison(t *testing.T) {
	r := newRig(t, "events.fifo")
	r.SendGroup("events.fifo", "g", strings.Replace(created, "a/b+c", "missing", 1))
	r.SendGroup("events.fifo", "g", `{"Records":[]}`)
	s := r.source(logs)
	for try := 1; try <= 3; try++ {
		b := r.receive(t, s)
		if len(b.Objects) != 1 {
			t.Fatalf("try %d: %d objects", try, len(b.Objects))
		}
		_, err := read(b.Objects[0])
		if err == nil || !strings.Contains(err.Error(), "NoSuchKey") || b.Objects[0].Retried(err) != (try < 3) {
			t.Errorf("try %d: %v, again %t", try, err, b.Objects[0].Retried(err))
		}
		settle(t, b, ingest.Outcome{Committed: true, Failed: map[string]error{b.Objects[0].Name: err}})
		if left := r.Left("events.fifo"); left != map[int]int{1: 1, 2: 1, 3: 0}[try] {
			t.Errorf("try %d: %d messages left", try, left)
		}
		if again := r.receive(t, s); again.Settle != nil {
			t.Errorf("try %d: it came again at once", try)
		}
		r.Show("events.fifo")
	}
	r.SendGroup("events.fifo", "g", created)
	r.Fault = func(operation, _ string) *awstest.Fault {
		if operation == "GetObject" {
			return &awstest.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}
		}
		return nil
	}
	for try := 1; try <= 30; try++ {
		b := r.receive(t, s)
		if len(b.Objects) != 1 {
			t.Fatalf("throttled, try %d: %d objects", try, len(b.Objects))
		}
		_, err := read(b.Objects[0])
		if b.Objects[0].Retried(err) != (try < 30) {
			t.Fatalf("throttled, try %d: again %t", try, try >= 30)
		}
		settle(t, b, ingest.Outcome{Committed: true, Failed: map[string]error{b.Objects[0].Name: err}})
		r.Show("events.fifo")
	}
	if r.Left("events.fifo") != 0 {
		t.Error("it blocks its group for ever")
	}
}

// A message stays as long as one of its objects is to be read again, also when
// another one has had its tries.
func TestSeveralFates(t *testing.T) {
	for _, keys := range []string{`["missing","slow"]`, `["slow","missing"]`} {
		r := newRig(t, "events")
		r.Put("logs-example", "slow", "content")
		r.Send("events", `{"s3Bucket":"logs-example","s3ObjectKey":`+keys+`}`)
		s := r.source(logs)
		r.Fault = func(operation, key string) *awstest.Fault {
			if operation == "GetObject" && key == "slow" {
				return &awstest.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}
			}
			return nil
		}
		for try := 1; try <= 4; try++ {
			b := r.receive(t, s)
			failed := map[string]error{}
			for _, o := range b.Objects {
				_, failed[o.Name] = read(o)
			}
			settle(t, b, ingest.Outcome{Committed: true, Failed: failed})
			if len(b.Objects) != 2 || r.Left("events") != 1 {
				t.Fatalf("%s, try %d: %d objects, %d messages left", keys, try, len(b.Objects), r.Left("events"))
			}
			r.Show("events")
		}
	}
}

// While a batch is worked on its messages stay hidden, longer than the queue hides
// them by itself.
func TestStaysHidden(t *testing.T) {
	r := newRig(t, "events")
	r.Queues["events"].Visibility = time.Second
	r.Send("events", `{"Records":[]}`)
	s := r.source(logs)
	b := r.receive(t, s)
	for end := time.Now().Add(2500 * time.Millisecond); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if other := r.receive(t, s); other.Settle != nil {
			t.Fatal("it was received again while it was worked on")
		}
	}
	settle(t, b, ingest.Outcome{Committed: true})
	if r.Left("events") != 0 {
		t.Error("it is left")
	}
}

// When nobody settles a batch, its messages come back by themselves.
func TestComesBack(t *testing.T) {
	r := newRig(t, "events")
	r.Queues["events"].Visibility = time.Second
	r.Send("events", `{"Records":[]}`)
	s := r.source(logs)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.Receive(ctx, ingest.Ask{Now: time.Now(), All: true}); err != nil {
		t.Fatal(err)
	}
	cancel() // as a kill does
	b, err := s.Receive(t.Context(), ingest.Ask{Now: time.Now(), Wait: 5 * time.Second})
	if err != nil || b.Settle == nil {
		t.Fatalf("it did not come back: %v", err)
	}
	settle(t, b, ingest.Outcome{Committed: true})
}

// Messages that are the records: each is an object, with the tenant of the queue's
// name; what cannot be read keeps its bytes.
func TestRecords(t *testing.T) {
	r := newRig(t, "acme-prisma-audit.fifo")
	if got := r.queue.Tenant(); got != "acme" {
		t.Errorf("tenant %q", got)
	}
	bodies := []string{`{"timestamp":1}`, `{"timestamp":1}` + "\n" + `{"timestamp":2}`, `{"Type":"Notification","Message":"{\"timestamp\":3}"}`, created}
	for i, b := range bodies {
		r.SendGroup("acme-prisma-audit.fifo", fmt.Sprint(i), b)
	}
	s := r.source()
	b := r.receive(t, s)
	var got []string
	for i, o := range b.Objects {
		text, err := read(o)
		if err != nil {
			text = "error: " + err.Error()
		}
		got = append(got, text)
		if string(o.Held) != bodies[i] || !o.Named || o.Modified.IsZero() {
			t.Errorf("object %+v", o)
		}
	}
	want := []string{bodies[0], bodies[1], `{"timestamp":3}`, "error: the message names s3://logs-example/a/b c+dあ.json, and the source reads no buckets: write buckets: [logs-example] if it may"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	settle(t, b, ingest.Outcome{Committed: true})
	if r.Count("GetObject") != 0 || r.Left("acme-prisma-audit.fifo") != 0 {
		t.Error("an object was read, or a message is left")
	}
}

// The corpus of hostile messages: what is a dead letter keeps its bytes and never
// makes us read anything; what names nothing is acknowledged.
func TestHostileMessages(t *testing.T) {
	shared := os.Getenv("TOCSIN_SHARED")
	if shared == "" {
		t.Skip("TOCSIN_SHARED is not set: the corpus of hostile messages is not here")
	}
	f, err := os.Open(filepath.Join(shared, "data/hostile/inputs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	lines := bufio.NewScanner(f)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		var c struct {
			ID, Kind, Expect string
			Value            json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		var body string
		if c.Kind != "sqs" {
			continue
		}
		if json.Unmarshal(c.Value, &body) != nil {
			body = string(c.Value)
		}
		n++
		t.Run(c.ID, func(t *testing.T) { hostile(t, body, c.Expect) })
	}
	if n < 11 {
		t.Errorf("%d messages in the corpus", n)
	}
}

func hostile(t *testing.T, body, expect string) {
	r := newRig(t, "events")
	for i := range 200 {
		if i != 7 {
			r.Put("logs-example", fmt.Sprintf("AWSLogs/%d.json", i), "x")
		}
	}
	r.Put("logs-example", "AWSLogs/x.json.gz", "x")
	r.Send("events", body)
	b := r.receive(t, r.source(logs))
	failed := map[string]error{}
	rejected, again := 0, false
	for _, o := range b.Objects {
		if _, err := read(o); err != nil {
			failed[o.Name] = err
			var no *ingest.Rejected
			if errors.As(err, &no) {
				rejected++
				if string(o.Held) != body {
					t.Error("its bytes are not kept")
				}
			}
			again = again || o.Retried(err)
		}
	}
	settle(t, b, ingest.Outcome{Committed: true, Failed: failed})
	got := "deleted"
	switch {
	case again && r.Left("events") == 1:
		got = "kept"
	case rejected > 0 && r.Left("events") == 0 && r.Count("GetObject") == 0:
		got = "dead-letter"
	case rejected > 0 || r.Left("events") > 0:
		got = "neither"
	}
	if got != expect {
		t.Errorf("%s, want %s: %v", got, expect, failed)
	}
}

// Only what lies in the configured places is read; the rest of a message is.
func TestForeignObjects(t *testing.T) {
	r := newRig(t, "events")
	r.Put("logs-example", "in/a", "x")
	r.Send("events", `{"s3Bucket":"logs-example","s3ObjectKey":["in/a","out/b","in/../out/b"]}`)
	b := r.receive(t, r.source(s3.Place{Bucket: "logs-example", Prefix: "in/"}))
	var names []string
	for _, o := range b.Objects {
		names = append(names, o.Name)
	}
	if want := []string{"s3://logs-example/in/a", "s3://logs-example/in/../out/b", "sqs://events/m-1"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
}

// A queue that may not be read says which permission lacks; trying the permission
// to delete deletes nothing.
func TestDeniedAndProbe(t *testing.T) {
	r := newRig(t, "events")
	r.queue.Region, r.queue.Account = "eu-west-1", "123456789012"
	r.Send("events", created)
	s := r.source(logs)
	if err := s.Probe(t.Context()); err != nil || r.Left("events") != 1 {
		t.Errorf("probe: %v", err)
	}
	r.Fault = func(string, string) *awstest.Fault {
		return &awstest.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}
	}
	_, err := s.Receive(t.Context(), ingest.Ask{Now: time.Now()})
	if err == nil || !strings.Contains(err.Error(), "the permission sqs:GetQueueAttributes on arn:aws:sqs:eu-west-1:123456789012:events is missing") {
		t.Error(err)
	}
	if err := s.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "the permission sqs:DeleteMessage on") {
		t.Error(err)
	}
}

func TestParseQueue(t *testing.T) {
	q, err := ParseQueue("https://sqs.eu-central-1.amazonaws.com/111122223333/tocsin.fifo")
	if want := (Queue{"https://sqs.eu-central-1.amazonaws.com/111122223333/tocsin.fifo", "eu-central-1", "111122223333", "tocsin.fifo"}); err != nil || q != want {
		t.Error(q, err)
	}
	for _, s := range []string{"", "tocsin", "ftp://x/1/q", "https://sqs.eu-central-1.amazonaws.com/", "https://a:b@sqs.x.amazonaws.com/1/q", "https://x/1/q?Action=Delete"} {
		if _, err := ParseQueue(s); err == nil {
			t.Errorf("%q is a queue", s)
		}
	}
}
