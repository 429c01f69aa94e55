// T1: what the engine of package alertrules remembers between evaluations.

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tocsin/alertrules"
)

// RuleStates implements alertrules.States.
func (s *State) RuleStates(ctx context.Context) (map[string]*alertrules.RuleState, error) {
	list, err := documents[alertrules.RuleState](ctx, s.in.db, "SELECT doc FROM rule_states")
	if err != nil {
		return nil, err
	}
	states := make(map[string]*alertrules.RuleState, len(list))
	for _, r := range list {
		states[r.Rule] = r
	}
	return states, nil
}

// Alerts implements alertrules.States.
func (s *State) Alerts(ctx context.Context, rules ...string) ([]*alertrules.Alert, error) {
	return s.alerts(ctx, "a.rule IN "+oneOf+" AND a.firing ORDER BY a.began, a.id", texts(rules))
}

// alerts reads whole alerts, of the table a.
func (s *State) alerts(ctx context.Context, where string, args ...any) ([]*alertrules.Alert, error) {
	return s.alertDocs(ctx, "a.doc", where, args...)
}

// alertDocs reads documents of alerts; the column closes_at and what stands in
// acks win over the document.
func (s *State) alertDocs(ctx context.Context, doc, where string, args ...any) ([]*alertrules.Alert, error) {
	rows, err := s.in.db.QueryContext(ctx, "SELECT "+doc+", a.closes_at, k.doc FROM alerts a LEFT JOIN acks k ON k.alert = a.id WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read alerts: %w", err)
	}
	defer rows.Close()
	var list []*alertrules.Alert
	for rows.Next() {
		var doc string
		var closes sql.NullTime
		var ack sql.NullString
		if err := rows.Scan(&doc, &closes, &ack); err != nil {
			return nil, fmt.Errorf("read alerts: %w", err)
		}
		a := &alertrules.Alert{}
		if err := json.Unmarshal([]byte(doc), a); err != nil {
			return nil, fmt.Errorf("read a stored alert: %w", err)
		}
		a.ClosesAt, a.Ack = closes.Time, nil
		if ack.Valid {
			a.Ack = &alertrules.Ack{}
			if err := json.Unmarshal([]byte(ack.String), a.Ack); err != nil {
				return nil, fmt.Errorf("read who acknowledged %s: %w", a.ID, err)
			}
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// LastGood returns the rule files that ran last, by name.
func (s *State) LastGood(ctx context.Context) ([]alertrules.LastGood, error) {
	list, err := documents[alertrules.LastGood](ctx, s.in.db, "SELECT doc FROM rule_files WHERE "+ofRules+" ORDER BY name")
	out := make([]alertrules.LastGood, len(list))
	for i, f := range list {
		out[i] = *f
	}
	return out, err
}

// ofRules tells rule files from templates, which lie in the same table.
const ofRules = "json_extract(doc, '$.Files') IS NULL"

// A Template is one that was used, with the texts of its files by their names.
type Template struct {
	Name  string
	Files map[string]string
}

// LastTemplates returns the templates that were used last, by name.
func (s *State) LastTemplates(ctx context.Context) ([]*Template, error) {
	return documents[Template](ctx, s.in.db, "SELECT doc FROM rule_files WHERE NOT "+ofRules+" ORDER BY name")
}

// SetLastGood remembers the rule files that run and the templates that are used, and
// forgets those before.
func (s *State) SetLastGood(ctx context.Context, list []alertrules.LastGood, templates []Template) error {
	err := s.transact(ctx, func(t *tx) error {
		var rows []row
		for _, f := range list {
			rows = append(rows, row{"name": f.Name, "doc": t.doc(f)})
		}
		for _, one := range templates {
			rows = append(rows, row{"name": one.Name, "doc": t.doc(one)})
		}
		t.exec("DELETE FROM rule_files")
		t.insert("rule_files", "name VARCHAR, doc VARCHAR", rows)
		return t.err
	})
	if err != nil {
		return fmt.Errorf("remember the rule files and templates: %w", err)
	}
	return nil
}

// NextAlertIDs implements alertrules.States.
func (s *State) NextAlertIDs(ctx context.Context, n int) ([]string, error) {
	var next, salt int64
	err := s.transact(ctx, func(t *tx) error {
		if err := t.conn.QueryRowContext(ctx, "SELECT next_alert, salt FROM counters").Scan(&next, &salt); err != nil {
			return fmt.Errorf("reserve ids of alerts: %w", err)
		}
		t.exec("UPDATE counters SET next_alert = ?", next+int64(n))
		return t.err
	})
	if err != nil {
		return nil, fmt.Errorf("reserve alert ids: %w", err)
	}
	ids := make([]string, n)
	for i := range ids {
		ids[i] = alertID(next+int64(i), salt)
	}
	return ids, nil
}

// alertID prints the id of the alert with that number, from 0: four letters of
// Crockford's base 32 for the first 2^20 alerts, five for the next 2^25, and so
// on, permuted by an affine map so that neighbours do not look alike.
func alertID(n, salt int64) string {
	const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	size, width := int64(1)<<20, 4
	for n >= size {
		n, size, width = n-size, size<<5, width+1
	}
	n = (n*741457 + salt) & (size - 1) // odd factor: a bijection of 0 … size-1
	id := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		id[i], n = letters[n&31], n>>5
	}
	return "A-" + string(id)
}

// CommitRound implements alertrules.States.
func (s *State) CommitRound(ctx context.Context, r *alertrules.Round) error {
	return s.transact(ctx, func(t *tx) error {
		t.ruleStates(r.Rules)
		t.alerts(r.Alerts)
		t.news(r.News)
		t.evaluations(r)
		t.notices(r.Notices)
		t.notices(t.gaps(r))
		t.changed(r)
		return t.err
	})
}

func (t *tx) ruleStates(list []*alertrules.RuleState) {
	var ids []string
	var rows []row
	for _, r := range list {
		ids = append(ids, r.Rule)
		rows = append(rows, row{"rule": r.Rule, "doc": t.doc(r)})
	}
	t.remove("rule_states", "rule", ids)
	t.insert("rule_states", "rule VARCHAR, doc VARCHAR", rows)
}

// alerts stores alerts by id and keeps the closes_at that the notifier gave them.
func (t *tx) alerts(list []*alertrules.Alert) {
	if len(list) == 0 || t.err != nil {
		return
	}
	var ids []string
	for _, a := range list {
		ids = append(ids, a.ID)
	}
	closes, err := t.closes(ids)
	if err != nil {
		t.err = err
		return
	}
	var rows []row
	for _, a := range list {
		at, known := closes[a.ID]
		if !known {
			at = a.ClosesAt
		}
		rows = append(rows, row{
			"id": a.ID, "rule": a.Rule, "event": a.Mode == alertrules.Event, "firing": a.Firing(), "settled": false,
			"began": stamp(a.Began), "closes_at": stamp(at), "doc": t.doc(a), "head": t.head(a),
		})
	}
	t.remove("alerts", "id", ids)
	t.insert("alerts", "id VARCHAR, rule VARCHAR, event BOOLEAN, firing BOOLEAN, settled BOOLEAN, began TIMESTAMP, closes_at TIMESTAMP, doc VARCHAR, head VARCHAR", rows)
}

// closes reads the stored closes_at of the alerts that exist.
func (t *tx) closes(ids []string) (map[string]time.Time, error) {
	rows, err := t.conn.QueryContext(t.ctx, "SELECT id, closes_at FROM alerts WHERE id IN "+oneOf, texts(ids))
	if err != nil {
		return nil, fmt.Errorf("read when episodes close: %w", err)
	}
	defer rows.Close()
	closes := map[string]time.Time{}
	for rows.Next() {
		var id string
		var at sql.NullTime
		if err := rows.Scan(&id, &at); err != nil {
			return nil, fmt.Errorf("read when episodes close: %w", err)
		}
		closes[id] = at.Time
	}
	return closes, rows.Err()
}

func (t *tx) news(list []*alertrules.News) {
	var ids []string
	var rows []row
	for _, n := range list {
		ids = append(ids, n.Alert)
		rows = append(rows, row{"alert": n.Alert, "n": n.N, "settled": false, "doc": t.doc(n)})
	}
	t.insert("news", "alert VARCHAR, n BIGINT, settled BOOLEAN, doc VARCHAR", rows)
	if len(ids) > 0 {
		t.exec("UPDATE alerts SET settled = false WHERE id IN "+oneOf, texts(ids))
	}
}

// evaluations keeps what is worth looking at; ok without rows is only counted,
// unless an alert ended.
func (t *tx) evaluations(r *alertrules.Round) {
	type ended struct {
		rule string
		at   time.Time
	}
	changes := map[ended]bool{}
	for _, a := range r.Alerts {
		changes[ended{a.Rule, a.Ended.UTC()}] = true
	}
	var rows, quiet []row
	for _, e := range r.Evaluations {
		if e.Outcome == alertrules.OK && e.Rows == 0 && !changes[ended{e.Rule, e.At.UTC()}] {
			quiet = append(quiet, row{"rule": e.Rule, "hour": stamp(e.At.Truncate(time.Hour)), "n": 1})
			continue
		}
		rows = append(rows, row{"rule": e.Rule, "moment": stamp(e.At), "outcome": string(e.Outcome), "doc": t.doc(e)})
	}
	t.insert("evaluations", "rule VARCHAR, moment TIMESTAMP, outcome VARCHAR, doc VARCHAR", rows)
	if len(quiet) == 0 {
		return
	}
	t.exec("CREATE OR REPLACE TEMP TABLE quiet_now (rule VARCHAR, hour TIMESTAMP, n BIGINT)")
	t.insert("quiet_now", "rule VARCHAR, hour TIMESTAMP, n BIGINT", quiet)
	t.exec("UPDATE quiet_evaluations q SET n = q.n + w.n FROM (SELECT rule, hour, sum(n)::BIGINT AS n FROM quiet_now GROUP BY ALL) w WHERE w.rule = q.rule AND w.hour = q.hour")
	t.exec("INSERT INTO quiet_evaluations SELECT w.rule, w.hour, sum(w.n)::BIGINT FROM quiet_now w ANTI JOIN quiet_evaluations q ON w.rule = q.rule AND w.hour = q.hour GROUP BY ALL")
}

// gaps takes what was filled or dropped out of what is known of the same rules, and
// adds what was not evaluated now. It returns the notices of those that are over.
func (t *tx) gaps(r *alertrules.Round) []alertrules.Notice {
	var ids []string
	for _, g := range slices.Concat(r.Gaps, r.Filled, r.Dropped) {
		ids = append(ids, g.Rule)
	}
	if len(ids) == 0 || t.err != nil {
		return nil
	}
	known, err := gapsOf(t.ctx, t.conn, "rule IN "+oneOf, texts(ids))
	if err != nil {
		t.err = err
		return nil
	}
	left := known
	for _, done := range r.Filled {
		left = alertrules.TakeOut(left, done)
	}
	over := alertrules.Over(known, left, r.At, "made up for")
	kept := alertrules.Without(left, r.Dropped)
	over = append(over, alertrules.Over(left, kept, r.At, "dropped")...)
	t.setGaps(ids, alertrules.JoinGaps(append(kept, r.Gaps...)))
	return over
}

// setGaps stores all gaps of rules.
func (t *tx) setGaps(ids []string, gaps []alertrules.Gap) {
	var rows []row
	for _, g := range gaps {
		rows = append(rows, row{"rule": g.Rule, "doc": t.doc(g)})
	}
	t.remove("gaps", "rule", ids)
	t.insert("gaps", "rule VARCHAR, doc VARCHAR", rows)
}

// notices opens and closes causes (D31): a notice of a cause that is open, and
// the end of one that is not, tell nobody anything. News (Once) is told by its key.
func (t *tx) notices(list []alertrules.Notice) {
	for _, n := range list {
		if t.err != nil {
			return
		}
		var open bool
		if n.Once {
			if t.err = t.conn.QueryRowContext(t.ctx, "SELECT count(*) > 0 FROM notices WHERE json_extract_string(doc, '$.Key') = ?", n.Key).Scan(&open); t.err == nil && !open {
				t.notice(n)
			}
			continue
		}
		if t.err = t.conn.QueryRowContext(t.ctx, "SELECT count(*) > 0 FROM causes WHERE key = ?", n.Key).Scan(&open); t.err != nil {
			return
		}
		if open != n.Over {
			continue
		}
		if n.Over {
			t.exec("DELETE FROM causes WHERE key = ?", n.Key)
		} else {
			t.insert("causes", "key VARCHAR, since TIMESTAMP, text VARCHAR", []row{{"key": n.Key, "since": stamp(n.Since), "text": n.Text}})
		}
		if !n.Silent {
			t.notice(n)
		}
	}
}

// notice adds one that waits to be told.
func (t *tx) notice(n alertrules.Notice) {
	t.exec("INSERT INTO notices SELECT next_notice, false, ? FROM counters", t.doc(n))
	t.exec("UPDATE counters SET next_notice = next_notice + 1")
}

// changed marks the rules whose alerts or news a decision has to look at.
func (t *tx) changed(r *alertrules.Round) {
	rules := map[string]bool{}
	for _, a := range r.Alerts {
		rules[a.Rule] = true
	}
	byAlert := map[string]bool{}
	for _, n := range r.News {
		byAlert[n.Alert] = true
	}
	if len(byAlert) > 0 && t.err == nil {
		t.addRulesOf(byAlert, rules)
	}
	if len(rules) == 0 {
		return
	}
	var ids []string
	for id := range rules {
		ids = append(ids, id)
	}
	t.exec("UPDATE counters SET round = round + 1")
	t.remove("changes", "rule", ids)
	t.exec("INSERT INTO changes SELECT unnest(from_json_strict(?, '[\"VARCHAR\"]')), round FROM counters", texts(ids))
}

// addRulesOf adds the rules of alerts to rules.
func (t *tx) addRulesOf(alerts, rules map[string]bool) {
	var ids []string
	for id := range alerts {
		ids = append(ids, id)
	}
	list, err := column[string](t.ctx, t.conn, "SELECT DISTINCT rule FROM alerts WHERE id IN "+oneOf, texts(ids))
	for _, rule := range list {
		rules[rule] = true
	}
	t.err = err
}
