// The life of findings while they are loaded: what is known of those in a run of
// rows is looked up at once, each row is taken in in the order of its number,
// and the versions are written at once. All of it is in the transaction that
// loads.

package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"tocsin/ingest"
)

// tracked is a finding whose life goes on in a run of rows.
type tracked struct {
	standing
	key     [16]byte
	scanner string
	stored  bool  // a version of it stands in the table
	touched bool  // that one does not stand any more
	row     int32 // of the batch, that it stands on; -1: none of this run
}

// life is what a run of rows does to the findings.
type life struct {
	conn  *sql.Conn
	found map[[16]byte]*tracked
	order []*tracked // in the order in which they were met
	seqs  map[scan]int64
}

func newLife(conn *sql.Conn) *life {
	return &life{conn: conn, found: map[[16]byte]*tracked{}, seqs: map[scan]int64{}}
}

// meet returns the finding of an identity.
func (l *life) meet(who *identity) *tracked {
	key := who.key()
	f := l.found[key]
	if f == nil {
		f = &tracked{key: key, scanner: who.scanner(), row: -1}
		l.found[key] = f
		l.order = append(l.order, f)
	}
	return f
}

// take takes an observation of a finding in.
func (l *life) take(f *tracked, who *identity, o observation, row int32) (change string) {
	if s, ok := who.scan(o.at); ok {
		if _, known := l.seqs[s]; !known {
			l.seqs[s] = o.seq
		}
	}
	before := f.since
	f.standing, change = f.observe(o)
	f.touched = f.touched || f.since != before
	if f.seq == o.seq {
		f.row = row
	}
	return change
}

// far is how far ahead an observation may be. One that lies further ahead counts
// as made when it was loaded: else nothing later would ever be news.
const far = day

// observedAt is when an observation was made.
func observedAt(at, loaded int64) int64 {
	if at > loaded+far {
		return loaded
	}
	return at
}

// live computes @change of the rows of b.order, and brings the findings up to
// date. The rows have their numbers.
func (a *appender) live(ctx context.Context, b *batch) error {
	if b.logstore.Name != ingest.FindingsName || len(b.order) == 0 || a.again != nil { // see findings_again.go
		return nil
	}
	l := newLife(a.conn)
	r := newFindingReader(b)
	who := make([]identity, len(b.order))
	at := make([]*tracked, len(b.order))
	for i, n := range b.order {
		who[i] = r.identity(n)
		at[i] = l.meet(&who[i])
	}
	if err := l.lookUp(ctx); err != nil {
		return err
	}
	loaded := a.options.Now.UnixMicro()
	for i, n := range b.order {
		o := r.observation(n)
		o.at = observedAt(o.claimed, loaded)
		r.setChange(n, l.take(at[i], &who[i], o, n), at[i].before)
	}
	if err := l.retire(ctx); err != nil {
		return err
	}
	if err := l.write(ctx, b, a.options.Now); err != nil {
		return err
	}
	return l.scans(ctx)
}

// lookUp fills in what the table knows of the findings.
func (l *life) lookUp(ctx context.Context) error {
	rows, err := l.conn.QueryContext(withSource(ctx, keySource(l.order)), `SELECT p.n, f.of_seq, f.seq, epoch_us(f.time), coalesce(f.status, ''), coalesce(f.severity, ''), f.muted, f.id::BLOB,
		f.fails, coalesce(f.fail_level, ''), f.fail_muted, f.change, `+micros("f.first_seen")+", "+micros("f.last_seen")+", "+micros("f.failed_at")+", "+micros("f.failed_before")+", "+micros("f.changed_at")+`
		FROM `+batchFunction+`() p JOIN log_findings_now f ON f.finding = p.finding`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n int32
		var id []byte
		s := standing{known: true}
		if err := rows.Scan(&n, &s.seq, &s.since, &s.claimed, &s.status, &s.severity, &s.muted, &id, &s.fails, &s.level, &s.mutedThen, &s.change,
			&s.firstSeen, &s.at, &s.failedAt, &s.before, &s.changedAt); err != nil {
			return err
		}
		copy(s.id[:], id)
		f := l.order[n]
		f.standing, f.stored = s, true
	}
	return rows.Err()
}

// micros is a time of the table in microseconds, noTime for NULL.
func micros(column string) string {
	return "coalesce(epoch_us(" + column + "), -9223372036854775808)"
}

// retire moves the versions that do not stand any more to the past.
func (l *life) retire(ctx context.Context) error {
	over := l.only(func(f *tracked) bool { return f.stored && f.touched })
	if len(over) == 0 {
		return nil
	}
	err := l.past(ctx, over)
	if err != nil {
		return err
	}
	moved := l.only(func(f *tracked) bool { return f.stored && f.touched && f.row < 0 })
	if len(moved) > 0 {
		_, err = l.conn.ExecContext(withSource(ctx, standingSource(moved)), `UPDATE log_findings_now AS f SET seq = p.since, first_seen = make_timestamp(p.now_first)
			FROM `+batchFunction+`() p WHERE f.finding = p.finding`)
	}
	return err
}

// past keeps the versions that stand of findings, each until the next begins.
func (l *life) past(ctx context.Context, over []*tracked) error {
	_, err := l.conn.ExecContext(withSource(ctx, standingSource(over)), `INSERT INTO findings_past BY NAME
		SELECT f.number, f.seq, p.since AS until, f.of_seq, f.scanner, f.first_seen, f.last_seen, f.change, f.changed_at, f.failed_before
		FROM `+batchFunction+`() p JOIN log_findings_now f ON f.finding = p.finding`)
	return err
}

// forget takes findings out of what stands.
func (l *life) forget(ctx context.Context, old []*tracked) error {
	_, err := l.conn.ExecContext(withSource(ctx, keySource(old)), "DELETE FROM log_findings_now WHERE finding IN (SELECT finding FROM "+batchFunction+"())")
	return err
}

func (l *life) only(of func(*tracked) bool) []*tracked {
	return slices.DeleteFunc(slices.Clone(l.order), func(f *tracked) bool { return !of(f) })
}

// write puts the new versions into the table, in place of the old ones.
func (l *life) write(ctx context.Context, b *batch, now time.Time) error {
	fresh := l.only(func(f *tracked) bool { return f.row >= 0 })
	if len(fresh) == 0 {
		return nil
	}
	if old := l.only(func(f *tracked) bool { return f.row >= 0 && f.stored }); len(old) > 0 {
		if err := l.forget(ctx, old); err != nil {
			return err
		}
	}
	s := &versionSource{rowSource: rowSource{b: b}, list: fresh}
	for _, f := range fresh {
		s.rows = append(s.rows, f.row)
	}
	_, err := l.conn.ExecContext(withSource(ctx, s), insertStatement("log_findings_now", "since", b.columns, standingValues()), now.UTC())
	return err
}

// standingValues are the columns that a finding's standing fills in, from those
// of standingColumns.
func standingValues() map[string]string {
	return map[string]string{
		"first_seen": "make_timestamp(now_first)", "last_seen": "make_timestamp(now_last)", "change": "now_change", "failed_before": "make_timestamp(now_before)",
		"finding": "finding", "number": "number", "scanner": "scanner", "of_seq": "of_seq", "fails": "fails", "fail_level": "fail_level", "fail_muted": "fail_muted",
		"failed_at": "make_timestamp(failed_at)", "changed_at": "make_timestamp(changed_at)",
	}
}

// scans notes the runs that are not known yet.
func (l *life) scans(ctx context.Context) error {
	if len(l.seqs) == 0 {
		return nil
	}
	list := slices.Collect(maps.Keys(l.seqs))
	_, err := l.conn.ExecContext(withSource(ctx, scanSource(list, l.seqs)), `INSERT INTO scans BY NAME
		SELECT p.scanner, p.account, make_timestamp(p.second * 1000000) AS run_at, p.seq FROM `+batchFunction+`() p
		ANTI JOIN scans s ON s.scanner = p.scanner AND s.account = p.account AND s.run_at = make_timestamp(p.second * 1000000)`)
	return err
}
