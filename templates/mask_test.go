// Secrets in data, by their names.

package templates

import (
	"strings"
	"testing"
	"time"
)

func TestMask(t *testing.T) {
	row := map[string]any{
		"requestParameters":           `{"userName":"bob","password":"hunter2-a","n":12345678901234567890,"credentials":{"accessKeyId":"hunter2-b"}}`,
		"requestParameters.secretKey": "hunter2-c", "cut": `{"authToken": "hunter2-d", "x": "never clo`, "sessionToken": "hunter2-e", "accessKeyId": "AKIAX", "mfa": true, "passwordSet": false,
	}
	s := SLS{AlertName: "n", Labels: map[string]string{"cookie": "hunter2-f"}, Annotations: map[string]any{}, Results: []Result{{Rows: []map[string]any{row}}}, FireRows: []map[string]any{row}}
	a := MailAlert{Columns: []string{"who", "Authorization"}, Rows: []MailRow{{Cells: []any{"bob", "hunter2-g"}}}}
	d := NewData(s, Mail{Alerts: []MailAlert{a}})
	p, err := compile(unit{name: "t", text: "{{ alert }} {{ alerts }}", out: outText})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.render(d, Options{Zone: time.UTC})
	if err != nil || strings.Contains(got, "hunter2") {
		t.Errorf("%v: %s", err, got)
	}
	for _, want := range []string{"bob", `\"n\":12345678901234567890`, "AKIAX", masked, `"passwordSet": false`} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %s: %s", want, got)
		}
	}
	if got, err = p.render(d.Mask("accesskeyid"), Options{}); err != nil || strings.Contains(got, "AKIAX") {
		t.Errorf("%v: %s", err, got)
	}
	if row["sessionToken"] != "hunter2-e" {
		t.Error("the caller's row was changed")
	}
}
