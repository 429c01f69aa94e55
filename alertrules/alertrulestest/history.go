package alertrulestest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"tocsin/alertrules"
	"tocsin/query"
)

// Random histories: records that arrive in any order, batch and lateness while the
// agent runs, is down, is killed, starts again, and has its rules edited, removed
// and brought back (DESIGN.md §5 "What is guaranteed").

// historyRules are the rules of a history, by id. Each looks for events with a
// name, see looksFor; those of two logstores for regions that the other one has not. %s
// is what an edit changes.
var historyRules = map[string]string{
	"news":   `{id: news, logstore: cloudtrail, every: 10m, query: "eventName:a"%s}`,
	"pieces": `{id: pieces, logstore: cloudtrail, every: 10m, query: "* | SELECT awsRegion, count(*) AS n GROUP BY awsRegion"%s}`,
	"whole":  `{id: whole, logstore: cloudtrail, window: whole 1h, every: 10m, query: "eventName:a", trigger: {rows: ">= 2"}%s}`,
	"rows":   `{id: rows, logstore: cloudtrail, window: whole 30m, every: 20m, mode: event, query: "eventName:b"%s}`,
	"recent": `{id: recent, logstore: cloudtrail, window: 20m, delay: 0s, every: 10m, mode: event, query: "eventName:a"%s}`,
	"slides": `{id: slides, logstore: cloudtrail, window: 20m, delay: 0s, every: 10m, query: "eventName:b | SELECT awsRegion, count(*) AS n GROUP BY awsRegion", alert_per: [awsRegion], after: 2 of 3%s}`,
	"lacks": `{id: lacks, delay: 0s, every: 10m, alert_per: [awsRegion], queries: [{logstore: cloudtrail, window: 20m, query: "eventName:a | SELECT awsRegion, count(*) AS n GROUP BY awsRegion"},
      {logstore: other, window: 40m, query: "* | SELECT region, count(*) AS m GROUP BY region"}], combine: {kind: left_exclude, on: "$0.awsRegion == $1.region"}%s}`,
	"absent": `{id: absent, every: 10m, queries: [{logstore: cloudtrail, window: whole 1h, query: "eventName:a | SELECT awsRegion, count(*) AS n GROUP BY awsRegion"},
      {logstore: other, window: whole 1h, query: "* | SELECT region, count(*) AS m GROUP BY region"}], combine: {kind: left_exclude, on: "$0.awsRegion == $1.region"}%s}`,
}

// looksFor reports whether a rule looks at such an event.
func looksFor(rule string, e Event) bool {
	switch rule {
	case "lacks", "absent":
		return e.Other || e.Name == "a"
	case "news", "whole", "recent":
		return !e.Other && e.Name == "a"
	case "rows", "slides":
		return !e.Other && e.Name == "b"
	}
	return !e.Other
}

// A History is one play of random events on a Ground.
type History struct {
	*rapid.T
	size   Size
	tape   *tape
	env    alertrules.Env
	engine *alertrules.Engine
	set    *alertrules.Set

	now    time.Time
	events []Event
	past   []bool                 // by event: it came in as history
	texts  map[string]string      // of the file, by rule
	rules  map[string][]*ruleText // every text that there ever was, by rule
	after  string                 // `after:` of whole

	first  int64     // S when the rules were made known
	began  time.Time // and when that was
	edited map[string]bool
	off    map[string]bool // it was disabled or removed at some time
	downs  bool            // moments were missed for longer than is caught up
}

// ruleText is a rule as it was compiled.
type ruleText struct {
	*alertrules.Rule
	at time.Time
}

// Size says how long histories are, and how much is asked in them.
type Size struct {
	Steps int   // at most
	Down  []int // for how many hours nothing runs; over 23 is more than is caught up
	// Slow says that queries may take long, or too long, while rules catch up: for a
	// clock of testing/synctest.
	Slow bool
}

// Play plays a random history on a ground, on which no rule is known, and judges it.
// begin is when it begins.
func Play(t *rapid.T, g Ground, env alertrules.Env, begin time.Time, size Size) {
	h := &History{
		size: size, T: t, tape: &tape{Ground: g, plans: map[*query.Plan]bool{}, broken: -1}, env: env, now: begin,
		texts: map[string]string{}, rules: map[string][]*ruleText{}, edited: map[string]bool{}, off: map[string]bool{},
	}
	for id := range historyRules {
		h.texts[id] = ""
	}
	h.after = rapid.SampledFrom([]string{"1", "2", "2 of 3"}).Draw(t, "after")
	h.start()
	h.arrive()
	h.now = h.now.Add(time.Second)
	h.began = h.now
	var err error
	h.first, _, err = g.LastSeq(context.Background())
	h.must(err)
	h.load()
	for range rapid.IntRange(1, size.Steps).Draw(t, "steps") {
		h.step()
	}
	h.finish()
	h.judge()
}

func (h *History) must(err error) {
	if err != nil && !errors.Is(err, errKilled) {
		h.Fatal(err)
	}
}

// start is what a process does that starts.
func (h *History) start() {
	h.engine = &alertrules.Engine{Query: h.tape.Query, Logs: h.tape, States: h.tape, Workers: 1}
}

func (h *History) step() {
	switch rapid.SampledFrom([]string{"arrive", "arrive", "arrive", "arrive", "run", "run", "run", "down", "kill", "break", "restart", "edit", "remove", "fill"}).Draw(h.T, "step") {
	case "arrive":
		h.arrive()
	case "run":
		h.run(time.Duration(rapid.IntRange(1, 6).Draw(h.T, "tens of minutes")) * 10 * time.Minute)
	case "down":
		hours := rapid.SampledFrom(h.size.Down).Draw(h.T, "hours")
		h.downs = h.downs || hours > 23
		h.now = h.now.Add(time.Duration(hours) * time.Hour)
		h.start()
		h.load()
		h.at(rapid.Bool().Draw(h.T, "in pieces"))
	case "kill":
		h.tape.killed = true
		h.run(10 * time.Minute)
		h.tape.killed = false
	case "break":
		h.tape.broken = rapid.SampledFrom([]int{0, 0, 1, 2, 3, 5, 8}).Draw(h.T, "after queries")
		h.run(20 * time.Minute)
		h.tape.broken = -1
	case "restart":
		h.must(h.tape.Restart(context.Background()))
		h.start()
		h.load()
	case "edit":
		h.edit()
	case "remove":
		h.remove()
	case "fill":
		h.fill()
	}
}

// arrive stores a batch of records that are late by some time.
func (h *History) arrive() {
	b := Batch{First: len(h.events)}
	late := rapid.SampledFrom([]int{0, 5, 30, 120, 900, 5000}).Draw(h.T, "late by minutes")
	if b.Past = rapid.IntRange(0, 7).Draw(h.T, "history") == 0; b.Past {
		late = 9000
		b.Notify = rapid.Bool().Draw(h.T, "notify")
	}
	other := rapid.IntRange(0, 3).Draw(h.T, "other logstore") == 0
	for range rapid.IntRange(1, 5).Draw(h.T, "records") {
		b.Events = append(b.Events, Event{
			Other:  other,
			At:     h.now.Add(-time.Duration(rapid.IntRange(0, late).Draw(h.T, "late")) * time.Minute).Truncate(time.Minute),
			Name:   rapid.SampledFrom([]string{"a", "b"}).Draw(h.T, "name"),
			Region: rapid.SampledFrom([]string{"x", "y"}).Draw(h.T, "region"),
		})
		h.past = append(h.past, b.Past)
	}
	h.now = h.now.Add(time.Second)
	b.At = h.now
	h.events = append(h.events, b.Events...)
	h.Logf("%s arrive %+v", h.now.Format("02 15:04:05"), b)
	h.must(h.tape.Arrive(context.Background(), b))
}

// run evaluates each moment of the schedules for a time.
func (h *History) run(d time.Duration) {
	for end := h.now.Add(d); h.now.Before(end); {
		h.now = h.now.Truncate(10 * time.Minute).Add(10 * time.Minute)
		h.at(false)
	}
}

// at evaluates what is due now: at once, or as the loop does what is behind.
func (h *History) at(pieces bool) {
	h.Logf("%s evaluate, in pieces %t, killed %t, broken %d", h.now.Format("02 15:04:05"), pieces, h.tape.killed, h.tape.broken)
	h.tape.Bind(h.set, h.now)
	ctx := context.Background()
	if !pieces {
		_, err := h.engine.Round(ctx, h.set.Rules, h.now)
		h.must(err)
		return
	}
	if h.size.Slow {
		h.tape.takes = rapid.SampledFrom([]time.Duration{0, time.Second, 3 * time.Second, 12 * time.Second}).Draw(h.T, "each query takes")
		h.tape.bears = rapid.SampledFrom([]int64{0, 1, 3}).Draw(h.T, "of so many records at most")
		h.Logf("each query takes %s, or bears %d records", h.tape.takes, h.tape.bears)
	}
	h.pieces(ctx)
	h.tape.takes, h.tape.bears = 0, 0
}

// pieces evaluates what is due as the loop does.
func (h *History) pieces(ctx context.Context) {
	_, behind, err := h.engine.Live(ctx, h.set.Rules, h.now)
	h.must(err)
	for len(behind) > 0 && err == nil {
		_, behind, err = h.engine.MakeUp(ctx, behind, h.now)
		h.must(err)
	}
}

// load reads the rules as they are written now, and makes them known.
func (h *History) load() {
	var rules []string
	for _, id := range sortedKeys(h.texts) {
		change := h.texts[id]
		if id == "whole" {
			change = ", after: " + h.after + change
		}
		if h.texts[id] != "removed" {
			rules = append(rules, "  - "+fmt.Sprintf(historyRules[id], change))
		}
	}
	h.read(alertrules.ParseSet(map[string][]byte{"rules.yaml": []byte("rules:\n" + strings.Join(rules, "\n") + "\n")}, h.env))
}

// read takes a set of rules over.
func (h *History) read(set *alertrules.Set) {
	if set.Err() != nil && h.set == nil {
		h.Fatal(set.Err())
	}
	h.set = set.KeepFrom(h.set)
	h.tape.Bind(h.set, h.now)
	for _, r := range h.set.Rules {
		h.rules[r.ID] = append(h.rules[r.ID], &ruleText{r, h.now})
		h.tape.plans[r.Plan(h.now)] = true
	}
	h.Logf("%s rules %v", h.now.Format("02 15:04:05"), h.texts)
	_, err := h.engine.Known(context.Background(), h.set, h.now)
	if errors.Is(err, errKilled) {
		_, err = h.engine.Known(context.Background(), h.set, h.now)
	}
	h.must(err)
}

// edit changes a rule's text: what it means or not, or so that nobody can read it.
func (h *History) edit() {
	id := rapid.SampledFrom(sortedKeys(historyRules)).Draw(h.T, "rule")
	switch kind := rapid.SampledFrom([]string{"nothing", "name", "severity", "broken"}).Draw(h.T, "edit"); {
	case kind == "broken":
		h.read(alertrules.ParseSet(map[string][]byte{"rules.yaml": []byte("rules: [")}, h.env))
	case kind == "name" && h.texts[id] == "":
		h.texts[id] = ", name: another name"
	case kind == "severity" && h.texts[id] == "":
		h.texts[id], h.edited[id] = ", severity: critical", true
	case kind == "nothing":
	case h.texts[id] != "removed" && !strings.Contains(h.texts[id], "enabled"):
		h.edited[id] = h.edited[id] || strings.Contains(h.texts[id], "severity")
		h.texts[id] = ""
	}
	h.load()
}

// remove takes a rule away, or disables it, or brings it back.
func (h *History) remove() {
	id := rapid.SampledFrom([]string{"absent", "lacks", "news", "pieces", "rows", "slides", "whole"}).Draw(h.T, "rule")
	if h.texts[id] == "removed" || strings.Contains(h.texts[id], "enabled") {
		h.texts[id] = ""
	} else {
		h.off[id] = true
		h.texts[id] = rapid.SampledFrom([]string{"removed", ", enabled: false"}).Draw(h.T, "how")
	}
	h.load()
}

func (h *History) fill() {
	ctx := context.Background()
	gaps, err := h.tape.Gaps(ctx)
	h.must(err)
	h.tape.Bind(h.set, h.now)
	h.Logf("%s fill %+v", h.now.Format("02 15:04:05"), gaps)
	h.must(h.engine.Fill(ctx, h.set.Rules, gaps, alertrules.FillOptions{Now: h.now}))
}

// finish brings every rule back and lets all windows be over.
func (h *History) finish() {
	for id := range h.texts {
		h.texts[id] = ""
	}
	h.load()
	h.now = h.now.Truncate(time.Hour).Add(2*time.Hour + 30*time.Minute)
	h.at(false)
	for range 2 {
		h.run(10 * time.Minute)
	}
	h.pieces(context.Background()) // what was too slow, up to the end
	h.fill()
	gaps, err := h.tape.Gaps(context.Background())
	h.must(err)
	if len(gaps) > 0 {
		h.Fatalf("gaps are left: %+v", gaps)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
