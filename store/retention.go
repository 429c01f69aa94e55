// Retention: whole days of a logstore that are older than it is kept for.

package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"tocsin/alertrules"
	"tocsin/ingest"
)

// Stay is how long a record is kept after it was loaded, however old it is: old
// logs that somebody loads to look at are not gone within the hour, and rules
// have that long to see them.
const Stay = historyAge

// dropRows bounds what one transaction deletes, but for a single hour of events.
const dropRows = 500_000

// DropOptions say what is deleted. Keep and Now are required.
type DropOptions struct {
	Keep map[string]time.Duration // by logstore; one that is not named is kept for ever
	Now  time.Time
	// Cursors are those of rules over `new`, by logstore, the lowest first.
	Cursors map[string][]alertrules.Cursor
	// Gaps is told what rules have not seen, before it is deleted. When it fails
	// nothing of that logstore is deleted. It may be nil without Cursors.
	Gaps func([]alertrules.Gap) error
}

// A Dropped says what Drop deleted of one logstore.
type Dropped struct {
	Logstore string
	Records  int64
	Before   time.Time // days (UTC) of events before this one
}

// Drop deletes the records of whole days (UTC, of event time) that are older than
// their logstore is kept for, in transactions of bounded size, and gives the
// space back to the file. What was loaded less than Stay ago remains. The ledger
// remains, too: an object that comes again is not loaded again. findings_now and
// the records it stands on remain. It returns what it deleted, also with an
// error.
func (l *Logs) Drop(ctx context.Context, o DropOptions) ([]Dropped, error) {
	var all []Dropped
	for _, name := range slices.Sorted(maps.Keys(o.Keep)) {
		table, ok, err := l.tables.existing(ctx, l.in.db, name)
		if err != nil {
			return all, err
		}
		if !ok || name == ingest.FindingsNowName {
			continue
		}
		d, err := l.drop(ctx, o, name, quoteName(table))
		if d.Records > 0 {
			all = append(all, d)
		}
		if err != nil {
			return all, fmt.Errorf("delete old records of %s: %w", name, err)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	l.writer.Lock()
	defer l.writer.Unlock()
	if !l.in.roomy() {
		return all, nil
	}
	return all, l.in.checkpoint(ctx)
}

// old is what of a table may go: a condition, and its arguments.
type old struct {
	table string // quoted
	where string
	args  []any
}

func (l *Logs) drop(ctx context.Context, o DropOptions, logstore, table string) (Dropped, error) {
	d := Dropped{Logstore: logstore, Before: time.UnixMicro(floorDay(o.Now.Add(-o.Keep[logstore]).UnixMicro())).UTC()}
	w := old{table: table, where: "time < ? AND ingest_time < ?", args: []any{d.Before, o.Now.Add(-Stay).UTC()}}
	if logstore == ingest.FindingsName {
		now, ok, err := l.tables.existing(ctx, l.in.db, ingest.FindingsNowName)
		if err != nil {
			return d, err
		}
		if ok {
			w.where += " AND seq NOT IN (SELECT of_seq FROM " + quoteName(now) + ")"
		}
	}
	steps, err := l.steps(ctx, w)
	if err != nil || len(steps) == 0 {
		return d, err
	}
	if err := l.unseen(ctx, o, w, logstore); err != nil {
		return d, err
	}
	for _, s := range steps {
		err := l.write(ctx, func(conn *sql.Conn) error {
			_, err := conn.ExecContext(ctx, "DELETE FROM "+w.table+" WHERE time >= ? AND time < ? AND "+w.where, append([]any{s.from, s.to}, w.args...)...)
			return err
		})
		if err != nil {
			return d, err
		}
		d.Records += s.rows
		if err := l.Maintain(ctx); err != nil {
			return d, err
		}
	}
	if logstore == ingest.FindingsName {
		return d, l.write(ctx, func(conn *sql.Conn) error { return forgetVersions(ctx, conn) })
	}
	return d, nil
}

// step is what one transaction deletes.
type step struct {
	from, to time.Time
	rows     int64
}

// steps cuts what is old into ranges of event time, at full hours.
func (l *Logs) steps(ctx context.Context, w old) ([]step, error) {
	rows, err := l.in.db.QueryContext(ctx, "SELECT date_trunc('hour', time) AS h, count(*) FROM "+w.table+" WHERE "+w.where+" GROUP BY h ORDER BY h", w.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []step
	for rows.Next() {
		var hour time.Time
		var n int64
		if err := rows.Scan(&hour, &n); err != nil {
			return nil, err
		}
		if k := len(list) - 1; k >= 0 && list[k].rows+n <= dropRows {
			list[k].to, list[k].rows = hour.UTC().Add(time.Hour), list[k].rows+n
			continue
		}
		list = append(list, step{hour.UTC(), hour.UTC().Add(time.Hour), n})
	}
	return list, rows.Err()
}

// unseen tells what rules have not seen of what is old.
func (l *Logs) unseen(ctx context.Context, o DropOptions, w old, logstore string) error {
	var gaps []alertrules.Gap
	for _, c := range o.Cursors[logstore] {
		var first, last sql.NullInt64
		var oldest, newest sql.NullTime
		err := l.in.db.QueryRowContext(ctx, "SELECT min(seq), max(seq), min(time), max(time) FROM "+w.table+" WHERE seq > ? AND "+w.where,
			append([]any{c.Seq}, w.args...)...).Scan(&first, &last, &oldest, &newest)
		if err != nil {
			return err
		}
		if !first.Valid {
			break // those that follow have seen more
		}
		gaps = append(gaps, alertrules.Gap{
			Rule: c.Rule, From: oldest.Time.UTC(), To: newest.Time.UTC(), FromSeq: first.Int64 - 1, ToSeq: last.Int64, Reason: alertrules.GapNotKept,
		})
	}
	if len(gaps) == 0 {
		return nil
	}
	if err := o.Gaps(gaps); err != nil {
		return fmt.Errorf("record what rules have not seen: %w", err)
	}
	return nil
}

// DropHistory deletes the records of evaluations before a moment, and the alerts that
// ended before it, of what filled a gap those of fills before it, with their news,
// once nobody needs to be told of them. Of an event alert that goes on its news go so.
// Mails, and what was decided about them, remain.
func (s *State) DropHistory(ctx context.Context, before time.Time) error {
	return s.transact(ctx, func(t *tx) error {
		t.exec("DELETE FROM evaluations WHERE moment < ? AND coalesce(json_extract_string(doc, '$.Filled')::TIMESTAMP, moment) < ?", stamp(before), stamp(before))
		t.exec("DELETE FROM quiet_evaluations WHERE hour < ?", stamp(before))
		t.exec("DELETE FROM alerts AS a WHERE NOT a.firing AND a.settled AND a.began < ? AND coalesce(json_extract_string("+alertHead+", '$.Filled'), json_extract_string("+alertHead+", '$.Ended'))::TIMESTAMP < ?", stamp(before), stamp(before))
		t.exec("DELETE FROM acks WHERE alert NOT IN (SELECT id FROM alerts)")
		t.exec("DELETE FROM news WHERE alert NOT IN (SELECT id FROM alerts) OR alert IN (SELECT id FROM alerts WHERE firing) AND settled AND json_extract_string(doc, '$.At')::TIMESTAMP < ?", stamp(before))
		return t.err
	})
}
