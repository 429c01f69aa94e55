// Dead letters: records, and whole objects, that could not be read.

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"tocsin/ingest"
)

// ErrNoDeadLetter says that no dead letter has that number.
var ErrNoDeadLetter = errors.New("no such dead letter")

// letter is a dead letter on its way into the table.
type letter struct {
	target *target
	object int
	broken *ingest.Broken
	whole  error // the whole object
}

// setAside writes the dead letters that have gathered. Those that an earlier
// try left of an object that failed again are replaced.
func (a *appender) setAside(ctx context.Context) error {
	if len(a.letters) == 0 {
		return nil
	}
	for _, l := range a.letters {
		if l.whole == nil || a.attempts != nil {
			continue
		}
		o := &a.objects[l.object]
		_, err := a.conn.ExecContext(ctx, `DELETE FROM deadletters WHERE logstore = ? AND object = ? AND version = ?`,
			l.target.logstore.Name, validText(o.Name), validText(o.Version))
		if err != nil {
			return err
		}
	}
	first := a.nextID
	err := a.appendRows(ctx, "deadletters", func(add func(...driver.Value) error) error {
		for _, l := range a.letters {
			if l.whole != nil && a.attempts != nil {
				continue // it has its letter, see settle
			}
			if err := add(a.letterRow(l)...); err != nil {
				return err
			}
		}
		return nil
	})
	a.letters = a.letters[:0]
	if err != nil || a.attempts != nil || a.again != nil {
		return err
	}
	return a.keptAlready(ctx, first)
}

// keptAlready forgets those dead letters from the number first on that are kept
// already: of the same object, place and content. So a broken line of a log that grows
// is one dead letter, however often the log is read again. The kept one is then of the
// version that was read last, from which it can be read again.
func (a *appender) keptAlready(ctx context.Context, first int64) error {
	const equal = `d.id < $first AND n.id >= $first AND d.position IS NOT NULL AND d.logstore = n.logstore AND d.object = n.object
		AND d.position = n.position AND d."offset" = n."offset" AND d.reason = n.reason AND d.raw IS NOT DISTINCT FROM n.raw`
	for _, statement := range []string{
		"UPDATE deadletters AS d SET version = n.version FROM deadletters n WHERE " + equal,
		"DELETE FROM deadletters AS n USING deadletters d WHERE " + equal,
	} {
		if _, err := a.conn.ExecContext(ctx, statement, sql.Named("first", first)); err != nil {
			return fmt.Errorf("look for the same dead letters: %w", err)
		}
	}
	return nil
}

// letterRow is the row of a dead letter.
func (a *appender) letterRow(l letter) []driver.Value {
	o := &a.objects[l.object]
	id := a.nextID
	a.nextID++
	row := []driver.Value{id, l.target.logstore.Name, validText(o.Name), validText(o.Version)}
	if b := l.broken; b != nil {
		row = append(row, b.Position, orNull(b.Line > 0, b.Line), b.Offset, validText(b.Reason), orNull(b.Raw != nil, b.Raw))
	} else {
		row = append(row, nil, nil, nil, validText(l.whole.Error()), orNull(o.Held != nil, o.Held))
	}
	told := a.told(l.object)
	return append(row, a.options.Now.UTC(), a.source(l.object), orNull(told.Zone != "", told.Zone), orNull(told.Columns != "", validText(told.Columns)))
}

// Told is what a user said of how to read, for one load alone: what nobody can
// find out later from tocsin.yaml.
type Told struct {
	Zone    string // name of the zone of times without an offset
	Columns string // path of a map of columns
}

// told is what is kept of how an object is read.
func (a *appender) told(object int) Told {
	if a.attempts != nil {
		return a.attempts[object].letters[0].Told
	}
	return a.options.Told
}

// A DeadLetter is something that was set aside. Its texts come from elsewhere:
// clean them before they are shown.
type DeadLetter struct {
	ID               int64
	Logstore, Object string // Logstore: "" for an object of no known format
	Version          string // of the object
	Source           string // name of the source; "" for what was loaded by hand
	Whole            bool   // the whole object, not one record
	Position         int64  // number of the record in its object, from 0
	Line             int64  // from 1; 0 where lines mean nothing
	Offset           int64  // byte in the unpacked object
	Reason           string
	Raw              []byte // the bytes of a record, cut to 64 KiB, or all of an object that its source forgets; nil in lists, and when they were not kept
	At               time.Time
	Told             Told // what `tocsin load` was told of how to read it
}

const letterColumns = `id, logstore, object, version, coalesce(source, ''), position IS NULL, coalesce(position, 0), coalesce(line, 0), coalesce("offset", 0), reason, set_aside_at, coalesce(time_zone, ''), coalesce(columns_file, '')`

// DeadLetters returns the newest dead letters of a logstore, at most n, newest
// first, without their bytes, and the number of all of them. The logstore "" is
// all of them.
func (l *Logs) DeadLetters(ctx context.Context, logstore string, n int) (list []DeadLetter, all int64, err error) {
	if err := l.in.db.QueryRowContext(ctx, "SELECT count(*) FROM deadletters WHERE ? IN ('', logstore)", logstore).Scan(&all); err != nil {
		return nil, 0, fmt.Errorf("count the dead letters: %w", err)
	}
	list, err = l.letters(ctx, "NULL FROM deadletters WHERE ? IN ('', logstore) ORDER BY id DESC LIMIT ?", logstore, n)
	return list, all, err
}

// DeadLettersAfter returns the dead letters of a logstore ("" is all) behind the
// one with the number after, at most n, oldest first, with their bytes: fewer when
// these are more than lettersBytes.
func (l *Logs) DeadLettersAfter(ctx context.Context, logstore string, after int64, n int) ([]DeadLetter, error) {
	return l.letters(ctx, "raw FROM deadletters WHERE ? IN ('', logstore) AND id > ? ORDER BY id LIMIT ?", logstore, after, n)
}

// lettersBytes is how many bytes of dead letters are held in memory, and those of
// one letter more.
const lettersBytes = 64 << 20

// letters reads dead letters; rest begins with the expression of their bytes.
func (l *Logs) letters(ctx context.Context, rest string, args ...any) (list []DeadLetter, err error) {
	rows, err := l.in.db.QueryContext(ctx, "SELECT "+letterColumns+", "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("list the dead letters: %w", err)
	}
	defer rows.Close()
	for held := 0; held < lettersBytes && rows.Next(); {
		var d DeadLetter
		if err := rows.Scan(append(d.fields(), &d.Raw)...); err != nil {
			return nil, fmt.Errorf("list the dead letters: %w", err)
		}
		d.At = d.At.UTC()
		held += len(d.Raw)
		list = append(list, d)
	}
	return list, rows.Err()
}

// DeadLetter returns one dead letter with its bytes, or ErrNoDeadLetter.
func (l *Logs) DeadLetter(ctx context.Context, id int64) (DeadLetter, error) {
	list, err := l.letters(ctx, "raw FROM deadletters WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = ErrNoDeadLetter
	}
	if err != nil {
		return DeadLetter{}, fmt.Errorf("dead letter %d: %w", id, err)
	}
	return list[0], nil
}

func (d *DeadLetter) fields() []any {
	return []any{&d.ID, &d.Logstore, &d.Object, &d.Version, &d.Source, &d.Whole, &d.Position, &d.Line, &d.Offset, &d.Reason, &d.At, &d.Told.Zone, &d.Told.Columns}
}

// DropDeadLetters forgets dead letters, with the bytes that were kept of them, and
// returns how many there were.
func (l *Logs) DropDeadLetters(ctx context.Context, ids []int64) (dropped int64, err error) {
	err = l.write(ctx, func(conn *sql.Conn) error {
		for _, id := range ids {
			n, err := deleteLetters(ctx, conn, "id = ?", id)
			if err != nil {
				return err
			}
			dropped += n
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("drop dead letters: %w", err)
	}
	return dropped, nil
}

// DropAllDeadLetters forgets those of a logstore ("" is all), as DropDeadLetters
// does.
func (l *Logs) DropAllDeadLetters(ctx context.Context, logstore string) (dropped int64, err error) {
	err = l.write(ctx, func(conn *sql.Conn) (err error) {
		dropped, err = deleteLetters(ctx, conn, "? IN ('', logstore)", logstore)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("drop dead letters: %w", err)
	}
	return dropped, nil
}

// deleteLetters deletes those that a condition holds for.
func deleteLetters(ctx context.Context, conn *sql.Conn, which string, arg any) (int64, error) {
	done, err := conn.ExecContext(ctx, "DELETE FROM deadletters WHERE "+which, arg)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}
