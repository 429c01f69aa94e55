// Migrations: numbered SQL files, embedded, applied in one transaction. A file
// that a newer program wrote is refused by name.

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A NewerError says that a file was written by a newer program.
type NewerError struct {
	File  string
	Has   int // the file's schema
	Knows int // the newest schema that this program knows
}

// Error names the file and what to do.
func (e *NewerError) Error() string {
	return fmt.Sprintf("%s has schema %d, and this program knows schemas up to %d: use a newer tocsin", e.File, e.Has, e.Knows)
}

// migration is one file NNNN_name.sql.
type migration struct {
	number int
	name   string
	sql    string
}

// migrations reads the SQL files of a directory. Their numbers must be 1, 2, 3
// and so on.
func migrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	list := make([]migration, 0, len(names))
	for i, name := range names {
		digits, _, ok := strings.Cut(path.Base(name), "_")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %s: want the number %04d", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		list = append(list, migration{number: n, name: strings.TrimSuffix(name, ".sql"), sql: string(text)})
	}
	return list, nil
}

// migrator brings the attached file of an instance to the newest schema. It
// runs before the lock-down, on the only connection.
type migrator struct {
	conn     *sql.Conn
	instance *instance
	files    fs.FS
	copy     bool
	now      time.Time
}

func (m migrator) run(ctx context.Context) error {
	all, err := migrations(m.files)
	if err != nil {
		return err
	}
	has, err := m.version(ctx)
	if err != nil {
		return err
	}
	if has > len(all) {
		return &NewerError{File: m.instance.path, Has: has, Knows: len(all)}
	}
	pending := all[has:]
	if len(pending) == 0 {
		return nil
	}
	if m.copy && has > 0 {
		if err := m.copyFile(ctx, len(all)); err != nil {
			return err
		}
	}
	if _, err := m.conn.ExecContext(ctx, "USE "+m.instance.name); err != nil {
		return err
	}
	err = inTx(ctx, m.conn, func() error { return m.apply(ctx, pending) })
	_, back := m.conn.ExecContext(ctx, "USE memory")
	return errors.Join(err, back)
}

// version returns the schema of the file, 0 for a new one.
func (m migrator) version(ctx context.Context) (int, error) {
	var tables, n int
	err := m.conn.QueryRowContext(ctx, "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND table_name = 'schema_version'",
		m.instance.name).Scan(&tables)
	if err != nil || tables == 0 {
		return 0, err
	}
	err = m.conn.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM "+m.instance.name+".schema_version").Scan(&n)
	return n, err
}

func (m migrator) apply(ctx context.Context, pending []migration) error {
	const ledger = "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL, name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)"
	if _, err := m.conn.ExecContext(ctx, ledger); err != nil {
		return err
	}
	for _, p := range pending {
		if _, err := m.conn.ExecContext(ctx, p.sql); err != nil {
			return fmt.Errorf("migration %s: %w", p.name, err)
		}
		if _, err := m.conn.ExecContext(ctx, "INSERT INTO schema_version VALUES (?, ?, ?)", p.number, p.name, m.now.UTC()); err != nil {
			return err
		}
	}
	return nil
}

// copyFile keeps the file as it was before the migration, beside it. The file
// is detached while it is copied.
func (m migrator) copyFile(ctx context.Context, to int) error {
	for _, s := range []string{"CHECKPOINT " + m.instance.name, "DETACH " + m.instance.name} {
		if _, err := m.conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("copy before migrating: %w", err)
		}
	}
	target := fmt.Sprintf("%s.before-%d", m.instance.path, to)
	if err := copyPrivate(ctx, target, m.instance.path); err != nil {
		return fmt.Errorf("copy before migrating: %w", err)
	}
	return m.instance.attach(ctx, m.conn)
}

// copyPrivate copies a file to a new one of mode 0600 and has it on the disk
// when it returns.
func copyPrivate(ctx context.Context, target, source string) (err error) {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, untilOver{ctx, in}); err != nil {
		return err
	}
	return out.Sync()
}

// untilOver reads until ctx is over.
type untilOver struct {
	ctx context.Context
	io.Reader
}

// Read implements io.Reader.
func (r untilOver) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
