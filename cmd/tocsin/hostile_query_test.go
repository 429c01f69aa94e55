package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostileQuery is a line of queries.jsonl.
type hostileQuery struct{ ID, Class, Query, Expect, Why string }

// queryConfig declares the log that the corpus asks. Bait lies where hostile
// queries look for files.
const queryConfig = `
rules: [rules/]
logstores:
  hostile:
    format: json
    time: ts
    fields: {eventName: keyword, status: keyword, sourceIPAddress: keyword, awsRegion: keyword, userAgent: text, errorMessage: text, cnt: integer, requestParameters: object}
mail: {from: tocsin@example.com}
people: {rows: {email: rows@example.com}, csv: {email: csv@example.com, content: csv}}
operator: [rows]
`

const (
	bait         = "BAIT4711"
	queryTime    = 5 * time.Second // the bound of a hostile query
	queryRecords = 60              // in the log
)

// TestHostileQueries asks every query of queries.jsonl as the command line does:
// a refusalShown comes before anything runs, with place, caret and way out; what only
// looks hostile is answered; the rest ends within its bounds. The engine answers
// after each, and nothing else has changed.
func TestHostileQueries(t *testing.T) {
	log, err := os.ReadFile(filepath.Join(shared(t, "hostile"), "queries-log.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	cases := corpus[hostileQuery](t, "queries.jsonl")
	b := newBench(t)
	b.write("tocsin.yaml", queryConfig)
	b.write("rules/rules.yaml", "")
	b.write("log.jsonl", string(log))
	for _, name := range []string{"export/rows.csv", "rows.csv", "secret.txt", "log.csv", "data/export/rows.csv"} {
		b.write(name, "a,b\n"+bait+",2\n")
	}
	t.Chdir(b.dir)
	b.must(0, "load", "-l", "hostile", b.path("log.jsonl"))
	b.must(0, "query", "-l", "hostile", "* | SELECT count(*) AS n") // opens every file once
	before := b.files()
	accepted := b.askAll(t, cases)
	if after := b.files(); !slices.Equal(before, after) {
		t.Errorf("files before\n%s\nafter\n%s", before, after)
	}
	t.Run("rules", func(t *testing.T) { b.asRules(t, accepted, b.insideRules(t, cases)) })
}

// askAll returns the queries that were answered.
func (b *bench) askAll(t *testing.T, cases []hostileQuery) (accepted []hostileQuery) {
	p, closeIt := b.open()
	defer closeIt()
	peak := peakMemory()
	unhinted := 0
	for _, c := range cases {
		start := time.Now()
		a := ask(p, "hostile", c.Query)
		if took := time.Since(start); took > 3*queryTime {
			t.Errorf("%s (%s) took %v", c.ID, c.Why, took)
		}
		if a.code == exitUsage && c.Expect == "ok-no-effect" || a.code != exitUsage && c.Expect == "error" || c.Expect == "ok-no-effect" && a.code != exitDone {
			t.Errorf("%s (%s), %s: exit status %d\n%.300s\n%.600s", c.ID, c.Why, c.Expect, a.code, c.Query, a.err)
		}
		if a.code == exitDone {
			accepted = append(accepted, c)
		}
		if c.Expect == "ok-no-effect" && (strings.Contains(c.Query, "@actor") || strings.Contains(c.Query, "eventName")) {
			if a := ask(p, "cloudtrail", c.Query); a.code != exitDone {
				t.Errorf("%s (%s) over cloudtrail: exit status %d\n%.600s", c.ID, c.Why, a.code, a.err)
			}
		}
		if a.code == exitUsage {
			if !refusalShown.MatchString(a.err) || a.out != "" {
				t.Errorf("%s is refused without place and caret: %.600s", c.ID, a.err)
			}
			if !strings.Contains(a.err, "= hint: ") { // of a syntax error, what was expected there is the way out
				unhinted++
				if !strings.Contains(a.err, "expected ") {
					t.Errorf("%s is refused without a way out: %.300s", c.ID, a.err)
				}
			}
		}
		if why := unclean(a.err); why != "" || len(a.err) > 20_000 || strings.Contains(a.out+a.err, bait) && !strings.Contains(c.Query, bait) {
			t.Errorf("%s (%s): %s in %d bytes: %.600s", c.ID, c.Why, why, len(a.err), a.err)
		}
		if n := ask(p, "hostile", "* | SELECT count(*) AS n"); n.out != fmt.Sprintf("{\"n\":%d}\n", queryRecords) {
			t.Fatalf("after %s (%s) the log answers %q %q", c.ID, c.Why, n.out, n.err)
		}
	}
	grown := peak() >> 20
	t.Logf("%d queries, %d answered, %d refusals without a hint; memory grew by at most %d MB", len(cases), len(accepted), unhinted, grown)
	if grown > 512 {
		t.Errorf("memory grew by %d MB", grown)
	}
	if len(accepted) < 30 {
		t.Errorf("only %d queries are answered", len(accepted))
	}
	return accepted
}

// refusalShown matches what a refused query prints first.
var refusalShown = regexp.MustCompile(`(?m)^1:[0-9]+: error: .+\n  \| .*\n  \|[ \t]*\^+$|^[0-9]+:[0-9]+: error: `)

// ask is `tocsin query -l LOGSTORE --timeout 5s QUERY` over an open project.
func ask(p *project, logstore, src string) answer {
	var out, stderr bytes.Buffer
	e := *p.env
	e.stdout, e.stderr = &out, &stderr
	asked := *p
	asked.env = &e
	err := asked.ask(context.Background(), queryFlags{logstore: logstore, last: "24h", limit: 1000, timeout: queryTime}, "ndjson", src)
	if err == nil {
		return answer{out.String(), stderr.String(), exitDone}
	}
	report(&e, err)
	return answer{out.String(), stderr.String(), exitCode(err)}
}

// files are the names of all files of the bench.
func (b *bench) files() (names []string) {
	b.t.Helper()
	err := filepath.WalkDir(b.dir, func(name string, d fs.DirEntry, err error) error {
		if !strings.HasSuffix(name, ".wal") && !strings.Contains(name, "/tmp/") {
			names = append(names, strings.TrimPrefix(name, b.dir))
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return names
}

// asRules makes a rule of each query that was answered, lets all of them and more
// rules run, and reads their mails: headings of columns come from queries too (G01).
func (b *bench) asRules(t *testing.T, queries []hostileQuery, more []string) {
	var y strings.Builder
	y.WriteString("defaults: {logstore: hostile, window: 24h, mode: state, notify: {to: [rows, csv]}}\nrules:\n- {id: good, query: 'eventName:CreateUser'}\n")
	rules := 0
	for _, q := range queries {
		if len(q.Query) < 4000 {
			rules++
			fmt.Fprintf(&y, "- {id: %s, query: %s}\n", q.ID, yamlText(q.Query))
		}
	}
	for _, rule := range more {
		fmt.Fprintf(&y, "- %s\n", rule)
	}
	b.write("rules/rules.yaml", y.String())
	check := b.call("check")
	if check.code != exitDone || unclean(check.err) != "" {
		t.Fatalf("check: %d %s\n%.3000s", check.code, unclean(check.err), check.err)
	}
	a := b.call("run", "--once")
	if why := unclean(a.err); why != "" || a.code > exitFound || !strings.Contains(a.err, "good: firing") {
		t.Errorf("run --once: %d %s\n%.3000s", a.code, why, a.err)
	}
	mails := b.letters(t)
	t.Logf("%d rules and %d more, %d mails", rules, len(more), len(mails))
	for _, l := range mails {
		for name, text := range map[string]string{"subject": l.subject, "text": l.text, "HTML": l.html, "attachment": l.rows} {
			if why := unclean(text); why != "" || strings.Contains(text, bait) {
				t.Errorf("mail of %s: %s has %s", l.rule, name, why)
			}
		}
		for _, no := range []string{"<StartTag img", "<StartTag script", "onerror"} {
			if strings.Contains(l.shape, no) {
				t.Errorf("mail of %s: the HTML has %s", l.rule, no)
			}
		}
		rows, err := csv.NewReader(strings.NewReader(l.rows)).ReadAll()
		if err != nil {
			t.Errorf("mail of %s: %v", l.rule, err)
		}
		for _, row := range rows {
			if i := slices.IndexFunc(row, formulaLike); i >= 0 {
				t.Errorf("mail of %s: %q is a formula", l.rule, row[i])
			}
		}
	}
	if len(mails) < 20 {
		t.Errorf("only %d mails", len(mails))
	}
}

// yamlText quotes a text for YAML.
func yamlText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r < 0x20 || r > 0x7e && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// TestHostileBigQuery is query-nest-60k: an error within a second.
func TestHostileBigQuery(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 makes the large cases: " + err.Error())
	}
	src, err := exec.Command(python, filepath.Join(shared(t, "hostile"), "generate.py"), "--big", "query-nest-60k").Output()
	if err != nil {
		t.Fatal(err)
	}
	b := newLoadBench(t)
	b.write("one.jsonl", good(1))
	b.must(0, "load", b.path("one.jsonl"))
	before := allocated()
	a := b.must(exitUsage, "query", "-l", "cloudtrail", string(src))
	work := allocated() - before
	t.Logf("%d bytes of query, %d KB allocated to refuse it", len(src), work>>10)
	if !strings.Contains(a.err, "error: ") || len(a.err) > 4000 {
		t.Errorf("%.1000s", a.err)
	}
	if work > 1000*uint64(len(src)) {
		t.Errorf("%d bytes were allocated to refuse %d", work, len(src))
	}
}
