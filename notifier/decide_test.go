package notifier

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"tocsin/alertrules"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func night(t *testing.T) *Calendar {
	t.Helper()
	c, err := NewCalendar("nights", []string{"22:00-07:00"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is sent, or why not, and when to look again; and that deciding changes
// neither the world nor the belief.
func TestDecide(t *testing.T) {
	nights := night(t)
	alert := func(id string, change func(*alertrules.Alert)) *alertrules.Alert {
		a := &alertrules.Alert{ID: id, Rule: "r", Key: "r/" + id, Mode: alertrules.State, Severity: alertrules.High, MaxSeverity: alertrules.High, Began: noon.Add(-time.Hour), At: noon}
		if change != nil {
			change(a)
		}
		return a
	}
	over := func(a *alertrules.Alert) { a.Ended, a.How = noon, alertrules.EndPassed }
	plain := Settings{Repeat: 4 * time.Hour, QuietExcept: alertrules.Critical, Resolved: true}
	quiet := plain
	quiet.Quiet = nights
	short := plain
	short.Repeat = time.Hour
	told := func(accepted time.Time, ids ...string) *Belief {
		b := &Belief{Accepted: accepted, Keys: map[string]*Told{}}
		for _, id := range ids {
			b.Keys["r/"+id] = &Told{Episode: id, Firing: true, At: accepted, Severity: alertrules.High}
		}
		return b
	}
	evening := noon.Add(11 * time.Hour)
	for _, c := range []struct {
		name    string
		matters []Matter
		belief  *Belief
		since   time.Time
		now     time.Time
		kind    Kind
		reason  string
		next    time.Time
	}{
		{"nothing", nil, &Belief{}, time.Time{}, noon, KindNone, "nothing to tell", time.Time{}},
		{"begin", []Matter{{alert("A", nil), nil, plain}}, &Belief{}, time.Time{}, noon, KindFirst, "new", time.Time{}},
		{"again", []Matter{{alert("A", func(a *alertrules.Alert) { a.Again, a.PrevEnded = true, a.Began.Add(-90*time.Minute) }), nil, plain}}, &Belief{}, time.Time{}, noon, KindFirst, "again, 1 h 30 min after it ended", time.Time{}},
		{"begin for whoever hears of the worse alone", []Matter{{alert("A", func(a *alertrules.Alert) {
			a.MaxSeverity, a.Ack = alertrules.Critical, &alertrules.Ack{By: "ken", At: noon.Add(-30 * time.Minute), Severity: alertrules.High}
		}), nil, plain}}, &Belief{}, time.Time{}, noon, KindFirst, "high → critical since ken acknowledged it at 11:30", time.Time{}},
		{"goes on", []Matter{{alert("A", nil), nil, plain}}, told(noon.Add(-time.Hour), "A"), time.Time{}, noon, KindNone, "nothing new: repeat at 15:00", noon.Add(3 * time.Hour)},
		{"repeat", []Matter{{alert("A", nil), nil, plain}}, told(noon.Add(-4*time.Hour), "A"), time.Time{}, noon, KindRepeat, "goes on; repeated every 4 h", time.Time{}},
		{"the smallest repeat interval (D32)", []Matter{{alert("A", nil), nil, plain}, {alert("B", nil), nil, short}}, told(noon.Add(-time.Hour), "A", "B"), time.Time{}, noon, KindRepeat, "goes on; repeated every 4 h", time.Time{}},
		{"no repeat while a mail is on its way", []Matter{{alert("A", nil), nil, plain}}, func() *Belief { b := told(noon.Add(-5*time.Hour), "A"); b.Queue = []Queued{{Mail: 1}}; return b }(), time.Time{}, noon, KindNone, "nothing more: a mail is on its way", time.Time{}},
		{"end", []Matter{{alert("A", over), nil, plain}}, told(noon.Add(-time.Hour), "A"), time.Time{}, noon, KindResolved, "over: its rows pass now", time.Time{}},
		{"end beside one that goes on", []Matter{{alert("A", over), nil, plain}, {alert("B", nil), nil, plain}}, told(noon.Add(-4*time.Hour), "A", "B"), time.Time{}, noon, KindNews, "A is over: its rows pass now", time.Time{}},
		{"came and went", []Matter{{alert("A", over), nil, plain}}, &Belief{}, time.Time{}, noon, KindDelayed, "it began and ended before it could be told", time.Time{}},
		{"late", []Matter{{alert("A", nil), nil, plain}}, &Belief{}, noon.Add(-20 * time.Minute), noon, KindDelayed, "decided at 11:40, could not be sent before", time.Time{}},
		{"not so late", []Matter{{alert("A", nil), nil, plain}}, &Belief{}, noon.Add(-10 * time.Minute), noon, KindFirst, "new", time.Time{}},
		{"rise", []Matter{{alert("A", func(a *alertrules.Alert) { a.MaxSeverity = alertrules.Critical }), nil, plain}}, told(noon.Add(-time.Minute), "A"), time.Time{}, noon, KindNews, "high → critical", time.Time{}},
		{"rise by an edit (D23)", []Matter{{alert("A", func(a *alertrules.Alert) { a.MaxSeverity, a.Edited = alertrules.Critical, noon.Add(-13*time.Minute) }), nil, plain}}, told(noon.Add(-time.Hour), "A"), time.Time{}, noon, KindNews, "high → critical, by the edit of 11:47", time.Time{}},
		{"fall waits", []Matter{{alert("A", func(a *alertrules.Alert) { a.Severity = alertrules.Low }), nil, plain}}, told(noon.Add(-time.Minute), "A"), time.Time{}, noon, KindNone, "nothing new: repeat at 15:59", noon.Add(4*time.Hour - time.Minute)},
		{"quiet holds", []Matter{{alert("A", nil), nil, quiet}}, &Belief{}, time.Time{}, evening, KindNone, "held: quiet (nights) until Tue 24 Nov 07:00", noon.Add(19 * time.Hour)},
		{"quiet over", []Matter{{alert("A", nil), nil, quiet}}, &Belief{Held: noon.Add(19 * time.Hour)}, time.Time{}, noon.Add(19 * time.Hour), KindRecap, "held during a quiet period until 07:00", time.Time{}},
		{"removed", []Matter{{alert("A", func(a *alertrules.Alert) { a.Ended, a.How = noon, alertrules.EndRemoved }), nil, plain}}, told(noon.Add(-time.Minute), "A"), time.Time{}, noon, KindNews, "no longer watched: the rule was removed", time.Time{}},
		{"refused: no end", []Matter{{alert("A", over), nil, plain}}, func() *Belief { b := told(noon, "A"); b.Keys["r/A"].Refused = true; return b }(), time.Time{}, noon, KindNone, "nothing to tell", time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := World{Zone: time.UTC, Matters: c.matters, Since: c.since}
			before := document(t, w.Matters) + document(t, c.belief)
			d := Decide(w, c.belief, c.now)
			if d.Kind != c.kind || d.Reason != c.reason || !d.Next.Equal(c.next) {
				t.Errorf("%q because %q, next %s; want %q because %q, next %s", d.Kind, d.Reason, d.Next, c.kind, c.reason, c.next)
			}
			if document(t, w.Matters)+document(t, c.belief) != before {
				t.Error("deciding changed what it looked at")
			}
		})
	}
}

// What waits while others pierce may go when its quiet period is over, and when it
// is due: not at a moment that nobody set.
func TestWaits(t *testing.T) {
	morning := noon.Add(19 * time.Hour)
	for _, c := range []struct {
		name string
		held []change
		n    int
		want time.Time
	}{
		{"nothing", nil, 0, time.Time{}},
		{"what only goes on", []change{{repeat: true, free: morning}}, 0, time.Time{}},
		{"held by the period", []change{{free: morning}}, 1, morning},
		{"due in the period", []change{{due: morning.Add(-time.Hour), free: morning}}, 1, morning},
		{"due later", []change{{due: morning.Add(time.Hour), free: morning}}, 1, morning.Add(time.Hour)},
		{"the first of several", []change{{due: morning.Add(time.Hour), free: morning}, {free: morning}, {repeat: true}}, 2, morning},
	} {
		if n, until := (&sorted{held: c.held}).waiting(); n != c.n || !until.Equal(c.want) {
			t.Errorf("%s: %d wait for %s, not %d for %s", c.name, n, until, c.n, c.want)
		}
	}
}

func document(t *testing.T, v any) string {
	t.Helper()
	doc, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func TestHeard(t *testing.T) {
	var none *Heard
	if none.Has(1) {
		t.Error("nobody has heard anything")
	}
	h := &Heard{}
	for _, step := range []struct {
		add  []int64
		want string
	}{{[]int64{3, 1}, "1 [3]"}, {[]int64{3}, "1 [3]"}, {[]int64{2}, "3 []"}, {[]int64{6, 5}, "3 [5 6]"}, {[]int64{4}, "6 []"}} {
		h.add(step.add)
		if got := fmt.Sprint(h.N, " ", h.Above); got != step.want {
			t.Errorf("after %v: %s, want %s", step.add, got, step.want)
		}
	}
}
