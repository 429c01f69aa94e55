package alertrules

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// hour is a moment of 26 October 2026.
func hour(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", "2026-10-26 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

// The moments that hold history: each whose window holds a record of it, and no
// other (T29).
func TestHistoryGaps(t *testing.T) {
	sliding := Window{Kind: SlidingWindow, Length: time.Hour}
	for _, c := range []struct {
		name   string
		window Window
		delay  time.Duration
		past   []TimeRange
		until  string // of sliding windows the moment that is evaluated, of whole ones the end of the last verdict
		want   []TimeRange
	}{
		{"a record at the full minute", sliding, 0, []TimeRange{{hour("10:00"), hour("10:00").Add(1)}}, "23:00", []TimeRange{{hour("10:05"), hour("11:05")}}},
		{"with a delay", sliding, 15 * time.Minute, []TimeRange{{hour("10:01"), hour("10:02")}}, "23:00", []TimeRange{{hour("10:20"), hour("11:20")}}},
		{"it reaches into what is evaluated now", sliding, 0, []TimeRange{{hour("10:01"), hour("10:02")}}, "10:30", []TimeRange{{hour("10:05"), hour("10:30")}}},
		{"it lies in what is evaluated now alone", sliding, 0, []TimeRange{{hour("10:01"), hour("10:02")}}, "10:05", nil},
		{"two that touch", sliding, 0, []TimeRange{{hour("10:01"), hour("10:02")}, {hour("11:00"), hour("11:01")}}, "23:00", []TimeRange{{hour("10:05"), hour("12:05")}}},
		{"two apart", sliding, 0, []TimeRange{{hour("10:01"), hour("10:02")}, {hour("13:01"), hour("13:02")}}, "23:00", []TimeRange{{hour("10:05"), hour("11:05")}, {hour("13:05"), hour("14:05")}}},
		{"whole hours", Window{Kind: WholeWindow, Length: time.Hour}, 0, []TimeRange{{hour("10:59"), hour("11:00").Add(1)}}, "22:00", []TimeRange{{hour("10:00"), hour("12:00")}}},
		{"a whole hour that has no verdict yet", Window{Kind: WholeWindow, Length: time.Hour}, 0, []TimeRange{{hour("10:59"), hour("11:00").Add(1)}}, "11:00", []TimeRange{{hour("10:00"), hour("11:00")}}},
		{"new", Window{Kind: NewWindow}, 0, []TimeRange{{hour("10:59"), hour("11:00")}}, "23:00", nil},
		{"a snapshot", Window{Kind: SnapshotWindow}, 0, []TimeRange{{hour("10:59"), hour("11:00")}}, "23:00", nil},
	} {
		rule := &Rule{ID: "r", Logstore: "cloudtrail", Window: c.window, Delay: c.delay, Zone: time.UTC, Schedule: newEvery(5*time.Minute, time.UTC)}
		r := &run{rule: rule, state: &RuleState{Cursor: 3}, pin: pin{seq: 9, past: map[arrivals][]PastTime{}}}
		for _, t := range c.past {
			in := arrivals{"cloudtrail", 3}
			r.pin.past[in] = append(r.pin.past[in], PastTime{TimeRange: t})
		}
		moment := hour(c.until)
		if c.window.Kind == WholeWindow {
			r.state.WholeTo, moment = moment, hour("23:59")
		}
		var got []TimeRange
		for _, g := range r.historyGaps(r.ahead(moment)) {
			got = append(got, TimeRange{g.From, g.To})
			if g.FromSeq != 3 || g.ToSeq != 9 || g.Reason != GapHistory {
				t.Errorf("%s: %+v", c.name, g)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// However many holes history, or what was skipped, has, its gaps are few, cover all of
// it, and do not overlap.
func TestJoinGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reason := rapid.SampledFrom([]string{GapHistory, GapSkipped}).Draw(t, "reason")
		var in []Gap
		for range rapid.IntRange(1, 300).Draw(t, "n") {
			from := hour("00:00").Add(time.Duration(rapid.IntRange(0, 100_000).Draw(t, "from")) * time.Minute)
			in = append(in, Gap{Rule: "r", Reason: reason, From: from, To: from.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "length")) * time.Minute), Notify: rapid.Bool().Draw(t, "notify")})
		}
		other := Gap{Rule: "r", Reason: GapDown, From: hour("00:00"), To: hour("00:05")}
		out := JoinGaps(append(in, other, other))
		if n := len(out); n > 2*in[0].most()+2 {
			t.Fatalf("%d gaps", n)
		}
		out = slices.DeleteFunc(out, func(g Gap) bool { return g == other })
		end := map[bool]time.Time{}
		for _, g := range out {
			if !g.From.After(end[g.Notify]) {
				t.Fatalf("%v overlaps with the one before, until %s", g, end[g.Notify])
			}
			end[g.Notify] = g.To
		}
		for _, g := range in {
			if !slices.ContainsFunc(out, func(o Gap) bool { return g.Notify == o.Notify && !g.From.Before(o.From) && !g.To.After(o.To) }) {
				t.Fatalf("%v is lost in %v", g, out)
			}
		}
		if diff := cmp.Diff(out, JoinGaps(out)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Of too many gaps as far from each other the oldest are joined, so that the newest hold
// what was skipped alone.
func TestJoinGapsOfSkippedMoments(t *testing.T) {
	for reason, most := range map[string]int{GapSkipped: maxSkipped, GapHistory: maxGaps} {
		var in []Gap
		for n := range most + 200 {
			from := hour("00:00").Add(time.Duration(2*n) * time.Minute)
			in = append(in, Gap{Rule: "r", Reason: reason, From: from, To: from.Add(time.Minute)})
		}
		same := slices.Clone(in)
		out := JoinGaps(in)
		if len(out) != most || !out[0].From.Equal(same[0].From) || !out[0].To.Equal(same[200].To) {
			t.Fatalf("%s: %d gaps, the first %v", reason, len(out), out[0])
		}
		if diff := cmp.Diff(same[201:], out[1:]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", reason, diff)
		}
	}
}

// Of gaps of history those parts are mailed that look at what was asked for.
func TestAskGaps(t *testing.T) {
	rule := &Rule{ID: "r", Window: Window{Kind: SlidingWindow, Length: time.Hour}, Zone: time.UTC, Schedule: newEvery(5*time.Minute, time.UTC)}
	gap := func(from, to string, notify bool) Gap {
		return Gap{Rule: "r", Reason: GapHistory, From: hour(from), To: hour(to), FromSeq: 3, ToSeq: 9, Notify: notify}
	}
	down := Gap{Rule: "r", Reason: GapDown, From: hour("10:00"), To: hour("11:00")}
	asked := []Arrival{{"", SeqRange{4, 5}, TimeRange{hour("10:01"), hour("10:02")}}, {"", SeqRange{9, 12}, TimeRange{hour("15:01"), hour("15:02")}}}
	got := rule.AskGaps([]Gap{gap("09:00", "12:00", false), gap("15:05", "16:05", false), gap("18:00", "19:00", false), down}, asked)
	want := []Gap{gap("09:00", "10:05", false), down, gap("10:05", "11:05", true), gap("11:05", "12:00", false), gap("15:05", "16:05", false), gap("18:00", "19:00", false)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, rule.AskGaps(want, asked)); diff != "" {
		t.Errorf("asked again (-want +got):\n%s", diff)
	}
}
