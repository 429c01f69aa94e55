// Objects that are loaded again: what is decoded now takes the place of what was
// stored of them, in the transaction that stores it.

package store

import (
	"context"
	"database/sql"
	"fmt"

	"tocsin/ingest"
)

// An Entry is what the ledger knows of an object.
type Entry struct {
	Loaded   bool   // in this version; the fields below are of that
	Changed  bool   // only in other versions
	Logstore string // that it is in; of several, the last
	Source   string // name of the source that handed it out; "": it was loaded by hand only
}

// Entries returns what the ledger knows of each object; with a logstore, only of
// what is in that one.
func (l *Logs) Entries(ctx context.Context, objects []ingest.Object, logstore string) ([]Entry, error) {
	entries := make([]Entry, len(objects))
	rows, err := l.in.db.QueryContext(withSource(ctx, &nameSource{objects: objects}), `SELECT p.n, bool_or(o.version = p.version),
			coalesce(arg_max(o.logstore, o.id) FILTER (o.version = p.version), ''), coalesce(arg_max(o.source, o.id) FILTER (o.version = p.version), '')
		FROM `+batchFunction+`() p JOIN objects o ON o.name = p.name WHERE ? IN ('', o.logstore) GROUP BY p.n`, logstore)
	if err != nil {
		return nil, fmt.Errorf("look into the ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		var e Entry
		if err := rows.Scan(&n, &e.Loaded, &e.Logstore, &e.Source); err != nil {
			return nil, fmt.Errorf("look into the ledger: %w", err)
		}
		e.Changed = !e.Loaded
		entries[n] = e
	}
	return entries, rows.Err()
}

// again is what an appender knows that loads objects again. Its records are
// compared with each other only; what was stored before them gives way at the end
// of each transaction.
type again struct {
	from      int64 // id of the first object of this Append: what earlier ones stored gives way
	logstores []*ingest.Logstore
	gone      map[*target]int64 // records that the open transaction removes
}

// loadAgain begins it.
func (a *appender) loadAgain(ctx context.Context, logstores []*ingest.Logstore) (*again, error) {
	g := &again{logstores: logstores}
	a.objects = unforgotten(a.objects)
	return g, a.conn.QueryRowContext(ctx, "SELECT next_id FROM counter").Scan(&g.from)
}

// first is the id of the first object that records are compared with.
func (g *again) first() int64 {
	if g == nil {
		return 0
	}
	return g.from
}

// settled counts what was committed.
func (g *again) settled() {
	if g == nil {
		return
	}
	for t, n := range g.gone {
		t.summary.Replaced += n
	}
	clear(g.gone)
}

// unforgotten are the objects as their source would hand them out again: what
// cannot be loaded again is no dead letter, since its records stand as they are.
func unforgotten(objects []ingest.Object) []ingest.Object {
	list := make([]ingest.Object, len(objects))
	for i, o := range objects {
		o.Again = func(error) bool { return true }
		list[i] = o
	}
	return list
}

// exchange says which records give way to which: those of objects before from to
// those of objects from tx on. Between the two are those that this Append has
// committed.
type exchange struct{ from, tx int64 }

func (c exchange) args() []any { return []any{sql.Named("from", c.from), sql.Named("tx", c.tx)} }

// earlier are the objects of the ledger whose place those of this transaction
// take: the same in the same version, and what came of their dead letters, in
// whatever logstore. Its arguments are those of an exchange.
const earlier = `SELECT o.id FROM objects o JOIN objects n ON n.name = o.name AND (o.version = n.version OR starts_with(o.version, n.version || '` + letterOf + `'))
	WHERE n.id >= $tx AND o.id < $from`

// givesWay is the condition for the records of a table that give way: all of the
// same object, and what other ones have stored of the same records (a log that
// has grown, or was renamed).
func givesWay(table string) string {
	return "(object < $from AND (object IN (" + earlier + ") OR id IN (SELECT id FROM " + table + " WHERE object >= $tx)))"
}

// replace removes what was stored before of the objects in the transaction, and
// their dead letters, in the logstores that are written to; the ledger then says
// that nothing is stored there from their rows of before. What other logstores have
// of the same objects stays, as what it is. Their new records and their rows of the
// ledger are there.
func (a *appender) replace(ctx context.Context) error {
	g := a.again
	if g == nil {
		return nil
	}
	g.gone = map[*target]int64{}
	c := exchange{from: g.from, tx: a.done[0].id}
	for _, ls := range g.logstores {
		if ls.Snapshot {
			continue
		}
		t := a.target(ls)
		if ls.Name == ingest.FindingsName {
			since := a.nextSeq
			a.nextSeq++
			if err := relive(ctx, a.conn, c, since); err != nil {
				return fmt.Errorf("findings as they stand: %w", err)
			}
		}
		done, err := a.conn.ExecContext(ctx, "DELETE FROM "+t.table+" WHERE "+givesWay(t.table), c.args()...)
		if err != nil {
			return err
		}
		if g.gone[t], err = done.RowsAffected(); err != nil {
			return err
		}
		if ls.Name == ingest.FindingsName {
			if err := forgetVersions(ctx, a.conn); err != nil {
				return err
			}
		}
		_, err = a.conn.ExecContext(ctx, "UPDATE objects SET records = 0, oldest = NULL, newest = NULL, first_seq = NULL, last_seq = NULL WHERE logstore = $logstore AND id IN ("+earlier+")",
			append(c.args(), sql.Named("logstore", ls.Name))...)
		if err != nil {
			return err
		}
	}
	_, err := a.conn.ExecContext(ctx, `DELETE FROM deadletters AS d WHERE d.id < $from AND EXISTS (SELECT 1 FROM objects n
		WHERE n.id >= $tx AND n.name = d.object AND (d.version = n.version OR starts_with(d.version, n.version || '`+letterOf+`')) AND d.logstore IN ('', n.logstore))`, c.args()...)
	return err
}
