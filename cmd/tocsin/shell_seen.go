package main

import (
	"context"

	"tocsin/query"
)

// seen asks the store with the language itself.
func (p *project) seen() query.Seen { return asking{p} }

type asking struct{ p *project }

func (a asking) Paths(context.Context, string) ([]query.SeenPath, error) { return nil, nil }

func (a asking) Values(ctx context.Context, logstore, field, prefix string) ([]query.SeenValue, error) {
	plan, err := a.p.plan(field+":"+prefix+"* | SELECT "+field+" AS v, count(*) AS n GROUP BY v ORDER BY n DESC LIMIT 50", logstore, 50)
	if err != nil {
		return nil, err
	}
	r, err := a.p.store.Logs.Query(ctx, plan, query.Window{Now: a.p.now})
	if err != nil {
		return nil, err
	}
	var out []query.SeenValue
	for _, row := range r.Rows {
		if s, ok := row[0].(string); ok {
			out = append(out, query.SeenValue{Value: s, Count: row[1].(int64)})
		}
	}
	return out, nil
}
