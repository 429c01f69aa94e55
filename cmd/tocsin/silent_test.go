package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"tocsin/agent"
	"tocsin/store"
)

// A source, and an account in another one, fall silent and speak again: the
// operator is told, status says it.
func TestSilentAfter(t *testing.T) {
	c := newCalendar(t, map[string]string{
		"tocsin.yaml": `operator: [ops@example.com]
sources:
  - {name: one, dir: one, silent_after: 1h}
  - {name: org, dir: org, silent_after: {each: "@account", is: 2h}}
`,
		"rules/none.yaml": "", "one/.keep": "", "org/.keep": "",
	})
	id := 0
	put := func(dir string, accounts ...string) {
		for _, account := range accounts {
			id++
			path := fmt.Sprintf("%s/%d.jsonl", dir, id)
			writeFiles(t, ".", map[string]string{path: trailRecord(id, c.now, account)})
			c.touch(path, 10*time.Minute)
		}
	}
	step := func(after time.Duration, status int, wants ...string) {
		t.Helper()
		c.now = c.now.Add(after)
		c.run(exitDone, "run", "--once")
		said := c.run(status, "status")
		c.wants(said, wants...)
		if status == exitDone && strings.Contains(said, "silent since") {
			t.Errorf("at %s: %s", c.now, said)
		}
	}
	step(0, exitDone, "source one: nothing yet, silent_after: 1h", "source org: nothing yet, silent_after: 2h for each @account")
	put("one", "111")
	put("org", "111", "222")
	step(time.Minute, exitDone, "source one: 1 object, the last at 2026-11-20T12:01:00Z, 11m0s behind its clock, silent_after: 1h")
	put("org", "111")
	step(61*time.Minute, exitFound, "wrong since 2026-11-20T12:01:00Z: source one is silent since 2026-11-20 12:01 UTC (silent_after: 1h)")
	put("one", "111")
	put("org", "111")
	step(60*time.Minute, exitFound, "source org: account 222 is silent since 2026-11-20 12:01 UTC (silent_after: 2h)")
	put("one", "111")
	put("org", "222")
	step(time.Minute, exitDone)
	mails, err := os.ReadDir("tocsin-data/mail/new")
	if err != nil || len(mails) != 3 {
		t.Errorf("%d mails %v", len(mails), err)
	}
}

func TestSilentAfterProblems(t *testing.T) {
	for text, want := range map[string]string{
		"silent_after: 10s":                       "a minute at least",
		"silent_after: soon":                      "no length of time",
		`silent_after: {each: "@actor", is: 1h}`:  "@account or @region",
		`silent_after: {is: 1h}`:                  "@account or @region",
		`silent_after: {each: "@account"}`:        "a minute at least",
		`silent_after: {every: "@account"}`:       "unknown key",
		"silent_after: 1h":                        "",
		`silent_after: {each: "@region", is: 1d}`: "",
	} {
		_, err := parseConfig("tocsin.yaml", []byte("sources:\n  - name: a\n    stdin: true\n    "+text+"\n"))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestDiskReserve(t *testing.T) {
	for text, want := range map[string]any{
		"limits: {ratio: 10}":            agent.DefaultReserve(),
		"limits: {disk_reserve: 2GB}":    agent.Reserve{Bytes: 2 << 30},
		`limits: {disk_reserve: "2.5%"}`: agent.Reserve{Percent: 2.5},
		"limits: {disk_reserve: 0}":      agent.Reserve{},
		"limits: {disk_reserve: a lot}":  "part of a disk",
		"limits: {disk_reserve: 95%}":    "part of a disk: a size such as 2GB, or 0% to 90%",
	} {
		c, err := parseConfig("tocsin.yaml", []byte(text+"\n"))
		if reserve, ok := want.(agent.Reserve); ok && (err != nil || c.reserve != reserve) {
			t.Errorf("%s: %v, want %v", text, err, reserve)
		}
		if problem, ok := want.(string); ok && (err == nil || !strings.Contains(err.Error(), problem)) {
			t.Errorf("%s: %v, want %q", text, err, problem)
		}
	}
}

func TestSuggestSilence(t *testing.T) {
	for pause, want := range map[time.Duration]time.Duration{
		time.Minute: 15 * time.Minute, 20 * time.Minute: time.Hour, 24 * time.Hour: 48 * time.Hour, 8 * 24 * time.Hour: 0,
	} {
		if got := suggestSilence(store.SourceState{Pause: pause, Pauses: 10}); got != want {
			t.Errorf("a pause of %s: %s, want %s", pause, got, want)
		}
	}
	if got := suggestSilence(store.SourceState{Pause: time.Hour, Pauses: 9}); got != 0 {
		t.Errorf("of too little: %s", got)
	}
}
