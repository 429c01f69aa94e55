package main

import (
	"context"
	"time"

	"tocsin/agent"
	"tocsin/alertrules"
)

// What the agent asks about its surroundings, from the store.

// heard is agent.Options.Heard.
func (p *project) heard(ctx context.Context, source, field string, since time.Time) ([]agent.Voice, error) {
	voices, err := p.store.Logs.Heard(ctx, source, field, since)
	list := make([]agent.Voice, len(voices))
	for i, v := range voices {
		list[i] = agent.Voice(v)
	}
	return list, err
}

// causes is agent.Options.Causes.
func (p *project) causes(ctx context.Context) ([]alertrules.Notice, error) {
	causes, err := p.store.State.Causes(ctx)
	list := make([]alertrules.Notice, len(causes))
	for i, c := range causes {
		list[i] = alertrules.Notice{Key: c.Key, Text: c.Text, Since: c.Since}
	}
	return list, err
}

// room is agent.Options.Room.
func (p *project) room() (agent.Room, error) {
	free, total, err := p.store.Room()
	return agent.Room{Free: free, Total: total}, err
}
