package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/notifier"
)

func openTestState(t *testing.T) *State {
	t.Helper()
	s, err := openState(t.Context(), Options{Dir: t.TempDir(), Spill: 1 << 30, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestAlertIDs(t *testing.T) {
	seen := map[string]bool{}
	for n := range int64(1<<20 + 1000) {
		id := alertID(n, 12345)
		if seen[id] {
			t.Fatalf("%s comes twice", id)
		}
		seen[id] = true
		if want := 6; n < 1<<20 && len(id) != want || n >= 1<<20 && len(id) != want+1 {
			t.Fatalf("number %d has the id %s", n, id)
		}
	}
	s := openTestState(t)
	first, err := s.NextAlertIDs(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.NextAlertIDs(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range first {
		if id == second[0] {
			t.Errorf("%s was given twice", id)
		}
	}
}

var now = time.Date(2026, 11, 23, 10, 5, 0, 0, time.UTC)

// hostile is text that a document and a key have to carry unchanged.
const hostile = "a'b\"c\\\n\u0000\u202e{{7*7}}); DROP TABLE alerts; --"

func TestRoundIsReadBack(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	a := &alertrules.Alert{
		ID: "A-0001", Rule: "r1", Key: "r1/" + hostile, Mode: alertrules.State, Labels: map[string]string{"k": hostile},
		Severity: alertrules.High, Since: now, Began: now, At: now, ClosesAt: now.Add(time.Hour),
		Rows: []alertrules.Row{{Key: hostile, Cells: []any{"x", true, nil, int64(9007199254740993), 0.5}}},
	}
	e := &alertrules.Alert{ID: "A-0002", Rule: "r2", Mode: alertrules.Event, Began: now}
	round := &alertrules.Round{
		At: now, Rules: []*alertrules.RuleState{{Rule: "r1", Cursor: 7}, {Rule: "r2"}}, Alerts: []*alertrules.Alert{a, e},
		News:        []*alertrules.News{{Alert: "A-0002", N: 1, At: now}},
		Evaluations: []alertrules.Evaluation{{Rule: "r1", At: now, Outcome: alertrules.Firing, Rows: 1}, {Rule: "r3", At: now, Outcome: alertrules.OK}},
	}
	for range 2 { // stored by id: the second time replaces
		if err := s.CommitRound(ctx, round); err != nil {
			t.Fatal(err)
		}
		round.News = nil
	}
	states, err := s.RuleStates(ctx)
	if err != nil || len(states) != 2 || states["r1"].Cursor != 7 {
		t.Errorf("rule states %v, %v", states, err)
	}
	alerts, err := s.Alerts(ctx, "r1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*alertrules.Alert{a}, alerts); diff != "" {
		t.Errorf("alerts of r1 (-want +got):\n%s", diff)
	}
	work, err := s.Work(ctx, now)
	if err != nil {
		t.Fatal(err)
	}
	if want := []notifier.Change{{Rule: "r1", Round: 2}, {Rule: "r2", Round: 2}}; !cmp.Equal(work.Changed, want) {
		t.Errorf("changed %v, want %v", work.Changed, want)
	}
	g, err := s.Group(ctx, "r2")
	if err != nil || len(g.Alerts) != 1 || len(g.News) != 1 {
		t.Errorf("group r2: %+v, %v", g, err)
	}
	var quiet int
	if err := s.in.db.QueryRowContext(ctx, "SELECT n FROM quiet_evaluations WHERE rule = 'r3'").Scan(&quiet); err != nil || quiet != 2 {
		t.Errorf("%d quiet evaluations of r3, want 2 (%v)", quiet, err)
	}
}

func TestDecisionsAreIdempotentAndSettle(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	event := &alertrules.Alert{ID: "A-0001", Rule: "r", Mode: alertrules.Event, Began: now}
	ok(t, s.CommitRound(ctx, &alertrules.Round{Alerts: []*alertrules.Alert{event}, News: []*alertrules.News{{Alert: "A-0001", N: 1}}}))
	id, err := s.NextMailIDs(ctx, 2)
	ok(t, err)
	b := &notifier.Belief{Group: "r", Recipient: hostile, Next: now.Add(time.Minute)}
	d := &notifier.Decided{
		At: now, Changed: []notifier.Change{{Rule: "r", Round: 1}}, Beliefs: []*notifier.Belief{b},
		Mails:   []*notifier.Mail{{ID: id, State: notifier.Waiting, Since: now, Recipient: "a@example.com", Bytes: []byte("one\r\n\x00\xff")}},
		Settled: []string{"A-0001"}, SettledNews: []notifier.NewsKey{{Alert: "A-0001", N: 1}},
		Closes: map[string]time.Time{"A-0001": now}, Log: []notifier.Entry{{At: now, Group: "r", Recipient: hostile, Kind: notifier.KindFirst, Mail: id}},
	}
	for range 2 {
		ok(t, s.Commit(ctx, d))
	}
	var rows [3]int
	ok(t, s.in.db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM beliefs), (SELECT count(*) FROM mails), (SELECT count(*) FROM decisions)").Scan(&rows[0], &rows[1], &rows[2]))
	if rows != [3]int{1, 1, 1} {
		t.Errorf("beliefs, mails, decisions: %v", rows)
	}
	work, err := s.Work(ctx, now)
	ok(t, err)
	if len(work.Changed) != 0 || len(work.Due) != 0 || !work.Next.Equal(b.Next) {
		t.Errorf("work after the decision: %+v", work)
	}
	if work, err = s.Work(ctx, b.Next); err != nil || len(work.Due) != 1 || work.Due[0] != b.Key() {
		t.Errorf("work when the timer is due: %+v, %v", work, err)
	}
	if alerts, err := s.Alerts(ctx, "r"); err != nil || len(alerts) != 1 || !alerts[0].ClosesAt.Equal(now) {
		t.Errorf("a settled episode is not there to be ended: %v, %v", alerts, err)
	}
	ok(t, s.CommitRound(ctx, &alertrules.Round{News: []*alertrules.News{{Alert: "A-0001", N: 2}}}))
	g, err := s.Group(ctx, "r")
	ok(t, err)
	if len(g.Alerts) != 1 || len(g.News) != 1 || g.News[0].N != 2 || !g.Alerts[0].ClosesAt.Equal(now) {
		t.Errorf("news brings the episode back: %+v", g)
	}
	beliefs, err := s.Beliefs(ctx, []notifier.BeliefKey{b.Key(), {Group: "r", Recipient: "nobody"}})
	ok(t, err)
	if diff := cmp.Diff([]*notifier.Belief{b}, beliefs); diff != "" {
		t.Errorf("beliefs (-want +got):\n%s", diff)
	}
}

func TestOutboxKeepsBytes(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	first, err := s.NextMailIDs(ctx, 3)
	ok(t, err)
	var mails []*notifier.Mail
	for i := range int64(3) {
		mails = append(mails, &notifier.Mail{ID: first + i, State: notifier.Waiting, Since: now, Next: now.Add(time.Duration(i) * time.Minute), Bytes: fmt.Append(nil, "mail ", i)})
	}
	ok(t, s.Commit(ctx, &notifier.Decided{At: now, Mails: mails}))
	ready, next, err := s.Ready(ctx, now, 10)
	ok(t, err)
	if len(ready) != 1 || string(ready[0].Bytes) != "mail 0" || !next.Equal(now.Add(time.Minute)) {
		t.Fatalf("ready %v, next %v", ready, next)
	}
	sent := *ready[0]
	sent.State, sent.Bytes, sent.Tries = notifier.Accepted, nil, 1
	ok(t, s.Record(ctx, &notifier.Delivery{At: now, Mails: []*notifier.Mail{&sent}}))
	ok(t, s.Commit(ctx, &notifier.Decided{At: now, Replaced: []int64{first + 1}}))
	all, err := s.Mails(ctx, []int64{first, first + 1, first + 2})
	ok(t, err)
	if len(all) != 3 || all[0].State != notifier.Accepted || string(all[0].Bytes) != "mail 0" || all[1].State != notifier.Replaced || all[1].Bytes != nil || all[2].State != notifier.Waiting {
		t.Errorf("mails %+v %+v %+v", all[0], all[1], all[2])
	}
}

func TestOneCauseIsToldOnce(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	notice := func(over bool) *alertrules.Round {
		return &alertrules.Round{Notices: []alertrules.Notice{{Key: "rule/failed/r", Text: hostile, Since: now, Over: over}}}
	}
	for _, over := range []bool{true, false, false, true, true, false} {
		ok(t, s.CommitRound(ctx, notice(over)))
	}
	work, err := s.Work(ctx, now)
	ok(t, err)
	var told []bool
	for _, n := range work.Notices {
		told = append(told, n.Over)
	}
	if want := []bool{false, true, false}; !cmp.Equal(told, want) {
		t.Errorf("notices over %v, want %v", told, want)
	}
	causes, err := s.Causes(ctx)
	ok(t, err)
	if len(causes) != 1 || causes[0].Text != hostile {
		t.Errorf("causes %+v", causes)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Gaps of history grow into each other; those of another rule and of another
// reason stay as they are.
func TestGapsAreJoined(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	gap := func(rule, reason string, from, to int) alertrules.Gap {
		return alertrules.Gap{Rule: rule, Reason: reason, From: now.Add(time.Duration(from) * time.Hour), To: now.Add(time.Duration(to) * time.Hour)}
	}
	for _, list := range [][]alertrules.Gap{
		{gap("r", alertrules.GapHistory, 1, 3), gap("r", alertrules.GapHistory, 5, 6), gap("other", alertrules.GapHistory, 2, 4)},
		{gap("r", alertrules.GapHistory, 3, 4), gap("r", alertrules.GapDown, 2, 5)},
	} {
		ok(t, s.CommitRound(ctx, &alertrules.Round{At: now, Gaps: list}))
	}
	got, err := s.Gaps(ctx)
	ok(t, err)
	want := []alertrules.Gap{gap("r", alertrules.GapHistory, 1, 4), gap("other", alertrules.GapHistory, 2, 4), gap("r", alertrules.GapDown, 2, 5), gap("r", alertrules.GapHistory, 5, 6)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	var rows int
	ok(t, s.in.db.QueryRowContext(ctx, "SELECT count(*) FROM gaps").Scan(&rows))
	if rows != len(want) {
		t.Errorf("%d rows, want %d", rows, len(want))
	}
}

// An acknowledgement belongs to the operator: a round that stores the alert again
// keeps it, and the rule is decided about again.
func TestAcknowledgementsStay(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	a := &alertrules.Alert{ID: "A-0001", Rule: "r", Mode: alertrules.State, Severity: alertrules.High, MaxSeverity: alertrules.High, Began: now}
	ok(t, s.CommitRound(ctx, &alertrules.Round{Alerts: []*alertrules.Alert{a}}))
	ok(t, s.Commit(ctx, &notifier.Decided{Changed: []notifier.Change{{Rule: "r", Round: 1}}}))
	done := Operation{At: now, Kind: "ack", By: "ami", Note: hostile}
	ok(t, s.Acknowledge(ctx, []*alertrules.Alert{a}, &alertrules.Ack{By: "ami", At: now, Note: hostile}, done))
	work, err := s.Work(ctx, now)
	ok(t, err)
	if len(work.Changed) != 1 {
		t.Errorf("changed %v", work.Changed)
	}
	a.MaxSeverity = alertrules.Critical
	ok(t, s.CommitRound(ctx, &alertrules.Round{Alerts: []*alertrules.Alert{a}}))
	want := &alertrules.Ack{By: "ami", At: now, Note: hostile, Severity: alertrules.High}
	for what, read := range map[string]func() ([]*alertrules.Alert, error){
		"the engine":   func() ([]*alertrules.Alert, error) { return s.Alerts(ctx, "r") },
		"the notifier": func() ([]*alertrules.Alert, error) { g, err := s.Group(ctx, "r"); return g.Alerts, err },
		"a list": func() ([]*alertrules.Alert, error) {
			return s.FindAlerts(ctx, AlertFilter{Firing: true, Severity: alertrules.High})
		},
	} {
		list, err := read()
		ok(t, err)
		if len(list) != 1 || list[0].Acked() {
			t.Fatalf("%s reads %+v", what, list)
		}
		if diff := cmp.Diff(want, list[0].Ack); diff != "" {
			t.Errorf("what %s reads (-want +got):\n%s", what, diff)
		}
	}
	done.Kind, done.Subject = "unack", ""
	ok(t, s.Acknowledge(ctx, []*alertrules.Alert{a}, nil, done))
	b, err := s.Alert(ctx, "A-0001")
	ok(t, err)
	list, err := s.Operations(ctx, "A-0001")
	ok(t, err)
	if b.Ack != nil || len(list) != 2 || list[0].Kind != "ack" || list[1].Kind != "unack" || list[0].Note != hostile || !list[0].At.Equal(now) {
		t.Errorf("acknowledged %+v, operations %+v", b.Ack, list)
	}
}

// Lists of alerts are made of heads, without the rows.
func TestAlertsAreListedWithoutRows(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	rows := []alertrules.Row{{Key: "k", Cells: []any{"x"}}}
	alerts := []*alertrules.Alert{
		{ID: "A-0001", Rule: "r", MaxSeverity: alertrules.Low, Began: now, Rows: rows, RowsAll: 1},
		{ID: "A-0002", Rule: "r", MaxSeverity: alertrules.Critical, Began: now, Ended: now.Add(time.Hour), How: alertrules.EndNoRows, Rows: rows, RowsAll: 1},
		{ID: "A-0003", Rule: "q", MaxSeverity: alertrules.High, Began: now.Add(2 * time.Hour)},
	}
	ok(t, s.CommitRound(ctx, &alertrules.Round{Alerts: alerts}))
	for _, c := range []struct {
		filter AlertFilter
		want   []string
	}{
		{AlertFilter{}, []string{"A-0003", "A-0001", "A-0002"}},
		{AlertFilter{Limit: 1}, []string{"A-0003"}},
		{AlertFilter{Rule: "r"}, []string{"A-0001", "A-0002"}},
		{AlertFilter{Severity: alertrules.High}, []string{"A-0003", "A-0002"}},
		{AlertFilter{Firing: true, Rule: "r"}, []string{"A-0001"}},
		{AlertFilter{From: now.Add(time.Hour)}, []string{"A-0003", "A-0001", "A-0002"}},
		{AlertFilter{From: now.Add(time.Hour + time.Second)}, []string{"A-0003", "A-0001"}},
		{AlertFilter{To: now.Add(time.Hour)}, []string{"A-0001", "A-0002"}},
	} {
		list, err := s.FindAlerts(ctx, c.filter)
		ok(t, err)
		var got []string
		for _, a := range list {
			got = append(got, a.ID)
			if a.Rows != nil {
				t.Errorf("%s comes with its rows", a.ID)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.filter, diff)
		}
	}
}

// A set of rules is kept by version: once, again when its text changes, and as
// gone when no file has it.
func TestRulesAreKeptByVersion(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	env := alertrules.Env{Schema: Schema(ingest.Builtin()), Now: now}
	keep := func(minute int, text string) {
		t.Helper()
		set := alertrules.ParseSet(map[string][]byte{"rules/a.yaml": []byte(text)}, env)
		ok(t, set.Err())
		ok(t, s.KeepRules(ctx, set, Operation{At: now.Add(time.Duration(minute) * time.Minute), By: "ami"}))
	}
	const one, other = "  - id: one\n    logstore: cloudtrail\n    query: eventName:A\n", "  - id: other\n    logstore: cloudtrail\n    query: eventName:B\n"
	keep(0, "rules:\n"+one+other)
	keep(1, "# a remark\nrules:\n"+one+"\n"+other)
	keep(2, "defaults: {every: 1m}\nrules:\n"+one+"    name: first\n"+other)
	keep(3, "rules:\n"+one+"    name: first\n")
	keep(4, "rules:\n"+one+"    name: first\n"+other)
	var got []string
	list, err := versions(ctx, s.in.db, "true ORDER BY n")
	ok(t, err)
	for _, v := range list {
		got = append(got, fmt.Sprintf("%d %s %q %s", int(v.Since.Sub(now).Minutes()), v.Rule, v.Text, v.Query))
	}
	want := []string{
		`0 one "  - id: one\n    logstore: cloudtrail\n    query: eventName:A" eventName:A`,
		`0 other "  - id: other\n    logstore: cloudtrail\n    query: eventName:B" eventName:B`,
		`2 one "  - id: one\n    logstore: cloudtrail\n    query: eventName:A\n    name: first" eventName:A`,
		`3 other "" `,
		`4 other "  - id: other\n    logstore: cloudtrail\n    query: eventName:B" eventName:B`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	v, err := s.RuleAt(ctx, "one", now.Add(90*time.Second), "")
	ok(t, err)
	if v == nil || !v.Since.Equal(now) {
		t.Errorf("one at 1:30 is %+v", v)
	}
	if v, err = s.RuleAt(ctx, "one", now.Add(-time.Hour), list[2].Meaning); err != nil || v == nil || v.Query != "eventName:A" {
		t.Errorf("one as an evaluation had it: %+v, %v", v, err)
	}
	if v, err = s.RuleAt(ctx, "one", now.Add(-time.Hour), ""); err != nil || v != nil {
		t.Errorf("one before it was known: %+v, %v", v, err)
	}
	operations, err := s.Operations(ctx, "")
	ok(t, err)
	var notes []string
	for _, o := range operations {
		notes = append(notes, o.Kind+" "+o.By+" "+o.Note)
	}
	if diff := cmp.Diff([]string{"rules ami new: one, other", "rules ami changed: one", "rules ami removed: other", "rules ami new: other"}, notes); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

// A gap that is dropped is forgotten, its operator is told, and it is recorded;
// other gaps of the rule stay.
func TestDropGaps(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	down := alertrules.Gap{Rule: "r", From: now.Add(-48 * time.Hour), To: now.Add(-24 * time.Hour), Reason: alertrules.GapDown}
	numbers := alertrules.Gap{Rule: "r", From: now.Add(-48 * time.Hour), To: now, FromSeq: 5, ToSeq: 5, Reason: alertrules.GapGeneration}
	other := alertrules.Gap{Rule: "r", From: now.Add(-72 * time.Hour), To: now, FromSeq: 2, ToSeq: 4, Reason: alertrules.GapDisabled}
	cause := alertrules.Notice{Key: "rule/gap/r/" + down.From.UTC().Format(time.RFC3339), Text: "a gap", Since: now}
	ok(t, s.CommitRound(ctx, &alertrules.Round{At: now, Gaps: []alertrules.Gap{down, numbers, other}, Notices: []alertrules.Notice{cause}}))
	gaps, err := s.Gaps(ctx)
	ok(t, err)
	dropped := slices.DeleteFunc(slices.Clone(gaps), func(g alertrules.Gap) bool { return g.Reason == other.Reason })
	round := alertrules.DropGaps(dropped, now, "a test")
	ok(t, s.CommitRound(ctx, round))
	left, err := s.Gaps(ctx)
	if ok(t, err); len(left) != 1 || left[0].Reason != alertrules.GapDisabled {
		t.Errorf("left %v", left)
	}
	if causes, err := s.Causes(ctx); err != nil || len(causes) != 0 {
		t.Errorf("causes %v, %v", causes, err)
	}
	work, err := s.Work(ctx, now)
	if ok(t, err); len(work.Notices) != 2 || work.Notices[1].Text != "rule r: what was not evaluated is dropped" {
		t.Errorf("notices %v", work.Notices)
	}
	if e := round.Evaluations; len(e) != 2 || e[0].Outcome != alertrules.Skipped || !strings.HasSuffix(e[0].Reason, "; the gap was dropped: a test") {
		t.Errorf("recorded %+v", e)
	}
}

func TestRefusalsOfAnAddress(t *testing.T) {
	s, ctx := openTestState(t), t.Context()
	first, err := s.NextMailIDs(ctx, 4)
	ok(t, err)
	var mails []*notifier.Mail
	for i, state := range []notifier.MailState{notifier.Parked, notifier.Waiting, notifier.Parked, notifier.Parked} {
		mails = append(mails, &notifier.Mail{ID: first + int64(i), State: state, Since: now, Recipient: []string{hostile, hostile, "Ben@example.com", "ben@example.com"}[i]})
	}
	ok(t, s.Commit(ctx, &notifier.Decided{At: now, Mails: mails}))
	for recipient, want := range map[string][]int64{hostile: {first}, "BEN@example.com": {first + 2, first + 3}, "nobody": nil} {
		if got, err := s.ParkedFor(ctx, recipient); err != nil || !slices.Equal(got, want) {
			t.Errorf("given up for %q: %v, %v; want %v", recipient, got, err, want)
		}
	}
	for _, over := range []bool{false, true} { // silent: a cause that nobody is told of
		ok(t, s.Record(ctx, &notifier.Delivery{At: now, Notices: []alertrules.Notice{{Key: "mail/refused/ben", Since: now, Silent: true, Over: over}}}))
		causes, err := s.Causes(ctx)
		ok(t, err)
		work, err := s.Work(ctx, now)
		ok(t, err)
		if open := len(causes) > 0; open == over || len(work.Notices) > 0 {
			t.Errorf("over %t: causes %+v, to tell %+v", over, causes, work.Notices)
		}
	}
}
