package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestHostileShell types every query of queries.jsonl of one line into one session,
// as a rule's author would try them: what has to be refused is, with place and
// caret; nothing raw reaches the terminal, nothing is read or written, and the
// session answers after each.
func TestHostileShell(t *testing.T) {
	log, err := os.ReadFile(filepath.Join(shared(t, "hostile"), "queries-log.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	b.write("tocsin.yaml", queryConfig)
	b.write("rules/rules.yaml", "")
	b.write("log.jsonl", string(log))
	for _, name := range []string{"rows.csv", "secret.txt"} {
		b.write(name, "a,b\n"+bait+",2\n")
	}
	t.Chdir(b.dir)
	b.must(0, "load", "-l", "hostile", b.path("log.jsonl"))
	b.must(0, "query", "-l", "hostile", "* | SELECT count(*) AS n") // opens every file once
	before := b.files()
	var typed strings.Builder
	var cases []hostileQuery
	for _, c := range corpus[hostileQuery](t, "queries.jsonl") {
		if !strings.ContainsAny(c.Query, "\n\r") && strings.TrimSpace(c.Query) != "" && !strings.HasPrefix(c.Query, ".") {
			cases = append(cases, c)
			typed.WriteString(c.Query + "\n\n.end of " + c.ID + "\n")
		}
	}
	if len(cases) < 200 {
		t.Fatalf("only %d queries", len(cases))
	}
	both := &lockedBuffer{}
	e := systemEnv()
	e.stdin, e.stdout, e.stderr, e.terminal, e.inTerminal = strings.NewReader(typed.String()), both, both, true, false
	if code := run(t.Context(), e, []string{"shell", "--data", b.path("data"), "-l", "hostile", "--all", "--timeout", queryTime.String()}); code != exitUsage && code != exitCould {
		t.Errorf("exit status %d", code)
	}
	rest := both.String()
	for _, c := range cases {
		said, after, ok := strings.Cut(rest, "tocsin: there is no .end; .help lists what there is\n")
		if !ok {
			t.Fatalf("%s (%s): the session ended: %.600s", c.ID, c.Why, rest)
		}
		rest = after
		refused := refusalShown.MatchString(said)
		if c.Expect == "error" && !refused || c.Expect == "ok-no-effect" && refused {
			t.Errorf("%s (%s), %s: %.600s", c.ID, c.Why, c.Expect, said)
		}
		if why := unclean(said); why != "" || strings.Contains(said, bait) && !strings.Contains(c.Query, bait) {
			t.Errorf("%s (%s): %s: %.600s", c.ID, c.Why, why, said)
		}
	}
	if after := b.files(); !slices.Equal(before, after) {
		t.Errorf("files before\n%s\nafter\n%s", before, after)
	}
}
