// What sources delivered, and when: read from the ledger, and for the accounts
// and regions in a source counted on from record to record.

package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"
)

// maxVoices bounds the accounts or regions of one source: what a record says of
// itself may be anything.
const maxVoices = 10_000

// A Voice is a source, or a part of it, and when something of it was stored last.
type Voice struct {
	Part string // "" is the source
	Last time.Time
}

// Heard returns when a source delivered last; nothing for one that never did.
// With the name of a field, such as @account, it returns this for each value of
// the field in records of the source, too; those of whom nothing came since a moment
// are forgotten, so that they do not keep the place of others for ever.
func (l *Logs) Heard(ctx context.Context, source, field string, since time.Time) ([]Voice, error) {
	var last sql.NullTime
	err := l.in.db.QueryRowContext(ctx, "SELECT max(loaded_at) FROM objects WHERE source = ?", source).Scan(&last)
	if err != nil || !last.Valid {
		return nil, sourceError(source, err)
	}
	all := []Voice{{Last: last.Time.UTC()}}
	if field == "" {
		return all, nil
	}
	if err := l.forget(ctx, source, field, since); err != nil {
		return nil, sourceError(source, err)
	}
	if err := l.listen(ctx, source, field); err != nil {
		return nil, sourceError(source, err)
	}
	rows, err := l.in.db.QueryContext(ctx, "SELECT part, last_at FROM voices WHERE source = ? AND field = ? ORDER BY part", source, field)
	if err != nil {
		return nil, sourceError(source, err)
	}
	defer rows.Close()
	for rows.Next() {
		var v Voice
		if err := rows.Scan(&v.Part, &v.Last); err != nil {
			return nil, sourceError(source, err)
		}
		v.Last = v.Last.UTC()
		all = append(all, v)
	}
	return all, sourceError(source, rows.Err())
}

func sourceError(source string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("what source %s delivered: %w", source, err)
}

// forget drops the parts of a source of which nothing came since a moment.
func (l *Logs) forget(ctx context.Context, source, field string, since time.Time) error {
	const old = " FROM voices WHERE source = ? AND field = ? AND last_at < ?"
	var n int64
	err := l.in.db.QueryRowContext(ctx, "SELECT count(*)"+old, source, field, since.UTC()).Scan(&n)
	if err != nil || n == 0 {
		return err
	}
	return l.write(ctx, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "DELETE"+old, source, field, since.UTC())
		return err
	})
}

// listen counts on what is stored since it was called last. What it has counted
// twice after a crash is the same.
func (l *Logs) listen(ctx context.Context, source, field string) error {
	mark := "heard " + source + " " + field
	value, err := l.Mark(ctx, mark)
	if err != nil {
		return err
	}
	after, err := strconv.ParseInt("0"+value, 10, 64)
	if err != nil {
		return fmt.Errorf("the mark %s: %w", mark, err)
	}
	upTo, _, err := l.LastSeq(ctx)
	if err != nil || upTo == after {
		return err
	}
	names, err := tableNames(ctx, l.in.db)
	if err != nil {
		return err
	}
	for _, name := range names {
		logstore, ok := l.schema.Logstore(name)
		if !ok || logstore.NoWindow {
			continue
		}
		for _, f := range logstore.Fields {
			if f.Name != field || len(f.Path) > 0 {
				continue
			}
			if err := l.count(ctx, source, field, counting{quoteName(tableName(name)), quoteName(f.Column), after, upTo}); err != nil {
				return err
			}
		}
	}
	return l.SetMark(ctx, mark, strconv.FormatInt(upTo, 10))
}

// counting is a range of records of one table, and the column that is counted by.
type counting struct {
	table, column string // quoted
	after, upTo   int64
}

func (l *Logs) count(ctx context.Context, source, field string, c counting) error {
	return l.write(ctx, func(conn *sql.Conn) error {
		for _, s := range []struct {
			text string
			args []any
		}{
			{
				"CREATE OR REPLACE TEMP TABLE voices_now AS SELECT " + c.column + " AS part, max(ingest_time) AS last_at FROM " + c.table +
					" WHERE seq > ? AND seq <= ? AND object IN (SELECT id FROM objects WHERE source = ?) AND " + c.column + " <> '' GROUP BY 1 ORDER BY 2 DESC LIMIT ?",
				[]any{c.after, c.upTo, source, maxVoices},
			},
			{"UPDATE voices v SET last_at = greatest(v.last_at, n.last_at) FROM voices_now n WHERE v.source = ? AND v.field = ? AND v.part = n.part", []any{source, field}},
			{"INSERT INTO voices SELECT ?, ?, part, last_at FROM voices_now n WHERE NOT EXISTS (SELECT 1 FROM voices v WHERE v.source = ? AND v.field = ? AND v.part = n.part)" +
				" LIMIT greatest(0, ? - (SELECT count(*) FROM voices WHERE source = ? AND field = ?))", []any{source, field, source, field, maxVoices, source, field}},
		} {
			if _, err := conn.ExecContext(ctx, s.text, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// A SourceState says what is known of a source from its last objects, at most
// sourceSample of them.
type SourceState struct {
	Name    string
	Objects int64     // all
	Last    time.Time // when the last one was stored
	// Lag is the median of how long objects that are no history took from their
	// source's clock to being stored; Lagged says of how many. 0 of 0: no clock.
	Lag    time.Duration
	Lagged int64
	// Pause is the longest time between two objects, by the source's clock where it
	// has one, and Pauses is how many there are.
	Pause  time.Duration
	Pauses int64
}

// sourceSample is how many objects of a source are looked at.
const sourceSample = 1000

// Sources returns what is known of the sources that delivered something, by name.
func (l *Logs) Sources(ctx context.Context) ([]SourceState, error) {
	rows, err := l.in.db.QueryContext(ctx, `
		WITH all_objects AS (SELECT source, count(*) AS objects, max(loaded_at) AS last_at FROM objects WHERE source IS NOT NULL GROUP BY source),
		newest AS (SELECT source, history, loaded_at, modified, coalesce(modified, loaded_at) AS moment FROM objects WHERE source IS NOT NULL
			QUALIFY row_number() OVER (PARTITION BY source ORDER BY id DESC) <= ?),
		paused AS (SELECT *, epoch_us(moment) - lag(epoch_us(moment)) OVER (PARTITION BY source ORDER BY moment) AS pause FROM newest)
		SELECT a.source, a.objects, a.last_at,
			coalesce(median(epoch_us(p.loaded_at) - epoch_us(p.modified)) FILTER (WHERE NOT p.history), 0)::BIGINT,
			count(p.modified) FILTER (WHERE NOT p.history), coalesce(max(p.pause), 0)::BIGINT, count(p.pause)
		FROM all_objects a JOIN paused p ON p.source = a.source GROUP BY a.source, a.objects, a.last_at ORDER BY a.source`, sourceSample)
	if err != nil {
		return nil, fmt.Errorf("read what sources delivered: %w", err)
	}
	defer rows.Close()
	var list []SourceState
	for rows.Next() {
		var s SourceState
		var lag, pause int64
		if err := rows.Scan(&s.Name, &s.Objects, &s.Last, &lag, &s.Lagged, &pause, &s.Pauses); err != nil {
			return nil, fmt.Errorf("read what sources delivered: %w", err)
		}
		s.Last, s.Lag, s.Pause = s.Last.UTC(), time.Duration(lag)*time.Microsecond, time.Duration(pause)*time.Microsecond
		list = append(list, s)
	}
	return list, rows.Err()
}
