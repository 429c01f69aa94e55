package main

import (
	"context"
	"time"

	"tocsin/agent"
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
func (p *project) causes(ctx context.Context) ([]string, error) {
	causes, err := p.store.State.Causes(ctx)
	keys := make([]string, len(causes))
	for i, c := range causes {
		keys[i] = c.Key
	}
	return keys, err
}

// room is agent.Options.Room.
func (p *project) room() (agent.Room, error) {
	free, total, err := p.store.Room()
	return agent.Room{Free: free, Total: total}, err
}
