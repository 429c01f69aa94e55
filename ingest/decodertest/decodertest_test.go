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
		{"cloudtrail", trailRecord, "Records", nil},
		{"sas-cspm-log", checkRecord, "", nil},
		{"asff", hubRecord, "Findings", nil},
		{"ocsf", ocsfRecord, "", nil},
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
}
