// An instance is one DuckDB engine with one file, or with none: how it is opened,
// locked down and closed. Both files of a data directory are opened by it.

package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// instanceOptions say what to open and with what bounds.
type instanceOptions struct {
	Name    string // of the database in SQL, and of the file without its ending: "logs", "state"
	Dir     string // the data directory; it must exist. "": no file, all is in memory
	Memory  int64  // memory_limit in bytes
	Threads int
	Spill   int64 // bound on the temporary files in bytes
	Schema  fs.FS // NNNN_name.sql files, see migrate
	// Copy has a file copied to NAME.duckdb.before-N before it is migrated to schema N.
	Copy bool
	// Setup runs once after the migrations and before the lock-down, for
	// functions that the instance needs. It may be nil.
	Setup func(ctx context.Context, conn *sql.Conn) error
	Now   time.Time // when, for the record of migrations
	Probe string    // a statement of ours that reads one number of the file
}

// An instance is an open engine. Its methods are safe for concurrent use; a
// connection belongs to one goroutine.
type instance struct {
	options instanceOptions
	engine  *engine
	db      *sql.DB
	users   *sql.DB // for users' SQL: what a statement leaves in its connection ends with it
	name    string
	path    string       // "": in memory
	repairs atomic.Int64 // how often the engine was started again
	stuck   atomic.Bool  // it could not be, because of statements that hold the file
}

// querier is what reads of an instance: its database, or one connection of it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// column reads the rows of a statement that has one column.
func column[T any](ctx context.Context, q querier, statement string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// openInstance opens the engine in memory, attaches the file (created when
// absent), brings its schema up to date, and locks the engine down. Every
// connection has the file as its default database.
func openInstance(ctx context.Context, o instanceOptions) (*instance, error) {
	in := &instance{options: o, engine: &engine{name: o.Name}, name: o.Name}
	if o.Dir != "" {
		in.path = filepath.Join(o.Dir, o.Name+".duckdb")
		if err := checkFile(in.path); err != nil {
			return nil, err
		}
	}
	in.db, in.users = sql.OpenDB(in.engine), sql.OpenDB(sharedConnector{in.engine})
	in.users.SetMaxIdleConns(0)
	if err := in.start(ctx); err != nil {
		return nil, errors.Join(err, in.users.Close(), in.db.Close())
	}
	return in, nil
}

// String names what it holds.
func (in *instance) String() string { return cmp.Or(in.path, in.name) }

// start starts the engine and prepares it.
func (in *instance) start(ctx context.Context) error {
	spill := "" // none
	if in.path != "" {
		var err error
		if spill, err = emptyDir(filepath.Join(in.options.Dir, "spill-"+in.name)); err != nil {
			return err
		}
	}
	if err := in.engine.start(); err != nil {
		return fmt.Errorf("start the engine for %s: %w", in, err)
	}
	if err := in.prepare(ctx, in.options, spill); err != nil {
		return fmt.Errorf("open %s: %w", in, err)
	}
	in.engine.attached.Store(true)
	return nil
}

// prepare runs everything that needs the engine unlocked, and locks it.
func (in *instance) prepare(ctx context.Context, o instanceOptions, spill string) error {
	conn, err := in.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, s := range settings(o, spill) {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	if in.path != "" {
		if err := in.create(ctx, conn); err != nil {
			return fmt.Errorf("create it: %w", err)
		}
		if err := in.attach(ctx, conn); err != nil {
			return err
		}
		m := migrator{conn: conn, instance: in, files: o.Schema, copy: o.Copy, now: o.Now}
		if err := m.run(ctx); err != nil {
			return err
		}
	}
	if o.Setup != nil {
		if err := o.Setup(ctx, conn); err != nil {
			return err
		}
	}
	if err := lockDown(ctx, conn); err != nil {
		return err
	}
	// This connection goes back to the pool: it is like those that are opened later.
	_, err = conn.ExecContext(ctx, "USE "+in.name)
	return err
}

// attach opens the file.
func (in *instance) attach(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, in.attachment(in.path))
	return err
}

// attachment is the statement that opens a file. STORAGE_VERSION is given because a
// file of the default version silently stores zstd columns uncompressed.
func (in *instance) attachment(path string) string {
	return "ATTACH " + quoteText(path) + " AS " + in.name + " (STORAGE_VERSION 'latest')"
}

// create makes the file, with nothing in it, where there is none. It gets its name
// when it is whole: the engine writes its head in parts, and a process that was killed
// between them would leave a file that no other could open.
func (in *instance) create(ctx context.Context, conn *sql.Conn) error {
	if _, err := os.Lstat(in.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	making := in.path + ".new"
	for _, left := range []string{making, making + ".wal", in.path + ".wal"} { // the engine, too, deletes the log of a file that is not there
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, s := range []string{in.attachment(making), "DETACH " + in.name} {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return os.Rename(making, in.path)
}

// conn returns a connection of its own; the caller closes it.
func (in *instance) conn(ctx context.Context) (*sql.Conn, error) {
	conn, err := in.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", in.name, err)
	}
	return conn, nil
}

// walBytes is the size of the write-ahead log, 0 without one.
func (in *instance) walBytes() int64 {
	info, err := os.Stat(in.path + ".wal")
	if err != nil {
		return 0
	}
	return info.Size()
}

// roomy reports whether the disk has room for a checkpoint: one that fails for want of
// it has the file invalidated. What is in the write-ahead log is as safe there.
func (in *instance) roomy() bool {
	free, total, err := diskRoom(in.options.Dir)
	return err != nil || total == 0 || free > in.walBytes()+checkpointRoom
}

// checkpointRoom is what has to be free beside the size of the write-ahead log.
const checkpointRoom = 8 << 20

// checkpoint writes what is in the write-ahead log into the file.
func (in *instance) checkpoint(ctx context.Context) error {
	_, err := in.db.ExecContext(ctx, "CHECKPOINT "+in.name)
	if err != nil {
		return fmt.Errorf("checkpoint %s: %w", in.path, err)
	}
	return nil
}

// close writes the write-ahead log into the file, when there is room, and ends the
// engine. It does not wait for abandoned queries.
func (in *instance) close(ctx context.Context) error {
	var err error
	if in.path != "" && in.roomy() {
		err = in.checkpoint(ctx)
	}
	return errors.Join(err, in.users.Close(), in.db.Close())
}

// inTx runs do inside one transaction of conn. When do or COMMIT fails it is
// rolled back and nothing of it remains.
func inTx(ctx context.Context, conn *sql.Conn, do func() error) error {
	if _, err := conn.ExecContext(ctx, "BEGIN TRANSACTION"); err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	err := do()
	if err == nil {
		if _, err = conn.ExecContext(ctx, "COMMIT"); err == nil {
			return nil
		}
		err = fmt.Errorf("commit: %w", err)
	}
	return errors.Join(err, rollback(ctx, conn))
}

// rollback ends the transaction of conn even when ctx is over; that none is
// active is no error, since a failed COMMIT has ended it.
func rollback(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	if err != nil && strings.Contains(err.Error(), "no transaction is active") {
		return nil
	}
	return err
}

// quoteText and quoteName print a text and a name of ours for SQL. Only names
// and paths of ours go through them: a user's values are parameters.
func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// checkFile refuses paths that DuckDB would misread and makes an existing file
// private (G41).
func checkFile(path string) error {
	if strings.ContainsAny(path, "?\x00") {
		return fmt.Errorf("%s: the path of a data directory must not hold a question mark: DuckDB puts its write-ahead log elsewhere", path)
	}
	for _, p := range []string{path, path + ".wal"} {
		info, err := os.Lstat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is no regular file", p)
		case info.Mode().Perm()&0o077 != 0:
			if err := os.Chmod(p, 0o600); err != nil {
				return fmt.Errorf("make %s private: %w", p, err)
			}
		}
	}
	return nil
}

// emptyDir makes path an empty directory of mode 0700.
func emptyDir(path string) (string, error) {
	if err := os.RemoveAll(path); err != nil {
		return "", fmt.Errorf("empty %s: %w", path, err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", fmt.Errorf("create %s: %w", path, err)
	}
	return path, nil
}
