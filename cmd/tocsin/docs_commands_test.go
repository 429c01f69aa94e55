package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Commands of the documentation: which are run as they stand, which with
// something put in for a placeholder, and which not, with the reason.

// An unrun is a command that the test does not run as it stands.
type unrun struct {
	begins string
	with   string // run instead; "": nothing is run
	status int    // that is expected of it
	why    string
}

// unruns are looked through from the top.
var unruns = []unrun{
	{begins: "make demo", with: "tocsin demo", why: "the Makefile builds the program first"},
	{begins: "make ", why: "builds and tests the program itself"},
	{begins: "systemctl ", why: "there is no systemd here"},
	{begins: "tocsin backup --data /var/lib/tocsin /backup/tocsin", with: "tocsin backup ../safe", why: "the directory of a service is not here"},
	{begins: "cp /backup/tocsin/", why: "the directory of a service is not here"},
	{begins: "tocsin mail-test ADDRESS", with: "tocsin mail-test ami@example.com", status: exitUsage, why: "there is no mail server here, and it says so"},
	{begins: "tocsin source test NAME", with: "tocsin source test trail", status: exitUsage, why: "there is no source here, and it says so"},
	{begins: "tocsin load s3://BUCKET/PREFIX", why: "there is no bucket here; TestLoadFromABucket has one"},
	{begins: "tocsin deadletters retry", with: "tocsin deadletters retry --all", status: exitFound, why: "the broken record of this session stays broken, and it says so"},
	{begins: "tocsin rules release", with: "tocsin rules release trail-stopped", status: exitUsage, why: "no rule of this session is quarantined, and it says so; TestP31ARuleThatEndsTheProcess releases one"},
	{begins: "go test", why: "runs tests, of which this is one"},
	{begins: "tools/", why: "runs tests with what is not installed everywhere"},
	{begins: "git ", why: "changes a working tree"},
}

// A placeholder is a word of a command for which a reader puts in his own.
type placeholder struct {
	word string
	put  func(s *session) string
	why  string
}

var placeholders = []placeholder{
	{"PATH…", func(*session) string { return "logs" }, "the sample logs"},
	{"PATH", func(*session) string { return "logs" }, "the sample logs"},
	{"DIRECTORY", func(*session) string { return "logs" }, "the sample logs"},
	{"RULE", func(*session) string { return "trail-stopped" }, "the first rule of tocsin init"},
	{"NUMBER", (*session).deadLetter, "of a broken record that is loaded for it"},
	{"A-7F3K", (*session).firing, "the id of an alert of this session"},
}

// placeholderLike matches what looks like a placeholder that the table lacks.
var placeholderLike = regexp.MustCompile(`^[A-Z]{2,}…?$`)

// A session runs the commands of one page, one after another, in a folder.
type session struct {
	t   *testing.T
	dir string
}

// newSession makes the working directory an empty folder with the sample logs
// in it and, but for a page that does that itself, what `tocsin init` writes.
func newSession(t *testing.T, logs string, init bool) *session {
	t.Helper()
	s := &session{t: t, dir: t.TempDir()}
	t.Chdir(s.dir)
	if err := os.CopyFS(filepath.Join(s.dir, "logs"), os.DirFS(logs)); err != nil {
		t.Fatal(err)
	}
	if init {
		s.must("init")
	}
	return s
}

// run executes a command line in this process.
func (s *session) run(args ...string) (status int, stdout, stderr string) {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	var out bytes.Buffer
	var errs saying
	if slices.Equal(args, []string{"run"}) { // the agent, until it is told to stop
		errs.word, errs.do = "msg=running", func() { time.AfterFunc(500*time.Millisecond, cancel) }
	}
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }, now: time.Now}
	status = run(ctx, e, args)
	return status, out.String(), errs.String()
}

// saying is what is written, and does something once when a word is in it. It is
// for one writer at a time.
type saying struct {
	bytes.Buffer
	word string
	do   func()
}

// Write implements io.Writer.
func (s *saying) Write(p []byte) (int, error) {
	if s.do != nil && bytes.Contains(p, []byte(s.word)) {
		s.do()
		s.do = nil
	}
	return s.Buffer.Write(p)
}

// must is run for what is not the page's own.
func (s *session) must(args ...string) string {
	s.t.Helper()
	status, stdout, stderr := s.run(args...)
	if status != exitDone {
		s.t.Fatalf("tocsin %s: status %d\n%s", strings.Join(args, " "), status, stderr)
	}
	return stdout
}

// deadLetter loads a broken record and returns its number.
func (s *session) deadLetter() string {
	const broken = `{"eventVersion":"1.08","eventName":"A","eventSource":"b","eventTime":"2026-01-01T00:00:00Z"}` + "\n" + `{"eventVersion":"1.08","eventName":"Cre` + "\n"
	if err := os.WriteFile("broken.jsonl", []byte(broken), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if status, _, stderr := s.run("load", "broken.jsonl"); status != exitFound {
		s.t.Fatalf("load broken.jsonl: status %d\n%s", status, stderr)
	}
	m := regexp.MustCompile(`"number":(\d+)`).FindStringSubmatch(s.must("deadletters", "list"))
	if m == nil {
		s.t.Fatal("there is no dead letter")
	}
	return m[1]
}

// firing lets an alert fire, of a rule that is new and so due at once, and returns
// its id.
func (s *session) firing() string {
	const rule = "rules: [{id: anything, logstore: cloudtrail, query: eventName:*, window: 24h, every: 1h, severity: low}]\n"
	if err := os.MkdirAll("rules", 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile("rules/anything.yaml", []byte(rule), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.must("load", "logs")
	s.must("run", "--once")
	m := regexp.MustCompile(`firing: (A-\w+)`).FindStringSubmatch(s.must("status"))
	if m == nil {
		s.t.Fatal("no alert fires")
	}
	return m[1]
}

// command runs one line of a page.
func (s *session) command(page string, line int, text string) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "bin/")
	want := exitDone
	if i := slices.IndexFunc(unruns, func(u unrun) bool { return strings.HasPrefix(text, u.begins) }); i >= 0 {
		if unruns[i].with == "" {
			return
		}
		text, want = unruns[i].with, unruns[i].status
	}
	words := shellWords(text)
	if len(words) == 0 || words[0] != "tocsin" {
		s.t.Errorf("%s:%d: %s: not a command of ours; docs_commands_test.go has to say why it is not run", page, line, text)
		return
	}
	for i, w := range words {
		for _, p := range placeholders {
			if w == p.word {
				words[i] = p.put(s)
			}
		}
		if placeholderLike.MatchString(words[i]) {
			s.t.Errorf("%s:%d: docs_commands_test.go does not know what to put in for %s", page, line, w)
			return
		}
	}
	if status, _, stderr := s.run(words[1:]...); status != want {
		s.t.Errorf("%s:%d: %s: status %d, want %d\n%s", page, line, text, status, want, stderr)
	}
}

// shellWords parts a command line at white space, outside of quotes, and leaves
// out a comment.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	quote, open := rune(0), false
	for _, r := range line + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, open = r, true
		case r == '#' && !open && word.Len() == 0:
			return words
		case r == ' ' || r == '\t':
			if open || word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
				open = false
			}
		default:
			word.WriteRune(r)
		}
	}
	return words
}
