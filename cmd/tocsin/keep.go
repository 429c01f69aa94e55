package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/store"
)

// This file is how long records are kept: `keep:` of tocsin.yaml, and what the
// agent does about it in quiet moments.

// keepHistory is the key of keep for the records of evaluations, and alerts that have ended.
const keepHistory = "history"

// keep checks `keep:`.
func (r *configReader) keep(c *config) {
	c.keep = r.file.Keep
	for name, length := range r.file.Keep {
		node := r.doc.At("keep", name)
		switch _, err := c.logstore(name); {
		case name == ingest.FindingsNowName:
			r.doc.Problem("config/keep", node, "findings_now is a snapshot, of which nothing grows old", "keep findings instead")
		case err != nil && name != keepHistory:
			r.doc.Problem("config/keep", node, err.Error(), "keep is by logstore: cloudtrail: 400d; "+keepHistory+" is that of evaluations and of alerts that have ended")
		}
		if length < 24*time.Hour {
			r.doc.Problem("config/keep", node, "records are kept for a day at least", "cloudtrail: 400d")
		}
	}
}

// dropEvery is how often old records are looked for.
const dropEvery = time.Hour

// maintain keeps the files tidy: write-ahead logs that have grown and, once an
// hour, what is older than it is kept for.
func (p *project) maintain(ctx context.Context) error {
	err := errors.Join(p.store.Logs.Maintain(ctx), p.store.State.Maintain(ctx))
	now := p.env.now()
	if len(p.config.keep) == 0 || now.Sub(p.dropped) < dropEvery {
		return err
	}
	p.dropped = now
	return errors.Join(err, p.drop(ctx, now))
}

// drop deletes what is older than it is kept for.
func (p *project) drop(ctx context.Context, now time.Time) error {
	states, err := p.store.State.RuleStates(ctx)
	if err != nil {
		return err
	}
	dropped, err := p.store.Logs.Drop(ctx, store.DropOptions{
		Keep: p.config.keep, Now: now, Cursors: alertrules.Cursors(p.running().rules.Rules, states),
		Gaps: func(gaps []alertrules.Gap) error {
			for _, g := range gaps {
				p.env.logger().Warn("records are deleted that a rule has not seen", "rule", g.Rule, "from", g.From, "to", g.To)
			}
			return p.store.State.CommitRound(ctx, &alertrules.Round{At: now, Gaps: gaps})
		},
	})
	for _, d := range dropped {
		p.env.logger().Info("deleted what is no longer kept", "logstore", d.Logstore, "records", d.Records, "before", d.Before)
	}
	if length, ok := p.config.keep[keepHistory]; ok {
		err = errors.Join(err, p.store.State.DropHistory(ctx, now.Add(-length)))
	}
	return err
}

// kept says how long a logstore is kept, for status; "" for ever.
func (p *project) kept(logstore string) string {
	length, ok := p.config.keep[logstore]
	if !ok {
		return ""
	}
	return fmt.Sprintf(", kept %s", alertrules.FormatDuration(length))
}
