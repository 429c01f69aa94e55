// What the ledger knows of history (DESIGN.md §5).

package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/notifier"
)

// History implements alertrules.Logs.
func (l *Logs) History(ctx context.Context, after, upTo int64) ([]alertrules.Past, error) {
	rows, err := l.in.db.QueryContext(ctx, "SELECT first_seq - 1, last_seq, coalesce(notify, false) FROM objects WHERE history AND last_seq > ? AND first_seq <= ? ORDER BY first_seq", after, upTo)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer rows.Close()
	var list []alertrules.Past
	for rows.Next() {
		var r alertrules.Past
		if err := rows.Scan(&r.From, &r.To, &r.Notify); err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		r.From, r.To = max(r.From, after), min(r.To, upTo)
		if n := len(list) - 1; n >= 0 && list[n].To >= r.From && list[n].Notify == r.Notify {
			list[n].To = max(list[n].To, r.To)
			continue
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// HistoryTimes implements alertrules.Logs.
func (l *Logs) HistoryTimes(ctx context.Context, logstore string, after, upTo int64) ([]alertrules.PastTime, error) {
	rows, err := l.in.db.QueryContext(ctx, "SELECT oldest, newest, coalesce(notify, false) FROM objects WHERE history AND logstore = ? AND last_seq > ? AND first_seq <= ? ORDER BY 3, oldest", logstore, after, upTo)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer rows.Close()
	var list []alertrules.PastTime
	for rows.Next() {
		var r alertrules.PastTime
		if err := rows.Scan(&r.From, &r.To, &r.Notify); err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		r.TimeRange = happened(r.TimeRange)
		if n := len(list) - 1; n >= 0 && !r.From.After(list[n].To) && list[n].Notify == r.Notify {
			if r.To.After(list[n].To) {
				list[n].To = r.To
			}
			continue
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// OldestLive implements alertrules.Logs.
func (l *Logs) OldestLive(ctx context.Context, logstore string, in alertrules.SeqRange) (time.Time, error) {
	var oldest sql.NullTime
	err := l.in.db.QueryRowContext(ctx, "SELECT min(oldest) FROM objects WHERE NOT history AND logstore = ? AND last_seq > ? AND first_seq <= ?", logstore, in.From, in.To).Scan(&oldest)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the ledger: %w", err)
	}
	return oldest.Time.UTC(), nil
}

// notify notes that what rules find in objects that are history is mailed, also
// in those that the ledger had before, and returns where in each logstore their
// records are, and when.
func (l *Logs) notify(ctx context.Context, objects []ingest.Object) (map[string][]alertrules.Arrival, error) {
	if len(objects) == 0 {
		return nil, nil
	}
	asked := map[string][]alertrules.Arrival{}
	err := l.write(ctx, func(conn *sql.Conn) error {
		rows, err := conn.QueryContext(withSource(ctx, &nameSource{objects: objects}),
			"UPDATE objects SET notify = true FROM "+batchFunction+"() p WHERE history AND records > 0 AND objects.name = p.name AND objects.version = p.version RETURNING logstore, first_seq - 1, last_seq, oldest, newest")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r alertrules.Arrival
			if err := rows.Scan(&r.Logstore, &r.Numbers.From, &r.Numbers.To, &r.Times.From, &r.Times.To); err != nil {
				return err
			}
			r.Times = happened(r.Times)
			asked[r.Logstore] = append(asked[r.Logstore], r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("note that history is mailed: %w", err)
	}
	return asked, nil
}

// HistoryHours implements alertrules.Logs.
func (l *Logs) HistoryHours(ctx context.Context, logstore string, in alertrules.SeqRange) ([]time.Time, error) {
	table, ok, err := l.tables.existing(ctx, l.in.db, logstore)
	if err != nil || !ok {
		return nil, err
	}
	hours, err := l.moments(ctx, "SELECT DISTINCT date_trunc('hour', time) AS h FROM "+quoteName(table)+
		" WHERE seq > ? AND seq <= ? AND object IN (SELECT id FROM objects WHERE history) ORDER BY h", in.From, in.To)
	if err != nil {
		return nil, fmt.Errorf("hours of history in %s: %w", logstore, err)
	}
	return hours, nil
}

// maxLate bounds how many minutes, or hours, LateTimes returns.
const maxLate = 10_000

// LateTimes implements alertrules.Logs.
func (l *Logs) LateTimes(ctx context.Context, logstore string, in alertrules.SeqRange, before time.Time) ([]alertrules.TimeRange, error) {
	table, ok, err := l.tables.existing(ctx, l.in.db, logstore)
	if err != nil || !ok {
		return nil, err
	}
	var ranges []alertrules.TimeRange
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"minute", time.Minute}, {"hour", time.Hour}, {"day", 24 * time.Hour}} {
		list, err := l.moments(ctx, "SELECT DISTINCT date_trunc('"+unit.name+"', time) AS m FROM "+quoteName(table)+
			" WHERE seq > ? AND seq <= ? AND time < ? ORDER BY m", in.From, in.To, before.UTC())
		if err != nil {
			return nil, fmt.Errorf("when late records of %s happened: %w", logstore, err)
		}
		if ranges = until(list, unit.length, before); len(ranges) <= maxLate {
			break
		}
	}
	return ranges, nil
}

// moments are the times that a statement gives.
func (l *Logs) moments(ctx context.Context, statement string, args ...any) ([]time.Time, error) {
	list, err := column[time.Time](ctx, l.in.db, statement, args...)
	for i := range list {
		list[i] = list[i].UTC()
	}
	return list, err
}

// until are ranges of a length, the last of them up to a time at most.
func until(begins []time.Time, length time.Duration, end time.Time) []alertrules.TimeRange {
	ranges := make([]alertrules.TimeRange, len(begins))
	for i, b := range begins {
		ranges[i] = alertrules.TimeRange{From: b, To: b.Add(length)}
		if end.Before(ranges[i].To) {
			ranges[i].To = end.UTC()
		}
	}
	return ranges
}

// happened is the time from an oldest record to a newest one, half-open, as
// windows are.
func happened(oldestNewest alertrules.TimeRange) alertrules.TimeRange {
	return alertrules.TimeRange{From: oldestNewest.From.UTC(), To: oldestNewest.To.UTC().Add(time.Microsecond)}
}

// A Found counts what rules found in history.
type Found struct {
	Rows   int64 // that are told each
	Alerts int64 // of rules that tell a state
}

// TellHistory makes what a rule found in records before, and did not mail,
// something to be mailed, and has its gaps of history mailed where they are those
// of the records. It returns what was found before. A second call changes nothing.
func (s *State) TellHistory(ctx context.Context, rule *alertrules.Rule, asked []alertrules.Arrival) (found Found, err error) {
	err = s.transact(ctx, func(t *tx) error {
		alerts, late := t.tellLate(rule, asked)
		news := t.tellNews(rule, asked, late)
		t.askGaps(rule, asked)
		for _, a := range alerts {
			if a.Mode == alertrules.State {
				found.Alerts++
			}
		}
		for _, n := range news {
			found.Rows += int64(len(n.Rows))
		}
		if len(alerts)+len(news) > 0 {
			t.changed(&alertrules.Round{Alerts: alerts, News: news})
		}
		return t.err
	})
	return found, err
}

// tellLate has those alerts mailed that were found by filling gaps of history in
// the records. late says of all that a rule found so whether they are.
func (t *tx) tellLate(rule *alertrules.Rule, asked []alertrules.Arrival) (told []*alertrules.Alert, late map[string]bool) {
	all, err := documents[alertrules.Alert](t.ctx, t.conn, "SELECT a.doc FROM alerts a WHERE a.rule = ? AND "+lateHistory, rule.ID)
	if err != nil {
		t.err = err
		return nil, nil
	}
	late = map[string]bool{}
	for _, a := range all {
		if late[a.ID] = a.Notify; !a.Notify && rule.FoundIn(a, asked) {
			a.Notify, late[a.ID] = true, true
			told = append(told, a)
		}
	}
	t.alerts(told)
	return told, late
}

// tellNews has those news mailed that were found in the records.
func (t *tx) tellNews(rule *alertrules.Rule, asked []alertrules.Arrival, late map[string]bool) []*alertrules.News {
	if t.err != nil {
		return nil
	}
	told, err := documents[alertrules.News](t.ctx, t.conn,
		"SELECT n.doc FROM news n JOIN alerts a ON a.id = n.alert WHERE a.rule = ? AND "+silentNews, rule.ID)
	if err != nil {
		t.err = err
		return nil
	}
	told = slices.DeleteFunc(told, func(n *alertrules.News) bool {
		mailed, isLate := late[n.Alert]
		return isLate && !(mailed && rule.SeenAt(n.At, asked)) || !isLate && !alertrules.Within(alertrules.SeqRange{From: n.FromSeq, To: n.ToSeq}, asked)
	})
	if len(told) == 0 {
		return nil
	}
	var keys []notifier.NewsKey
	for _, n := range told {
		n.Notify = true
		keys = append(keys, notifier.NewsKey{Alert: n.Alert, N: n.N})
	}
	t.exec("DELETE FROM news WHERE (alert, n) IN "+newsKeys, t.doc(keys))
	t.news(told)
	return told
}

// askGaps has what will be found in gaps of history mailed, where they are those
// of the records.
func (t *tx) askGaps(rule *alertrules.Rule, asked []alertrules.Arrival) {
	if t.err != nil {
		return
	}
	gaps, err := gapsOf(t.ctx, t.conn, "rule = ?", rule.ID)
	if err != nil {
		t.err = err
		return
	}
	if now := rule.AskGaps(gaps, asked); !slices.Equal(now, gaps) {
		t.setGaps([]string{rule.ID}, now)
	}
}

// lateHistory is true of an alert a that was found by filling a gap of history,
// notStaged of one that is not in staging, silentNews of news n that came from
// history and is not mailed.
const (
	lateHistory = "json_extract_string(a.doc, '$.History') = 'true'"
	notStaged   = "json_extract_string(a.doc, '$.Staging') = 'false'"
	silentNews  = "json_extract_string(n.doc, '$.History') = 'true' AND json_extract_string(n.doc, '$.Notify') IS NULL"
)

// SilentHistory counts by rule what was found in history and not mailed, of rules
// that are not in staging.
func (s *State) SilentHistory(ctx context.Context) (map[string]Found, error) {
	rows, err := s.in.db.QueryContext(ctx, "SELECT rule, sum(r)::BIGINT, sum(l)::BIGINT FROM ("+
		"SELECT a.rule, json_array_length(n.doc, '$.Rows') AS r, 0 AS l FROM news n JOIN alerts a ON a.id = n.alert WHERE "+silentNews+" AND "+notStaged+
		" UNION ALL SELECT a.rule, 0, 1 FROM alerts a WHERE NOT a.event AND "+lateHistory+" AND json_extract_string(a.doc, '$.Notify') IS NULL AND "+notStaged+
		") GROUP BY rule")
	if err != nil {
		return nil, fmt.Errorf("count what was found in history: %w", err)
	}
	defer rows.Close()
	found := map[string]Found{}
	for rows.Next() {
		var rule string
		var f Found
		if err := rows.Scan(&rule, &f.Rows, &f.Alerts); err != nil {
			return nil, fmt.Errorf("count what was found in history: %w", err)
		}
		found[rule] = f
	}
	return found, rows.Err()
}
