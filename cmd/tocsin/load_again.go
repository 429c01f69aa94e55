package main

import (
	"context"
	"errors"
	"fmt"

	"tocsin/diag"
	"tocsin/ingest"
	"tocsin/store"
)

// `tocsin load --again`.

// loadObjects takes objects in. With options.Again those that the ledger has in
// this version are read anew, each as it was read: into its logstore, as its
// source is configured, as far as the command line does not say otherwise. Others
// are loaded as ever.
func (p *project) loadObjects(ctx context.Context, objects []ingest.Object, options store.LoadOptions) (*store.Report, error) {
	if !options.Again {
		return p.store.Logs.Load(ctx, objects, options)
	}
	named := ""
	if options.Ingest.Logstore != nil {
		named = options.Ingest.Logstore.Name
	}
	entries, err := p.store.Logs.Entries(ctx, objects, named)
	if err != nil {
		return nil, err
	}
	var order []store.Entry
	groups := map[store.Entry][]ingest.Object{}
	for i, e := range entries {
		if groups[e] == nil {
			order = append(order, e)
		}
		groups[e] = append(groups[e], objects[i])
	}
	report := &store.Report{}
	progress := options.Progress
	var before store.Progress // of the groups that are done
	for _, e := range order {
		o, err := p.againOptions(options, e)
		if err != nil {
			return report, err
		}
		var now store.Progress
		if progress != nil {
			o.Progress = func(s store.Progress) {
				now = s
				progress(before.Add(s))
			}
		}
		one, err := p.store.Logs.Load(ctx, groups[e], o)
		report.Add(one)
		if err != nil {
			return report, err
		}
		switch {
		case e.Changed:
			report.Changed += len(groups[e])
		case !e.Loaded:
			report.New += len(groups[e])
		}
		before = before.Add(now)
	}
	return report, nil
}

// noteAsEver says what of a load --again was no load again.
func noteAsEver(e *env, r *store.Report) (err error) {
	if r.Changed > 0 {
		err = note(e, "%s changed since the last load: what is new is stored as ever; load --again once more reads all of it anew", count(int64(r.Changed), "object"))
	}
	if r.New > 0 {
		err = errors.Join(err, note(e, "%s not loaded before by that name: loaded as ever", count(int64(r.New), "object")))
	}
	return err
}

// againOptions say how objects are read of which the ledger knows e. Those that
// are read anew are history, unless something else was said.
func (p *project) againOptions(o store.LoadOptions, e store.Entry) (store.LoadOptions, error) {
	o.Again = e.Loaded
	if !e.Loaded {
		return o, nil
	}
	if o.History == store.ByNewest {
		o.History = store.Past
	}
	source, _ := p.sourceNamed(e.Source) // of one that is gone its name remains
	source.Name = e.Source
	read := p.ingestOptions(source.Source, o.Ingest.Now)
	if o.Told.Zone != "" {
		read.Zone = o.Ingest.Zone
	}
	if o.Told.Columns != "" {
		read.Columns = o.Ingest.Columns
	}
	var err error
	if read.Logstore, err = p.config.logstore(e.Logstore); err != nil {
		return o, wrong(fmt.Errorf("load again what logstore %s has: %w", diag.Line(e.Logstore), err))
	}
	o.Ingest = read
	return o, nil
}
