package main

// This file says what has to hold in the folder of a life: at every start, also of one
// that follows a kill, and in the end.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"tocsin/ingest"
	"tocsin/notifier"
	"tocsin/store"
)

// whole returns what is neither before nor after a transaction.
func (l *life) whole(ctx context.Context) error {
	for _, look := range []func(context.Context) error{l.wholeObjects, l.wholeRounds, l.wholeOutbox} {
		if err := look(ctx); err != nil {
			return err
		}
	}
	return nil
}

// rows asks as `tocsin query` does.
func (l *life) rows(logstore, query string, upTo int64) ([]map[string]any, error) {
	var out strings.Builder
	e := *l.p.env
	e.stdout, e.stderr = &out, io.Discard // it says where there are no rows
	asked := *l.p
	asked.env = &e
	f := queryFlags{logstore: logstore, all: true, limit: 100_000, timeout: time.Minute, lastSeq: upTo}
	if err := asked.ask(context.Background(), f, "ndjson", query); err != nil {
		return nil, err
	}
	var list []map[string]any
	for line := range strings.Lines(out.String()) {
		row := map[string]any{}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		list = append(list, row)
	}
	return list, nil
}

// wholeObjects: of each file that the ledger has all records are there, and of no other
// one any. The records of 2.json are those of again.json. The oldest are deleted in
// the end.
func (l *life) wholeObjects(ctx context.Context) error {
	rows, err := l.rows("cloudtrail", "* | SELECT requestID AS file, count(*) AS n GROUP BY requestID", 0)
	if err != nil {
		return err
	}
	stored := map[string]int{}
	for _, r := range rows {
		stored[r["file"].(string)] = int(r["n"].(float64))
	}
	objects, _, err := ingest.Files([]string{l.path("in")})
	if err != nil {
		return err
	}
	named := l.p.fileNames()
	for i := range objects {
		objects[i].Name = named(objects[i].Name)
	}
	loaded, err := l.p.store.Logs.Loaded(ctx, objects)
	if err != nil {
		return err
	}
	lettered := 0
	for i, o := range objects {
		name := filepath.Base(o.Name)
		want := 0
		if loaded[i] {
			want = lifeFiles[name].records
		}
		if name == "again.json" {
			want = 0
		}
		if loaded[i] && name == "broken.json" {
			lettered = 1
		}
		kept := l.step == len(lifeSteps) && lifeFiles[name].day < 4
		if stored[name] != want && !(kept || l.step == len(lifeSteps)-1) {
			return fmt.Errorf("%s has %d records, want %d (in the ledger: %t)", name, stored[name], want, loaded[i])
		}
		delete(stored, name)
	}
	if len(stored) > 0 {
		return fmt.Errorf("records of files that are not there: %v", stored)
	}
	letters, _, err := l.p.store.Logs.DeadLetters(ctx, "", 10)
	if err == nil && len(letters) != lettered {
		err = fmt.Errorf("%d dead letters, want %d", len(letters), lettered)
	}
	return err
}

// wholeRounds: what a rule told is what lies below its cursor, each once; and the
// cursor is that of its last evaluation.
func (l *life) wholeRounds(ctx context.Context) error {
	states, err := l.p.store.State.RuleStates(ctx)
	if err != nil {
		return err
	}
	for _, id := range []string{"planted", "logins"} {
		s := states[id]
		if s == nil {
			continue
		}
		told, err := l.told(ctx, id)
		if err != nil {
			return err
		}
		evaluations, err := l.p.store.State.Evaluations(ctx, id, time.Time{}, l.now.Add(time.Hour), 1000)
		if err != nil {
			return err
		}
		for _, e := range evaluations {
			if e.Window.UpToSeq > s.Cursor {
				return fmt.Errorf("%s was evaluated up to %d, its cursor is at %d", id, e.Window.UpToSeq, s.Cursor)
			}
		}
		if l.step >= len(lifeSteps)-1 { // the oldest records are deleted
			continue
		}
		query := map[string]string{"planted": "eventName:StopLogging", "logins": "eventName:ConsoleLogin"}[id]
		below := 0
		if s.Cursor > 0 {
			rows, err := l.rows("cloudtrail", query+" | SELECT count(*) AS n", s.Cursor)
			if err != nil {
				return err
			}
			below = int(rows[0]["n"].(float64))
		}
		if s.First > 0 {
			rows, err := l.rows("cloudtrail", query+" | SELECT count(*) AS n", s.First)
			if err != nil {
				return err
			}
			below -= int(rows[0]["n"].(float64))
		}
		if told != below {
			return fmt.Errorf("%s told %d rows, but %d lie between %d and its cursor %d", id, told, below, s.First, s.Cursor)
		}
	}
	return nil
}

// told is how many rows the news of a rule have.
func (l *life) told(ctx context.Context, rule string) (int, error) {
	alerts, err := l.p.store.State.FindAlerts(ctx, store.AlertFilter{Rule: rule})
	n := 0
	for _, a := range alerts {
		news, err := l.p.store.State.News(ctx, a.ID)
		if err != nil {
			return 0, err
		}
		for _, piece := range news {
			n += len(piece.Rows)
		}
	}
	return n, err
}

// wholeOutbox: a mail waits exactly while its recipient's beliefs have it on its way,
// with the same mark; and a decision stands behind each.
func (l *life) wholeOutbox(ctx context.Context) error {
	mails, err := l.p.store.State.Newest(ctx, "", 10_000)
	if err != nil {
		return err
	}
	type at struct {
		mail int64
		key  notifier.BeliefKey
	}
	queued, decided := map[at]bool{}, map[int64]bool{} // with its mark
	for _, rule := range []string{"", "planted", "denied", "hourly", "opened", "logins"} {
		g, err := l.p.store.State.Group(ctx, rule)
		if err != nil {
			return err
		}
		for _, b := range g.Beliefs {
			for _, q := range b.Queue {
				queued[at{q.Mail, b.Key()}] = q.Marked
			}
		}
		entries, err := l.p.store.State.Decisions(ctx, rule, time.Time{}, l.now.Add(time.Hour), 10_000)
		if err != nil {
			return err
		}
		for _, e := range entries {
			decided[e.Mail] = true
		}
	}
	for _, m := range mails {
		if len(m.Groups) > 0 && !decided[m.ID] {
			return fmt.Errorf("mail %d (%s) was not decided", m.ID, m.Subject)
		}
		for _, g := range m.Groups {
			k := at{m.ID, notifier.BeliefKey{Group: g, Recipient: m.Recipient}}
			marked, there := queued[k]
			if there != (m.State == notifier.Waiting) || marked != m.Marked {
				return fmt.Errorf("mail %d is %s, marked %t; the belief has it on its way: %t, marked %t", m.ID, m.State, m.Marked, there, marked)
			}
			delete(queued, k)
		}
	}
	if len(queued) > 0 {
		return fmt.Errorf("on their way, and not in the outbox: %v", slices.Collect(maps.Keys(queued)))
	}
	return nil
}

// world is everything that a life leaves that a reader or an operator can see, without
// what is numbered or measured.
func (l *life) world(ctx context.Context) (string, error) {
	var out []string
	add := func(kind string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // documents of the store were JSON
		}
		out = append(out, kind+" "+string(text))
	}
	alerts, err := l.p.store.State.FindAlerts(ctx, store.AlertFilter{})
	if err != nil {
		return "", err
	}
	names, err := l.names(ctx)
	if err != nil {
		return "", err
	}
	for _, a := range alerts {
		add("alert", []any{names[a.ID], a.Severity, a.Since, a.Began, a.Ended.Truncate(time.Hour), a.How, a.LastHit, a.RowsAll, a.Ack})
		news, err := l.p.store.State.News(ctx, a.ID)
		if err != nil {
			return "", err
		}
		for _, n := range news {
			add("news", []any{names[a.ID], n.N, n.At, n.FromSeq, n.ToSeq, n.Rows})
		}
	}
	for _, id := range []string{"planted", "denied", "hourly", "opened", "logins"} {
		evaluations, err := l.p.store.State.Evaluations(ctx, id, time.Time{}, l.now.Add(time.Hour), 1000)
		if err != nil {
			return "", err
		}
		for _, e := range evaluations {
			e.Took = 0
			add("evaluation", e)
		}
		entries, err := l.p.store.State.Decisions(ctx, id, time.Time{}, l.now.Add(time.Hour), 10_000)
		if err != nil {
			return "", err
		}
		for _, e := range entries {
			if !e.Answer && e.Kind != notifier.KindNone {
				add("decision", []any{e.At.Truncate(time.Hour), e.Group, e.Recipient, e.Kind, e.Reason, e.Alerts})
			}
		}
	}
	if err := l.rest(ctx, add); err != nil {
		return "", err
	}
	sort.Strings(out)
	text := strings.Join(out, "\n") + "\n"
	return renamed(text, names), nil
}

// renamed is a text that is the same in each life.
func renamed(text string, names map[string]string) string {
	for id, name := range names {
		text = strings.ReplaceAll(text, id, name)
	}
	return goneAlert.ReplaceAllString(text, "<gone>")
}

// goneAlert is the id of an alert that is not kept any more, whose name nobody knows.
var goneAlert = regexp.MustCompile(`\bA-[0-9A-HJKMNP-TV-Z]{4,5}\b`)

// names are what alerts are called that have other ids in each life.
func (l *life) names(ctx context.Context) (map[string]string, error) {
	alerts, err := l.p.store.State.FindAlerts(ctx, store.AlertFilter{})
	names := map[string]string{}
	for _, a := range alerts {
		names[a.ID] = fmt.Sprintf("<%s %s %s>", a.Rule, a.Key, a.Began.Format("02 15:04"))
	}
	return names, err
}

// rest adds what is neither an alert nor a decision.
func (l *life) rest(ctx context.Context, add func(kind string, v any)) error {
	counts, err := l.p.store.Logs.Counts(ctx)
	if err != nil {
		return err
	}
	add("records", counts)
	states, err := l.p.store.State.RuleStates(ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		add("state", []any{s.Rule, s.Cursor, s.First, s.WholeTo, s.Moment, s.Outcome, s.Error, s.Live, s.Verdicts})
	}
	gaps, err := l.p.store.State.Gaps(ctx)
	if err != nil {
		return err
	}
	for _, g := range gaps {
		add("gap", g)
	}
	causes, err := l.p.store.State.Causes(ctx)
	if err != nil {
		return err
	}
	for _, c := range causes {
		add("cause", c.Key)
	}
	for _, logstore := range []string{"__operations__", "__rules__", "__alerts__"} {
		rows, err := l.rows(logstore, "* | SELECT count(*) AS n", 0)
		if err != nil {
			return err
		}
		add(logstore, rows[0])
	}
	quiet, err := l.rows("__evaluations__", "not rows > 0 | SELECT rule, outcome, sum(evaluations) AS n GROUP BY rule, outcome", 0)
	if err != nil {
		return err
	}
	for _, q := range quiet {
		add("quiet", q)
	}
	return nil
}

// letters are the mails of a life as readers see them, sorted, without what is
// numbered; each Message-ID once.
func letters(mails []taken, names map[string]string) ([]string, error) {
	seen := map[string]bool{}
	var list []string
	for _, m := range mails {
		if seen[m.id] {
			continue
		}
		seen[m.id] = true
		a, err := receive(m.body)
		if err != nil {
			return nil, err
		}
		text := fmt.Sprintf("to %s: %s\n%s", a.To, a.Letter.Subject, a.Letter.Text)
		list = append(list, renamed(text, names))
	}
	slices.Sort(list)
	return list, nil
}

// delivered is what lies in the maildir of a life.
func delivered(dir string) ([]taken, error) {
	files, err := filepath.Glob(filepath.Join(dir, "data", "mail", "new", "*"))
	if err != nil {
		return nil, err
	}
	var list []taken
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		list = append(list, taken{id: m.Header.Get("Message-Id"), body: raw})
	}
	return list, nil
}
