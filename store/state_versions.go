// The versions of the rules.

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"tocsin/alertrules"
)

// A RuleVersion is a rule as it was from a moment on.
type RuleVersion struct {
	alertrules.Version
	Since time.Time
}

// KeepRules notes which rules are new, changed or gone, as an operation. The same
// set a second time changes nothing.
func (s *State) KeepRules(ctx context.Context, set *alertrules.Set, by Operation) error {
	return s.transact(ctx, func(t *tx) error {
		known, err := versions(ctx, t.conn, "true QUALIFY n = max(n) OVER (PARTITION BY rule) ORDER BY rule")
		if err != nil {
			return err
		}
		last := map[string]alertrules.Version{}
		var ids, news, changed []string
		for _, v := range known {
			last[v.Rule] = v.Version
			if v.Text != "" {
				ids = append(ids, v.Rule)
			}
		}
		var next []alertrules.Version
		for _, v := range set.Versions() {
			switch old, there := last[v.Rule]; {
			case !there || old.Text == "":
				news = append(news, v.Rule)
			case old.Hash != v.Hash:
				changed = append(changed, v.Rule)
			default:
				continue
			}
			next = append(next, v)
		}
		gone := set.Gone(ids)
		for _, id := range gone {
			next = append(next, alertrules.Version{Rule: id, File: last[id].File})
		}
		if len(next) == 0 {
			return nil
		}
		for _, v := range next {
			t.exec("INSERT INTO rule_versions SELECT coalesce(max(n), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ? FROM rule_versions",
				v.Rule, by.At.UTC(), v.Hash, v.Meaning, v.File, v.Text, v.Logstore, v.Query)
		}
		by.Kind, by.Note = "rules", strings.Join(nonEmpty(listed("new", news), listed("changed", changed), listed("removed", gone)), "; ")
		t.operations(by)
		return t.err
	})
}

// maxListed bounds the rules that an operation names.
const maxListed = 20

// listed names rules behind a word; nothing where there are none.
func listed(what string, rules []string) string {
	switch n := len(rules); {
	case n == 0:
		return ""
	case n > maxListed:
		return fmt.Sprintf("%s: %s and %d more", what, strings.Join(rules[:maxListed], ", "), n-maxListed)
	}
	return what + ": " + strings.Join(rules, ", ")
}

func nonEmpty(parts ...string) []string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

// RuleAt returns a rule as it was at a moment, or as an evaluation for that moment
// had it, whose Hash is given; nil where nothing is known of it.
func (s *State) RuleAt(ctx context.Context, rule string, at time.Time, hash string) (*RuleVersion, error) {
	list, err := versions(ctx, s.in.db, "rule = ? AND (since <= ? OR meaning = ? AND meaning <> '') ORDER BY meaning = ? DESC, n DESC LIMIT 1", rule, at.UTC(), hash, hash)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

func versions(ctx context.Context, q querier, where string, args ...any) (list []RuleVersion, err error) {
	rows, err := q.QueryContext(ctx, "SELECT rule, since, hash, meaning, file, text, logstore, query FROM rule_versions WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read the versions of rules: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var v RuleVersion
		if err := rows.Scan(&v.Rule, &v.Since, &v.Hash, &v.Meaning, &v.File, &v.Text, &v.Logstore, &v.Query); err != nil {
			return nil, fmt.Errorf("read the versions of rules: %w", err)
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// Evaluations returns the evaluations of a rule in [from, to] that were kept:
// hits, changes and errors, oldest first, at most limit of the newest.
func (s *State) Evaluations(ctx context.Context, rule string, from, to time.Time, limit int) ([]*alertrules.Evaluation, error) {
	return documents[alertrules.Evaluation](ctx, s.in.db,
		"SELECT doc FROM (SELECT doc, moment FROM evaluations WHERE rule = ? AND moment BETWEEN ? AND ? ORDER BY moment DESC LIMIT ?) ORDER BY moment",
		rule, from.UTC(), to.UTC(), limit)
}

// QuietEvaluations counts the evaluations of a rule in an hour that found nothing
// and changed nothing.
func (s *State) QuietEvaluations(ctx context.Context, rule string, hour time.Time) (n int64, err error) {
	err = s.in.db.QueryRowContext(ctx, "SELECT n FROM quiet_evaluations WHERE rule = ? AND hour = ?", rule, hour.UTC().Truncate(time.Hour)).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("count the quiet evaluations of %s: %w", rule, err)
	}
	return n, nil
}
