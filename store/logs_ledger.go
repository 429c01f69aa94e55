// The ledger: which objects were taken in, and what became of them.

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// ledger writes the rows of the objects that the transaction holds. An object
// that failed has none; one that failed before and is read now is no dead
// letter any more.
func (a *appender) ledger(ctx context.Context) error {
	if len(a.done) == 0 {
		return nil
	}
	if err := a.ledgerRows(ctx); err != nil || !a.retried {
		return err
	}
	_, err := a.conn.ExecContext(ctx, `DELETE FROM deadletters AS d WHERE d.position IS NULL AND d.logstore = ? AND EXISTS
		(SELECT 1 FROM objects o WHERE o.logstore = d.logstore AND o.name = d.object AND o.version = d.version)`, a.options.Logstore.Name)
	return err
}

func (a *appender) ledgerRows(ctx context.Context) error {
	return a.appendRows(ctx, "objects", func(add func(...driver.Value) error) error {
		for _, t := range a.done {
			o := &a.objects[t.object]
			err := add(t.id, a.options.Logstore.Name, validText(o.Name), validText(o.Version), t.format,
				orNull(o.Size >= 0, o.Size), orNull(!o.Modified.IsZero(), o.Modified.UTC()),
				t.records, t.duplicates, t.conflicts, t.broken, t.flagged, a.history(t),
				orNull(t.records > 0, time.UnixMicro(t.oldest).UTC()), orNull(t.records > 0, time.UnixMicro(t.newest).UTC()),
				orNull(t.records > 0, t.first), orNull(t.records > 0, t.last), a.options.Now.UTC())
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// orNull returns the value, or NULL.
func orNull[T any](ok bool, v T) any {
	if ok {
		return v
	}
	return nil
}

// appendRows fills a table of ours inside of the open transaction.
func (a *appender) appendRows(ctx context.Context, table string, fill func(add func(...driver.Value) error) error) error {
	return a.conn.Raw(func(c any) error {
		dc, ok := c.(driver.Conn)
		if !ok {
			return errors.New("the driver gave no connection")
		}
		app, err := duckdb.NewAppender(dc, "logs", "main", table)
		if err != nil {
			return err
		}
		err = fill(app.AppendRow)
		return errors.Join(err, app.CloseWithCancel(ctx))
	})
}

// A Loaded is a row of the ledger: an object in one version.
type Loaded struct {
	Logstore, Name, Version, Format string
	Records                         int64 // stored from it
	Duplicates, Conflicts           int64 // left out; of these with other content
	Broken, Flagged                 int64
	History                         bool
	Newest                          time.Time // event time; zero without a record
	LoadedAt                        time.Time
	FirstSeq, LastSeq               int64 // of its records; 0 without one
}

// Ledger returns the objects that were taken in last, newest first, at most n.
func (l *Logs) Ledger(ctx context.Context, n int) ([]Loaded, error) {
	return l.ledger(ctx, "ORDER BY id DESC LIMIT ?", n)
}

// HistoryObjects returns the objects that count as history and have records in
// (after, upTo] of a logstore, in the order of loading.
func (l *Logs) HistoryObjects(ctx context.Context, logstore string, after, upTo int64) ([]Loaded, error) {
	return l.ledger(ctx, "WHERE history AND logstore = ? AND last_seq > ? AND first_seq <= ? ORDER BY id", logstore, after, upTo)
}

func (l *Logs) ledger(ctx context.Context, rest string, args ...any) ([]Loaded, error) {
	rows, err := l.in.db.QueryContext(ctx, `SELECT logstore, name, version, format, records, duplicates, conflicts, broken, flagged,
		history, newest, loaded_at, coalesce(first_seq, 0), coalesce(last_seq, 0) FROM objects `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer rows.Close()
	var list []Loaded
	for rows.Next() {
		var o Loaded
		var newest sql.NullTime
		err := rows.Scan(&o.Logstore, &o.Name, &o.Version, &o.Format, &o.Records, &o.Duplicates, &o.Conflicts, &o.Broken, &o.Flagged,
			&o.History, &newest, &o.LoadedAt, &o.FirstSeq, &o.LastSeq)
		if err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		if newest.Valid {
			o.Newest = newest.Time.UTC()
		}
		o.LoadedAt = o.LoadedAt.UTC()
		list = append(list, o)
	}
	return list, rows.Err()
}

// LedgerTotals says what one logstore took in since the beginning.
type LedgerTotals struct {
	Objects, Records, Duplicates, Conflicts, Broken, Flagged int64
	LastLoaded                                               time.Time
}

// Totals returns the sums of the ledger by logstore, for status.
func (l *Logs) Totals(ctx context.Context) (map[string]LedgerTotals, error) {
	rows, err := l.in.db.QueryContext(ctx, `SELECT logstore, count(*), sum(records)::BIGINT, sum(duplicates)::BIGINT, sum(conflicts)::BIGINT,
		sum(broken)::BIGINT, sum(flagged)::BIGINT, max(loaded_at) FROM objects GROUP BY logstore`)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer rows.Close()
	totals := map[string]LedgerTotals{}
	for rows.Next() {
		var name string
		var t LedgerTotals
		if err := rows.Scan(&name, &t.Objects, &t.Records, &t.Duplicates, &t.Conflicts, &t.Broken, &t.Flagged, &t.LastLoaded); err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		t.LastLoaded = t.LastLoaded.UTC()
		totals[name] = t
	}
	return totals, rows.Err()
}
