package alertrules

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/query"
)

// Rows of a snapshot are findings, which stand also where no row shows them: a
// row that is gone says how its finding stands now (D10), one that is there
// whether it is fresh (D12).

// A Standing is how a finding stands at an evaluation.
type Standing struct {
	Status    string // PASS, FAIL, …
	Muted     bool
	ChangedAt time.Time // when it was last opened, resolved or changed; zero: never
	LastSeen  time.Time // the latest observation
	Missed    int       // later scans of its scanner and account that do not mention it
	LastScan  time.Time // the latest of them; zero where there are no scans
}

// staleAfter is the age from which a finding is not fresh, whatever its scanner
// did since.
const staleAfter = 7 * day

// stale reports whether a reader must be told when the finding was last seen.
func (s *Standing) stale(at time.Time) bool {
	return s.Missed > 0 || at.Sub(s.LastSeen) > staleAfter
}

// A GoneRow is a row that was in an alert.
type GoneRow struct {
	Key      string    // as in Row
	Seq      int64     // number of the finding
	Standing *Standing `json:",omitempty"` // nil: nothing is known of it any more
}

// Bounds of what is asked for and remembered. A mail shows fewer rows.
const (
	maxStandings = 1000
	maxGone      = 1000
)

// standingsOf plans the question how findings stand. Their numbers are the only
// text in it that is not ours, and they are digits.
func standingsOf(schema query.Schema, logstore string) func([]int64) (*query.Plan, error) {
	return func(numbers []int64) (*query.Plan, error) {
		list := make([]string, len(numbers))
		for i, n := range numbers {
			list[i] = strconv.FormatInt(n, 10)
		}
		q, err := query.Parse("* | SELECT @status, @muted, @changed_at, @last_seen, @missed, @last_scan WHERE __finding__ IN (" + strings.Join(list, ", ") + ")")
		if err != nil {
			return nil, err
		}
		return q.Plan(schema, query.Options{Logstore: logstore, MaxRows: len(numbers)})
	}
}

// standing asks how the findings of a result stand, and those of rows that are
// in it no more; nil where rows are no findings.
func (r *run) standing(ctx context.Context, o observation) (map[int64]Standing, error) {
	numbers := r.numbers(o.result.Result)
	if r.rule.standings == nil || len(numbers) == 0 {
		return nil, nil
	}
	p, err := r.rule.standings(numbers)
	if err != nil {
		return nil, fmt.Errorf("ask how the findings stand: %w", err)
	}
	res, err := r.query(ctx, p, o.window)
	if err != nil {
		return nil, fmt.Errorf("ask how the findings stand: %w", err)
	}
	out := make(map[int64]Standing, len(res.Rows))
	for i, row := range res.Rows {
		var s Standing
		s.Status, _ = row[0].(string)
		s.Muted, _ = row[1].(bool)
		s.ChangedAt, _ = row[2].(time.Time)
		s.LastSeen, _ = row[3].(time.Time)
		missed, _ := row[4].(int64)
		s.Missed = int(missed)
		s.LastScan, _ = row[5].(time.Time)
		out[res.Seqs[i]] = s
	}
	return out, nil
}

// numbers are the findings to be asked about, each once.
func (r *run) numbers(res *query.Result) []int64 {
	numbers := slices.Clone(res.Seqs[:min(len(res.Seqs), maxStandings)])
	there := make(map[int64]bool, len(res.Seqs))
	for _, n := range res.Seqs {
		there[n] = true
	}
	for _, a := range r.live {
		gone := 0
		ask := func(n int64) {
			if !there[n] && gone < maxGone {
				there[n] = true
				numbers, gone = append(numbers, n), gone+1
			}
		}
		for _, row := range a.Rows {
			ask(row.Seq)
		}
		for _, row := range a.Gone {
			ask(row.Seq)
		}
	}
	slices.Sort(numbers)
	return numbers[:min(len(numbers), maxStandings+maxGone)]
}

// goneRows notes which rows an alert has no more, now that it has rows.
func (a *Alert) goneRows(rows []Row, o observation) {
	if o.standing == nil || o.result.Partial != "" {
		return
	}
	now := make(map[string]bool, len(rows))
	for _, row := range rows {
		now[row.Key] = true
	}
	gone := slices.DeleteFunc(slices.Clone(a.Gone), func(g GoneRow) bool { return now[g.Key] })
	for _, row := range a.Rows {
		if !now[row.Key] {
			gone = append(gone, GoneRow{Key: row.Key, Seq: row.Seq})
		}
	}
	gone = gone[max(0, len(gone)-maxGone):]
	for i := range gone {
		gone[i].Standing = nil
		if s, ok := o.standing[gone[i].Seq]; ok {
			gone[i].Standing = &s
		}
	}
	a.Gone = gone
}

// allPass reports whether every finding that an alert showed passes now.
func (a *Alert) allPass(o observation) bool {
	return o.standing != nil && len(a.Rows) > 0 && !slices.ContainsFunc(a.Rows, func(row Row) bool { return o.standing[row.Seq].Status != "PASS" })
}
