package alertrules_test

import (
	"slices"
	"strings"
	"testing"

	"tocsin/alertrules/alertrulestest"
)

// An annotation shows no secret of a record, on its own or inside of JSON (G07),
// and is its author's only when it shows nothing of a record.
func TestAnnotations(t *testing.T) {
	w := world(t, "10:00", `
rules:
  - id: keys
    logstore: cloudtrail
    query: "eventName:x"
    annotations:
      desc: "Read https://wiki.example.com/keys first."
      title: "{{ alert.fire_results[0].userAgent }}"
      what: "${requestParameters}"`)
	handle(t, w, "keys", alertrulestest.Matching(everything))
	w.Log.Add(record("10:01", "10:01", "eventName", "x", "userAgent", "curl", "requestParameters", `{"user":"eve","password":"hunter2"}`))
	round := runTo(t, w, "10:05")[0]
	if len(round.Alerts) != 1 {
		t.Fatalf("%d alerts", len(round.Alerts))
	}
	a := round.Alerts[0]
	if a.Annotations["title"] != "curl" || !strings.Contains(a.Annotations["what"], "eve") || strings.Contains(a.Annotations["what"], "hunter2") {
		t.Errorf("annotations %q", a.Annotations)
	}
	if !slices.Equal(a.Authored, []string{"desc"}) {
		t.Errorf("the author's alone: %q", a.Authored)
	}
}
