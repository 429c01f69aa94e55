package alertrules

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitHistory(t *testing.T) {
	live := func(a, b int64) seqPart { return seqPart{SeqRange: SeqRange{a, b}} }
	past := func(a, b int64) seqPart { return seqPart{SeqRange: SeqRange{a, b}, history: true} }
	asked := func(a, b int64) seqPart { return seqPart{SeqRange: SeqRange{a, b}, history: true, notify: true} }
	notify := func(a, b int64) Past { return Past{SeqRange{a, b}, true} }
	in := func(ranges ...SeqRange) (list []Past) {
		for _, r := range ranges {
			list = append(list, Past{SeqRange: r})
		}
		return list
	}
	for _, c := range []struct {
		name    string
		part    SeqRange
		history []Past
		want    []seqPart
	}{
		{"none", SeqRange{0, 10}, nil, []seqPart{live(0, 10)}},
		{"nothing new", SeqRange{10, 10}, in(SeqRange{0, 10}), []seqPart{live(10, 10)}},
		{"all", SeqRange{0, 10}, in(SeqRange{0, 10}), []seqPart{past(0, 10)}},
		{"in the middle", SeqRange{0, 10}, in(SeqRange{3, 5}), []seqPart{live(0, 3), past(3, 5), live(5, 10)}},
		{"across both ends", SeqRange{4, 8}, in(SeqRange{0, 5}, SeqRange{7, 20}), []seqPart{past(4, 5), live(5, 7), past(7, 8)}},
		{"asked for", SeqRange{0, 9}, append(in(SeqRange{3, 5}), notify(5, 8)), []seqPart{live(0, 3), past(3, 5), asked(5, 8), live(8, 9)}},
		{"elsewhere", SeqRange{4, 8}, in(SeqRange{0, 4}, SeqRange{8, 20}), []seqPart{live(4, 8)}},
	} {
		got := splitHistory(c.part, c.history)
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(seqPart{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
