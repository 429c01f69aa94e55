package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tocsin/ingest/awsapi/awstest"
)

// A corpusText is a case of the corpus as an object: a hostile record, an oddity or
// a broken line.
type corpusText struct {
	id, format string
	text       []byte
}

func corpusTexts(t *testing.T) (all []corpusText) {
	t.Helper()
	for _, c := range corpus[hostileRecord](t, "records.jsonl") {
		all = append(all, corpusText{c.ID, c.Format, append(c.Record, '\n')})
	}
	for _, c := range corpus[hostileText](t, "oddities.jsonl") {
		all = append(all, corpusText{c.ID, "cloudtrail", []byte(c.Text + "\n")})
	}
	for _, c := range corpus[hostileText](t, "broken.jsonl") {
		all = append(all, corpusText{c.ID, "cloudtrail", append(c.Base64, '\n')})
	}
	if len(all) < 250 {
		t.Fatalf("%d texts in the corpus", len(all))
	}
	return all
}

// compact is the texts as a service that parses them writes them.
func compact(t *testing.T, texts []corpusText) (all []corpusText) {
	t.Helper()
	for _, c := range texts {
		var b bytes.Buffer
		if err := json.Compact(&b, c.text); err != nil {
			t.Fatal(err)
		}
		all = append(all, corpusText{c.id, c.format, append(b.Bytes(), '\n')})
	}
	return all
}

// TestHostileSame takes the corpus in through every source: what is stored, to the
// last field, and what is set aside, is the same as from files that are loaded, but for
// what says where it came from.
// This is two of the sources; TestIntegrationHostileSame is all.
func TestHostileSame(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the corpus in three times: -short was said")
	}
	t.Parallel()
	hostileSame(t, "dir", "queue of records")
}

// hostileSame is TestHostileSame for the sources that are named; for all without a
// name.
func hostileSame(t *testing.T, names ...string) {
	t.Helper()
	texts := corpusTexts(t)
	those := func(of func(corpusText) bool) []corpusText {
		return slices.DeleteFunc(slices.Clone(texts), func(c corpusText) bool { return !of(c) })
	}
	valid := func(c corpusText) bool { return json.Valid(c.text) && bytes.HasPrefix(c.text, []byte("{")) }
	var wantRows, wantLetters []string // from files, of the texts of before
	for _, x := range []struct {
		name    string
		texts   []corpusText
		through func(b *bench, texts []corpusText)
		letters bool // those of files too: not where many texts are one object, and not in a folder, where an object of no known format is none
	}{
		{"dir", texts, throughDir, false},
		{"bucket", texts, throughBucket, true},
		{"queue and buckets", texts, throughQueue, true},
		{"stdin", texts, throughStdin, false},
		{"queue of records", those(func(c corpusText) bool { return asText(c.text) == string(c.text) }), throughRecords, true},
		{"webhook", those(valid), throughWebhook, true},
		{"securityhub", compact(t, those(func(c corpusText) bool { return c.format == "asff" })), throughHub, false},
	} {
		if len(names) > 0 && !slices.Contains(names, x.name) {
			continue
		}
		b := bornAlike(t)
		x.through(b, x.texts)
		if len(x.texts) != len(texts) || wantRows == nil {
			files := bornAlike(t)
			loadedAsFiles(files, x.texts)
			wantRows, wantLetters = files.taken(t)
		}
		rows, letters := b.taken(t)
		anyOrder := cmpopts.SortSlices(strings.Compare)
		if diff := cmp.Diff(wantRows, rows, anyOrder); diff != "" {
			t.Errorf("%s: %d records, %d from files: %.5000s", x.name, len(rows), len(wantRows), diff)
		}
		if diff := cmp.Diff(wantLetters, letters, anyOrder); x.letters && diff != "" {
			t.Errorf("%s: dead letters: %.5000s", x.name, diff)
		}
		if len(letters) == 0 && len(wantLetters) > 0 {
			t.Errorf("%s: nothing is set aside, and %d from files", x.name, len(wantLetters))
		}
	}
}

// bornAlike is a bench without rules, of today.
func bornAlike(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.now = time.Now()
	b.write("rules/none.yaml", "")
	return b
}

// plainSource writes the configuration of a bench with one source, and the usual
// bounds.
func (b *bench) plainSource(keys string) {
	b.write("tocsin.yaml", "operator: [ops@example.com]\nprivate_addresses: [127.0.0.1]\nsources:\n  - {name: in, "+keys+"}\n")
}

// loadedAsFiles loads the texts as files that are named.
func loadedAsFiles(b *bench, texts []corpusText) {
	b.write("tocsin.yaml", "operator: [ops@example.com]\n")
	args := []string{"load"}
	for i, c := range texts {
		name := fmt.Sprintf("in/%04d.jsonl", i)
		b.write(name, string(c.text))
		args = append(args, b.path(name))
	}
	b.call(args...)
}

func throughDir(b *bench, texts []corpusText) {
	b.plainSource("dir: in")
	for i, c := range texts {
		b.write(fmt.Sprintf("in/%04d.jsonl", i), string(c.text))
	}
	b.once(nil)
}

func throughBucket(b *bench, texts []corpusText) {
	s := awstest.New(b.t)
	b.plainSource(fmt.Sprintf("bucket: logs, tries: 1, endpoint: %q", s.URL))
	for i, c := range texts {
		s.Put("logs", fmt.Sprintf("%04d", i), string(c.text))
	}
	b.once(nil)
}

func throughQueue(b *bench, texts []corpusText) {
	s := awstest.New(b.t)
	b.plainSource(fmt.Sprintf("queue: %q, buckets: [logs], tries: 1, endpoint: %q", s.AddQueue("q", time.Minute), s.URL))
	for i, c := range texts {
		s.Put("logs", fmt.Sprint(i), string(c.text))
		s.Send("q", notice(fmt.Sprint(i)))
	}
	b.untilDeleted(s, "q")
}

func throughRecords(b *bench, texts []corpusText) {
	s := awstest.New(b.t)
	b.plainSource(fmt.Sprintf("queue: %q, tries: 1, tenant: \"\", endpoint: %q", s.AddQueue("q", time.Minute), s.URL))
	for _, c := range texts {
		s.Send("q", string(c.text))
	}
	b.untilDeleted(s, "q")
}

func throughWebhook(b *bench, texts []corpusText) {
	b.atWebhook(b.plainSource, func(send func([]byte) string) {
		var sent sync.WaitGroup
		turns := make(chan struct{}, 8)
		for _, c := range texts {
			turns <- struct{}{}
			sent.Go(func() {
				defer func() { <-turns }()
				if told := send(c.text); !strings.HasPrefix(told, fmt.Sprint("answer ", http.StatusOK)) {
					b.t.Errorf("%s: %s", c.id, told)
				}
			})
		}
		sent.Wait()
	})
}

// throughStdin sends the lines of each format as one stream.
func throughStdin(b *bench, texts []corpusText) {
	b.plainSource("stdin: true")
	streams := map[string][]byte{}
	for _, c := range texts {
		streams[c.format] = append(streams[c.format], c.text...)
	}
	for _, format := range slices.Sorted(maps.Keys(streams)) {
		b.once(streams[format])
	}
}

func throughHub(b *bench, texts []corpusText) {
	s := awstest.New(b.t)
	b.plainSource(fmt.Sprintf("securityhub: true, region: us-east-1, endpoint: %q", s.URL))
	for _, c := range texts {
		s.Hub = append(s.Hub, awstest.Finding{Updated: b.now.Add(-time.Hour), JSON: string(c.text)})
	}
	b.once(nil)
}

// taken is what a bench holds: records without what says when and from where they
// came, and why each dead letter is one.
func (b *bench) taken(t *testing.T) (rows, letters []string) {
	t.Helper()
	today, tomorrow := time.Now().UTC().Format("2006-01-02T"), time.Now().UTC().AddDate(0, 0, 1).Format("2006-01-02T")
	for _, logstore := range []string{"cloudtrail", "findings", "audit"} {
		for line := range strings.Lines(b.must(0, "query", "-l", logstore, "--all", "-o", "ndjson", "*").out) {
			var row map[string]any
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			for key, value := range row {
				loaded, ok := value.(string)
				if slices.Contains([]string{"__seq__", "__ingest_time__", "__source__", "__time__"}, key) || ok && (strings.HasPrefix(loaded, today) || strings.HasPrefix(loaded, tomorrow)) {
					delete(row, key) // when it came
				}
			}
			if flags, ok := row["__flags__"].(string); ok && strings.Contains(flags, " id ") {
				delete(row, "eventID") // made of its place
			}
			text, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, string(text))
		}
	}
	var list []deadLetterRow
	if err := json.Unmarshal([]byte(b.must(0, "deadletters", "list", "-o", "json").out), &list); err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		letters = append(letters, l.Reason)
	}
	return rows, letters
}
