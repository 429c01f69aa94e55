// A batch of findings, read and written by the names of its columns.

package store

import (
	"slices"

	"tocsin/ingest"
)

// findingReader reads rows of a batch of findings.
type findingReader struct {
	b *batch

	uid, check, resource, region, account, status, severity, muted, first int // columns
	change, before                                                        int
}

func newFindingReader(b *batch) findingReader {
	at := func(name string) int {
		return slices.IndexFunc(b.columns, func(c ingest.Column) bool { return c.Name == name })
	}
	return findingReader{
		b: b, uid: at("finding_uid"), check: at("check_id"), resource: at("resource"), region: at("region"), account: at("account"),
		status: at("status"), severity: at("severity"), muted: at("muted"), first: at("first_seen"),
		change: at("change"), before: at("failed_before"),
	}
}

// text is the text of a cell, "" for NULL.
func (r *findingReader) text(row int32, column int) string {
	if !r.b.valid[int(row)*len(r.b.columns)+column] {
		return ""
	}
	return string(r.b.bytes(row, column))
}

// number is the value of a cell; false for NULL.
func (r *findingReader) number(row int32, column int) (int64, bool) {
	at := int(row)*len(r.b.columns) + column
	return int64(r.b.cells[at]), r.b.valid[at]
}

// identity is what the finding of a row is known by.
func (r *findingReader) identity(row int32) identity {
	n := &r.b.rows[row]
	who := identity{topic: n.topic, tenant: n.tenant, account: r.text(row, r.account), uid: r.text(row, r.uid), id: n.id}
	if who.uid == "" {
		who.check, who.resource, who.region = r.text(row, r.check), r.text(row, r.resource), r.text(row, r.region)
	}
	return who
}

// observation is what a row says of its finding.
func (r *findingReader) observation(row int32) observation {
	n := &r.b.rows[row]
	o := observation{seq: n.seq, claimed: n.time, first: noTime, id: n.id, status: r.text(row, r.status), severity: r.text(row, r.severity)}
	if first, ok := r.number(row, r.first); ok {
		o.first = min(max(first, minTime), maxTime)
	}
	muted, _ := r.number(row, r.muted)
	o.muted = muted != 0
	return o
}

// setChange fills in what is news of a row; before: when its finding last failed
// before it was opened again.
func (r *findingReader) setChange(row int32, change string, before int64) {
	b, from := r.b, int(row)*len(r.b.columns)
	b.cells[from+r.change], b.valid[from+r.change] = uint64(len(b.text))<<32|uint64(len(change)), true
	b.text = append(b.text, change...)
	known := change == changeOpened && before != noTime
	b.cells[from+r.before], b.valid[from+r.before] = uint64(before), known
}
