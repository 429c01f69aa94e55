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
		r.From, r.To = r.From.UTC(), r.To.UTC().Add(time.Microsecond) // half-open, as windows are
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

// notify notes that what rules find in objects that are history is mailed, also
// in those that the ledger had before, and returns where in each logstore their
// records are.
func (l *Logs) notify(ctx context.Context, objects []ingest.Object) (map[string][]alertrules.SeqRange, error) {
	if len(objects) == 0 {
		return nil, nil
	}
	asked := map[string][]alertrules.SeqRange{}
	err := l.write(ctx, func(conn *sql.Conn) error {
		rows, err := conn.QueryContext(withSource(ctx, &nameSource{objects: objects}),
			"UPDATE objects SET notify = true FROM "+batchFunction+"() p WHERE history AND records > 0 AND objects.name = p.name AND objects.version = p.version RETURNING logstore, first_seq - 1, last_seq")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var logstore string
			var r alertrules.SeqRange
			if err := rows.Scan(&logstore, &r.From, &r.To); err != nil {
				return err
			}
			asked[logstore] = append(asked[logstore], r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("note that history is mailed: %w", err)
	}
	return asked, nil
}

// TellHistory makes what a rule found in ranges of history before, and did not
// mail, something to be mailed. It returns how many rows that is. A second call
// changes nothing.
func (s *State) TellHistory(ctx context.Context, rule string, ranges []alertrules.SeqRange) (rows int, err error) {
	err = s.transact(ctx, func(t *tx) error {
		list, err := documents[alertrules.News](ctx, t.conn,
			"SELECT n.doc FROM news n JOIN alerts a ON a.id = n.alert WHERE a.rule = ? AND "+silentHistory, rule)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(n *alertrules.News) bool {
			return !slices.ContainsFunc(ranges, func(r alertrules.SeqRange) bool { return n.FromSeq < r.To && r.From < n.ToSeq })
		})
		if len(list) == 0 {
			return nil
		}
		var keys []notifier.NewsKey
		for _, n := range list {
			n.Notify = true
			rows += len(n.Rows)
			keys = append(keys, notifier.NewsKey{Alert: n.Alert, N: n.N})
		}
		t.exec("DELETE FROM news WHERE (alert, n) IN "+newsKeys, t.doc(keys))
		t.news(list)
		t.changed(&alertrules.Round{News: list})
		return t.err
	})
	return rows, err
}

// silentHistory is true of news n that came from history and is not mailed.
const silentHistory = "json_extract_string(n.doc, '$.History') = 'true' AND json_extract_string(n.doc, '$.Notify') IS NULL"

// SilentHistory counts by rule the rows that were found in history and not mailed.
func (s *State) SilentHistory(ctx context.Context) (map[string]int64, error) {
	rows, err := s.in.db.QueryContext(ctx, "SELECT a.rule, sum(json_array_length(n.doc, '$.Rows'))::BIGINT FROM news n JOIN alerts a ON a.id = n.alert WHERE "+silentHistory+" GROUP BY a.rule")
	if err != nil {
		return nil, fmt.Errorf("count what was found in history: %w", err)
	}
	defer rows.Close()
	found := map[string]int64{}
	for rows.Next() {
		var rule string
		var n int64
		if err := rows.Scan(&rule, &n); err != nil {
			return nil, fmt.Errorf("count what was found in history: %w", err)
		}
		found[rule] = n
	}
	return found, rows.Err()
}
