package ingest

import (
	"fmt"
	"strings"
	"testing"
)

// wholes puts together what the store puts together when it is read.
func wholes(l *Logstore, r *Record) map[string]Cell {
	at := map[string]Cell{}
	for i, c := range l.Columns {
		at[c.Name] = r.Cells[i]
	}
	for _, w := range l.Wholes {
		kept := at[w.Kept]
		if id := at[w.UUID]; w.UUID != "" && id.Valid {
			kept = Cell{Valid: true, B: fmt.Appendf(nil, "%x-%x-%x-%x-%x", id.B[:4], id.B[4:6], id.B[6:8], id.B[8:10], id.B[10:])}
		}
		texts := make([]string, len(w.Holes))
		for n, h := range w.Holes {
			texts[n] = string(at[h.Column].B)
		}
		kept.B = []byte(w.Fill(string(kept.B), texts))
		at[w.Name] = kept
	}
	return at
}

// What is left out of an identity is found again, whatever it looks like; holes
// are made where they bring something.
func TestIdentityShape(t *testing.T) {
	const del = "\x7f"
	for _, c := range []struct {
		name, identity, shape string
	}{
		{
			"a role", `{"type":"AssumedRole","principalId":"AROA1:me","arn":"arn:x","accountId":"1","accessKeyId":"ASIA","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA1","arn":"arn:r","userName":"r"}}}`,
			` {"type":"AssumedRole","principalId":` + Hole(0) + `,"arn":` + Hole(1) + `,"accountId":"1","accessKeyId":` + Hole(2) +
				`,"sessionContext":{"sessionIssuer":{"type":"Role","principalId":` + Hole(6) + `,"arn":` + Hole(4) + `,"userName":` + Hole(5) + `}}}`,
		},
		{"another order and blanks", `{ "userName" : "u" , "arn":"a" }`, ` { "userName" : ` + Hole(3) + ` , "arn":` + Hole(1) + ` }`},
		{"another issuer", `{"principalId":"A:b","sessionContext":{"sessionIssuer":{"principalId":"B"}}}`, ` {"principalId":` + Hole(0) + `,"sessionContext":{"sessionIssuer":{"principalId":"B"}}}`},
		{"no colon", `{"principalId":"A","sessionContext":{"sessionIssuer":{"principalId":"A"}}}`, ` {"principalId":` + Hole(0) + `,"sessionContext":{"sessionIssuer":{"principalId":"A"}}}`},
		{"an escape", `{"arn":"a\u0062","userName":"u"}`, ` {"arn":"a\u0062","userName":` + Hole(3) + `}`},
		{"twice", `{"arn":"a","arn":"b"}`, ` {"arn":` + Hole(1) + `,"arn":"b"}`},
		{"empty", `{"arn":""}`, ` {"arn":` + Hole(1) + `}`},
		{"no text", `{"arn":null,"userName":7,"principalId":{"a":"b"}}`, `{"arn":null,"userName":7,"principalId":{"a":"b"}}`},
		{"what looks like a hole", `{"arn":"a","x":` + Hole(1) + `}`, `{"arn":"a","x":` + Hole(1) + `}`},
		{"a hole in a text that is left out", `{"arn":"` + del + del + `","userName":"u"}`, `{"arn":"` + del + del + `","userName":"u"}`},
		{"no object", `"arn"`, `"arn"`},
		{"a list", `[{"arn":"a"}]`, `[{"arn":"a"}]`},
		{"twice, whole", `{"arn":"a"},"userIdentity":{"userName":"b"}`, ` {"arn":` + Hole(1) + `}`},
	} {
		doc := `{"Records":[{"eventVersion":"1","userIdentity":` + c.identity + `,"eventName":"x","eventSource":"y","eventID":"1","requestID":"R"}]}`
		o, err := Decode(textObject(doc), Options{Now: loadTime})
		if err != nil {
			t.Fatal(err)
		}
		drain(t, o, func(r *Record) {
			identity, _, _ := strings.Cut(c.identity, `,"userIdentity"`)
			if got := wholes(o.Logstore, r); string(got["user_identity"].B) != identity || string(got["request_id"].B) != "R" {
				t.Errorf("%s: %s and %s", c.name, got["user_identity"].B, got["request_id"].B)
			}
			if got := string(r.Cells[ctIdentity].B); got != c.shape {
				t.Errorf("%s: %q, not %q", c.name, got, c.shape)
			}
		})
	}
}

// The numbers of holes are in what is stored: they stay for ever.
func TestHoleNumbers(t *testing.T) {
	want := []string{"ui_principal", "ui_arn", "ui_access_key", "ui_user", "issuer_arn", "issuer_name", "ui_principal:"}
	for n, h := range identityHoles() {
		if n < len(want) && h.Column+h.Before != want[n] {
			t.Errorf("hole %d is %s%s, not %s", n, h.Column, h.Before, want[n])
		}
	}
	if n := len(identityHoles()); n < len(want) {
		t.Errorf("%d holes", n)
	}
}

// A text that is a UUID as it is usually written takes 16 bytes, any other stays.
func TestOrUUID(t *testing.T) {
	const usual = "0a1b2c3d-0000-4000-8000-00000000000f"
	for text, is := range map[string]bool{
		usual: true, strings.ToUpper(usual): false, usual + "0": false, "": false, "Z" + usual[1:]: false, strings.ReplaceAll(usual, "-", ""): false,
	} {
		var d base
		kept, id := d.orUUID(Cell{Valid: true, B: []byte(text)})
		if id.Valid != is || kept.Valid == is || !is && string(kept.B) != text {
			t.Errorf("%q: %+v, %+v", text, kept, id)
		}
	}
	var d base
	if kept, id := d.orUUID(Cell{}); kept.Valid || id.Valid {
		t.Error("NULL is something")
	}
}
