package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// hostileText is a line of oddities.jsonl, of broken.jsonl or of big.jsonl.
type hostileText struct {
	ID, Name, Class, Text, Expect, Why string
	Base64                             []byte
	Line                               int
}

// loadConfig has a rule over everything, told in a table and in a template of
// the article's kind.
const loadConfig = `
rules: [rules/]
mail: {from: tocsin@example.com}
people: {rows: {email: rows@example.com}}
operator: [rows]
`

const loadRules = `
defaults: {start: -24h, notify: {to: [rows]}}
rules:
- {id: everything, logstore: cloudtrail, query: "*"}
- {id: long, logstore: cloudtrail, query: "* | SELECT eventName, userAgent", alert_per: [userAgent], annotations: {title: "by ${userAgent}", desc: "by {{ alert.results[0].raw_results[0].userAgent }}"}}
- {id: names, logstore: cloudtrail, query: "eventName:* | SELECT eventName, count(*) AS n GROUP BY eventName"}
`

func newLoadBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.write("tocsin.yaml", loadConfig)
	b.write("rules/rules.yaml", "")
	return b
}

// good is a record that nothing is wrong with.
func good(n int) string {
	return fmt.Sprintf(`{"eventVersion":"1.08","eventTime":"2026-11-20T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"GoodNeighbour","awsRegion":"us-east-1","eventID":"0c0c0000-0000-4000-8000-%012d","userIdentity":{"type":"IAMUser","userName":"alice"}}`, n) + "\n"
}

// TestHostileOddities loads each oddity, and each broken line, as a file of its
// own beside a good one; then rules, mails and queries work over all of them.
func TestHostileOddities(t *testing.T) {
	t.Parallel()
	b := newLoadBench(t)
	cases := corpus[hostileText](t, "oddities.jsonl")
	for _, c := range corpus[hostileText](t, "broken.jsonl") {
		c.Text = string(c.Base64)
		cases = append(cases, c)
	}
	for i, c := range cases {
		name := b.path("in/" + c.ID + ".jsonl")
		b.write("in/"+c.ID+".jsonl", c.Text+"\n")
		b.write("good.jsonl", good(i))
		a := b.call("load", name, b.path("good.jsonl"))
		if got := verdictOf(a, 1); got != c.Expect {
			t.Errorf("%s (%s): %s, not %s:\n%s", c.ID, c.Why, got, c.Expect, a.err)
		}
		if (a.code == 1) != (c.Expect == "set-aside" || strings.Contains(a.err, "set aside")) || a.code > 1 {
			t.Errorf("%s (%s): exit status %d", c.ID, c.Why, a.code)
		}
		if why := unclean(a.err); why != "" {
			t.Errorf("%s: what load prints has %s", c.ID, why)
		}
	}
	b.setAside(t, cases)
	b.choices(t)
	b.stillWorks(t, len(cases))
}

var loadedWords = regexp.MustCompile(`cloudtrail: ([0-9]+) records? stored`)

// verdictOf is what became of a file, in the words of the corpus, from what load
// printed. neighbours are the good records beside it.
func verdictOf(a answer, neighbours int) string {
	m := loadedWords.FindStringSubmatch(a.err)
	if m == nil {
		return "nothing loaded, not even the neighbour"
	}
	stored, err := strconv.Atoi(m[1])
	if err != nil || stored < neighbours {
		return "the neighbour is not stored"
	}
	stored -= neighbours
	aside := strings.Contains(a.err, "set aside") || strings.Contains(a.err, "not loaded")
	switch {
	case aside && stored == 0:
		return "set-aside"
	case aside || strings.Contains(a.err, "flagged") || strings.Contains(a.err, "conflict"):
		return "stored-flagged"
	}
	return "stored"
}

// deadLetterRow is what "deadletters list" tells of one.
type deadLetterRow struct {
	Object, Reason string
	Line           *int // nil: the whole object
	Number         int
}

// setAside holds that what is set aside is listed with its place and reason.
func (b *bench) setAside(t *testing.T, cases []hostileText) {
	t.Helper()
	b.terminal = false
	var letters []deadLetterRow
	out := b.must(0, "deadletters", "list", "-o", "json").out
	if err := json.Unmarshal([]byte(out), &letters); err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, l := range letters {
		if l.Reason == "" || unclean(l.Reason) != "" {
			t.Errorf("dead letter %d of %s: reason %q", l.Number, l.Object, l.Reason)
		}
		listed[strings.TrimSuffix(filepath.Base(l.Object), ".jsonl")] = true
	}
	for _, c := range cases {
		if c.Expect == "set-aside" && !listed[c.ID] {
			t.Errorf("%s (%s) is not in deadletters", c.ID, c.Why)
		}
	}
	letters = slices.DeleteFunc(letters, func(l deadLetterRow) bool { return l.Line == nil })
	for _, l := range letters[:min(5, len(letters))] {
		b.terminal = false
		raw := b.must(0, "deadletters", "show", strconv.Itoa(l.Number)).out
		b.terminal = true
		a := b.must(0, "deadletters", "show", strconv.Itoa(l.Number))
		if why := unclean(a.out + a.err); why != "" || raw == "" {
			t.Errorf("dead letter %d of %s: %d bytes, on a terminal %s", l.Number, l.Object, len(raw), why)
		}
	}
	if a := b.must(0, "deadletters", "list"); unclean(a.out+a.err) != "" {
		t.Errorf("deadletters list: %s", unclean(a.out+a.err))
	}
}

// choices are what the page on loading promises where the corpus leaves it
// open, and the fields that come from us alone (G08, G09, G11, G13).
func (b *bench) choices(t *testing.T) {
	t.Helper()
	b.terminal = false
	const id = `0d0d0000-0000-4000-8000-0000000000`
	for _, c := range []struct{ query, row string }{
		{`eventID:"` + id + `01" and eventName:CreateUser | SELECT eventName`, `{"eventName":"CreateUser"}`},
		{`eventID:"` + id + `02" | SELECT eventName, extra.EventName AS a, extra.EVENTNAME AS b`, `{"eventName":"CreateUser","a":"DeleteTrail","b":"StopLogging"}`},
		{`eventID:"` + id + `07" and __seq__ > 0 | SELECT __seq__ < 100000 AS ours, extra.__seq__ AS own`, `{"ours":true,"own":"9223372036854775807"}`},
		{`eventID:"` + id + `08" and not __source__:forged | SELECT extra.__tenant__ AS own, extra.__source__ AS source`, `{"own":"other","source":"forged"}`},
		{`eventID:"` + id + `09" | SELECT __time__, extra.__time__ AS own`, `{"__time__":1795168800,"own":"253402300799"}`},
		{`eventID:"` + id + `11" and not @actor:root | SELECT @actor, extra."@actor" AS own`, `{"actor":"alice","own":"root"}`},
		{`eventID:"` + id + `12" | SELECT __topic__, extra.__topic__ AS own`, `{"__topic__":"cloudtrail","own":"sas-cspm-log"}`},
		{`eventID:"` + id + `20" | SELECT requestParameters.n, requestParameters.m`, `{"requestParameters.n":"123456789012345678901234567890","requestParameters.m":"18446744073709551615"}`},
		{`eventID:"` + id + `71" | SELECT eventName`, `{"eventName":"CreateUser"}`},
		{`eventName:GoodNeighbour and __seq__ < 10 | SELECT count(*) AS n`, `{"n":`},
	} {
		a := b.must(0, "query", "-l", "cloudtrail", "--all", c.query)
		if !strings.HasPrefix(a.out, c.row) || strings.Count(a.out, "\n") != 1 {
			t.Errorf("%s: %s not %s", c.query, a.out, c.row)
		}
	}
}

// stillWorks runs rules and queries over everything that was stored.
func (b *bench) stillWorks(t *testing.T, neighbours int) {
	t.Helper()
	b.write("rules/rules.yaml", loadRules)
	a := b.must(0, "run", "--once")
	if why := unclean(a.err); why != "" || !strings.Contains(a.err, "3 mails sent") {
		t.Errorf("run --once: %s\n%s", why, a.err)
	}
	for _, l := range b.letters(t) {
		for name, text := range map[string]string{"subject": l.subject, "text": l.text, "HTML": l.html, "attachment": l.rows} {
			if why := unclean(text); why != "" {
				t.Errorf("mail of %s: %s has %s", l.rule, name, why)
			}
		}
	}
	b.terminal = false
	a = b.must(0, "query", "-l", "cloudtrail", "--all", "eventName:GoodNeighbour | SELECT count(*) AS n")
	if want := fmt.Sprintf("{\"n\":%d}\n", neighbours); a.out != want {
		t.Errorf("%s of %s neighbours are there", a.out, want)
	}
	var rows []map[string]any
	if err := json.Unmarshal([]byte(b.must(0, "query", "-l", "cloudtrail", "--all", "-o", "json", "*").out), &rows); err != nil || len(rows) < neighbours {
		t.Errorf("%d records: %v", len(rows), err)
	}
	b.terminal = true
	for _, form := range []string{"table", "csv"} {
		if why := unclean(b.must(0, "query", "-l", "cloudtrail", "--all", "-o", form, "*").out); why != "" {
			t.Errorf("-o %s: %s", form, why)
		}
	}
}

// letters reads the mails that were delivered.
func (b *bench) letters(t *testing.T) (all []letter) {
	t.Helper()
	files, err := filepath.Glob(b.path("data/mail/new/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		l, err := readLetter(raw)
		if err != nil {
			t.Fatalf("%s: %v\n%.2000s", file, err, raw)
		}
		all = append(all, l)
	}
	return all
}

// TestHostileBrokenFile loads broken.bin as one file: the lines that the corpus
// names are set aside, each under its number, and all others are stored.
func TestHostileBrokenFile(t *testing.T) {
	t.Parallel()
	bytes, err := os.ReadFile(filepath.Join(shared(t, "hostile"), "broken.bin"))
	if err != nil {
		t.Fatal(err)
	}
	b := newLoadBench(t)
	b.write("broken.jsonl", string(bytes))
	a := b.must(1, "load", b.path("broken.jsonl"))
	if !strings.Contains(a.err, "13 records stored") || !strings.Contains(a.err, "set aside") {
		t.Errorf("load: %s", a.err)
	}
	var letters []struct{ Line int }
	if err := json.Unmarshal([]byte(b.must(0, "deadletters", "list", "-o", "json").out), &letters); err != nil {
		t.Fatal(err)
	}
	for _, c := range corpus[hostileText](t, "broken.jsonl") {
		listed := slices.ContainsFunc(letters, func(l struct{ Line int }) bool { return l.Line == c.Line })
		if listed != (c.Expect == "set-aside") {
			t.Errorf("%s, line %d (%s): set aside is %v", c.ID, c.Line, c.Why, listed)
		}
	}
	b.write("rules/rules.yaml", loadRules)
	if a := b.must(0, "run", "--once"); !strings.Contains(a.err, "3 mails sent") {
		t.Errorf("run --once: %s", a.err)
	}
}

// lockedText is a buffer for two goroutines.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestHostileNames: names of files come from others too (G01). The summary, the
// list of dead letters and the log of the agent keep their lines.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	const forged = "x\n2026-11-20T10:00:00Z level=INFO msg=forged \x1b[31m\u202e\u2028.jsonl"
	b := newLoadBench(t)
	b.write("tocsin.yaml", loadConfig+"sources: [{name: drop, dir: drop}]\n")
	b.write("drop/"+forged, good(1)+"{\"eventVersion\":\"1.08\",\"eventTime\":\n")
	b.write("drop/y"+forged, "no log\x1b[2J\n")
	b.now = time.Now()
	a := b.must(1, "load", b.path("drop/"+forged), b.path("drop/y"+forged), b.path("drop"))
	if why := unclean(a.err); why != "" || !strings.Contains(a.err, "not loaded: ") || strings.Contains(a.err, "\n2026") {
		t.Errorf("load: %s\n%s", why, a.err)
	}
	b.terminal = true
	a = b.must(0, "deadletters", "list")
	if why := unclean(a.out); why != "" || strings.Contains(a.out, "\n2026") {
		t.Errorf("deadletters list: %s\n%s", why, a.out)
	}
	if err := os.RemoveAll(b.path("data")); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Minute)
	for _, name := range []string{"drop/" + forged, "drop/y" + forged} {
		if err := os.Chtimes(b.path(name), past, past); err != nil {
			t.Fatal(err)
		}
	}
	log := b.agentLog("set aside")
	for line := range strings.Lines(log) {
		if why := unclean(line); why != "" || !strings.HasPrefix(line, "time=") {
			t.Errorf("log line %q: %s", line, why)
		}
	}
	if !strings.Contains(log, "set aside") || !strings.Contains(log, "no known format") {
		t.Errorf("the log says nothing of the files:\n%s", log)
	}
}

// agentLog is what the agent logs until it says a word, or for ten seconds.
func (b *bench) agentLog(word string) string {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	log := &lockedText{}
	e := &env{stdin: strings.NewReader(""), stdout: log, stderr: log, getenv: func(string) string { return "" }, now: time.Now}
	done := make(chan int)
	go func() {
		done <- run(ctx, e, []string{"run", "--data", b.path("data"), "--config", b.path("tocsin.yaml")})
	}()
	for ctx.Err() == nil && !strings.Contains(log.String(), word) {
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	<-done
	return log.String()
}
