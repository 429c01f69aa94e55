// The logstores and lookup tables that were declared to an open store, as
// queries see them.

package store

import (
	"slices"
	"sync"

	"tocsin/ingest"
	"tocsin/query"
)

// declared is a schema that grows with Declare and follows DeclareLookups. The
// zero value is empty.
type declared struct {
	mu   sync.Mutex
	list query.Fixed
	from map[string]*ingest.Logstore // by name: what each logstore of the list was made from
}

// logstores adds logstores, or replaces those of their names.
func (d *declared) logstores(logstores []*ingest.Logstore) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, ls := range logstores {
		if d.from[ls.Name] == ls { // each load declares what it may bring
			continue
		}
		if d.from == nil {
			d.from = map[string]*ingest.Logstore{}
		}
		d.from[ls.Name] = ls
		d.list = append(d.without(func(l *query.Logstore) bool { return l.Name == ls.Name }), view(ls))
	}
}

// logstore is a declared logstore, or nil.
func (d *declared) logstore(name string) *ingest.Logstore {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.from[name]
}

// lookups makes the lookup tables those that are given.
func (d *declared) lookups(tables []*ingest.Lookup) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.without(func(l *query.Logstore) bool { return l.Lookup })
	for _, t := range tables {
		list = append(list, lookupView(t))
	}
	d.list = list
}

// without is a copy of the list: whoever holds the old one reads on.
func (d *declared) without(gone func(*query.Logstore) bool) query.Fixed {
	return slices.DeleteFunc(slices.Clone(d.list), gone)
}

func (d *declared) all() query.Fixed {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.list
}

// Logstore returns what has that name.
func (d *declared) Logstore(name string) (*query.Logstore, bool) { return d.all().Logstore(name) }
