package store

import (
	"fmt"
	"strings"
	"testing"

	"tocsin/alertrules"
	"tocsin/ingest"
	"tocsin/query"
)

// TestCopySieve: which plans are known to have no rows without being asked, and that
// they have none.
func TestCopySieve(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	var records []string
	for i, name := range []string{"Login", "Käse", "\u212aey", "Logout", ""} {
		records = append(records, fmt.Sprintf(`{"eventVersion":"1","eventTime":"2026-11-20T00:00:%02dZ","eventName":%q,"eventSource":"y","eventID":"%d","requestParameters":{"list":[{"a":"B%d"},{"a":%d}]}}`, i, name, i, i, i))
	}
	doc := `{"Records":[` + strings.Join(records, ",") + `]}`
	_, err := l.Append(t.Context(), []ingest.Object{{Name: "o.json", Version: "1", Size: int64(len(doc)), Open: ingest.Bytes([]byte(doc))}},
		AppendOptions{Logstore: builtin("cloudtrail"), Now: testNow})
	ok(t, err)
	for _, c := range []struct {
		text   string
		w      query.Window
		barren bool
	}{
		{text: "eventName:login"},
		{text: "eventName:never"}, // it may be what is not ASCII
		{text: "eventName:LOG*"},
		{text: "eventName:*never*"},
		{text: "eventName:never", w: query.Window{AfterSeq: 3}, barren: true},
		{text: "eventName:login", w: query.Window{AfterSeq: 3}, barren: true},
		{text: "eventName:logout", w: query.Window{AfterSeq: 3}},
		{text: "eventName:logout", w: query.Window{UpToSeq: 3, AfterSeq: 2}},
		{text: "eventName:login", w: query.Window{UpToSeq: 4, AfterSeq: 3}, barren: true},
		{text: "eventName:key"},
		{text: "eventName:käse"},
		{text: "eventName:login and eventName:logout", w: query.Window{AfterSeq: 3}, barren: true},
		{text: "eventName:login or eventName:logout", w: query.Window{AfterSeq: 3}},
		{text: "requestParameters.list.a:b2"},
		{text: "requestParameters.list.a:b2", w: query.Window{AfterSeq: 3}, barren: true},
		{text: "requestParameters.list.a:4", w: query.Window{AfterSeq: 3}},
		{text: "requestParameters.list.a:b*", w: query.Window{AfterSeq: 3}},
		{text: "requestParameters.list.a:c*", barren: true},
		{text: "requestParameters.list.b:*", barren: true},
		{text: "requestParameters.list.a:*"},
		{text: "not eventName:login", w: query.Window{AfterSeq: 3}},
		{text: "eventName:login and not eventName:never"},
		{text: "eventName:login and eventSource:z", w: query.Window{AfterSeq: 3}, barren: true},
		{text: "eventName:login or eventSource:z", w: query.Window{AfterSeq: 3}, barren: true},
		{text: "eventName:login or not eventSource:z", w: query.Window{AfterSeq: 3}},
		{text: "eventName:login | SELECT count(*) AS n", w: query.Window{AfterSeq: 3}},
		{text: "eventName:login | SELECT eventName, count(*) AS n GROUP BY eventName", w: query.Window{AfterSeq: 3}, barren: true},
		{text: "eventName:login | SELECT eventName, count(*) AS n GROUP BY eventName | SELECT count(*) AS m", w: query.Window{AfterSeq: 3}},
		{text: "* | SELECT eventName WHERE eventName = 'Login'", w: query.Window{AfterSeq: 3}, barren: true},
		{text: "* | SELECT eventName WHERE 'Logout' = eventName", w: query.Window{AfterSeq: 3}},
		{text: "* | SELECT eventName WHERE eventName IN ('Login', 'x') AND eventName <> 'y'", w: query.Window{AfterSeq: 3}, barren: true},
		{text: "* | SELECT eventName WHERE eventName IN ('Login', 'x') OR eventName <> 'y'", w: query.Window{AfterSeq: 3}},
		{text: "* | SELECT eventName WHERE eventName NOT IN ('Login', 'x')", w: query.Window{AfterSeq: 3}},
		{text: "* | SELECT upper(eventName) AS x WHERE upper(eventName) = 'Login'", w: query.Window{AfterSeq: 3}},
	} {
		if c.w.UpToSeq == 0 {
			c.w.UpToSeq = 6
		}
		whole := query.Window{From: testNow.AddDate(-1, 0, 0), To: testNow.AddDate(1, 0, 0), UpToSeq: 6}
		c.w.From, c.w.To, c.w.Now = whole.From, whole.To, whole.To
		a := alertrules.Ask{Plan: planned(t, l, "cloudtrail", c.text), Window: whole}
		ctx := wholeCopies(t, l, []alertrules.Ask{a, a})
		reading, _ := a.Plan.Reading()
		barren := ctx.Value(copiesKey{}).([]*windowCopy)[0].sieve.Barren(reading, c.w)
		got, answered, err := l.askCopy(ctx, a.Plan, c.w)
		ok(t, err)
		want, err := l.Query(t.Context(), a.Plan, c.w)
		ok(t, err)
		if diff := differs(want, got, false); !answered || barren != c.barren || diff != "" {
			t.Errorf("%s over %+v: barren %v, answered %v: %s", c.text, c.w, barren, answered, diff)
		}
	}
}
