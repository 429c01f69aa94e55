// Logs: the file of the records. Opening, closing, checkpoints, and what is
// known of it without a query.

package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/ingest"
)

//go:embed schema/logs/*.sql
var logsSchema embed.FS

// Bounds of the write-ahead log: from the first on it is written into the file
// in a quiet moment, from the second on new queries wait for that.
const (
	walSoft = 256 << 20
	walHard = 1 << 30
)

// Logs is the store of records. Its methods are safe for concurrent use;
// writers wait for each other.
type Logs struct {
	in     *instance
	writer sync.Mutex   // from reading the counter until COMMIT has returned
	gate   sync.RWMutex // queries hold it to read, a checkpoint that is overdue to write

	windows   windowInstance
	tables    tables
	living    bool // the snapshot of findings is made; with the writer lock
	schema    declared
	seen      seenPaths
	abandoned atomic.Int64  // queries that ignored their interrupt
	grace     time.Duration // how long they are waited for
	history   historyReader // reads what tocsin keeps of what it did; set when the store is opened
}

// openLogs opens the file of a data directory.
func openLogs(ctx context.Context, o Options) (*Logs, error) {
	schema, err := fs.Sub(logsSchema, "schema/logs")
	if err != nil {
		return nil, err
	}
	l := &Logs{grace: grace}
	l.schema.list = historyViews()
	l.in, err = openInstance(ctx, instanceOptions{
		Name: "logs", Dir: o.Dir, Memory: o.Memory, Threads: o.Threads, Spill: o.Spill,
		Schema: schema, Setup: registerFunctions, Now: o.Now, Probe: "SELECT next_seq FROM counter",
	})
	return l, err
}

// close writes the write-ahead log into the file and closes it.
func (l *Logs) close(ctx context.Context) error {
	l.writer.Lock()
	defer l.writer.Unlock()
	ctx = context.WithoutCancel(ctx)
	return errors.Join(l.windows.close(ctx), l.in.close(ctx))
}

// Maintain is called by the agent's loop in quiet moments: it opens a file again
// that DuckDB has given up, and writes the write-ahead log into the file when it has
// grown over its bound, as Append does after each commit.
func (l *Logs) Maintain(ctx context.Context) error {
	if err := l.repair(ctx); err != nil {
		return err
	}
	l.writer.Lock()
	defer l.writer.Unlock()
	return l.maintain(ctx)
}

// maintain is Maintain for a caller that holds the writer lock.
func (l *Logs) maintain(ctx context.Context) error {
	switch size := l.in.walBytes(); {
	case size >= walSoft && !l.in.roomy():
		return nil
	case size >= walHard:
		l.gate.Lock()
		defer l.gate.Unlock()
	case size < walSoft:
		return nil
	}
	return l.in.checkpoint(ctx)
}

// LastSeq returns the number of the last committed record of any logstore, 0
// without one, and the random id of this file.
func (l *Logs) LastSeq(ctx context.Context) (seq int64, generation string, err error) {
	err = l.in.db.QueryRowContext(ctx, "SELECT next_seq - 1, generation::VARCHAR FROM counter").Scan(&seq, &generation)
	if err != nil {
		return 0, "", fmt.Errorf("read the counter: %w", err)
	}
	return seq, generation, nil
}

// SeqAt returns the number of the last record that was stored before t, 0
// without one.
func (l *Logs) SeqAt(ctx context.Context, t time.Time) (int64, error) {
	var seq int64
	err := l.in.db.QueryRowContext(ctx, "SELECT coalesce(max(last_seq), 0) FROM objects WHERE loaded_at < ?", t.UTC()).Scan(&seq)
	if err != nil {
		return 0, fmt.Errorf("read the ledger: %w", err)
	}
	return seq, nil
}

// A Range says what a logstore holds. Oldest and Newest are times of events,
// zero without a record.
type Range struct {
	Oldest, Newest time.Time
	Records        int64
}

// Range returns what a logstore holds; the zero value for one that has never
// been used.
func (l *Logs) Range(ctx context.Context, logstore string) (Range, error) {
	var r Range
	table, ok, err := l.tables.existing(ctx, l.in.db, logstore)
	if err != nil || !ok {
		return r, err
	}
	var oldest, newest sql.NullTime
	err = l.in.db.QueryRowContext(ctx, "SELECT min(time), max(time), count(*) FROM "+quoteName(table)).Scan(&oldest, &newest, &r.Records)
	if err != nil {
		return r, fmt.Errorf("range of %s: %w", logstore, err)
	}
	r.Oldest, r.Newest = oldest.Time.UTC(), newest.Time.UTC()
	if r.Records == 0 {
		r = Range{}
	}
	return r, nil
}

// Counts returns the number of records of each logstore that has a table.
func (l *Logs) Counts(ctx context.Context) (map[string]int64, error) {
	names, err := tableNames(ctx, l.in.db)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int64, len(names))
	for _, name := range names {
		var n int64
		if err := l.in.db.QueryRowContext(ctx, "SELECT count(*) FROM "+quoteName(tableName(name))).Scan(&n); err != nil {
			return nil, fmt.Errorf("count %s: %w", name, err)
		}
		counts[name] = n
	}
	return counts, nil
}

// Declare makes the tables of logstores exist, with the columns that they
// declare. A logstore that declares more columns than before gets them. The
// snapshot of findings comes with the findings.
func (l *Logs) Declare(ctx context.Context, logstores ...*ingest.Logstore) error {
	return l.alone(ctx, func(conn *sql.Conn) error {
		for _, ls := range logstores {
			if ls.Snapshot { // its table comes with that of its records
				continue
			}
			if err := l.tables.ensure(ctx, conn, ls); err != nil {
				return err
			}
			if ls.Name != ingest.FindingsName || l.living {
				continue
			}
			if err := l.tables.ensure(ctx, conn, ingest.FindingsNow()); err != nil {
				return err
			}
			if err := ensureLife(ctx, conn); err != nil {
				return fmt.Errorf("the life of findings: %w", err)
			}
			l.living = true
		}
		l.schema.logstores(logstores)
		return nil
	})
}

// alone runs do with the writer lock.
func (l *Logs) alone(ctx context.Context, do func(conn *sql.Conn) error) error {
	l.writer.Lock()
	defer l.writer.Unlock()
	conn, err := l.in.conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return do(conn)
}

// write runs do in one transaction, with the writer lock.
func (l *Logs) write(ctx context.Context, do func(conn *sql.Conn) error) error {
	return l.alone(ctx, func(conn *sql.Conn) error {
		return inTx(ctx, conn, func() error { return do(conn) })
	})
}
