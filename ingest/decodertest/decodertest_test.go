package decodertest_test

import (
	"fmt"
	"strings"
	"testing"

	"tocsin/ingest"
	"tocsin/ingest/decodertest"
)

const trailRecord = `{"eventVersion":"1.09","eventTime":"2026-11-25T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","eventID":"0a0a0000-0000-4000-8000-%012d","userIdentity":{"type":"IAMUser","userName":"alice"},"requestParameters":{"userName":"b\u00f6b"},"responseElements":null,"vpcEndpointId":"vpce-1"}`

const checkRecord = `{"__topic__":"sas-cspm-log","__time__":"1795600000","check_id":"%d","check_item_name":"バケット","instance_id":"b-1","instance_type":"OSS","status":"NOT_PASS","risk_level":"HIGH"}`

const hubRecord = `{"SchemaVersion":"2018-10-08","Id":"arn:aws:securityhub:f/%d","ProductArn":"arn:aws:securityhub:us-east-1::product/aws/securityhub","AwsAccountId":"111111111111","UpdatedAt":"2026-11-25T10:00:00.000Z","Severity":{"Label":"HIGH"},"Title":"t","Resources":[{"Type":"AwsS3Bucket","Id":"arn:aws:s3:::b"}],"Compliance":{"Status":"FAILED"}}`

const ocsfRecord = `{"class_uid":2004,"metadata":{"product":{"name":"Prowler"},"event_code":"c"},"time":1795600000,"status_code":"FAIL","severity_id":4,"finding_info":{"uid":"prowler-%d","title":"t"},"cloud":{"region":"r","account":{"uid":"1"}},"resources":[{"uid":"u"}]}`

const bridgeRecord = `{"version":"0","id":"b-%d","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","account":"222222222222","time":"2026-11-25T10:00:00Z","region":"us-east-1","detail":{"eventVersion":"1.09","eventSource":"iam.amazonaws.com","eventName":"CreateUser","requestParameters":{"userName":"b"}}}`

const logEventRecord = `{"id":"319%d","timestamp":1795600000123,"message":"{\"eventVersion\":\"1.09\",\"eventName\":\"CreateUser\",\"userAgent\":\"a\\nb\"}"}`

const lookupRecord = `{"EventId":"l-%d","EventName":"CreateUser","EventTime":1795600000,"CloudTrailEvent":"{\"eventVersion\":\"1.09\",\"eventName\":\"CreateUser\"}"}`

const lakeRecord = `{"eventid":"l-%d","eventname":"CreateUser","eventsource":"iam.amazonaws.com","eventtime":"2026-11-25 10:00:00.000","useridentity":"{type=IAMUser, arn=a, username=null}"}`

const actionTrailRecord = `{"__topic__":"actiontrail_audit_event","__time__":"1795600000","__source__":"s","__tag__:__client_ip__":"192.0.2.1","event":{"eventId":"a-%d","eventName":"DeleteDisk","serviceName":"Ecs","acsRegion":"cn-beijing","userIdentity":{"userName":"alice","accountId":"1"},"resourceName":"d-1;i-1"}}`

const actionTrailText = `{"__topic__":"actiontrail_event","__time__":1795600000,"__tags__":{"__client_ip__":"192.0.2.1"},"event":"{\"eventId\":\"a-%d\",\"eventName\":\"DeleteDisk\",\"serviceName\":\"Ecs\"}"}`

const actionTrailFlat = `{"__time__":"1795600000","event.eventId":"a-%d","event.eventName":"DeleteDisk","event.userIdentity.userName":"alice","event.errorCode":""}`

const actionTrailBare = `{"eventId":"a-%d","eventTime":"2026-11-25T10:00:00Z","eventName":"DeleteDisk","serviceName":"Ecs","acsRegion":"cn-beijing","referencedResources":{"ACS::ECS::Disk":["d-1"]}}`

const prismaRecord = `{"result":"Successful","actionType":"CREATE","ipAddress":"198.51.100.7","action":"'alice' created it.","resourceName":"TEST %d","user":"alice","timestamp":1795600000123,"resourceType":"Account Group"}`

const prowlerRecord = `{"AssessmentStartTime":"2026-11-25T10:00:00.5","FindingUniqueId":"prowler-%d","Provider":"aws","CheckID":"iam_x","CheckTitle":"t","Status":"FAIL","Severity":"low","AccountId":"1","Region":"r","ResourceId":"u","ResourceArn":"arn:aws:iam::1:user/u"}`

const dutyRecord = `{"schemaVersion":"2.0","accountId":"1","region":"r","id":"d%d","type":"Recon:IAMUser/X","resource":{"resourceType":"AccessKey","accessKeyDetails":{"userName":"a","userType":"IAMUser"}},"service":{"archived":false},"severity":5,"updatedAt":"2026-11-25T10:00:00.000Z","title":"t"}`

const alertRecord = `{"id":"P-%d","status":"open","lastSeen":1795600000000,"policy":{"policyId":"p","name":"n","severity":"high"},"resource":{"rrn":"r","accountId":"1"}}`

const controlRecord = `{"resourceId":"arn:aws:s3:::b%d","region":"r","accountId":"1","evaluatedOn":"2026-11-25T10:00:00+0000","result":"FAIL","controlName":"n","controlId":"32","criticality":"HIGH"}`

const eventRecord = `{"version":"0","detail-type":"GuardDuty Finding","source":"aws.guardduty","detail":` + dutyRecord + `}`

const lineRecord = `{"ts":"2026-11-25T10:00:00Z","status":%d,"path":"/a","deep":{"x":[1,2]},"on":true,"ratio":0.5,"other":"y"}`

// many makes n records of a pattern.
func many(pattern string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(pattern, i+1)
	}
	return all
}

// indent breaks a record into lines at its top-level commas of the patterns above.
func indent(records []string) string {
	return strings.ReplaceAll(strings.Join(records, ",\n"), `,"`, ",\n    \"")
}

func TestFormats(t *testing.T) {
	declared, err := ingest.Declared("web", ingest.Declaration{Format: "json", Time: "ts", Fields: map[string]string{
		"status": "integer", "path": "text", "deep": "object", "on": "boolean", "ratio": "double", "deep.x": "keyword",
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name, pattern, wrap string
		store               *ingest.Logstore
	}{
		{"cloudtrail", bridgeRecord, "", nil},
		{"cloudtrail", lookupRecord, "Events", nil},
		{"cloudtrail", lakeRecord, "", nil},
		{"actiontrail", actionTrailRecord, "", nil},
		{"actiontrail", actionTrailText, "", nil},
		{"actiontrail", actionTrailFlat, "", nil},
		{"actiontrail", actionTrailBare, "", nil},
		{"prisma-audit", prismaRecord, "", nil},
		{"cloudtrail", trailRecord, "Records", nil},
		{"sas-cspm-log", checkRecord, "", nil},
		{"asff", hubRecord, "Findings", nil},
		{"ocsf", ocsfRecord, "Findings", nil},
		{"prowler", prowlerRecord, "", nil},
		{"guardduty", dutyRecord, "findings", nil},
		{"guardduty", eventRecord, "", nil},
		{"prisma-alert", alertRecord, "items", nil},
		{"qualys", controlRecord, "content", nil},
		{"json", lineRecord, "", declared},
	} {
		r := many(f.pattern, 9)
		broken := `{"eventName":"x", `
		for shape, c := range map[string]decodertest.Case{
			"lines":             {Data: []byte(strings.Join(r, "\n") + "\n"), Records: 9},
			"no last line end":  {Data: []byte(strings.Join(r, "\n")), Records: 9},
			"carriage returns":  {Data: []byte(strings.Join(r, "\r\n") + "\r\n"), Records: 9},
			"list in a line":    {Data: []byte("[" + strings.Join(r, ",") + "]\n"), Records: 9},
			"list of lines":     {Data: []byte("[\n" + strings.Join(r, ",\n") + "\n]\n"), Records: 9},
			"indented":          {Data: []byte("[\n  " + indent(r) + "\n]\n"), Records: 9},
			"lists behind":      {Data: []byte("[" + indent(r[:4]) + "][" + indent(r[4:]) + "]"), Records: 9},
			"lists in lines":    {Data: []byte("[" + strings.Join(r[:4], ",") + "]\n[" + strings.Join(r[4:], ",") + "]\n"), Records: 9},
			"documents":         {Data: []byte(strings.ReplaceAll(indent(r), "},\n{", "}\n{")), Records: 9},
			"broken line":       {Data: []byte(strings.Join(append(append(append([]string{}, r[:3]...), broken), r[3:]...), "\n")), Records: 9, Broken: 1},
			"broken in a list":  {Data: []byte("[" + strings.Join(r[:3], ",") + `,{"a":1,},` + strings.Join(r[3:], ",") + "]"), Records: 9, Broken: 1},
			"others in a list":  {Data: []byte("[" + strings.Join(r[:3], ",") + `,null,7,"x",[],` + strings.Join(r[3:], ",") + "]"), Records: 9, Broken: 4},
			"list without end":  {Data: []byte("[" + strings.Join(r, ",")), Records: 9, Broken: 1},
			"bad UTF-8":         {Data: []byte(strings.Join(r[:8], "\n") + "\n" + `{"odd":"` + "\xff" + `",` + r[8][1:]), Records: 9},
			"garbage behind it": {Data: []byte(strings.Join(r, "\n") + "}\n"), Records: 8, Broken: 1},
		} {
			c.Name, c.Format, c.Logstore = f.name+"/"+shape, f.name, f.store
			decodertest.Run(t, c)
		}
		if f.wrap == "Findings" {
			decodertest.Run(t, decodertest.Case{
				Name: f.name + "/events of EventBridge", Format: f.name, Records: 9,
				Data: []byte(event(r[:5]) + "\n" + event(r[5:])),
			})
		}
		if f.wrap != "" {
			decodertest.Run(t, decodertest.Case{
				Name: f.name + "/envelope", Format: f.name, Records: 9,
				Data: []byte(`{"NextToken":"a","` + f.wrap + `":[` + strings.Join(r, ",") + `],"More":{"x":"]}"}}`),
			})
			decodertest.Run(t, decodertest.Case{
				Name: f.name + "/envelopes in lines", Format: f.name, Records: 9,
				Data: []byte(`{"` + f.wrap + `":[` + strings.Join(r[:5], ",") + "]}\n" + `{"` + f.wrap + `":[` + strings.Join(r[5:], ",") + "]}\n"),
			})
		}
	}
	envelopes(t)
}

// envelopes are the subscriptions of CloudWatch Logs and the rows of CloudTrail
// Lake, whose records are nothing alone.
func envelopes(t *testing.T) {
	t.Helper()
	events := many(logEventRecord, 9)
	wrap := func(e []string) string {
		return `{"messageType":"DATA_MESSAGE","owner":"222222222222","subscriptionFilters":["]"],"logEvents":[` + strings.Join(e, ",") + `]}`
	}
	control := `{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}`
	rows := strings.NewReplacer(`{"eventid"`, `[{"eventid"`, `","`, `"},{"`, `null}"}`, `null}"}]`).Replace(strings.Join(many(lakeRecord, 9), ","))
	for shape, data := range map[string]string{
		"one": wrap(events), "lines": wrap(events[:4]) + "\n" + control + "\n" + wrap(events[4:]) + "\n", "one behind the other": control + wrap(events[:4]) + wrap(events[4:]),
		"indented": strings.ReplaceAll(wrap(events), `,"`, ",\n  \""), "rows": `{"QueryStatus":"FINISHED","QueryResultRows":[` + rows + `],"NextToken":"x"}`,
	} {
		decodertest.Run(t, decodertest.Case{Name: "cloudtrail/envelope/" + shape, Format: "cloudtrail", Records: 9, Data: []byte(data)})
	}
}

// event is an event of EventBridge about findings.
func event(findings []string) string {
	return `{"version":"0","detail-type":"Security Hub Findings - Imported","detail":{"actionName":"x","findings":[` + strings.Join(findings, ",") + `]},"resources":["a"]}`
}

const prowlerHeader = "AUTH_METHOD;TIMESTAMP;ACCOUNT_UID;FINDING_UID;CHECK_ID;STATUS;SEVERITY;RESOURCE_UID;STATUS_EXTENDED"

const prowlerRow = `profile: None;2026-11-25 10:00:00.746490;1;prowler-%d;iam_x;FAIL;low;arn:aws:iam::1:user/u;"a ""b""` + "\n\n" + `c; d"`

// TestTables is TestFormats for what is written as CSV.
func TestTables(t *testing.T) {
	other, err := ingest.NewColumnMap(ingest.ColumnSpec{Topic: "scanner", Columns: []ingest.ColumnPair{{Native: "Rule", Field: "check"}, {Native: "Asset", Field: "resource"}, {Native: "Verdict", Field: "status"}, {Native: "At", Field: "time"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name, format, header, pattern string
		columns                       *ingest.ColumnMap
	}{
		{"prowler 5", "prowler", prowlerHeader, prowlerRow, nil},
		{"prowler 3", "prowler", strings.NewReplacer("TIMESTAMP", "ASSESSMENT_START_TIME", "FINDING_UID", "FINDING_UNIQUE_ID").Replace(prowlerHeader), prowlerRow, nil},
		{"qualys", "qualys", "Control ID,Control Name,Result,Resource ID,Evaluated On", `32,"n, m",PASSE,r%d,2026-11-25T10:00:00+0000`, nil},
		{"cloudtrail lake", "cloudtrail", "eventid,eventname,eventsource,eventtime,useridentity,errorcode", `l-%d,CreateUser,iam.amazonaws.com,2026-11-25 10:00:00.000,"{type=IAMUser, arn=a}",`, nil},
		{"by a map", "qualys", "Rule|Asset|Verdict|At", "r|a%d|FAIL|2026-11-25 10:00:00", other},
	} {
		r, h := many(f.pattern, 9), f.header+"\n"
		for shape, c := range map[string]decodertest.Case{
			"plain":            {Data: []byte(h + strings.Join(r, "\n") + "\n"), Records: 9},
			"no last line end": {Data: []byte(h + strings.Join(r, "\n")), Records: 9},
			"carriage returns": {Data: []byte(strings.ReplaceAll(h+strings.Join(r, "\n")+"\n", "\n", "\r\n")), Records: 9},
			"headers":          {Data: []byte(h + strings.Join(r[:4], "\n") + "\n" + h + strings.Join(r[4:], "\n") + "\n"), Records: 9},
			"too few fields":   {Data: []byte(h + strings.Join(r[:4], "\n") + "\nx\n" + strings.Join(r[4:], "\n") + "\n"), Records: 9, Broken: 1},
			"an open quote":    {Data: []byte(h + strings.Join(r[:4], "\n") + "\n\"x\n" + strings.Join(r[4:], "\n") + "\n"), Records: 9, Broken: 1},
			"bad UTF-8":        {Data: []byte(h + strings.Join(r[:8], "\n") + "\n\xff" + r[8] + "\n"), Records: 9},
		} {
			c.Name, c.Format, c.Columns, c.Loose = f.name+"/"+shape, f.format, f.columns, true
			decodertest.Run(t, c)
		}
	}
}
