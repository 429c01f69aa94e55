package sample

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Findings of Security Center and of Security Hub.

// check is a check of Alibaba Security Center.
type check struct{ id, name, kind, sub, risk string }

var checks = [...]check{
	{"11", "Ensure no security groups allow ingress from 0.0.0.0/0 to port 22", "ECS", "SECURITY_GROUP", "HIGH"},
	{"23", "AdministratorAccess Policy Attachment", "RAM", "USER", "MEDIUM"},
	{"37", "バケットの公開設定", "OSS", "INSTANCE", "HIGH"},
	{"41", "Server-side encryption of buckets", "OSS", "INSTANCE", "MEDIUM"},
	{"58", "ログ監査の有効化", "ACTIONTRAIL", "INSTANCE", "LOW"},
	{"63", "SSL encryption of database connections", "RDS", "INSTANCE", "MEDIUM"},
}

// failing are the planted checks: which, and how many resources.
var failing = [...]struct{ check, resources int }{{0, 2}, {1, 1}, {2, 3}}

// writeCSPM writes checks as SLS does, one a line.
func writeCSPM(w *writer, o Options) error {
	rng, at := source(o.Seed, 2), o.before(15*time.Minute)
	var b []byte
	n := 0
	line := func(c check, resource, status string) {
		b = appendCheck(b, c, resource, status, at.Add(time.Duration(n)*time.Millisecond))
		n++
	}
	for range o.Checks {
		c := checks[rng.IntN(len(checks))]
		status := "PASS"
		if rng.IntN(40) == 0 {
			status = "WHITELIST"
		}
		line(c, resourceOf(c, rng), status)
	}
	if !o.Quiet {
		planted := 0
		for _, f := range failing {
			for i := range f.resources {
				line(checks[f.check], fmt.Sprintf("%s-open-%d", resourceOf(checks[f.check], nil), i+1), "NOT_PASS")
				planted++
			}
		}
		w.m.plant(Incident{
			Kind: "cspm-not-passed", Logstore: "findings", At: at, Account: "1111111111111111", Region: "ap-northeast-1", Records: planted,
			What: fmt.Sprintf("%d checks of Security Center did not pass for %d resources", len(failing), planted), Query: "__topic__:sas-cspm-log AND status:NOT_PASS",
		})
	}
	w.m.Records["findings"] += n
	w.format("cspm", "findings").add(n)
	return w.file("security-center/sas-cspm-log.jsonl", b)
}

// add counts a file.
func (c *FormatCount) add(records int) {
	c.Files++
	c.Records += records
}

func resourceOf(c check, rng *rand.Rand) string {
	kind := map[string]string{"ECS": "sg", "RAM": "user", "OSS": "bucket", "ACTIONTRAIL": "trail", "RDS": "rm"}[c.kind]
	if rng == nil {
		return kind
	}
	return fmt.Sprintf("%s-%06x", kind, rng.IntN(1<<24))
}

func appendCheck(b []byte, c check, resource, status string, at time.Time) []byte {
	return fmt.Appendf(b, `{"__topic__":"sas-cspm-log","__time__":"%d","check_id":"%s","check_item_name":"%s","instance_id":"%s","instance_name":"%s","instance_result":"{}","instance_sub_type":"%s","instance_type":"%s","region_id":"ap-northeast-1","requirement_id":"5","risk_level":"%s","section_id":"1","standard_id":"1","status":"%s","vendor":"ALIYUN","start_time":"%d","owner_id":"1111111111111111"}`+"\n",
		at.Unix(), c.id, c.name, resource, resource, c.sub, c.kind, c.risk, status, at.Unix())
}

// control is a control of Security Hub.
type control struct{ id, title, kind, label, fix string }

var controls = [...]control{
	{"S3.1", "S3 general purpose buckets should have block public access settings enabled", "AwsS3Bucket", "MEDIUM", "Turn on the four settings of Block Public Access."},
	{"IAM.6", "Hardware MFA should be enabled for the root user", "AwsAccount", "CRITICAL", "Register a hardware security key for the root user."},
	{"EC2.19", "Security groups should not allow unrestricted access to ports with high risk", "AwsEc2SecurityGroup", "CRITICAL", "Limit the rule to the networks that need it."},
	{"CloudTrail.1", "CloudTrail should be enabled and configured with at least one multi-Region trail", "AwsAccount", "HIGH", "Start the trail again, or make one for all regions."},
	{"RDS.3", "RDS DB instances should have encryption at-rest enabled", "AwsRdsDbInstance", "MEDIUM", "Restore an encrypted copy of a snapshot."},
}

// writeASFF writes findings of Security Hub, one list.
func writeASFF(w *writer, o Options) error {
	rng := source(o.Seed, 3)
	b := []byte(`{"Findings":[`)
	for i := range o.Findings {
		if i > 0 {
			b = append(b, ',')
		}
		c := controls[rng.IntN(len(controls))]
		status := "PASSED"
		if rng.IntN(6) == 0 {
			status = "FAILED"
		}
		b = appendFinding(b, c, status, i, o.before(20*time.Minute-time.Duration(i%600)*time.Second))
	}
	w.m.Records["findings"] += o.Findings
	w.format("asff", "findings").add(o.Findings)
	return w.file("securityhub/findings.asff.json", append(b, "]}"...))
}

func appendFinding(b []byte, c control, status string, i int, at time.Time) []byte {
	account, region := accounts[i%len(accounts)], regions[i%len(regions)]
	label := c.label
	if status == "PASSED" {
		label = "INFORMATIONAL"
	}
	when, first := at.Format("2006-01-02T15:04:05.000Z"), at.AddDate(0, 0, -3).Format("2006-01-02T15:04:05.000Z")
	resource := fmt.Sprintf("arn:aws:%s:%s:%s:%s/r-%04d", "config", region, account, c.id, i)
	return fmt.Appendf(b, `{"SchemaVersion":"2018-10-08","Id":"arn:aws:securityhub:%s:%s:security-control/%s/finding/%08d","ProductArn":"arn:aws:securityhub:%s::product/aws/securityhub","ProductName":"Security Hub","CompanyName":"AWS","Region":"%s","GeneratorId":"security-control/%s","AwsAccountId":"%s","Types":["Software and Configuration Checks"],"FirstObservedAt":"%s","LastObservedAt":"%s","CreatedAt":"%s","UpdatedAt":"%s","Severity":{"Label":"%s","Original":"%s"},"Title":"%s","Description":"This control checks: %s.","Remediation":{"Recommendation":{"Text":"%s","Url":"https://docs.aws.amazon.com/console/securityhub/%s/remediation"}},"Resources":[{"Type":"%s","Id":"%s","Partition":"aws","Region":"%s"}],"Compliance":{"Status":"%s","SecurityControlId":"%s","RelatedRequirements":["NIST.800-171.r2 3.13.1"]},"Workflow":{"Status":"NEW"},"WorkflowState":"NEW","RecordState":"ACTIVE"}`,
		region, account, c.id, i, region, region, c.id, account, first, when, first, when, label, c.label, c.title, c.title, c.fix, c.id, c.kind, resource, region, status, c.id)
}
