// Objects of no logstore: a dead letter for each that is broken, and for those
// of no known format that the user named.

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"tocsin/ingest"
)

// A refusal is a named object that no format fits, and why.
type refusal struct {
	object ingest.Object
	why    error
}

// setAside reports whether a refused object is a dead letter: in a folder, a file
// of no known format is skipped, which is no fault (DESIGN.md §11); one that
// cannot be read or unpacked is a fault everywhere, once its source does not
// hand it out again.
func setAside(o ingest.Object, why error) bool {
	var none *ingest.NoFormat
	return (o.Named || !errors.As(why, &none)) && !o.Retried(why)
}

// keepRefusals makes the dead letters of a Load those of no logstore: it drops
// what earlier loads refused of these objects, and adds what this one refused.
func (l *Logs) keepRefusals(ctx context.Context, objects []ingest.Object, refused []refusal, o LoadOptions) error {
	var before int64
	if err := l.in.db.QueryRowContext(ctx, "SELECT count(*) FROM deadletters WHERE logstore = ''").Scan(&before); err != nil {
		return fmt.Errorf("look for dead letters: %w", err)
	}
	if before == 0 && len(refused) == 0 {
		return nil
	}
	err := l.write(ctx, func(conn *sql.Conn) error {
		if before > 0 {
			_, err := conn.ExecContext(withSource(ctx, &nameSource{objects: objects}),
				"DELETE FROM deadletters WHERE logstore = '' AND object IN (SELECT name FROM "+batchFunction+"())")
			if err != nil {
				return err
			}
		}
		return addRefusals(ctx, conn, refused, o)
	})
	if err != nil {
		return fmt.Errorf("set aside what has no known format: %w", err)
	}
	return nil
}

func addRefusals(ctx context.Context, conn *sql.Conn, refused []refusal, o LoadOptions) error {
	var id int64
	if err := conn.QueryRowContext(ctx, "SELECT next_id FROM counter").Scan(&id); err != nil {
		return err
	}
	for _, r := range refused {
		_, err := conn.ExecContext(ctx, "INSERT INTO deadletters (id, logstore, object, version, reason, raw, set_aside_at, source, time_zone, columns_file) VALUES (?, '', ?, ?, ?, ?, ?, ?, ?, ?)",
			id, validText(r.object.Name), validText(r.object.Version), validText(r.why.Error()), orNull(r.object.Held != nil, r.object.Held),
			o.Ingest.Now.UTC(), orNull(o.Ingest.Source != "", o.Ingest.Source),
			orNull(o.Told.Zone != "", o.Told.Zone), orNull(o.Told.Columns != "", validText(o.Told.Columns)))
		if err != nil {
			return err
		}
		id++
	}
	_, err := conn.ExecContext(ctx, "UPDATE counter SET next_id = ?", id)
	return err
}
