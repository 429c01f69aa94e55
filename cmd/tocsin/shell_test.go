package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/cmd/tocsin/shell"
	"tocsin/query"
)

// inShell runs a session with the statements of in, and what they write.
func inShell(t *testing.T, in io.Reader, args ...string) (code int, out, said *lockedBuffer) {
	t.Helper()
	out, said = &lockedBuffer{}, &lockedBuffer{}
	e := &env{stdin: in, stdout: out, stderr: said, getenv: func(string) string { return "" }, now: time.Now}
	return run(t.Context(), e, append([]string{"shell"}, args...)), out, said
}

// lockedBuffer is a buffer that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// sampled is a data directory with the sample logs.
func sampled(t *testing.T, dir string) (data string) {
	t.Helper()
	data = filepath.Join(dir, "tocsin-data")
	for _, args := range [][]string{{"sample", filepath.Join(dir, "logs")}, {"load", "--data", data, filepath.Join(dir, "logs")}} {
		if code, _, stderr := inProcess(t, args...); code != 0 {
			t.Fatal(stderr)
		}
	}
	return data
}

// A session holds the data directory only while a statement runs: others work
// beside it, and when one of them has it, the session says who.
func TestShellBesideOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := sampled(t, dir)
	statements, typed := io.Pipe()
	type outcome struct {
		code      int
		out, said *lockedBuffer
	}
	ended := make(chan outcome, 1)
	out, said := &lockedBuffer{}, &lockedBuffer{}
	e := &env{stdin: statements, stdout: out, stderr: said, getenv: func(string) string { return "" }, now: time.Now}
	go func() {
		code := run(t.Context(), e, []string{"shell", "--data", data, "-l", "findings", "--all", "-o", "csv"})
		ended <- outcome{code, out, said}
	}()
	ask := func(statement, want string) {
		t.Helper()
		if _, err := io.WriteString(typed, statement+"\n\n"); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(30 * time.Second); !strings.Contains(out.String()+said.String(), want); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: no %q in\n%s\n%s", statement, want, out.String(), said.String())
			}
		}
	}
	ask("__topic__:extra | SELECT count(*) AS before", "before\n0\n")
	extra := filepath.Join(dir, "extra.json")
	if err := os.WriteFile(extra, []byte(`{"__topic__":"sas-cspm-log","__time__":"`+time.Now().Format("20060102")+`","check_id":"beside","status":"NOT_PASS","instance_id":"i"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := inProcess(t, "load", "--data", data, "-l", "findings", extra); code != 0 {
		t.Fatalf("load beside an idle shell: %s", stderr)
	}
	ask("check_id:beside | SELECT count(*) AS after", "after\n1\n")
	held, err := openProject(t.Context(), systemEnv(), &options{data: data}, "tocsin run")
	if err != nil {
		t.Fatal(err)
	}
	ask("* | SELECT count(*) AS meanwhile", `is locked by "tocsin run"`)
	if err := held.close(); err != nil {
		t.Fatal(err)
	}
	ask("* | SELECT count(*) AS again", "again\n2")
	typed.Close()
	if o := <-ended; o.code != exitCould {
		t.Errorf("exit status %d\n%s", o.code, o.said)
	}
}

// Ctrl-C, which ends the context of a statement, ends its process at once, and the
// next statement works.
func TestShellAbandonsQuery(t *testing.T) {
	t.Parallel()
	data := sampled(t, t.TempDir())
	e := &env{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }, now: time.Now}
	p, err := readProject(e, &options{data: data})
	if err != nil {
		t.Fatal(err)
	}
	project := &shellProject{project: p, options: &options{data: data}, timeout: time.Minute}
	q := shell.Question{Text: slowQuery, Logstore: "cloudtrail", Rows: 10}
	ctx, cancel := context.WithCancel(t.Context())
	var stopped time.Time
	begun := time.Now()
	time.AfterFunc(2*time.Second, func() { stopped = time.Now(); cancel() })
	if _, err := project.Ask(ctx, q); !errors.Is(err, context.Canceled) {
		t.Fatalf("the slow query ended by itself: %v", err)
	}
	if took := time.Since(stopped); took > stopped.Sub(begun) { // as long as it ran
		t.Errorf("it took %s to get rid of the query", took)
	}
	q.Text = "* | SELECT count(*) AS n"
	a, err := project.Ask(t.Context(), q)
	if err != nil || len(a.Result.Rows) != 1 {
		t.Fatalf("the next statement: %v", err)
	}
}

// slowQuery joins each record with each, and again.
const slowQuery = "eventName:* | SELECT count(*) AS n FROM log a JOIN log b ON a.awsRegion = b.awsRegion JOIN log c ON b.awsRegion = c.awsRegion WHERE a.eventID < c.userAgent"

// The values of rows pass between the processes as they are.
func TestShellValuesPass(t *testing.T) {
	t.Parallel()
	data := sampled(t, t.TempDir())
	const statement = "* | SELECT 1 AS i, 1.5 AS d, true AS b, 'x' AS t, NULL AS n, min(@time) AS time, array_agg(errorCode) AS list FROM (SELECT errorCode, @time FROM log WHERE errorCode IS NULL LIMIT 2)"
	code, direct, stderr := inProcess(t, "query", "--data", data, "-l", "cloudtrail", "--all", "-o", "ndjson", statement)
	if code != 0 {
		t.Fatal(stderr)
	}
	code, out, said := inShell(t, strings.NewReader(statement), "--data", data, "-l", "cloudtrail", "--all")
	if code != 0 || !strings.Contains(direct, `"list":[null,null]`) || !sameJSON(dropTime(out.String()), dropTime(direct)) {
		t.Errorf("status %d: %s\n%s\nwant\n%s", code, said, out, direct)
	}
}

// dropTime leaves a moment out that depends on which records were taken.
func dropTime(s string) string {
	before, rest, _ := strings.Cut(s, `"time":"`)
	_, after, _ := strings.Cut(rest, `",`)
	return before + after
}

// What .save as rule cuts from the screen is what was logged: loaded into another
// data directory, the records are found by the rule.
func TestSavedRuleFindsItsRecords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := sampled(t, dir)
	for _, c := range []struct{ id, logstore, statement string }{
		{"records", "cloudtrail", "eventName:ConsoleLogin and responseElements.ConsoleLogin:Failure"},
		{"nested", "cloudtrail", `requestParameters.ipPermissions.items.ipRanges.items.cidrIp:"0.0.0.0/0"`},
		{"counted", "cloudtrail", "eventName:ConsoleLogin and responseElements.ConsoleLogin:Failure | SELECT userIdentity.userName AS user, count(*) AS n GROUP BY user HAVING n > 5"},
		{"projected", "cloudtrail", "errorCode:AccessDenied | SELECT eventName, @actor LIMIT 3"},
		{"cspm", "findings", "__topic__:sas-cspm-log and status:NOT_PASS"},
		{"hub", "findings", "__topic__:asff and Compliance.Status:FAILED | GROUP BY check_item"},
	} {
		t.Run(c.id, func(t *testing.T) {
			rules := filepath.Join(dir, c.id+".yaml")
			_, _, said := inShell(t, strings.NewReader(c.statement+"\n\n.save as rule "+c.id+" "+rules+"\n"), "--data", data, "-l", c.logstore, "--all")
			r := readRule(t, rules)
			if len(r.Tests) != 1 || len(r.Tests[0].Records) == 0 {
				t.Fatalf("no test was written: %s", said)
			}
			logs := filepath.Join(dir, c.id+".json")
			if err := os.WriteFile(logs, asLog(t, c.logstore, r.Tests[0].Records), 0o600); err != nil {
				t.Fatal(err)
			}
			other := filepath.Join(dir, c.id+"-data")
			if code, _, stderr := inProcess(t, "load", "--data", other, "-l", c.logstore, logs); code != 0 {
				t.Fatal(stderr)
			}
			code, out, stderr := inProcess(t, "query", "--data", other, "-l", c.logstore, "--all", "-o", "ndjson", r.Query)
			if code != 0 || strings.Count(out, "\n") == 0 {
				t.Errorf("status %d, rows %q: %s", code, out, stderr)
			}
			_, count, _ := inProcess(t, "query", "--data", other, "-l", c.logstore, "--all", "-o", "csv", "* | SELECT count(*) AS n")
			if want := len(r.Tests[0].Records); count != "n\n"+strconv.Itoa(want)+"\n" {
				t.Errorf("%d records were loaded as %s", want, count)
			}
		})
	}
}

func readRule(t *testing.T, file string) *alertrules.Rule {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := readProject(systemEnv(), &options{config: ""})
	if err != nil {
		t.Fatal(err)
	}
	f, err := alertrules.Parse(file, text, p.ruleEnv())
	if err != nil {
		t.Fatal(err)
	}
	return f.Rules[0]
}

// asLog is records as a file of logs has them.
func asLog(t *testing.T, logstore string, records [][]byte) []byte {
	t.Helper()
	if logstore != "cloudtrail" {
		return append(bytes.Join(records, []byte("\n")), '\n')
	}
	return []byte(`{"Records":[` + string(bytes.Join(records, []byte(",\n"))) + `]}`)
}

// Where the history lies, and what shows long answers, is the user's to say.
func TestShellSurroundings(t *testing.T) {
	getenv := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	for _, c := range []struct {
		env  []string
		want string
	}{
		{[]string{"HOME", "/home/ami"}, "/home/ami/.local/state/tocsin/history"},
		{[]string{"HOME", "/home/ami", "XDG_STATE_HOME", "/state"}, "/state/tocsin/history"},
		{[]string{"HOME", "/home/ami", "XDG_STATE_HOME", "relative"}, "/home/ami/.local/state/tocsin/history"},
		{[]string{"HOME", "/home/ami", "TOCSIN_HISTORY", "/elsewhere"}, "/elsewhere"},
		{[]string{"HOME", "/home/ami", "TOCSIN_HISTORY", "off"}, ""},
		{nil, ""},
	} {
		if got := historyFile(getenv(c.env...)); got != c.want {
			t.Errorf("%v: %q, not %q", c.env, got, c.want)
		}
	}
	if got := pager(getenv("PAGER", "more -x")); len(got) != 3 || got[2] != "more -x" {
		t.Errorf("%q", got)
	}
	if got := (shell.Range{Last: time.Hour}).Window(time.Unix(7200, 0)); got != (query.Window{From: time.Unix(3600, 0), Now: time.Unix(7200, 0)}) {
		t.Errorf("%+v", got)
	}
}
