package ingest

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// trailEvent is a record as CloudTrail writes it.
const trailEvent = `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROA:s","arn":"arn:aws:sts::111111111111:assumed-role/deploy/s","accountId":"111111111111","accessKeyId":"ASIA1","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA","arn":"arn:aws:iam::111111111111:role/deploy","accountId":"111111111111","userName":"deploy"},"attributes":{"creationDate":"2026-11-19T10:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2026-11-19T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","sourceIPAddress":"198.51.100.7","userAgent":"aws-cli/2","requestParameters":{"userName":"bob \"b\""},"responseElements":null,"requestID":"r1","eventID":"0a0a0000-0000-4000-8000-000000000001","readOnly":false,"resources":[{"ARN":"arn:aws:iam::111111111111:user/bob","accountId":"111111111111","type":"AWS::IAM::User"}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111111111111","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"c"}}`

// bareEvent says nothing of its id, time, account and region.
const bareEvent = `{"eventVersion":"1.11","eventSource":"iam.amazonaws.com","eventName":"CreateUser"}`

func quoted(t testing.TB, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func bridged(detail string) string {
	return `{"version":"0","id":"0b0b0000-0000-4000-8000-000000000009","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","account":"222222222222","time":"2026-11-18T10:00:00Z","region":"eu-central-1","resources":[],"detail":` + detail + `}`
}

func subscribed(t testing.TB, kind string, messages ...string) string {
	var events []string
	for i, m := range messages {
		events = append(events, fmt.Sprintf(`{"id":"319%d","timestamp":1795600000123,"message":%s}`, i, quoted(t, m)))
	}
	return `{"messageType":"` + kind + `","owner":"222222222222","logGroup":"trail","logStream":"222222222222_CloudTrail_us-east-1","subscriptionFilters":["f"],"logEvents":[` + strings.Join(events, ",") + `]}`
}

// laked is the record as CloudTrail Lake has it: fields in lower case, maps and
// structures as Java prints them.
const (
	lakeIdentity = `{type=AssumedRole, principalid=AROA:s, arn=arn:aws:sts::111111111111:assumed-role/deploy/s, accountid=111111111111, accesskeyid=ASIA1, username=null, sessioncontext={attributes={creationdate=2026-11-19T10:00:00Z, mfaauthenticated=false}, sessionissuer={type=Role, principalid=AROA, arn=arn:aws:iam::111111111111:role/deploy, accountid=111111111111, username=deploy}, webidfederationdata=null, sourceidentity=null}, invokedby=null}`
	laked        = `{"eventversion":"1.11","useridentity":"` + lakeIdentity + `","eventtime":"2026-11-19 10:00:00.000","eventsource":"iam.amazonaws.com","eventname":"CreateUser","awsregion":"us-east-1","sourceipaddress":"198.51.100.7","useragent":"aws-cli/2","requestparameters":"{\"userName\":\"bob\"}","requestid":"r1","eventid":"0a0a0000-0000-4000-8000-000000000001","readonly":"false","resources":"[{arn=arn:aws:iam::111111111111:user/bob, accountid=111111111111, type=AWS::IAM::User}]","eventtype":"AwsApiCall","managementevent":"true","recipientaccountid":"111111111111","eventcategory":"Management","tlsdetails":"{tlsversion=TLSv1.3, ciphersuite=c}"}`
)

// lakeRows is the same as get-query-results writes it.
func lakeRows(t testing.TB) string {
	var columns []string
	members([]byte(laked), func(k, v []byte) bool {
		columns = append(columns, `{`+quoted(t, string(k))+`:`+string(v)+`}`)
		return true
	})
	return `{"QueryStatus":"FINISHED","QueryStatistics":{"ResultsCount":1},"QueryResultRows":[[` + strings.Join(columns, ",") + `]]}`
}

// lakeTable is the same as CloudTrail Lake exports it, with columns that are empty.
func lakeTable(t testing.TB, title func(string) string) string {
	names, row := []string{"errorcode"}, []string{""}
	members([]byte(laked), func(k, v []byte) bool {
		names, row = append(names, title(string(k))), append(row, text(v))
		return true
	})
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll([][]string{names, row}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestCloudTrailEnvelopes: one event gives one record with the same cells, however
// it came.
func TestCloudTrailEnvelopes(t *testing.T) {
	read := func(data string) (Record, outcome) {
		out := load([]byte(data), Options{})
		o, err := Decode(textObject(data), Options{Now: loadTime})
		if err != nil {
			t.Fatalf("%.80s: %v", data, err)
		}
		var r Record
		if err := o.Next(&r); err != nil {
			t.Fatalf("%.80s: %v", data, err)
		}
		return r, out
	}
	want, plain := read(trailEvent)
	for name, data := range map[string]string{
		"eventbridge": bridged(trailEvent), "subscription": subscribed(t, "DATA_MESSAGE", trailEvent),
		"lookup-events":   `{"Events":[{"EventId":"0a0a0000-0000-4000-8000-000000000001","EventName":"CreateUser","EventTime":1795600000.5,"Resources":[],"CloudTrailEvent":` + quoted(t, trailEvent) + `}]}`,
		"lake, eventJson": `{"eventid":"x","eventjson":` + quoted(t, trailEvent) + `}`,
		"lake":            laked, "lake, rows": lakeRows(t),
		"lake, CSV": lakeTable(t, strings.ToLower), "lake, CSV of Athena": lakeTable(t, func(name string) string { return lakeRecord[name].name }),
	} {
		got, out := read(data)
		if out.records != 1 || len(out.broken) > 0 || len(out.flags) > 0 || out.err != nil {
			t.Errorf("%s: %+v", name, out)
			continue
		}
		if got.ID != want.ID || got.Time != want.Time || got.Topic != want.Topic {
			t.Errorf("%s: id %x, time %d, topic %s", name, got.ID, got.Time, got.Topic)
		}
		for column, v := range plain.cells[0] {
			g := out.cells[0][column]
			if strings.HasPrefix(name, "lake") && (column == "user_identity" || column == "identity_shape" || column == "request_parameters") {
				continue // the order and the nulls of what Java printed
			}
			if g != v {
				t.Errorf("%s: %s is %s, not %s", name, column, g, v)
			}
		}
	}
}

func textObject(data string) Object { return bytesObject([]byte(data)) }

// TestLent: what a record does not say, what is around it does, and not else.
func TestLent(t *testing.T) {
	for _, c := range []struct {
		name, data, account, region string
		at                          time.Time
		flags                       string
	}{
		{"eventbridge", bridged(bareEvent), "222222222222", "eu-central-1", time.Date(2026, 11, 18, 10, 0, 0, 0, time.UTC), ""},
		{"eventbridge, whole", bridged(trailEvent), "111111111111", "us-east-1", time.Date(2026, 11, 19, 10, 0, 0, 0, time.UTC), ""},
		{"subscription", subscribed(t, "DATA_MESSAGE", bareEvent), "222222222222", "", time.UnixMilli(1795600000123), ""},
		{"lookup", `{"Events":[{"EventId":"x","EventTime":"2026-11-18T10:00:00Z","CloudTrailEvent":` + quoted(t, bareEvent) + `}]}`, "", "", time.Date(2026, 11, 18, 10, 0, 0, 0, time.UTC), ""},
		{"none", bareEvent, "", "", loadTime, "[no-time id]"},
	} {
		var ids [][16]byte
		for _, name := range []string{"one", "two"} {
			o, err := Decode(Object{Name: name, Open: textObject(c.data).Open}, Options{Now: loadTime.AddDate(1, 0, 0)})
			if err != nil {
				t.Fatal(c.name, err)
			}
			var r Record
			if err := o.Next(&r); err != nil {
				t.Fatal(c.name, err)
			}
			if got := string(r.Cells[ctRecipient].B); got != c.account {
				t.Errorf("%s: account %q", c.name, got)
			}
			if got := string(r.Cells[ctRegion].B); got != c.region {
				t.Errorf("%s: region %q", c.name, got)
			}
			if got := time.UnixMicro(r.Time); !got.Equal(c.at) && c.flags == "" {
				t.Errorf("%s: time %s", c.name, got)
			}
			if flags := fmt.Sprint(r.Flags); c.flags == "" && len(r.Flags) > 0 || c.flags != "" && flags != c.flags {
				t.Errorf("%s: flags %s", c.name, flags)
			}
			ids = append(ids, r.ID)
		}
		if same := ids[0] == ids[1]; same != (c.flags == "") {
			t.Errorf("%s: the same in two objects: %v", c.name, same)
		}
	}
}

// TestEnvelopesSeveral: several envelopes in an object, some of which hold nothing.
func TestEnvelopesSeveral(t *testing.T) {
	control := subscribed(t, "CONTROL_MESSAGE", "CWL CONTROL MESSAGE: Checking health of destination Firehose.")
	data := subscribed(t, "DATA_MESSAGE", trailEvent, bareEvent)
	for _, c := range []struct {
		name, data      string
		records, broken int
	}{
		{"subscriptions in lines", control + "\n" + data + "\n" + data + "\n", 4, 0},
		{"subscriptions without lines", control + data + data, 4, 0},
		{"control by its type", subscribed(t, "DATA_MESSAGE", trailEvent) + "\n" + subscribed(t, "CONTROL_MESSAGE", `{"a":1}`), 1, 0},
		{"keys in another order", `{"logEvents":[{"id":"1","timestamp":1,"message":` + quoted(t, trailEvent) + `}],"messageType":"DATA_MESSAGE"}`, 1, 0},
		{"other logs between", subscribed(t, "DATA_MESSAGE", trailEvent, "a line of text", `{"level":"info"}`, `{"eventVersion":`), 1, 3},
		{"events of others between", bridged(trailEvent) + "\n" + strings.Replace(bridged(`{"a":1}`), "AWS API Call via CloudTrail", "EC2 Instance State-change Notification", 1) + "\n", 1, 1},
		{"a list of events", "[" + bridged(trailEvent) + ",\n" + bridged(bareEvent) + "]", 2, 0},
		{"spread over lines", strings.ReplaceAll(bridged(trailEvent), `,"`, ",\n  \"") + "\n" + bridged(bareEvent), 2, 0},
		{"lines of lake", laked + "\n" + laked + "\n", 2, 0},
	} {
		out := load([]byte(c.data), Options{})
		if out.err != nil || out.records != c.records || len(out.broken) != c.broken {
			t.Errorf("%s: %d records, broken %v, %v; want %d and %d", c.name, out.records, out.broken, out.err, c.records, c.broken)
		}
	}
}

// TestRecordless: what is known to hold no records is no broken object.
func TestRecordless(t *testing.T) {
	digest := `{"awsAccountId":"1","digestStartTime":"2026-11-20T10:00:00Z","logFiles":[]}`
	for data, what := range map[string]string{
		digest: "a CloudTrail digest",
		`{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-20T10:00:00.000Z","Bucket":"b","RequestId":"r","HostId":"h"}`: "a test event of S3",
		`{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]}`:              "a notification of aws:s3",
		subscribed(t, "CONTROL_MESSAGE", "CWL CONTROL MESSAGE: Checking"):                                                            "a control message of CloudWatch Logs",
		digest + "\n" + `{"a":1}`:   "",
		`{"Event":"s3:TestEvents"}`: "",
	} {
		var none *NoRecords
		_, err := Decode(textObject(data), Options{Now: loadTime})
		if errors.As(err, &none) != (what != "") || none != nil && !strings.HasPrefix(none.What, what) || err == nil || err.Error() == "" {
			t.Errorf("%.60s: %v, not %q", data, err, what)
		}
	}
}

// TestLakeForged: a value cannot become a field of the identity.
func TestLakeForged(t *testing.T) {
	for identity, want := range map[string]string{
		`{type=AssumedRole, arn=a, username=null}`:                                  "a",
		`{type=SAMLUser, username=x, arn=arn:aws:iam::1:root, arn=a}`:               "", // twice: part of a value
		`{type=SAMLUser, username=Doe, Jane, arn=a}`:                                "a",
		`{type=SAMLUser, username={, arn=a}`:                                        "", // brackets that do not close
		`{arn}`:                                                                     "",
		`{type=, arn=a}`:                                                            "a",
		`{nothing=AssumedRole}`:                                                     "",
		strings.Repeat("[", 100_000):                                                "",
		`{sessioncontext=` + strings.Repeat("{sessionissuer=", 1000) + `}`:          "",
		`{type=a` + strings.Repeat(", b", 100_000) + `, arn=a}`:                     "a",
		`{"type":"AssumedRole","arn":"a","sessioncontext":{"sourceidentity":"me"}}`: "a",
	} {
		out := load([]byte(`{"eventname":"x","eventsource":"y","eventid":"1","eventtime":"2026-11-19 10:00:00","useridentity":`+quoted(t, identity)+`}`), Options{})
		if out.records != 1 || out.cells[0]["ui_arn"] != want {
			t.Errorf("%.60s: %d records, %+v %v", identity, out.records, out.cells, out.err)
			continue
		}
		flagged := strings.Contains(fmt.Sprint(out.flags), "type:userIdentity")
		if flagged != (want == "") || out.cells[0]["user_identity"] == "" {
			t.Errorf("%.60s: flags %v, identity %q", identity, out.flags, out.cells[0]["user_identity"])
		}
	}
	out := load([]byte(`{"eventname":"x","eventsource":"y","eventid":"1","eventtime":"2026-11-19 10:00:00.5","requestparameters":"{bucketName=b, Host=h}"}`), Options{})
	if out.records != 1 || out.cells[0]["request_parameters"] != `"{bucketName=b, Host=h}"` || !strings.Contains(fmt.Sprint(out.flags), "type:requestParameters") {
		t.Errorf("%+v", out)
	}
}

// TestCloudTrailSamples counts the samples of envelopes.
func TestCloudTrailSamples(t *testing.T) {
	for name, want := range map[string]string{"eventbridge_cloudtrail.json": "CreateUser", "cwl_subscription_decoded.json": "ConsoleLogin"} {
		data, err := os.ReadFile(filepath.Join(shared(t), "data/findings/samples", name))
		if err != nil {
			t.Fatal(err)
		}
		out := load(data, Options{})
		if out.records != 1 || len(out.broken) > 0 || out.err != nil || out.cells[0]["event_name"] != want {
			t.Errorf("%s: %+v", name, out)
		}
	}
}
