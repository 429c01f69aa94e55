package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"tocsin/agent"
)

// Every command says whether an agent does it for others.
func TestBesideKnowsEveryVerb(t *testing.T) {
	local := strings.Fields("archive demo init source_test scan run check fmt mail-test sample version")
	e := &env{getenv: func(string) string { return "" }}
	var all []string
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		_, verb, _ := strings.Cut(c.CommandPath(), " ")
		if parentOnly := c.HasSubCommands() && verb != "gaps" && verb != "alerts"; !parentOnly {
			all = append(all, verb)
			if slices.Contains(besideAgent(), verb) == slices.Contains(local, strings.ReplaceAll(verb, " ", "_")) {
				t.Errorf("%q: is it done by an agent?", verb)
			}
		}
		for _, c := range c.Commands() {
			walk(c)
		}
	}
	walk(newRoot(e))
	for _, verb := range besideAgent() {
		if !slices.Contains(all, verb) {
			t.Errorf("there is no verb %q", verb)
		}
	}
}

// besideFiles are a project with an alert, a mail, dead letters and gaps, whose rules
// are evaluated once a day.
func besideFiles() map[string]string {
	event := func(at time.Time, name string, n int) string {
		return fmt.Sprintf(`{"eventVersion":"1.08","eventTime":%q,"eventSource":"cloudtrail.amazonaws.com","eventName":%q,"awsRegion":"us-east-1","eventID":"%08x-0000-4000-8000-%012x","userIdentity":{"type":"IAMUser","userName":"bob"}}`+"\n",
			at.UTC().Format(time.RFC3339), name, n, n)
	}
	now := time.Now().Add(-5 * time.Minute)
	files := map[string]string{
		"tocsin.yaml": "rules: [rules/]\noperator: [ops@example.com]\nnotify: {to: [ken@example.com]}\nlists: {people: [bob, eve]}\n",
		"rules/r.yaml": `rules:
  - {id: stops, logstore: cloudtrail, query: "eventName:StopLogging", every: 24h, severity: critical}
  - {id: daily, logstore: cloudtrail, query: "* | SELECT count(*) AS n", every: 24h, window: whole 1d, trigger: {when: n > 0}, severity: low}
`,
		"live.json":   event(now, "StopLogging", 1) + event(now, "GetUser", 2),
		"broken.json": event(now, "GetUser", 3) + `{"eventVersion":"1.08","eventTime":"never"}` + "\n",
		"more.json":   event(now, "GetUser", 4),
		"in/a.json":   event(now, "GetUser", 5),
		"in/b.txt":    "no records\n",
		"typed.json":  event(now, "GetUser", 6),
	}
	old := ""
	for n := range 5 {
		old += event(time.Date(2024, 5, 1+n, 10, 0, 0, 0, time.UTC), "GetUser", 100+n)
	}
	files["old.json"] = old
	return files
}

var (
	besideMoment = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:\d\d)?|\b\d{16}\b|\(\d+m \d+s\)`)
	besidePID    = regexp.MustCompile(`(?m)^agent: (tocsin run, pid \d+|not running \(tocsin run\))\n`)
)

// besideOnce runs a command line and returns what came back, without moments. Behind
// "~" stands a query, behind "<" a file for standard input; $ALERT is the id of the alert.
func besideOnce(t *testing.T, dir, line, alert string) string {
	t.Helper()
	line, stdin, _ := strings.Cut(strings.ReplaceAll(line, "$ALERT", alert), " < ")
	line, query, asked := strings.Cut(line, " ~ ")
	args := strings.Fields(line)
	if asked {
		args = append(args, query)
	}
	cmd := command(t, dir, args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if stdin != "" {
		f, err := os.Open(filepath.Join(dir, stdin))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.Stdin = f
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%s\n-- stderr\n%s\n-- exit status %d", out.String(), said.String(), cmd.ProcessState.ExitCode())
	text = besidePID.ReplaceAllString(strings.ReplaceAll(text, dir, "DIR"), "")
	return besideMoment.ReplaceAllString(text, "MOMENT")
}

// besideSame gives the same command lines where an agent runs and where none does.
func besideSame(t *testing.T, lines []string) {
	t.Helper()
	with, without := t.TempDir(), t.TempDir()
	files := besideFiles()
	files["statements.txt"] = "* | SELECT count(*) AS n\n\neventName:((\n\n.fields\n"
	files["typo.yaml"] = "rules: [{id: typo, logstore: cloudtrail, query: \"eventName:StopLoging or recipientAccountId:x\", every: 24h, severity: low}]\n"
	writeFiles(t, with, files)
	for _, args := range [][]string{{"load", "live.json"}, {"load", "old.json", "broken.json"}, {"run", "--once"}} {
		if out, err := command(t, with, args...).CombinedOutput(); err != nil && args[0] != "load" {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	if out, err := exec.Command("cp", "-Rp", with+"/.", without).CombinedOutput(); err != nil { // with the times of files
		t.Fatalf("%v %s", err, out)
	}
	found, err := command(t, with, "alerts", "-o", "csv").Output()
	if err != nil {
		t.Fatal(err)
	}
	alert := regexp.MustCompile(`A-[0-9A-Z]{4,}`).FindString(string(found))
	if alert == "" {
		t.Fatalf("no alert:\n%s", found)
	}
	p := start(t, with)
	hostedBy(t, filepath.Join(with, "tocsin-data"))
	for _, line := range lines {
		if got, want := besideOnce(t, with, line, alert), besideOnce(t, without, line, alert); got != want {
			t.Errorf("tocsin %s\n-- beside an agent:\n%s\n-- without:\n%s", line, got, want)
		} else if testing.Verbose() {
			t.Logf("tocsin %s\n%s", line, got)
		}
	}
	p.stop()
	if _, err := os.Lstat(filepath.Join(with, "tocsin-data", "socket")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket of an agent that ended: %v", err)
	}
}

// hostedBy waits until an agent answers for a data directory.
func hostedBy(t *testing.T, data string) *agent.Client {
	t.Helper()
	c := &agent.Client{Dir: data, Version: version}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := c.Ask(t.Context(), agent.Call{ID: "1", Args: []string{"--help"}}, agent.Streams{Out: io.Discard, Err: io.Discard}); err == nil {
			return c
		}
	}
	t.Fatal("no agent answers")
	return nil
}

// Verbs say beside an agent what they say without one (the whole list:
// TestIntegrationBesideSame).
func TestBesideSame(t *testing.T) {
	t.Parallel()
	besideSame(t, []string{
		"status", "query -l cloudtrail --all -o table ~ userIdentity.userName in $people | SELECT count(*) AS n", "query ~ eventName:((",
		"why $ALERT", "ack $ALERT --note called", "load more.json absent.json", "load - < typed.json", "shell -l cloudtrail --all -o csv < statements.txt",
		"check typo.yaml", "backup safe", "gaps fill daily",
	})
}

// hosting runs an agent in this process until the test ends, or until it is ended.
func hosting(t *testing.T, dir string) (c *agent.Client, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := &lockedBuffer{}
	ended := make(chan int, 1)
	go func() {
		e := &env{stdin: strings.NewReader(""), stdout: log, stderr: log, getenv: func(string) string { return "" }, now: time.Now}
		ended <- run(ctx, e, []string{"run", "--data", filepath.Join(dir, "tocsin-data"), "--config", filepath.Join(dir, "tocsin.yaml")})
	}()
	end = sync.OnceFunc(func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("the agent ended with %d\n%s", code, log.String())
		}
	})
	t.Cleanup(end)
	return hostedBy(t, filepath.Join(dir, "tocsin-data")), end
}

// besideIn calls the program in this process.
func besideIn(t *testing.T, dir string, args ...string) answer {
	t.Helper()
	code, out, said := inProcess(t, append(args, "--data", filepath.Join(dir, "tocsin-data"), "--config", filepath.Join(dir, "tocsin.yaml"))...)
	return answer{out, said, code}
}

// An agent goes by its own files, as they are now: what was edited before a verb holds
// for it, a foreign configuration is named, and so is what the agent cannot see.
func TestBesideFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, besideFiles())
	c, _ := hosting(t, dir)
	if a := besideIn(t, dir, "preview", "fresh"); a.code != exitUsage {
		t.Fatalf("%+v", a)
	}
	writeFiles(t, dir, map[string]string{
		"rules/fresh.yaml": "rules:\n  - {id: fresh, logstore: cloudtrail, query: \"eventName:GetUser\", every: 24h, severity: low}\n",
		"rules/r.yaml":     besideFiles()["rules/r.yaml"] + "  - {id: broken}\n",
		"tocsin.yaml":      besideFiles()["tocsin.yaml"] + "keep: {cloudtrail: 40d}\n",
	})
	if a := besideIn(t, dir, "preview", "fresh"); a.code != 0 || !strings.Contains(a.err, "r.yaml") {
		t.Errorf("right after the edit: %+v", a)
	}
	if a := besideIn(t, dir, "load", filepath.Join(dir, "live.json")); a.code != 0 {
		t.Errorf("%+v", a)
	}
	if a := besideIn(t, dir, "status"); !strings.Contains(a.out, "kept 40d") || !strings.Contains(a.out, fmt.Sprintf("pid %d", os.Getpid())) {
		t.Errorf("%+v", a)
	}
	other := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, said := inProcess(t, "gaps", "--data", c.Dir, "--config", other)
	if code != 0 || !strings.Contains(said, "goes by "+filepath.Join(dir, "tocsin.yaml")+"; "+other+" is not read") {
		t.Errorf("%d %s", code, said)
	}
	for _, call := range []struct {
		agent.Call
		code int
		want string
	}{
		{agent.Call{Args: []string{"load", "x"}, Places: []agent.Place{{Path: dir, Device: 1, Inode: 1}}}, exitCould, "does not see " + dir + " as you do: there is another file by that name"},
		{agent.Call{Args: []string{"backup", "/nowhere/x"}, Places: []agent.Place{{Path: "/nowhere"}}}, exitCould, "does not see /nowhere as you do"},
		{agent.Call{Args: []string{"run"}}, exitUsage, "tocsin run is not done by an agent"},
		{agent.Call{Args: []string{"init", dir}}, exitUsage, "tocsin init is not done by an agent"},
		{agent.Call{Args: []string{"shell"}}, exitUsage, "tocsin shell is not done by an agent"},
	} {
		var out bytes.Buffer
		call.ID = "1"
		code, err := c.Ask(t.Context(), call.Call, agent.Streams{In: strings.NewReader(""), Out: &out, Err: &out})
		if err != nil || code != call.code || !strings.Contains(out.String(), call.want) {
			t.Errorf("%v: %d %v %s, want %q", call.Args, code, err, out.String(), call.want)
		}
	}
}

// goOn does verbs beside what does not end until they have.
func goOn(t *testing.T, dir, beside string, verbs ...[]string) {
	t.Helper()
	for _, args := range verbs {
		done := make(chan answer, 1)
		go func() { done <- besideIn(t, dir, args...) }()
		select {
		case a := <-done:
			if a.code != 0 {
				t.Errorf("%v beside %s: %+v", args, beside, a)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%v waits for %s", args, beside)
		}
	}
}

// A client that reads nothing keeps neither a load, nor a backup, which writes
// everything into the files, from going on.
func TestBesideSlowReader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, besideFiles())
	data := sampled(t, dir)
	c, _ := hosting(t, dir)
	stuck, release := io.Pipe()
	defer stuck.Close()
	ended := make(chan int, 1)
	go func() {
		e := &env{stdin: strings.NewReader(""), stdout: release, stderr: io.Discard, getenv: func(string) string { return "" }, now: time.Now}
		ended <- run(context.Background(), e, []string{"query", "--data", c.Dir, "-l", "cloudtrail", "--all", "*"})
	}()
	if _, err := io.ReadFull(stuck, make([]byte, 1)); err != nil { // it has begun to answer
		t.Fatal(err)
	}
	goOn(t, dir, "a slow reader", []string{"load", filepath.Join(dir, "live.json")}, []string{"backup", filepath.Join(dir, "safe")}, []string{"alerts"})
	rest, err := io.ReadAll(io.LimitReader(stuck, 1<<20))
	if err != nil || len(rest) < 1<<20 {
		t.Errorf("%d bytes came later (%v)", len(rest), err)
	}
	_ = stuck.Close()
	if code := <-ended; code != exitCould {
		t.Errorf("who reads no more: exit status %d", code)
	}
	_ = data
}

// A standard input that stops in the middle holds nothing that the agent, or another
// load, waits for; when it goes on, it is loaded.
func TestBesideSlowStdin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, besideFiles())
	c, _ := hosting(t, dir)
	stdin, typed := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		e := &env{stdin: stdin, stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }, now: time.Now}
		ended <- run(context.Background(), e, []string{"load", "--data", c.Dir, "-"})
	}()
	for n := range 40_000 { // more than one batch
		if _, err := fmt.Fprintf(typed, `{"eventVersion":"1.08","eventTime":%q,"eventName":"GetUser","eventSource":"iam.amazonaws.com","eventID":"%08x-1111-4000-8000-000000000000"}`+"\n", time.Now().UTC().Format(time.RFC3339), n); err != nil {
			t.Fatal(err)
		}
	}
	goOn(t, dir, "a standard input", []string{"load", filepath.Join(dir, "live.json")}, []string{"backup", filepath.Join(dir, "safe")})
	_ = typed.Close()
	if code := <-ended; code != 0 {
		t.Errorf("exit status %d", code)
	}
	if a := besideIn(t, dir, "query", "-l", "cloudtrail", "-o", "csv", "eventName:GetUser | SELECT count(*) AS n"); a.out != "n\n40001\n" {
		t.Errorf("%+v", a)
	}
}

// Loads at once, gaps that are filled beside rounds, and acknowledgements: all of it is
// there, once.
func TestBesideAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := besideFiles()
	files["rules/often.yaml"] = "rules:\n  - {id: often, logstore: cloudtrail, query: \"eventName:StopLogging\", every: 1s, severity: low}\n"
	files["rules/r.yaml"] = strings.ReplaceAll(files["rules/r.yaml"], "every: 24h", "every: 1s")
	writeFiles(t, dir, files)
	hosting(t, dir)
	if a := besideIn(t, dir, "load", filepath.Join(dir, "old.json")); a.code != 0 {
		t.Fatalf("%+v", a)
	}
	var all sync.WaitGroup
	for range 3 {
		for _, name := range []string{"live.json", "more.json", "typed.json"} {
			all.Go(func() {
				if a := besideIn(t, dir, "load", filepath.Join(dir, name)); a.code != 0 {
					t.Errorf("load %s: %+v", name, a)
				}
			})
		}
	}
	all.Wait()
	if a := besideIn(t, dir, "query", "-l", "cloudtrail", "--all", "-o", "csv", "* | SELECT count(*) AS n, approx_distinct(eventID) AS d"); a.out != "n,d\n9,9\n" {
		t.Errorf("%+v", a)
	}
	var alert string
	for end := time.Now().Add(20 * time.Second); alert == "" && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		alert = regexp.MustCompile(`A-[0-9A-Z]{4,}`).FindString(besideIn(t, dir, "alerts", "--rule", "often").out)
	}
	for end := time.Now().Add(20 * time.Second); !strings.Contains(besideIn(t, dir, "gaps").out, "daily") && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
	}
	var mu sync.Mutex
	filled, refused := "", 0
	for n := range 4 {
		all.Go(func() {
			a := besideIn(t, dir, "gaps", "fill", "daily")
			mu.Lock()
			defer mu.Unlock()
			if filled += a.err; strings.Contains(a.err, errFilling.Error()) {
				refused++
			} else if a.code != 0 {
				t.Errorf("%+v", a)
			}
		})
		all.Go(func() {
			if a := besideIn(t, dir, "ack", "--by", "ami", "--note", strconv.Itoa(n), alert); a.code != 0 {
				t.Errorf("%+v", a)
			}
		})
	}
	all.Wait()
	if strings.Count(filled, "found, recorded") != 1 {
		t.Errorf("filled not once (%d refused):\n%s", refused, filled)
	}
	if a := besideIn(t, dir, "query", "-l", "__operations__", "--all", "-o", "csv", "operation:ack | SELECT count(*) AS n"); a.out != "n\n4\n" {
		t.Errorf("%+v", a)
	}
}

// TestP29TwoProcesses: a second run ends at once and says who has the directory, or
// waits; questions are answered meanwhile; after kill -9 nothing has to be cleaned.
func TestP29TwoProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, besideFiles())
	data := filepath.Join(dir, "tocsin-data")
	p := start(t, dir)
	c := hostedBy(t, data)
	out, err := command(t, dir, "run").CombinedOutput() // which ends, although the first does not
	want := fmt.Sprintf(`%s is locked by "tocsin run" (pid %d)`, data, p.cmd.Process.Pid)
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != exitCould || !strings.Contains(string(out), want) {
		t.Errorf("a second run: %v %s", err, out)
	}
	if out, err := command(t, dir, "query", "-l", "cloudtrail", "--all", "* | SELECT count(*) AS n").Output(); err != nil || string(out) != "{\"n\":0}\n" {
		t.Errorf("query: %v %s", err, out)
	}
	shell := command(t, dir, "shell", "-l", "cloudtrail", "--all", "-o", "csv")
	shell.Stdin = strings.NewReader("* | SELECT count(*) AS n\n")
	if out, err := shell.Output(); err != nil || string(out) != "n\n0\n" {
		t.Errorf("shell: %v %s", err, out)
	}
	c.Version = "another"
	var other *agent.VersionError
	if _, err := c.Ask(t.Context(), agent.Call{ID: "1"}, agent.Streams{}); !errors.As(err, &other) {
		t.Errorf("another version: %v", err)
	}
	next := &process{t: t, dir: dir, cmd: command(t, dir, "run", "--wait", "60s"), ended: make(chan error, 1)}
	next.cmd.Stderr = &next.said
	if err := next.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = next.cmd.Process.Kill() })
	go func() { next.ended <- next.cmd.Wait() }()
	time.Sleep(300 * time.Millisecond)
	p.kill()
	next.waits("running")
	hostedBy(t, data)
	next.kill()
	if _, err := os.Lstat(filepath.Join(data, "socket")); err != nil {
		t.Fatalf("no socket is left to be met: %v", err)
	}
	if out, err := command(t, dir, "status").CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "agent: not running (tocsin run)\n") {
		t.Errorf("status after kill -9: %v %s", err, out)
	}
	last := start(t, dir)
	hostedBy(t, data)
	last.stop()
}
