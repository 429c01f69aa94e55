// What the ledger knows of history (DESIGN.md §5).

package store

import (
	"context"
	"fmt"
	"time"

	"tocsin/alertrules"
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
