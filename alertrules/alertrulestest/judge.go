package alertrulestest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tocsin/alertrules"
)

// The judge of a history: plain loops over its events.

func (h *History) judge() {
	numbers, err := h.tape.Numbers(context.Background())
	h.must(err)
	if len(numbers) != len(h.events) {
		h.Fatalf("%d events are stored of %d", len(numbers), len(h.events))
	}
	h.rowsTold(numbers)
	h.piecesTold(numbers)
	h.wholeRowsTold(numbers)
	h.recentTold(numbers)
	for _, rule := range []string{"whole", "absent"} {
		h.lastVerdicts(rule, numbers)
		h.whatStands(rule)
		h.toldOnce(rule)
	}
	for _, rule := range []string{"slides", "lacks"} {
		h.seenInTime(rule, numbers)
		h.toldOnce(rule)
	}
	h.hitsAreTold("lacks")
	h.reproduces()
}

// newsOf calls do with all news of a rule.
func (h *History) newsOf(rule string, do func(*alertrules.News)) {
	of := map[string]bool{}
	for _, a := range h.tape.alerts(rule) {
		of[a.ID] = true
	}
	for _, r := range h.tape.rounds {
		for _, n := range r.News {
			if of[n.Alert] {
				do(n)
			}
		}
	}
}

// rowsTold: without an aggregate over `new`, the rows told equal the rows stored
// since the rule is known, each once.
func (h *History) rowsTold(numbers map[int]int64) {
	told := map[int64]int{}
	h.newsOf("news", func(n *alertrules.News) {
		for _, row := range n.Rows {
			told[row.Seq]++
		}
	})
	for i, e := range h.events {
		want := 0
		if seq := numbers[i]; looksFor("news", e) && seq > h.first {
			want = 1
		}
		if got := told[numbers[i]]; got != want {
			h.Fatalf("event %d (%v, number %d) was told %d times by news, not %d", i, e, numbers[i], got, want)
		}
		delete(told, numbers[i])
	}
	if len(told) > 0 {
		h.Fatalf("news tells of numbers that there are not: %v", told)
	}
}

// piecesTold: an aggregate over `new` is told in pieces that do not overlap, each
// with what its range holds, and together with all that is stored.
func (h *History) piecesTold(numbers map[int]int64) {
	covered := map[int]int{}
	h.newsOf("pieces", func(n *alertrules.News) {
		want := map[string]int64{}
		for i, e := range h.events {
			if !e.Other && numbers[i] > n.FromSeq && numbers[i] <= n.ToSeq {
				want[e.Region]++
				covered[i]++
			}
		}
		got := map[string]int64{}
		for _, row := range n.Rows {
			got[fmt.Sprint(row.Cells[0])] = row.Cells[1].(int64)
		}
		if !maps.Equal(got, want) {
			h.Fatalf("the piece (%d, %d] says %v, and holds %v", n.FromSeq, n.ToSeq, got, want)
		}
	})
	for i, e := range h.events {
		want := 0
		if !e.Other && numbers[i] > h.first {
			want = 1
		}
		if covered[i] != want {
			h.Fatalf("event %d (number %d) is in %d pieces, not %d", i, numbers[i], covered[i], want)
		}
	}
}

// wholeRowsTold: a rule in event mode over whole windows tells each record of each
// window since its start once.
func (h *History) wholeRowsTold(numbers map[int]int64) {
	told := map[int64]int{}
	h.newsOf("rows", func(n *alertrules.News) {
		for _, row := range n.Rows {
			told[row.Seq]++
		}
	})
	for i, e := range h.events {
		want := 0
		if looksFor("rows", e) && !e.At.Before(h.began.Truncate(30*time.Minute)) {
			want = 1
		}
		got := told[numbers[i]]
		if want == 0 && looksFor("rows", e) && got == 1 && slices.Contains(h.past, true) {
			continue // it lies in a gap of history, which is filled also before the start
		}
		if got != want {
			h.Fatalf("event %d (%v, number %d) was told %d times by rows, not %d", i, e, numbers[i], got, want)
		}
	}
}

// recentTold: so does one over a sliding window, each record that happened since,
// and none twice.
func (h *History) recentTold(numbers map[int]int64) {
	told := map[int64]int{}
	h.newsOf("recent", func(n *alertrules.News) {
		for _, row := range n.Rows {
			told[row.Seq]++
		}
	})
	for i, e := range h.events {
		got := told[numbers[i]]
		if h.downs || slices.Contains(h.past, true) {
			return // the gaps of such moments share records with those that others looked at
		}
		if got > 1 || got == 0 && looksFor("recent", e) && !e.At.Before(h.began) {
			h.Fatalf("event %d (%v, number %d) was told %d times by recent", i, e, numbers[i], got)
		}
	}
}

// found is how many rows a rule over whole windows gives of a window.
func (h *History) found(rule string, from, to time.Time) int {
	n := 0
	regions, there := map[string]bool{}, map[string]bool{}
	for _, e := range h.events {
		switch {
		case !looksFor(rule, e) || e.At.Before(from) || !e.At.Before(to):
		case e.Other:
			there[e.Region] = true
		default:
			n++
			regions[e.Region] = true
		}
	}
	if rule != "absent" {
		return n
	}
	maps.DeleteFunc(regions, func(region string, _ bool) bool { return there[region] })
	return len(regions)
}

// hits reports whether a rule over whole windows fires on so many rows.
func hits(rule string, rows int) bool {
	return rows >= map[string]int{"whole": 2, "absent": 1}[rule]
}

// seenInTime: each record is seen by a moment of a sliding window that looks at it, by
// the length of the query that reads it. The moments of a rule begin with its first
// evaluation, also when it is back.
func (h *History) seenInTime(rule string, numbers map[int]int64) {
	const every = 10 * time.Minute
	if h.off[rule] {
		return
	}
	seen := map[time.Time]int64{}
	first := h.now // before it there was no moment
	for _, e := range h.tape.evaluations(rule) {
		if e.At.Before(first) && !strings.Contains(e.Reason, "filled") {
			first = e.At
		}
		seen[e.Window.To.UTC()] = max(seen[e.Window.To.UTC()], e.Window.UpToSeq)
	}
	for i, e := range h.events {
		length := 20 * time.Minute
		if e.Other {
			length *= 2
		}
		moments, looked := 0, false
		for at := e.At.Truncate(every).Add(every); !at.After(e.At.Add(length)); at = at.Add(every) {
			if !at.Before(first) && !at.After(h.now) {
				moments++
				looked = looked || seen[at.UTC()] >= numbers[i]
			}
		}
		if looksFor(rule, e) && moments > 0 && !looked {
			h.Fatalf("no moment of %s has looked at event %d (%+v, number %d)", rule, i, e, numbers[i])
		}
	}
}

// tellsSince is the first moment of which an alert tells.
func tellsSince(a *alertrules.Alert) time.Time {
	if a.Addition {
		return a.Since
	}
	return a.Began
}

// covering are those of some alerts that fired at a moment, by what they tell of.
func covering(alerts []*alertrules.Alert, at time.Time) map[string][]*alertrules.Alert {
	all := map[string][]*alertrules.Alert{}
	for _, a := range alerts {
		off := a.How == alertrules.EndRemoved || a.How == alertrules.EndDisabled // after the evaluation of that moment
		if a.Addition && a.Ended.Equal(a.Began) && !at.Equal(a.Since) {          // it tells of one window
			continue
		}
		if !at.Before(tellsSince(a)) && (a.Firing() || at.Before(a.Ended) || off && at.Equal(a.Ended)) {
			all[a.Labels["awsRegion"]] = append(all[a.Labels["awsRegion"]], a)
		}
	}
	return all
}

// toldOnce: no two alerts tell of one moment of a value. What is found at moments that
// nothing was evaluated at, and with history, is told apart.
func (h *History) toldOnce(rule string) {
	alerts := slices.DeleteFunc(h.tape.alerts(rule), func(a *alertrules.Alert) bool { return a.Late && a.Gap != alertrules.GapLate })
	for _, a := range alerts { // of two that overlap, one begins while the other fires
		at := tellsSince(a)
		for value, list := range covering(alerts, at) {
			if len(list) > 1 {
				h.Fatalf("at %s %s of %s is told by %s and %s", at, value, rule, list[0].ID, list[1].ID)
			}
		}
	}
}

// hitsAreTold: whatever evaluation of a rule that fires on each row found some, alerts
// tell of the moment.
func (h *History) hitsAreTold(rule string) {
	alerts := h.tape.alerts(rule)
	for _, e := range h.tape.evaluations(rule) {
		if n := len(covering(alerts, e.At)); n < e.Rows {
			h.Fatalf("%s found %d rows at %s, and alerts tell of %d: %s", rule, e.Rows, e.At, n, e.Reason)
		}
	}
}

// lastVerdicts: the last verdict of each whole window has seen, and is that of, all its events,
// and each verdict that another reversed is recorded as superseded. What fills a gap
// reverses none: that of its time goes on to stand, for what fires, and the next
// evaluation may reverse either.
func (h *History) lastVerdicts(rule string, numbers map[int]int64) {
	last, stands := map[time.Time]alertrules.Evaluation{}, map[time.Time]alertrules.Evaluation{}
	for _, e := range h.tape.evaluations(rule) {
		from := e.Window.From.UTC()
		reversed := func(all map[time.Time]alertrules.Evaluation) bool {
			before, again := all[from]
			return again && hits(rule, before.Rows) != hits(rule, e.Rows)
		}
		said, filled := strings.Contains(e.Reason, "superseded"), strings.Contains(e.Reason, "filled")
		if !filled && said != reversed(last) && said != reversed(stands) {
			h.Fatalf("the verdict of %s of %s was %d rows and is %d: %s", rule, from, last[from].Rows, e.Rows, e.Reason)
		}
		if last[from] = e; !filled {
			stands[from] = e
		}
	}
	for from := h.began.Truncate(time.Hour); from.Add(75 * time.Minute).Before(h.now); from = from.Add(time.Hour) {
		e, ok := last[from.UTC()]
		if want := h.found(rule, from, from.Add(time.Hour)); !ok || e.Rows != want {
			h.Fatalf("the last verdict of %s of %s rests on %d rows, not on %d (evaluated: %t)", rule, from, e.Rows, want, ok)
		}
		for i, x := range h.events {
			if in := !x.At.Before(from) && x.At.Before(from.Add(time.Hour)); in && looksFor(rule, x) && numbers[i] > e.Window.UpToSeq {
				h.Fatalf("the last verdict of %s of %s has not seen event %d (%+v, number %d)", rule, from, i, x, numbers[i])
			}
		}
	}
}

// whatStands: the alert of the rule over whole windows that stands at the end is
// that of in-order arrival. Edits that mean something, and time without an
// evaluation, make it another history.
func (h *History) whatStands(rule string) {
	live := 0
	for _, a := range h.tape.alerts(rule) {
		if a.Firing() {
			live++
		}
	}
	if live > 1 {
		h.Fatalf("%d alerts of one key of %s stand", live, rule)
	}
	if h.edited[rule] || h.off[rule] || h.downs || slices.Contains(h.past, true) {
		return
	}
	m, n := 1, 1
	switch {
	case rule != "whole":
	case h.after == "2":
		m, n = 2, 2
	case h.after == "2 of 3":
		m, n = 2, 3
	}
	firing := false
	var seen []bool
	for from := h.began.Truncate(time.Hour); !from.Add(75 * time.Minute).After(h.now); from = from.Add(time.Hour) {
		seen = append(seen, hits(rule, h.found(rule, from, from.Add(time.Hour))))
		hits, missed := 0, 0
		for _, hit := range seen[max(0, len(seen)-n):] {
			if hit {
				hits++
			} else {
				missed++
			}
		}
		switch hit := seen[len(seen)-1]; {
		case !firing:
			firing = hits >= m
		case !hit:
			firing = missed <= n-m
		}
	}
	if firing != (live == 1) {
		h.Fatalf("with the verdicts %v and after %s an alert of %s stands: %t", seen, h.after, rule, live == 1)
	}
}

// reproduces: every evaluation says again what it said, from the text of its rule
// and (from, to, S).
func (h *History) reproduces() {
	ctx := context.Background()
	for _, id := range sortedKeys(historyRules) {
		texts := map[string]*ruleText{}
		for _, r := range h.rules[id] {
			texts[r.Hash] = r
		}
		for _, e := range h.tape.evaluations(id) {
			r := texts[e.Hash]
			if r == nil {
				h.Fatalf("%s was evaluated at %s with a text that nobody wrote: %s", id, e.At, e.Hash)
			}
			if e.Window.UpToSeq == 0 && e.Window.AfterSeq == 0 {
				h.Fatalf("the evaluation of %s at %s is not pinned: %+v", id, e.At, e.Window)
			}
			res, err := h.tape.Ground.Query(ctx, r.Plan(e.Window.Now), e.Window)
			h.must(err)
			if len(res.Rows) != e.Rows {
				h.Fatalf("%s at %s had %d rows, and has %d now: %+v", id, e.At, e.Rows, len(res.Rows), e.Window)
			}
		}
	}
}
