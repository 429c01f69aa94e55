package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tocsin/diag"
	"tocsin/ingest"
	"tocsin/ingest/awsapi"
	"tocsin/ingest/s3"
	"tocsin/store"
)

// `tocsin load s3://BUCKET/PREFIX`.

// apart tells what is on this machine from addresses in buckets.
func (p *project) apart(paths []string) (local []string, far []sourceConfig, err error) {
	for _, path := range paths {
		if !strings.HasPrefix(path, "s3://") {
			local = append(local, path)
			continue
		}
		place, ok := s3.ParsePlace(path)
		if !ok {
			return nil, nil, usage("%s is no address in a bucket: s3://BUCKET/PREFIX", diag.Line(path))
		}
		c := sourceConfig{kind: fromBucket, places: []s3.Place{place}, access: p.accessTo(place), tries: 1}
		far = append(far, c)
	}
	return local, far, nil
}

// accessTo is that of the source that has the bucket.
func (p *project) accessTo(place s3.Place) awsapi.Access {
	for _, c := range p.config.sources {
		for _, has := range c.places {
			if has.Bucket == place.Bucket {
				return c.access
			}
		}
	}
	return awsapi.Access{Private: p.config.private}
}

// loadBucket takes in what lies at a place of a bucket, a batch at a time.
func (p *project) loadBucket(ctx context.Context, options store.LoadOptions, c sourceConfig, into *store.Report) error {
	access, err := c.access.Config(ctx)
	if err != nil {
		return err
	}
	source := s3.New(s3.Options{Reader: s3.NewReader(s3.NewClient(access), access.Region), Places: c.places, Tries: c.tries})
	for more := true; more; {
		batch, unread := source.Receive(ctx, ingest.Ask{Now: p.now, All: true})
		more = batch.More && unread == nil
		if len(batch.Objects) == 0 {
			err = unread
			continue
		}
		for i := range batch.Objects {
			batch.Objects[i].Named = false // the user named a place, as a folder
			batch.Objects[i].Again = nil   // nobody asks again: what cannot be read is a dead letter
		}
		report, err := p.loadObjects(ctx, batch.Objects, options)
		if report != nil {
			into.Add(report)
		}
		if err = errors.Join(unread, err, batch.Settle(ctx, ingest.Outcome{Committed: err == nil})); err != nil {
			return fmt.Errorf("load %s: %w", c.places[0], err)
		}
		if p.env.errTerminal {
			fmt.Fprintf(p.env.stderr, "%s: %s so far\n", diag.Line(c.places[0].String()), count(into.Records(), "record"))
		}
	}
	return errors.Join(err, source.Close())
}
