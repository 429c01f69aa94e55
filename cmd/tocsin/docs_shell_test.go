package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/cmd/tocsin/shell"
)

// TestDocsShell types the sessions of docs/shell.md, one after another, over the
// sample logs; and holds that the page has every dot command, and no other.
func TestDocsShell(t *testing.T) {
	p := docPage(t, "docs/shell.md")
	var typed strings.Builder
	for _, f := range p.fences() {
		if f.kind == "session" {
			typed.WriteString(f.text + "\n")
		}
	}
	s := &session{t: t, dir: t.TempDir()}
	t.Chdir(s.dir)
	s.must("sample", "logs")
	s.must("load", "logs")
	out, said := &lockedBuffer{}, &lockedBuffer{}
	e := &env{stdin: strings.NewReader(typed.String()), stdout: out, stderr: said, getenv: func(string) string { return "" }, now: time.Now}
	if code := run(t.Context(), e, []string{"shell", "-l", "cloudtrail", "-o", "table"}); code != exitDone {
		t.Errorf("status %d\n%s", code, said)
	}
	for _, want := range []string{"StopLogging", "AccessDenied", "█████", "──╯", "│ ap-northeast-1 │", "requestParameters.bucketName", "date_trunc(", "reads   cloudtrail"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in what the sessions show", want)
		}
	}
	if strings.Contains(said.String(), "no rows") && strings.Count(said.String(), "no rows") > 1 { // of a day in the past there are none
		t.Errorf("%s", said)
	}
	var described []string
	for _, r := range p.rows() {
		if r.head[0] == "command" {
			described = append(described, spans(r.cells[0])...)
		}
	}
	commands := shell.Commands()
	slices.Sort(commands)
	slices.Sort(described)
	if !slices.Equal(commands, described) {
		t.Errorf("the page has\n%s\nthere are\n%s", described, commands)
	}
}
