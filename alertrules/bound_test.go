package alertrules_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
)

// crowd is a world with room for three values of a rule.
func crowd(t testing.TB, rule string) *alertrulestest.World {
	t.Helper()
	w := alertrulestest.NewWorld(clock("10:00"))
	w.Env.MaxStates = 3
	if err := w.Load(`rules: [{id: r, logstore: cloudtrail, every: 5m, query: "eventName:x", alert_per: [sourceIPAddress], severity: high, ` + rule + `}]`); err != nil {
		t.Fatal(err)
	}
	if err := w.Answer("r", alertrulestest.Matching(everything)); err != nil {
		t.Fatal(err)
	}
	return w
}

// came adds a record of each value.
func came(w *alertrulestest.World, at time.Time, values ...string) {
	for _, v := range values {
		w.Log.Add(alertrulestest.Record{Arrived: at, Time: at, Fields: map[string]any{"sourceIPAddress": v}})
	}
}

// crowded says what fires, by value, and the notices of rounds.
func crowded(w *alertrulestest.World, rounds []*alertrules.Round) string {
	var out []string
	for _, a := range w.States.All() {
		key := strings.TrimPrefix(a.Key, "r")
		if a.Beyond > 0 {
			key += fmt.Sprint("=", a.Beyond)
		}
		if !a.Firing() {
			key += " ended " + string(a.How)
		}
		out = append(out, key)
	}
	for _, r := range rounds {
		for _, n := range r.Notices {
			out = append(out, fmt.Sprint(n.Key, " over=", n.Over))
		}
	}
	return strings.Join(out, "; ")
}

// What has no room is one alert that counts the values; its end says that it was
// that, and the operator hears of both.
func TestG43OverflowIsOneAlertWithACount(t *testing.T) {
	w := crowd(t, "window: 5m, delay: 0s, trigger: {rows: \">= 2\"}")
	came(w, clock("10:01"), "a", "a", "quiet", "b", "b", "c", "c", "d", "d", "e", "e", "e")
	for _, c := range []struct {
		until string
		more  []string
		want  string
	}{
		{"10:05", nil, `{sourceIPAddress=t:"a"}; {sourceIPAddress=t:"b"}; {sourceIPAddress=t:"c"}; {*}=2; rule/full/r over=false`},
		{"10:10", []string{"a", "a", "b", "b", "c", "c", "f", "f", "g", "g", "h", "h"}, `{sourceIPAddress=t:"a"}; {sourceIPAddress=t:"b"}; {sourceIPAddress=t:"c"}; {*}=3`},
		{"10:15", []string{"a", "a", "f", "f"}, `{sourceIPAddress=t:"a"}; {sourceIPAddress=t:"b"} ended no rows; {sourceIPAddress=t:"c"} ended no rows; {*}=1`},
		{"10:20", []string{"a", "a", "f", "f"}, `{sourceIPAddress=t:"a"}; {sourceIPAddress=t:"b"} ended no rows; {sourceIPAddress=t:"c"} ended no rows; {*}=1 ended room; {sourceIPAddress=t:"f"}; rule/full/r over=true`},
	} {
		came(w, clock(c.until).Add(-time.Minute), c.more...)
		if got := crowded(w, runTo(t, w, c.until)); got != c.want {
			t.Errorf("at %s\n%s, want\n%s", c.until, got, c.want)
		}
	}
}

// Whatever values come, a rule never has more states than it has room for, and no hit
// is lost: each is of an alert of its own, or counted by the one of what is beyond.
func TestG43StatesOfARuleAreBounded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		mode := rapid.SampledFrom([]string{
			"window: 5m, delay: 0s", "window: 5m, delay: 0s, after: 2 of 3", "window: 5m, delay: 0s, keep_firing_for: 15m",
			"window: whole 5m, delay: 0s, after: 2", "window: 5m, delay: 0s, mode: event", "mode: event", "window: 10m, delay: 0s, trigger: {rows: \">= 2\"}, no_data: {after: 2}",
		}).Draw(rt, "mode")
		w := crowd(t, mode)
		values := rapid.SliceOfN(rapid.SampledFrom(strings.Split("a b c d e f g h", " ")), 0, 9)
		for now := clock("10:05"); now.Before(clock("10:50")); now = now.Add(5 * time.Minute) {
			hit := values.Draw(rt, "values")
			came(w, now.Add(-time.Minute), hit...)
			if _, err := w.At(now); err != nil {
				rt.Fatal(err)
			}
			own, beyond := map[string]bool{}, 0
			for _, a := range w.States.All() {
				switch {
				case !a.Firing() || a.NoData:
				case a.Beyond > 0:
					beyond = a.Beyond
				default:
					own[a.Labels["sourceIPAddress"]] = true
				}
			}
			s := w.States.State("r")
			pending := len(s.Pending)
			for key := range s.Pending {
				if strings.HasSuffix(key, "@no data") || key == "r{*}" {
					pending--
				}
			}
			if len(own) > 3 || pending > 3 || len(s.Values) > 4 {
				rt.Fatalf("%d alerts, %d counts, %d values are expected", len(own), pending, len(s.Values))
			}
			missing := slices.Compact(slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(hit), func(v string) bool { return own[v] }))))
			if !strings.Contains(mode, "after") && !strings.Contains(mode, "trigger") && len(missing) > 0 && beyond < len(missing) {
				rt.Fatalf("at %s %v have no alert, and %d are counted", now, missing, beyond)
			}
		}
	})
}

// Keys that are long are kept short, and those that differ stay apart; what is
// remembered of ended alerts is bounded.
func TestG43KeysAreShort(t *testing.T) {
	w := crowd(t, "window: 5m, delay: 0s, no_data: {after: 2}, trigger: {when: \"sourceIPAddress != ''\"}")
	long := strings.Repeat("é\"\x00", 50_000)
	came(w, clock("10:01"), long+"a", long+"b", long+"a")
	runTo(t, w, "10:05")
	keys := map[string]bool{}
	for _, a := range w.States.All() {
		keys[a.Key] = true
		if label := a.Labels["sourceIPAddress"]; len(a.Key) > 600 || len(label) > 1100 || label == "" {
			t.Errorf("a key of %d bytes, a label of %d", len(a.Key), len(label))
		}
	}
	if len(keys) != 2 {
		t.Errorf("%d keys", len(keys))
	}
	if n := size(t, w); n > 20_000 {
		t.Errorf("two keys are remembered in %d bytes", n)
	}
}

// size is that of what is remembered of r, as it is stored.
func size(t *testing.T, w *alertrulestest.World) int {
	t.Helper()
	b, err := json.Marshal(w.States.State("r"))
	if err != nil {
		t.Fatal(err)
	}
	return len(b)
}
