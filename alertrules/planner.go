package alertrules

import (
	"errors"

	"tocsin/query"
)

// planOf plans q.
func planOf(q *query.Query, s query.Schema, o query.Options) (*query.Plan, error) {
	p, ok := any(q).(interface {
		Plan(query.Schema, query.Options) (*query.Plan, error)
	})
	if !ok {
		return nil, errors.New("queries cannot be planned")
	}
	return p.Plan(s, o)
}
