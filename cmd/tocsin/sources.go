package main

import (
	"context"
	"fmt"

	"tocsin/agent"
	"tocsin/ingest"
	"tocsin/ingest/s3"
	"tocsin/ingest/securityhub"
	"tocsin/ingest/sqs"
	"tocsin/ingest/webhook"
)

// From a source of the configuration to one that can be asked.

// sources are those of the configuration.
func (p *project) sources() []agent.Source {
	list := make([]agent.Source, len(p.config.sources))
	for i, c := range p.config.sources {
		list[i] = c.Source
		list[i].Open = func(ctx context.Context) (ingest.Source, error) { return p.openSource(ctx, c) }
	}
	return list
}

// openSource begins to use a source. It calls nobody.
func (p *project) openSource(ctx context.Context, c sourceConfig) (ingest.Source, error) {
	switch c.kind {
	case fromDir:
		return agent.Directory(c.dir, p.fileNames(), p.env.logger()), nil
	case fromStdin:
		if p.stdin == nil {
			p.stdin = agent.Lines(c.Name, p.env.stdin, p.config.limits.MaxRecord())
		}
		return p.stdin, nil
	}
	if c.kind == fromWebhook {
		hook := c.hook
		hook.Name, hook.Log = c.Name, p.env.logger()
		return webhook.New(ctx, hook)
	}
	access, err := c.access.Config(ctx)
	if err != nil {
		return nil, err
	}
	marks := p.marks()
	switch c.kind {
	case fromQueue:
		return sqs.New(sqs.Options{
			Client: sqs.NewClient(access), Queue: c.queue, Reader: s3.NewReader(s3.NewClient(access), access.Region),
			Places: c.places, Tries: c.tries, Log: p.env.logger(),
		}), nil
	case fromBucket:
		return s3.New(s3.Options{Name: c.Name, Reader: s3.NewReader(s3.NewClient(access), access.Region), Places: c.places, Marks: marks, Ledger: p.ledger(), Tries: c.tries}), nil
	case fromSecurityHub:
		return securityhub.New(securityhub.Options{Name: c.Name, Client: securityhub.NewClient(access), Region: access.Region, Marks: marks}), nil
	}
	return nil, fmt.Errorf("source %s: %s is no kind of source", c.Name, c.kind)
}

// marks are those of the store; nil without one, as when a source is only tried.
func (p *project) marks() ingest.Marks {
	if p.store == nil {
		return nil
	}
	return p.store.Logs
}

// ledger is that of the store; nil without one.
func (p *project) ledger() ingest.Ledger {
	if p.store == nil {
		return nil
	}
	return p.store.Logs
}
