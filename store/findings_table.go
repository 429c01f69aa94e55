// The snapshot of findings comes to be: its macro, and, over findings that were
// stored before there was one, its rows.

package store

import (
	"context"
	"database/sql"
	_ "embed" // the macro
	"fmt"

	"github.com/duckdb/duckdb-go/v2"

	"tocsin/ingest"
)

// findingsAt is the table function that findings_now reads, with the __seq__ at
// which it is read (schema/findings_at.sql).
const findingsAt = "findings_at"

//go:embed schema/findings_at.sql
var findingsAtSQL string

// ensureLife makes the snapshot once: findings that are stored already, by a
// program that had none, are taken in. The caller holds the writer lock.
func ensureLife(ctx context.Context, conn *sql.Conn) error {
	var made bool
	err := conn.QueryRowContext(ctx, "SELECT count(*) > 0 FROM snapshots WHERE name = ?", ingest.FindingsNowName).Scan(&made)
	if err != nil || made {
		return err
	}
	return inTx(ctx, conn, func() error {
		if err := rebuildFindings(ctx, conn); err != nil {
			return fmt.Errorf("from what is stored: %w", err)
		}
		if _, err := conn.ExecContext(ctx, findingsAtSQL); err != nil {
			return err
		}
		_, err := conn.ExecContext(ctx, "INSERT INTO snapshots VALUES (?)", ingest.FindingsNowName)
		return err
	})
}

// forgetVersions deletes what is known of versions whose records are gone.
func forgetVersions(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "DELETE FROM findings_past WHERE of_seq NOT IN (SELECT seq FROM log_findings)")
	return err
}

// rebuilt is what is news of a stored record.
type rebuilt struct {
	seq, before int64
	change      string
}

// rebuildFindings makes the snapshot from the stored findings, in the order in
// which they came in, and says what is news of each. No query was ever pinned
// before it, so that it has no past.
func rebuildFindings(ctx context.Context, conn *sql.Conn) error {
	l := newLife(conn)
	news, err := l.replay(ctx)
	if err != nil || len(news) == 0 {
		return err
	}
	for _, s := range []string{"DELETE FROM log_findings_now", "DELETE FROM findings_past", "DELETE FROM scans"} {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	if err := l.tell(ctx, news); err != nil {
		return err
	}
	if err := l.stand(ctx, l.order); err != nil {
		return err
	}
	return l.scans(ctx)
}

// tell writes what is news of records into them.
func (l *life) tell(ctx context.Context, news []rebuilt) error {
	_, err := l.conn.ExecContext(withSource(ctx, newsSource(news)), `UPDATE log_findings AS f SET change = p.change, failed_before = make_timestamp(p.before)
		FROM `+batchFunction+`() p WHERE f.seq = p.seq`)
	return err
}

// stand makes rows of findings as they stand, from the records that they stand on.
func (l *life) stand(ctx context.Context, list []*tracked) error {
	_, err := l.conn.ExecContext(withSource(ctx, standingSource(list)), `INSERT INTO log_findings_now BY NAME
		SELECT f.* EXCLUDE (id_text, seq, first_seen, last_seen, change, failed_before), p.since AS seq, `+standingAs()+`
		FROM `+batchFunction+`() p JOIN log_findings f ON f.seq = p.of_seq`)
	return err
}

// standingAs are the columns that a finding's standing fills in, by name.
func standingAs() string {
	list := ""
	for name, value := range standingValues() {
		if list != "" {
			list += ", "
		}
		list += value + " AS " + name
	}
	return list
}

// replay takes all stored findings in.
func (l *life) replay(ctx context.Context) ([]rebuilt, error) {
	rows, err := l.conn.QueryContext(ctx, "SELECT "+observed()+" FROM log_findings ORDER BY seq")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var news []rebuilt
	for rows.Next() {
		who, o, err := scanObserved(rows)
		if err != nil {
			return nil, err
		}
		f := l.meet(&who)
		change := l.take(f, &who, o, -1)
		news = append(news, rebuilt{o.seq, f.before, change})
	}
	return news, rows.Err()
}

// observed are the columns of a stored record that scanObserved reads.
func observed() string {
	return `seq, epoch_us(time), epoch_us(ingest_time), id::BLOB, coalesce(topic, ''), coalesce(tenant, ''), coalesce(finding_uid, ''),
		coalesce(account, ''), coalesce(check_id, ''), coalesce(resource, ''), coalesce(region, ''), coalesce(status, ''), coalesce(severity, ''), coalesce(muted, false), ` + micros("first_seen")
}

// scanObserved reads a stored record, as far as the life of its finding depends on
// it, and the columns behind these.
func scanObserved(rows *sql.Rows, more ...any) (who identity, o observation, err error) {
	var id []byte
	var loaded int64
	err = rows.Scan(append([]any{
		&o.seq, &o.claimed, &loaded, &id, &who.topic, &who.tenant, &who.uid, &who.account, &who.check, &who.resource, &who.region,
		&o.status, &o.severity, &o.muted, &o.first,
	}, more...)...)
	copy(o.id[:], id)
	who.id, o.at = o.id, observedAt(o.claimed, loaded)
	return who, o, err
}

// newsSource hands over what is news of records.
func newsSource(list []rebuilt) *listSource {
	return &listSource{
		columns: []duckdb.ColumnInfo{columnInfo("seq", duckdb.TYPE_BIGINT), columnInfo("change", duckdb.TYPE_VARCHAR), columnInfo("before", duckdb.TYPE_BIGINT)},
		n:       len(list),
		set: func(chunk duckdb.DataChunk, at, row int) error {
			n := &list[row]
			before := n.before
			if n.change != changeOpened {
				before = noTime
			}
			if err := duckdb.SetChunkValue(chunk, 0, at, n.seq); err != nil {
				return err
			}
			if err := duckdb.SetChunkValue(chunk, 1, at, n.change); err != nil {
				return err
			}
			return setTime(chunk, 2, at, before)
		},
	}
}
