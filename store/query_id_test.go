package store

import (
	"fmt"
	"testing"

	"tocsin/ingest"
	"tocsin/query"
)

// A bare word is looked for in the ids of records too, in any case, whether they
// are UUIDs or not; where it has letters that a UUID has not, only elsewhere.
func TestWordsFindIDs(t *testing.T) {
	l := openTest(t, t.TempDir()).Logs
	const record = `{"eventVersion":"1.08","eventTime":"2026-11-20T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","eventID":%q}` + "\n"
	lines := fmt.Sprintf(record, "0a0b0c0d-1111-4222-8333-0123456789ab") + fmt.Sprintf(record, "no-uuid-xyz")
	_, err := l.Append(t.Context(), []ingest.Object{fileIn(t, "ids.jsonl", lines)}, AppendOptions{Logstore: builtin("cloudtrail"), Now: testNow})
	ok(t, err)
	seq, _, err := l.LastSeq(t.Context())
	ok(t, err)
	for word, want := range map[string]int{
		"0a0b0c0d-1111-4222-8333-0123456789ab": 1, "0A0B0C0D-1111-4222-8333-0123456789AB": 1, "0a0b0c0d*": 1, "*4222*": 1, `#"1111-4222"`: 1, "0a0b0c0d": 0,
		"no-uuid-xyz": 1, "*xyz": 1, "0a0b0c0e*": 0, "xyzzy": 0, "not 0a0b0c0d*": 1, "not xyzzy": 2, "iam.amazonaws.com": 2,
	} {
		if got := len(rowsOf(t, l, "cloudtrail", word, query.Window{UpToSeq: seq}).Rows); got != want {
			t.Errorf("%s: %d records, not %d", word, got, want)
		}
	}
}
