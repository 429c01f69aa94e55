// Marks: how far sources were read.

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"tocsin/ingest"
)

var _ ingest.Marks = (*Logs)(nil)

// Mark implements ingest.Marks.
func (l *Logs) Mark(ctx context.Context, name string) (string, error) {
	var value string
	err := l.in.db.QueryRowContext(ctx, "SELECT value FROM marks WHERE name = ?", validText(name)).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read the mark %s: %w", name, err)
	}
	return value, nil
}

// SetMark implements ingest.Marks. The moment that it keeps is that of the call,
// for whoever looks into the file.
func (l *Logs) SetMark(ctx context.Context, name, value string) error {
	err := l.write(ctx, func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "DELETE FROM marks WHERE name = ?", validText(name)); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, "INSERT INTO marks VALUES (?, ?, ?)", validText(name), validText(value), time.Now().UTC())
		return err
	})
	if err != nil {
		return fmt.Errorf("set the mark %s: %w", name, err)
	}
	return nil
}
