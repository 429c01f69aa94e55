// The ledger: which objects were taken in, and what became of them.

package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"
)

// ledger writes the rows of the objects that the transaction holds. An object
// that failed has none; one that failed before and is read now is no dead
// letter any more.
func (a *appender) ledger(ctx context.Context) error {
	if len(a.done) > 0 {
		if err := a.ledgerRows(ctx); err != nil {
			return err
		}
		if err := a.replace(ctx); err != nil {
			return fmt.Errorf("remove what was stored before: %w", err)
		}
	}
	switch {
	case a.attempts != nil:
		return a.settle(ctx)
	case len(a.done) == 0, !a.retried:
		return nil
	}
	_, err := a.conn.ExecContext(ctx, `DELETE FROM deadletters AS d WHERE d.position IS NULL AND EXISTS
		(SELECT 1 FROM objects o WHERE o.logstore = d.logstore AND o.name = d.object AND o.version = d.version)`)
	return err
}

func (a *appender) ledgerRows(ctx context.Context) error {
	return a.appendRows(ctx, "objects", func(add func(...driver.Value) error) error {
		for _, t := range a.done {
			o, source := &a.objects[t.object], a.source(t.object)
			if a.again != nil { // its source has not spoken
				source = nil
			}
			err := add(t.id, t.target.logstore.Name, validText(o.Name), validText(o.Version), t.format,
				orNull(o.Size >= 0, o.Size), orNull(!o.Modified.IsZero(), o.Modified.UTC()),
				t.records, t.duplicates, t.conflicts, t.broken, t.flagged, a.history(t),
				orNull(t.records > 0, time.UnixMicro(t.oldest).UTC()), orNull(t.records > 0, time.UnixMicro(t.newest).UTC()),
				orNull(t.records > 0, t.first), orNull(t.records > 0, t.last), a.options.Now.UTC(), source,
				orNull(o.Archived != "", o.Archived), orNull(a.options.Notify && a.history(t), true))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// source is the name of the source of an object; NULL for one that was loaded by
// hand.
func (a *appender) source(object int) any {
	name := a.options.Read.Source
	if a.attempts != nil {
		name = a.attempts[object].read.Source
	}
	return orNull(name != "", validText(name))
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
	return fillTable(ctx, a.conn, table, fill)
}

// ObjectOf returns the name of the object that a record came from, by its number;
// "" where the ledger does not tell it from others.
func (l *Logs) ObjectOf(ctx context.Context, seq int64) (string, error) {
	var names int
	var object string
	err := l.in.db.QueryRowContext(ctx, "SELECT count(*), coalesce(min(name), '') FROM objects WHERE records > 0 AND ? BETWEEN first_seq AND last_seq", seq).Scan(&names, &object)
	if err != nil {
		return "", fmt.Errorf("read the ledger: %w", err)
	}
	if names != 1 {
		return "", nil
	}
	return object, nil
}
