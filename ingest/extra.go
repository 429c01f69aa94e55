package ingest

// What the schema does not know of a record, kept as JSON.

// restKey holds, as text, the top-level members of a record beyond the limit
// of keys.
const restKey = "__rest__"

// extra fills the column of the members that have no column of their own, and
// of the fields in odd.
func (d *cloudTrailDecoder) extra(r *Record, odd []int) {
	if len(d.rest)+len(odd) == 0 {
		r.Cells[ctExtra] = Cell{}
		return
	}
	w := objectWriter{dst: d.arena, start: len(d.arena)}
	for _, i := range odd {
		w.put(member{key: []byte(oddNames[i]), value: d.f[i], text: d.quoted>>i&1 != 0})
	}
	r.Cells[ctExtra] = d.gather(r, &w, nil)
}

// gather writes the members that are no fields, but for those that skip names,
// and flags reserved keys among them.
func (d *base) gather(r *Record, w *objectWriter, skip func(m member) bool) Cell {
	for i, m := range d.rest {
		if i >= d.slicer.limits.Keys {
			d.wide = true
			w.rest(d.rest[i:])
			break
		}
		if skip != nil && skip(m) {
			continue
		}
		if flag := reservedFlag(d.plain(m)); flag != "" {
			r.Flags = appendFlag(r.Flags, flag)
		}
		w.put(m)
	}
	if len(w.dst) == w.start {
		return Cell{}
	}
	d.arena = append(w.dst, '}')
	return Cell{Valid: true, B: d.arena[w.start:len(d.arena):len(d.arena)]}
}
