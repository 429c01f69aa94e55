package ingest

import (
	"bytes"
	"slices"
)

// What of a CloudTrail record is kept without what other columns say: the caller
// takes a third of a record, and its names are columns.

// identityTexts are the texts of userIdentity that are left out of it, as the
// fields of the slicer, with where they lie and what holds them. The place in this
// list is the number of a hole in records that are stored: it only ever grows.
var identityTexts = [...]struct {
	field int
	hole  HoleIn
}{
	{ctPrincipal, HoleIn{Path: []string{"principalId"}, Column: "ui_principal"}},
	{ctARN, HoleIn{Path: []string{"arn"}, Column: "ui_arn"}},
	{ctAccessKey, HoleIn{Path: []string{"accessKeyId"}, Column: "ui_access_key"}},
	{ctUser, HoleIn{Path: []string{"userName"}, Column: "ui_user"}},
	{ctIssuerARN, HoleIn{Path: []string{"sessionContext", "sessionIssuer", "arn"}, Column: "issuer_arn"}},
	{ctIssuerName, HoleIn{Path: []string{"sessionContext", "sessionIssuer", "userName"}, Column: "issuer_name"}},
	{ctIssuerPrincipal, HoleIn{Path: []string{"sessionContext", "sessionIssuer", "principalId"}, Column: "ui_principal", Before: ":"}},
}

func identityHoles() []HoleIn {
	holes := make([]HoleIn, len(identityTexts))
	for i := range identityTexts {
		holes[i] = identityTexts[i].hole
	}
	return holes
}

// cutting is a text that is left out of a JSON text: from, to, and by which hole.
type cutting struct{ from, to, hole int }

// identityShape is the cell of userIdentity without what other columns hold, or as
// it is, when there is nothing or when its holes could be mistaken.
func (d *cloudTrailDecoder) identityShape(whole Cell, principal []byte) Cell {
	text := d.f[ctIdentity]
	if len(text) == 0 || text[0] != '{' || d.quoted>>ctIdentity&1 != 0 || bytes.IndexByte(text, HoleChar[0]) >= 0 {
		return whole
	}
	var room [len(identityTexts)]cutting
	cuttings := room[:0]
	for n := range identityTexts {
		field, hole := identityTexts[n].field, &identityTexts[n].hole
		v := d.f[field]
		if len(v) == 0 || v[0] != '"' || d.esc>>field&1 != 0 {
			continue
		}
		if hole.Before != "" {
			if before, _, ok := bytes.Cut(principal, []byte(hole.Before)); !ok || !bytes.Equal(before, v[1:len(v)-1]) {
				continue
			}
		}
		from := d.from[field] - d.from[ctIdentity]
		cuttings = append(cuttings, cutting{from, from + len(v), n})
		for i := len(cuttings) - 1; i > 0 && cuttings[i-1].from > from; i-- {
			cuttings[i-1], cuttings[i] = cuttings[i], cuttings[i-1]
		}
	}
	if len(cuttings) == 0 {
		return whole
	}
	start, at := len(d.arena), 0
	d.arena = append(d.arena, ' ')
	for _, c := range cuttings {
		d.arena = append(append(d.arena, text[at:c.from]...), holeTexts[c.hole]...)
		at = c.to
	}
	d.arena = append(d.arena, text[at:]...)
	return Cell{Valid: true, B: d.arena[start:len(d.arena):len(d.arena)]}
}

// holeTexts are Hole of the numbers of identityTexts.
var holeTexts = func() (texts [len(identityTexts)]string) {
	for n := range texts {
		texts[n] = Hole(n)
	}
	return texts
}()

// orUUID keeps a text that is the usual text of a UUID as its 16 bytes.
func (d *base) orUUID(c Cell) (text, uuid Cell) {
	id, ok := parseUUID(c.B)
	if !ok || slices.ContainsFunc(c.B, func(b byte) bool { return b >= 'A' && b <= 'F' }) {
		return c, Cell{}
	}
	n := len(d.arena)
	d.arena = append(d.arena, id[:]...)
	return Cell{}, Cell{Valid: true, B: d.arena[n:len(d.arena):len(d.arena)]}
}
