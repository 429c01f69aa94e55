package securityhub

import (
	"bytes"
	"compress/gzip"
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"tocsin/ingest"
	"tocsin/ingest/awsapi/awstest"
)

// Answers that Security Hub does not give, but something on the way might. Nothing
// of them is handed out, the mark stays, memory is bounded, and the next answer is
// taken as if nothing had been.
func TestHostileAnswers(t *testing.T) {
	packed := func(text string) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write([]byte(text)) //nolint:errcheck // into memory
		w.Close()             //nolint:errcheck // into memory
		return b.Bytes()
	}
	finding := `{"SchemaVersion":"2018-10-08","Id":"x","UpdatedAt":"2026-11-22T11:00:00.000Z"}`
	for _, c := range []struct {
		name, encoding string
		answer         []byte
		err            string
	}{
		{"empty", "", []byte{}, "GetFindings"},
		{"cut", "", []byte(`{"Findings":[` + finding + `,{"Schema`), "unexpected EOF"},
		{"something behind it", "", []byte(`{"Findings":[` + finding + `]} and more`), "its answer"},
		{"not JSON", "", []byte("<html>sign in</html>"), "invalid character '<'"},
		{"another charset", "", []byte("\xff\xfe{\x00}\x00"), "invalid character"},
		{"no list", "", []byte(`{"Findings":{"a":1}}`), "unexpected JSON type"},
		{"a finding that is none", "", []byte(`{"Findings":[` + finding + `,null,7]}`), "unexpected JSON type"},
		{"too long", "", []byte(`{"Findings":["` + strings.Repeat("long", maxPage/4) + `"]}`), "has more than 67108864 bytes"},
		{"a bomb", "gzip", packed(`{"Findings":["` + strings.Repeat("long", maxPage) + `"]}`), "has more than 67108864 bytes"},
		{"packed, and cut", "gzip", packed(`{"Findings":[` + finding + `]}`)[:40], "unexpected EOF"},
		{"packed twice", "gzip", packed(string(packed(`{"Findings":[]}`))), "invalid character"},
		{"nested", "", []byte(`{"Findings":[{"Id":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}]}`), "GetFindings"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.add("f", time.Hour)
			s := New(Options{Name: "hub", Client: NewClient(r.Config()), Region: "us-east-1", Marks: r.marks, wait: func(context.Context, time.Duration) bool { return true }})
			r.Fault = func(string, string) *awstest.Fault {
				return &awstest.Fault{Answer: c.answer, Encoding: c.encoding}
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			b, err := s.Receive(t.Context(), ingest.Ask{Now: r.now, All: true})
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), c.err) || len(b.Objects) > 0 {
				t.Errorf("%d objects, %v, want %q", len(b.Objects), err, c.err)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			// To read a page to its bound makes less than three; the bomb has four, which make nine.
			if made := after.TotalAlloc - before.TotalAlloc; made > 4*maxPage {
				t.Errorf("it took %d MB", made>>20)
			}
			if r.marks["read hub"] != "" {
				t.Errorf("the mark is %q", r.marks["read hub"])
			}
			r.Fault = nil
			if got := r.drain(t, s, true); len(got) != 1 {
				t.Errorf("the next answer: %q", got)
			}
		})
	}
}
