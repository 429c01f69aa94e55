// The life of findings when records of them give way to others: what is stored
// of these findings is read in the order of its time, once as it was and once as
// it is now, and what differs between the two is changed in what stands.

package store

import (
	"context"
	"database/sql"
	"slices"
)

// twice is a finding as it was and as it is, by what is stored of it.
type twice struct {
	tracked
	was, is standing
	met     bool // some of its records come or go
}

// reliving reads it.
type reliving struct {
	found map[[16]byte]*twice
	order []*twice
	equal []relived // records of one time, before they are taken in
	news  []rebuilt // of the records that this Append has stored
	stay  map[scan]int64
	gone  map[scan]bool
}

// relived is a stored record.
type relived struct {
	who         identity
	observation observation
	gone        bool // gives way
	fresh       bool // takes the place of what gives way
	ours        bool // is stored by this Append
}

// relive brings the findings up to date whose records come or go in an exchange.
// The records that go are there still; their versions stand until since.
func relive(ctx context.Context, conn *sql.Conn, c exchange, since int64) error {
	r := &reliving{found: map[[16]byte]*twice{}, stay: map[scan]int64{}, gone: map[scan]bool{}}
	if err := r.read(ctx, conn, c); err != nil {
		return err
	}
	l := newLife(conn)
	var met []*twice
	for _, f := range r.order {
		if f.met {
			met, l.order = append(met, f), append(l.order, &f.tracked)
		}
	}
	if err := l.lookUp(ctx); err != nil {
		return err
	}
	var over, next []*tracked
	for _, f := range met {
		is := f.relive(f.was, f.is)
		if is == f.standing {
			continue
		}
		f.standing = is
		f.since = since
		if f.stored {
			over = append(over, &f.tracked)
		}
		if is.known {
			next = append(next, &f.tracked)
		}
	}
	if err := l.tell(ctx, r.news); err != nil {
		return err
	}
	if err := l.past(ctx, over); err != nil {
		return err
	}
	if err := l.forget(ctx, over); err != nil {
		return err
	}
	if err := l.stand(ctx, next); err != nil {
		return err
	}
	return r.scans(ctx, l, c)
}

// relive is how a finding stands when its records make is of it, which made was
// of it before. When they make the same of it, its life remains as it stands: it
// may be due to the order in which they came. So does what they agree in, when it
// was known from records that are kept no longer.
func (s standing) relive(was, is standing) standing {
	if !s.known || !is.known {
		return is
	}
	dropped, same := s.firstSeen < was.firstSeen, was.like(is)
	if dropped {
		is.firstSeen = min(is.firstSeen, s.firstSeen)
	}
	if same || dropped && is.change == was.change && is.changedAt == was.changedAt && is.before == was.before {
		is.change, is.changedAt, is.before = s.change, s.changedAt, s.before
	}
	if same || dropped && is.fails == was.fails && is.level == was.level && is.mutedThen == was.mutedThen && is.failedAt == was.failedAt {
		is.fails, is.level, is.mutedThen, is.failedAt = s.fails, s.level, s.mutedThen, s.failedAt
	}
	is.since, is.first = s.since, s.first
	return is
}

// like reports whether two standings differ in nothing but the record that they
// stand on.
func (s standing) like(o standing) bool {
	o.seq, o.id, o.first, o.since = s.seq, s.id, s.first, s.since
	return s == o
}

// findingHint is the same for all records of one finding, and for few others.
const findingHint = "coalesce(nullif(finding_uid, ''), concat(check_id, ' ', resource))"

// read takes in what is stored of the findings, in the order of its time.
func (r *reliving) read(ctx context.Context, conn *sql.Conn, c exchange) error {
	gone := givesWay("log_findings")
	rows, err := conn.QueryContext(ctx, `SELECT `+observed()+`, `+gone+`, object >= $tx, object >= $from
		FROM log_findings WHERE `+findingHint+` IN (SELECT `+findingHint+` FROM log_findings WHERE object >= $tx OR `+gone+`)
		ORDER BY `+observedTime+`, seq`, c.args()...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n relived
		if n.who, n.observation, err = scanObserved(rows, &n.gone, &n.fresh, &n.ours); err != nil {
			return err
		}
		if len(r.equal) > 0 && r.equal[0].observation.at != n.observation.at {
			r.take()
		}
		r.equal = append(r.equal, n)
	}
	r.take()
	return rows.Err()
}

// observedTime is observedAt in SQL.
const observedTime = "CASE WHEN time > ingest_time + INTERVAL 1 DAY THEN ingest_time ELSE time END"

// take takes the records of one time in, the worst first: it is the one that
// counts.
func (r *reliving) take() {
	slices.SortFunc(r.equal, func(x, y relived) int { return y.observation.compare(&x.observation) })
	for i := range r.equal {
		r.one(&r.equal[i])
	}
	r.equal = r.equal[:0]
}

func (r *reliving) one(n *relived) {
	key := n.who.key()
	f := r.found[key]
	if f == nil {
		f = &twice{tracked: tracked{key: key, scanner: n.who.scanner()}}
		r.found[key] = f
		r.order = append(r.order, f)
	}
	f.met = f.met || n.gone || n.fresh
	if !n.fresh {
		f.was, _ = f.was.observe(n.observation)
	}
	s, is := n.who.scan(n.observation.at)
	if n.gone {
		if is {
			r.gone[s] = true
		}
		return
	}
	if first, known := r.stay[s]; is && (!known || n.observation.seq < first) {
		r.stay[s] = n.observation.seq
	}
	var change string
	f.is, change = f.is.observe(n.observation)
	if n.ours {
		r.news = append(r.news, rebuilt{n.observation.seq, f.is.before, change})
	}
}

// scans notes the runs that are not known yet, and forgets those of which nothing
// is left.
func (r *reliving) scans(ctx context.Context, l *life, c exchange) error {
	var gone []scan
	for s := range r.gone {
		if _, stays := r.stay[s]; !stays {
			gone = append(gone, s)
		}
	}
	if len(gone) > 0 {
		_, err := l.conn.ExecContext(withSource(ctx, scanSource(gone, map[scan]int64{})), `DELETE FROM scans AS s
			WHERE (s.scanner, s.account, s.run_at) IN (SELECT (scanner, account, make_timestamp(second * 1000000)) FROM `+batchFunction+`())
			AND (s.account, s.run_at) NOT IN (SELECT (coalesce(account, ''), date_trunc('second', `+observedTime+`)) FROM log_findings
				WHERE (topic = '`+prowler+`' OR topic = 'asff' AND starts_with(finding_uid, 'prowler-')) AND NOT `+givesWay("log_findings")+`)`, c.args()...)
		if err != nil {
			return err
		}
	}
	l.seqs = r.stay
	return l.scans(ctx)
}
