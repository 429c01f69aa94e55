package main

// This file feeds the kinds of hostile_sources_test.go to each source, as those
// who fill it do.

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tocsin/agent"
	"tocsin/ingest/awsapi/awstest"
	"tocsin/ingest/webhook"
)

func feedings() []feeding {
	return []feeding{
		{"dir", feedDir},
		{"stdin", feedStdin},
		{"bucket", feedBucket},
		{"queue and buckets", feedQueue},
		{"queue of records", feedRecords},
		{"webhook", feedWebhook},
		{"securityhub", feedHub},
	}
}

// source writes the configuration of a bench with one source.
func (b *bench) source(keys string) {
	b.write("tocsin.yaml", hostileBounds+"operator: [ops@example.com]\nprivate_addresses: [127.0.0.1]\nsources:\n  - {name: in, "+keys+"}\n")
}

// once runs the agent for one round, with a text at standard input. A round ends.
func (b *bench) once(stdin []byte) answer {
	b.t.Helper()
	began := time.Now()
	a := b.onceFrom(bytes.NewReader(stdin))
	if took := time.Since(began); took > time.Minute {
		b.t.Errorf("it took %v", took)
	}
	return a
}

// onceFrom is once, however long it takes.
func (b *bench) onceFrom(stdin io.Reader) answer {
	b.t.Helper()
	b.now = b.now.Add(10 * time.Minute)
	var out, err bytes.Buffer
	e := b.env(&out, &err)
	e.stdin = stdin
	code := run(b.t.Context(), e, []string{"run", "--once", "--data", b.path("data"), "--config", b.path("tocsin.yaml")})
	return answer{out.String(), err.String(), code}
}

// notLoaded is what was said of an object that is no dead letter.
func notLoaded(said, name string) string {
	for line := range strings.Lines(said) {
		if strings.Contains(line, `msg="not loaded"`) && strings.Contains(line, "object="+name+" ") {
			_, why, _ := strings.Cut(line, "error=")
			return "not loaded: " + strings.Trim(strings.TrimSpace(why), `"`)
		}
	}
	return ""
}

// ofObject owns the dead letters of an object.
func ofObject(name string) func(deadLetterRow) bool {
	return func(l deadLetterRow) bool { return l.Object == name }
}

func feedDir(t *testing.T, b *bench, kinds []hostileKind) map[string]fed {
	b.source("dir: in")
	for _, k := range kinds {
		b.write("in/"+k.name+".log", string(k.content(trailOf(k.name))))
	}
	result := map[string]fed{}
	first, second := b.once(nil), b.once(nil)
	if strings.Contains(second.err, "took in") {
		t.Errorf("it took something in twice: %s", second.err)
	}
	for _, k := range kinds {
		name := "in/" + k.name + ".log" // below the folder of the data directory
		result[k.name] = fed{ofObject(name), notLoaded(first.err, name)}
	}
	return result
}

// state is the number of the newest dead letter, 0 without one, and why the source
// cannot be asked, "" when it can.
func (b *bench) state() (last int64, failing string) {
	b.t.Helper()
	p, done := b.open()
	defer done()
	letters, _, err := p.store.Logs.DeadLetters(b.t.Context(), "", 1)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(letters) > 0 {
		last = letters[0].ID
	}
	mark, err := p.store.Logs.Mark(b.t.Context(), agent.FailingMark("in"))
	if err != nil {
		b.t.Fatal(err)
	}
	if _, why, ok := strings.Cut(mark, " "); ok {
		failing = "fails: " + why
	}
	return last, failing
}

// oneByOne runs the agent for each kind, and gives each the dead letters that came
// with it.
func (b *bench) oneByOne(kinds []hostileKind, runs func(k hostileKind)) map[string]fed {
	result := map[string]fed{}
	before := int64(-1)
	for _, k := range kinds {
		runs(k)
		from := before
		to, failing := b.state()
		result[k.name] = fed{func(l deadLetterRow) bool { return int64(l.Number) > from && int64(l.Number) <= to }, failing}
		before = to
	}
	return result
}

func feedStdin(_ *testing.T, b *bench, kinds []hostileKind) map[string]fed {
	b.source("stdin: true")
	return b.oneByOne(kinds, func(k hostileKind) { b.once(k.content(trailOf(k.name))) })
}

// untilDeleted runs the agent until a queue is empty, and returns what it said; what
// is hidden there comes at once.
func (b *bench) untilDeleted(s *awstest.Server, queue string) (said string) {
	b.t.Helper()
	for range 10 {
		said += b.once(nil).err
		if s.Left(queue) == 0 {
			return said
		}
		s.Show(queue)
	}
	b.t.Errorf("%d messages are left", s.Left(queue))
	return said
}

func feedBucket(_ *testing.T, b *bench, kinds []hostileKind) map[string]fed {
	s := awstest.New(b.t)
	b.source(fmt.Sprintf("bucket: logs/k/, tries: 2, endpoint: %q", s.URL))
	for _, k := range kinds {
		s.Put("logs", "k/"+k.name, string(k.content(trailOf(k.name))))
	}
	said := b.once(nil).err + b.once(nil).err // tries: 2, each in a process of its own
	gets := s.Count("GetObject")
	if again := b.once(nil).err; s.Count("GetObject") != gets {
		b.t.Errorf("it reads again and again: %d calls, %s", s.Count("GetObject")-gets, again)
	}
	result := map[string]fed{}
	for _, k := range kinds {
		name := "s3://logs/k/" + k.name
		result[k.name] = fed{ofObject(name), notLoaded(said, name)}
	}
	return result
}

func feedQueue(_ *testing.T, b *bench, kinds []hostileKind) map[string]fed {
	s := awstest.New(b.t)
	b.source(fmt.Sprintf("queue: %q, buckets: [logs/k/], tries: 2, endpoint: %q", s.AddQueue("events", time.Minute), s.URL))
	for _, k := range kinds {
		s.Put("logs", "k/"+k.name, string(k.content(trailOf(k.name))))
		s.Send("events", notice("k/"+k.name))
	}
	s.Send("events", notice("k/not-there"))
	b.untilDeleted(s, "events")
	result := map[string]fed{}
	for _, k := range kinds {
		result[k.name] = fed{owns: ofObject("s3://logs/k/" + k.name)}
		if n := s.Count("GetObject k/" + k.name); n > 2 {
			b.t.Errorf("%s was read %d times, and tries: 2", k.name, n)
		}
	}
	// What is not there is the neighbour of what is good.
	result["good"] = fed{owns: ofObject("s3://logs/k/not-there")}
	if n := s.Count("GetObject k/not-there"); n != 2 {
		b.t.Errorf("what is not there was asked for %d times, and tries: 2", n)
	}
	return result
}

// asText is a content as one can send it in a message: text, or base64 of it.
func asText(content []byte) string {
	if utf8.Valid(content) && !bytes.ContainsRune(content, 0) {
		return string(content)
	}
	return base64.StdEncoding.EncodeToString(content)
}

func feedRecords(_ *testing.T, b *bench, kinds []hostileKind) map[string]fed {
	s := awstest.New(b.t)
	b.source(fmt.Sprintf("queue: %q, tries: 2, endpoint: %q", s.AddQueue("acme-audit", time.Minute), s.URL))
	result := map[string]fed{}
	for i, k := range kinds {
		s.Send("acme-audit", asText(k.content(trailOf(k.name))))
		result[k.name] = fed{owns: ofObject(fmt.Sprintf("sqs://acme-audit/m-%d", i+1))}
	}
	b.untilDeleted(s, "acme-audit")
	return result
}

// listOf is the records of a kind as a service posts them: in one list.
func (k hostileKind) listOf(record func(int, string) string) []byte {
	if k.pack != nil {
		return k.content(record)
	}
	return []byte("[" + strings.Join(k.records(record), ",") + "]")
}

// atWebhook runs the agent of a bench with a source that is a webhook, as source
// writes it; send posts a body there, and returns the answer.
func (b *bench) atWebhook(source func(keys string), do func(send func(body []byte) string)) {
	b.t.Helper()
	b.write("secret", "correct horse\n")
	source("webhook: 127.0.0.1:0, secret_file: secret")
	var out bytes.Buffer
	e := b.env(&out, nil)
	e.now = time.Now
	withWebhook(b.t, e, []string{"run", "--data", b.path("data"), "--config", b.path("tocsin.yaml")}, func(address string) {
		do(func(body []byte) string {
			status, text := post(b.t, address, webhook.DefaultHeader+": correct horse", body)
			return fmt.Sprintf("answer %d %s", status, text)
		})
	})
}

func feedWebhook(_ *testing.T, b *bench, kinds []hostileKind) map[string]fed {
	result := map[string]fed{}
	b.atWebhook(b.source, func(send func([]byte) string) {
		for _, k := range kinds {
			body := k.listOf(trailOf(k.name))
			hash := sha256.Sum256(body)
			result[k.name] = fed{ofObject("webhook://in/" + hex.EncodeToString(hash[:16])), send(body)}
		}
	})
	return result
}

// feedHub hands out the records of a kind as findings: those that are JSON, since
// Security Hub writes the answer. Answers that are none are held to in its package.
func feedHub(_ *testing.T, b *bench, kinds []hostileKind) map[string]fed {
	s := awstest.New(b.t)
	b.source(fmt.Sprintf("securityhub: true, region: us-east-1, endpoint: %q", s.URL))
	result := b.oneByOne(slices.DeleteFunc(slices.Clone(kinds), func(k hostileKind) bool { return k.pack != nil }), func(k hostileKind) {
		s.Mu.Lock()
		s.Hub = nil
		for _, f := range k.records(findingOf(k.name)) {
			if json.Valid([]byte(f)) {
				s.Hub = append(s.Hub, awstest.Finding{Updated: b.now.Add(-time.Minute), JSON: f})
			}
		}
		s.Mu.Unlock()
		b.once(nil)
	})
	for _, k := range kinds {
		if k.pack != nil {
			result[k.name] = fed{told: "no finding can be this"}
		}
	}
	return result
}
