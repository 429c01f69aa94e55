package alertrules

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitHistory(t *testing.T) {
	live := func(a, b int64) seqPart { return seqPart{SeqRange{a, b}, false} }
	past := func(a, b int64) seqPart { return seqPart{SeqRange{a, b}, true} }
	for _, c := range []struct {
		name    string
		part    SeqRange
		history []SeqRange
		want    []seqPart
	}{
		{"none", SeqRange{0, 10}, nil, []seqPart{live(0, 10)}},
		{"nothing new", SeqRange{10, 10}, []SeqRange{{0, 10}}, []seqPart{live(10, 10)}},
		{"all", SeqRange{0, 10}, []SeqRange{{0, 10}}, []seqPart{past(0, 10)}},
		{"in the middle", SeqRange{0, 10}, []SeqRange{{3, 5}}, []seqPart{live(0, 3), past(3, 5), live(5, 10)}},
		{"across both ends", SeqRange{4, 8}, []SeqRange{{0, 5}, {7, 20}}, []seqPart{past(4, 5), live(5, 7), past(7, 8)}},
		{"elsewhere", SeqRange{4, 8}, []SeqRange{{0, 4}, {8, 20}}, []seqPart{live(4, 8)}},
	} {
		got := splitHistory(c.part, c.history)
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(seqPart{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
