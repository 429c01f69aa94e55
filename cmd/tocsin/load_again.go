package main

import (
	"context"
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
	for e, list := range groups {
		switch n := count(int64(len(list)), "object"); {
		case e.Changed:
			fmt.Fprintf(p.env.stderr, "%s changed since the last load: what is new is stored as ever; load --again once more reads all of it anew\n", n)
		case !e.Loaded:
			fmt.Fprintf(p.env.stderr, "%s not loaded before by that name: loaded as ever\n", n)
		}
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
				progress(store.Progress{Objects: before.Objects + s.Objects, Bytes: before.Bytes + s.Bytes, Records: before.Records + s.Records})
			}
		}
		one, err := p.store.Logs.Load(ctx, groups[e], o)
		report.Add(one)
		if err != nil {
			return report, err
		}
		before = store.Progress{Objects: before.Objects + now.Objects, Bytes: before.Bytes + now.Bytes, Records: before.Records + now.Records}
	}
	return report, nil
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
