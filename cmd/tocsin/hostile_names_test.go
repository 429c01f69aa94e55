package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/ingest/awsapi/awstest"
)

// hostileInput is a line of inputs.jsonl; the value of some kinds is no text.
type hostileInput struct {
	ID, Kind, Expect, Why string
	Value                 json.RawMessage
}

// inputs are those of a kind, by id, with their texts.
func inputs(t *testing.T, kind string) (all []hostileInput, texts map[string]string) {
	t.Helper()
	texts = map[string]string{}
	for _, c := range corpus[hostileInput](t, "inputs.jsonl") {
		var text string
		if c.Kind == kind && json.Unmarshal(c.Value, &text) == nil {
			all, texts[c.ID] = append(all, c), text
		}
	}
	if len(all) < 10 {
		t.Fatalf("%d inputs of kind %s", len(all), kind)
	}
	return all, texts
}

// TestHostileObjectNames gives objects hostile names, in a bucket that is listed,
// in one that messages tell of, and in a folder. Each has a good record and a broken
// one, so that its name is shown as that of a dead letter too. Nothing is made on
// this disk by these names.
func TestHostileObjectNames(t *testing.T) {
	t.Parallel()
	all, names := inputs(t, "object")
	content := func(id string) string { return trailOf(id)(0, "") + "\nno record\n" }
	s := awstest.New(t)
	for id, name := range names {
		s.Put("logs", name, content(id))
	}
	queue := s.AddQueue("events", time.Minute)
	for _, name := range names {
		s.Send("events", fmt.Sprintf(`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"logs"},"object":{"key":%q}}}]}`, url.QueryEscape(name)))
	}
	once := func(b *bench) string { return b.once(nil).err }
	for _, x := range []struct {
		name, source string
		feed         func(b *bench) string
	}{
		{"bucket", fmt.Sprintf("bucket: logs, endpoint: %q", s.URL), once},
		{"queue", fmt.Sprintf("queue: %q, buckets: [logs], endpoint: %q", queue, s.URL), func(b *bench) string { return b.untilDeleted(s, "events") }},
		{"dir", "dir: in", once},
	} {
		t.Run(x.name, func(t *testing.T) {
			b := bornAlike(t)
			b.source(x.source)
			wanted := map[string]bool{}
			for _, c := range all {
				wanted[c.ID] = c.Expect == "loaded"
				if x.name == "dir" {
					wanted[c.ID] = writable(b.path("in"), names[c.ID], content(c.ID))
				}
			}
			said := x.feed(b)
			b.namesAreClean(said)
			b.namesAreTaken(all, wanted)
			b.nothingIsMade()
			if t.Failed() {
				t.Log(said)
			}
		})
	}
}

// namesAreClean holds that what is said of objects, and the list of their dead
// letters, is fit for a terminal.
func (b *bench) namesAreClean(said string) {
	b.t.Helper()
	b.terminal = true
	said += b.must(0, "deadletters", "list").out
	b.terminal = false
	if why := unclean(said); why != "" {
		b.t.Errorf("what is said of them has %s", why)
	}
}

// namesAreTaken holds that of those that are wanted the good record is stored, and the
// broken one set aside; and nothing of others.
func (b *bench) namesAreTaken(all []hostileInput, wanted map[string]bool) {
	b.t.Helper()
	out := b.must(0, "query", "-l", "cloudtrail", "--all", "-o", "ndjson", "* | SELECT eventName, count(*) AS n GROUP BY eventName").out
	stored := 0
	for _, c := range all {
		got := strings.Contains(out, fmt.Sprintf(`{"eventName":%q,"n":1}`, c.ID))
		if got != wanted[c.ID] {
			b.t.Errorf("%s (%s): stored %v, not %v", c.ID, c.Why, got, wanted[c.ID])
		}
		if got {
			stored++
		}
	}
	if n := strings.Count(b.must(0, "deadletters", "list", "-o", "ndjson").out, "\n"); n != stored {
		b.t.Errorf("%d dead letters of %d objects", n, stored)
	}
}

// nothingIsMade holds that a bench has what it was given, and its data.
func (b *bench) nothingIsMade() {
	b.t.Helper()
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.Contains(" data in rules tocsin.yaml ", " "+e.Name()+" ") {
			b.t.Errorf("%q appeared", e.Name())
		}
	}
}

// writable writes a file of a hostile name into a folder, where a file can have
// this name.
func writable(dir, name, content string) bool {
	if !filepath.IsLocal(name) || strings.HasSuffix(name, "/") {
		return false
	}
	path := filepath.Join(dir, name)
	return os.MkdirAll(filepath.Dir(path), 0o700) == nil && os.WriteFile(path, []byte(content), 0o600) == nil
}

// TestHostileQueueMessages sends the messages of the corpus through both kinds of
// queue, each beside a good one. A queue of records sets aside what is no record,
// also a notification, which it must not follow.
func TestHostileQueueMessages(t *testing.T) {
	t.Parallel()
	all, texts := inputs(t, "sqs")
	for _, objects := range []bool{true, false} {
		s := awstest.New(t)
		b := newBench(t)
		b.now = time.Now()
		b.write("rules/none.yaml", "")
		keys := fmt.Sprintf("queue: %q, tries: 2, endpoint: %q", s.AddQueue("q", time.Minute), s.URL)
		if objects {
			keys += ", buckets: [logs-example, logs]"
		}
		b.source(keys)
		s.Put("logs-example", "AWSLogs/x.json.gz", trailOf("named")(0, ""))
		for i, c := range all {
			good := trailOf("good")(i, "")
			if objects {
				s.Put("logs", fmt.Sprint(i), good)
				good = notice(fmt.Sprint(i))
			}
			s.Send("q", texts[c.ID])
			s.Send("q", good)
		}
		b.untilDeleted(s, "q")
		var letters []deadLetterRow
		if err := json.Unmarshal([]byte(b.must(0, "deadletters", "list", "-o", "json").out), &letters); err != nil {
			t.Fatal(err)
		}
		aside := map[string]string{}
		for _, l := range letters {
			aside[l.Object] = l.Reason
		}
		for i, c := range all {
			reason, set := aside[fmt.Sprintf("sqs://q/m-%d", 2*i+1)]
			if objects && set != (c.Expect == "dead-letter") {
				t.Errorf("%s (%s): set aside %v %q, not %s", c.ID, c.Why, set, reason, c.Expect)
			}
			if !objects && strings.Contains(texts[c.ID], `"bucket"`) && strings.Contains(texts[c.ID], "ObjectCreated") && !set {
				t.Errorf("%s (%s): a queue of records let it pass", c.ID, c.Why)
			}
			if why := unclean(reason); why != "" {
				t.Errorf("%s: the reason has %s", c.ID, why)
			}
		}
		if out := b.must(0, "query", "-l", "cloudtrail", "--all", "-o", "csv", "eventName:good | SELECT count(*) AS n").out; strings.TrimSpace(out) != fmt.Sprintf("n\n%d", len(all)) {
			t.Errorf("of %d neighbours are stored: %s", len(all), out)
		}
		if n := s.Count("GetObject x.json") + s.Count("GetObject ../x"); n > 0 {
			t.Errorf("%d objects were asked for that it may not read", n)
		}
	}
}
