package alertrules

import (
	"maps"
	"slices"
	"time"
)

// cloneState copies what is remembered, so that a run that is not committed
// leaves no trace. A nil s is a rule that was never met.
func cloneState(s *RuleState, rule string) *RuleState {
	if s == nil {
		return &RuleState{Rule: rule}
	}
	c := *s
	c.Retry = slices.Clone(s.Retry)
	c.Seen = slices.Clone(s.Seen)
	c.Ends = maps.Clone(s.Ends)
	c.Values = maps.Clone(s.Values)
	c.Verdicts = slices.Clone(s.Verdicts)
	for i := range c.Verdicts {
		c.Verdicts[i].Hits = slices.Clone(c.Verdicts[i].Hits)
	}
	if s.Earlier != nil {
		e := *s.Earlier
		c.Earlier = &e
	}
	if s.EarlierWhole != nil {
		e := *s.EarlierWhole
		c.EarlierWhole = &e
	}
	c.Pending = clonePending(s.Pending)
	c.EarlierPending = clonePending(s.EarlierPending)
	return &c
}

func clonePending(of map[string]*Pending) map[string]*Pending {
	c := make(map[string]*Pending, len(of))
	for key, p := range of {
		q := *p
		q.Hits = append([]time.Time(nil), p.Hits...)
		c[key] = &q
	}
	return c
}
