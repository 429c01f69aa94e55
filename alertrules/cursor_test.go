package alertrules

import (
	"reflect"
	"testing"
)

// Only rules over `new` that are evaluated have a cursor; the lowest is first.
func TestCursors(t *testing.T) {
	overNew, sliding := Window{Kind: NewWindow}, Window{Kind: SlidingWindow}
	rules := []*Rule{
		{ID: "far", Enabled: true, Logstore: "cloudtrail", Window: overNew},
		{ID: "near", Enabled: true, Logstore: "cloudtrail", Window: overNew},
		{ID: "earlier", Enabled: true, Logstore: "findings", Window: overNew},
		{ID: "sliding", Enabled: true, Logstore: "cloudtrail", Window: sliding},
		{ID: "disabled", Logstore: "cloudtrail", Window: overNew},
		{ID: "removed", Enabled: true, Logstore: "cloudtrail", Window: overNew},
		{ID: "unknown", Enabled: true, Logstore: "cloudtrail", Window: overNew},
	}
	states := map[string]*RuleState{
		"far": {Cursor: 90}, "near": {Cursor: 10}, "earlier": {Cursor: 50, Earlier: &SeqRange{From: 3, To: 7}},
		"sliding": {Cursor: 1}, "disabled": {Cursor: 1}, "removed": {Cursor: 1, Off: EndRemoved},
	}
	want := map[string][]Cursor{"cloudtrail": {{"near", 10}, {"far", 90}}, "findings": {{"earlier", 3}}}
	if got := Cursors(rules, states); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
