package ingest

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// reference is a CloudTrail record as encoding/json reads it.
type reference map[string]json.RawMessage

// at returns what lies at a path, or nil.
func (r reference) at(path ...string) json.RawMessage {
	v := r[path[0]]
	for _, p := range path[1:] {
		var m map[string]json.RawMessage
		if json.Unmarshal(v, &m) != nil {
			return nil
		}
		v = m[p]
	}
	return v
}

// TestSlicerAgainstJSON holds every column of every real record against encoding/json.
func TestSlicerAgainstJSON(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t), "data/cloudtrail/*/*.json"))
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, p := range files {
		var docs []json.RawMessage
		for _, doc := range documents(t, p) {
			var env struct{ Records []json.RawMessage }
			if json.Unmarshal(doc, &env) == nil && env.Records != nil {
				docs = append(docs, env.Records...)
			} else {
				docs = append(docs, doc)
			}
		}
		o, err := Decode(fileObject(p), Options{Now: loadTime})
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		drain(t, o, func(r *Record) {
			compareRecord(t, o.Logstore, r, docs[i])
			i++
		})
		if i != len(docs) {
			t.Errorf("%s: %d records, not %d", p, i, len(docs))
		}
		compared += i
	}
	if compared != 3210 {
		t.Errorf("%d records compared", compared)
	}
}

func compareRecord(t *testing.T, l *Logstore, r *Record, doc []byte) {
	t.Helper()
	var ref reference
	if err := json.Unmarshal(doc, &ref); err != nil {
		t.Fatal(err)
	}
	columns := wholes(l, r)
	for i, path := range [...][]string{
		ctEventSource: {"eventSource"}, ctEventName: {"eventName"}, ctRegion: {"awsRegion"}, ctSourceIP: {"sourceIPAddress"}, ctUserAgent: {"userAgent"},
		ctErrorCode: {"errorCode"}, ctErrorMessage: {"errorMessage"}, ctRequestID: {"requestID"}, ctEventType: {"eventType"}, ctEventCategory: {"eventCategory"},
		ctRecipient: {"recipientAccountId"}, ctEventVersion: {"eventVersion"}, ctSharedEventID: {"sharedEventID"}, ctType: {"userIdentity", "type"},
		ctPrincipal: {"userIdentity", "principalId"}, ctARN: {"userIdentity", "arn"}, ctAccount: {"userIdentity", "accountId"},
		ctAccessKey: {"userIdentity", "accessKeyId"}, ctUser: {"userIdentity", "userName"}, ctInvokedBy: {"userIdentity", "invokedBy"},
		ctIssuerARN:  {"userIdentity", "sessionContext", "sessionIssuer", "arn"},
		ctIssuerName: {"userIdentity", "sessionContext", "sessionIssuer", "userName"},
		ctMFA:        {"userIdentity", "sessionContext", "attributes", "mfaAuthenticated"},
	} {
		var want *string
		if v := ref.at(path...); v != nil {
			if err := json.Unmarshal(v, &want); err != nil {
				t.Fatal(err)
			}
		}
		c := r.Cells[i]
		if i == ctRequestID {
			c = columns["request_id"]
		}
		if c.Valid != (want != nil) || want != nil && string(c.B) != *want {
			t.Errorf("%v: %q (%v), not %v", path, c.B, c.Valid, want)
		}
	}
	for name, path := range map[string]string{
		"user_identity": "userIdentity", "request_parameters": "requestParameters", "response_elements": "responseElements",
		"additional_event_data": "additionalEventData", "resources": "resources", "tls_details": "tlsDetails",
	} {
		compareJSON(t, path, columns[name], ref[path])
	}
	compareRest(t, columns, ref, r)
}

func compareJSON(t *testing.T, name string, c Cell, want json.RawMessage) {
	t.Helper()
	if want == nil || bytes.Equal(want, []byte("null")) {
		if c.Valid {
			t.Errorf("%s: %q, not NULL", name, c.B)
		}
		return
	}
	if !bytes.Equal(c.B, want) {
		t.Errorf("%s: %q, not %q", name, c.B, want)
	}
}

// compareRest compares the columns that are no copies: time, id, truths, extra.
func compareRest(t *testing.T, columns map[string]Cell, ref reference, r *Record) {
	t.Helper()
	var at time.Time
	if err := json.Unmarshal(ref["eventTime"], &at); err != nil || at.UnixMicro() != r.Time {
		t.Errorf("eventTime %s: %d", ref["eventTime"], r.Time)
	}
	for name, key := range map[string]string{"read_only": "readOnly", "mgmt": "managementEvent"} {
		want, present := string(ref[key]), columns[name]
		if present.Valid != (want != "") || present.Valid && (present.N == 1) != (want == "true") {
			t.Errorf("%s: %v, not %q", name, present, want)
		}
	}
	extra := map[string]any{}
	if c := columns["extra"]; c.Valid {
		if err := json.Unmarshal(c.B, &extra); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]any{}
	for k, v := range ref {
		if field, _ := cloudTrailKeys([]byte(k)); field < 0 || field == ctInsight {
			var x any
			if err := json.Unmarshal(v, &x); err != nil {
				t.Fatal(err)
			}
			want[k] = x
		}
	}
	if !reflect.DeepEqual(extra, want) {
		t.Errorf("extra: %v, not %v", extra, want)
	}
}
