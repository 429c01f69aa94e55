package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// What tests read of the ledger.

// A loaded is a row of the ledger: an object in one version.
type loaded struct {
	Logstore, Name, Version, Format string
	Records                         int64 // stored from it
	Duplicates, Conflicts           int64 // left out; of these with other content
	Broken, Flagged                 int64
	History                         bool
	Newest                          time.Time // event time; zero without a record
	LoadedAt                        time.Time
	FirstSeq, LastSeq               int64 // of its records; 0 without one
}

// newestObjects returns the objects that were taken in last, newest first, at most n.
func (l *Logs) newestObjects(ctx context.Context, n int) ([]loaded, error) {
	return l.readLedger(ctx, "ORDER BY id DESC LIMIT ?", n)
}

// historyObjects returns the objects that count as history and have records in
// (after, upTo] of a logstore, in the order of loading.
func (l *Logs) historyObjects(ctx context.Context, logstore string, after, upTo int64) ([]loaded, error) {
	return l.readLedger(ctx, "WHERE history AND logstore = ? AND last_seq > ? AND first_seq <= ? ORDER BY id", logstore, after, upTo)
}

func (l *Logs) readLedger(ctx context.Context, rest string, args ...any) ([]loaded, error) {
	rows, err := l.in.db.QueryContext(ctx, `SELECT logstore, name, version, format, records, duplicates, conflicts, broken, flagged,
		history, newest, loaded_at, coalesce(first_seq, 0), coalesce(last_seq, 0) FROM objects `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer rows.Close()
	var list []loaded
	for rows.Next() {
		var o loaded
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

// ledgerTotals says what one logstore took in since the beginning.
type ledgerTotals struct {
	Objects, Records, Duplicates, Conflicts, Broken, Flagged int64
	LastLoaded                                               time.Time
}

// totals returns the sums of the ledger by logstore.
func (l *Logs) totals(ctx context.Context) (map[string]ledgerTotals, error) {
	rows, err := l.in.db.QueryContext(ctx, `SELECT logstore, count(*), sum(records)::BIGINT, sum(duplicates)::BIGINT, sum(conflicts)::BIGINT,
		sum(broken)::BIGINT, sum(flagged)::BIGINT, max(loaded_at) FROM objects GROUP BY logstore`)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	defer rows.Close()
	totals := map[string]ledgerTotals{}
	for rows.Next() {
		var name string
		var t ledgerTotals
		if err := rows.Scan(&name, &t.Objects, &t.Records, &t.Duplicates, &t.Conflicts, &t.Broken, &t.Flagged, &t.LastLoaded); err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		t.LastLoaded = t.LastLoaded.UTC()
		totals[name] = t
	}
	return totals, rows.Err()
}
