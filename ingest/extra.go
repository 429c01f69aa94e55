package ingest

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
	for i, m := range d.rest {
		if i >= d.slicer.limits.Keys {
			d.wide = true
			w.rest(d.rest[i:])
			break
		}
		if flag := reservedFlag(d.plain(m)); flag != "" {
			r.Flags = appendFlag(r.Flags, flag)
		}
		w.put(m)
	}
	d.arena = append(w.dst, '}')
	r.Cells[ctExtra] = Cell{Valid: true, B: d.arena[w.start:]}
}
