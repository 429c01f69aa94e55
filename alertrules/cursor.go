package alertrules

import "slices"

// What rules over `new` have not seen yet, for whoever deletes records.

// A Cursor is how far a rule over `new` has seen its logstore: everything up to
// Seq.
type Cursor struct {
	Rule string
	Seq  int64
}

// Cursors returns the cursors of the rules that are evaluated, by logstore, the
// lowest first. A rule that takes in earlier records once stands before these.
func Cursors(rules []*Rule, states map[string]*RuleState) map[string][]Cursor {
	all := map[string][]Cursor{}
	for _, r := range rules {
		s := states[r.ID]
		if !r.Enabled || r.Window.Kind != NewWindow || s == nil || s.Off != "" {
			continue
		}
		c := Cursor{r.ID, s.Cursor}
		if s.Earlier != nil {
			c.Seq = min(c.Seq, s.Earlier.From)
		}
		all[r.Logstore] = append(all[r.Logstore], c)
	}
	for _, list := range all {
		slices.SortStableFunc(list, func(a, b Cursor) int { return int(min(max(a.Seq-b.Seq, -1), 1)) })
	}
	return all
}
