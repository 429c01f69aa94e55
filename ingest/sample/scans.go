package sample

import (
	"fmt"
	"strings"
	"time"
)

// Findings of scanners: Prowler in its formats, GuardDuty, Prisma Cloud alerts,
// Qualys TotalCloud, Security Hub and Security Center.

// prowlerCheck is a check of Prowler.
type prowlerCheck struct{ id, title, service, kind, severity, fix, requirement string }

var prowlerChecks = [...]prowlerCheck{
	{"s3_bucket_level_public_access_block", "Check S3 Bucket Level Public Access Block.", "s3", "AwsS3Bucket", "medium", "Turn on the four settings of Block Public Access.", "2.1.4"},
	{"iam_user_mfa_enabled_console_access", "Ensure MFA is enabled for all IAM users that have a console password.", "iam", "AwsIamUser", "high", "Enable MFA for the user.", "1.10"},
	{"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22", "Security groups do not allow ingress from the internet to port 22.", "ec2", "AwsEc2SecurityGroup", "high", "Limit the rule to the networks that need it.", "5.2"},
	{"cloudtrail_log_file_validation_enabled", "CloudTrail log file validation is enabled.", "cloudtrail", "AwsCloudTrailTrail", "medium", "Enable log file validation.", "3.2"},
	{"rds_instance_storage_encrypted", "Check if RDS instances storage is encrypted.", "rds", "AwsRdsDbInstance", "high", "Restore an encrypted copy of a snapshot.", "2.3.1"},
}

// prowlerResult is one result of a check, before it is written in a format.
type prowlerResult struct {
	prowlerCheck
	account, region, resource, arn, status, uid string
	at                                          time.Time
}

func prowlerResultOf(f *facts, format string) prowlerResult {
	r := prowlerResult{
		prowlerCheck: prowlerChecks[f.rng.IntN(len(prowlerChecks))], account: accounts[f.n%len(accounts)], region: regions[f.rng.IntN(len(regions))],
		resource: fmt.Sprintf("res-%07d", f.n), status: "PASS", at: f.at,
	}
	switch f.rng.IntN(20) {
	case 0, 1, 2, 3:
		r.status = "FAIL"
	case 4:
		r.status = "MANUAL"
	}
	if f.planted {
		r.prowlerCheck = prowlerChecks[0]
		r.severity, r.account, r.region, r.resource, r.status = "critical", accounts[0], regions[0], jewelsOf(format), "FAIL"
	}
	r.arn = fmt.Sprintf("arn:aws:%s:%s:%s:%s", r.service, r.region, r.account, r.resource)
	r.uid = fmt.Sprintf("prowler-aws-%s-%s-%s-%s", r.id, r.account, r.region, r.resource)
	return r
}

// crownJewels is the resource that the planted findings are about.
const crownJewels = "acme-crown-jewels"

// jewelsOf is that of a format whose topic other formats have too: what is planted
// in each is another resource, so that a query finds that of one.
func jewelsOf(format string) string { return crownJewels + "-" + format }

// plantedFinding tells of a finding about crownJewels.
func plantedFinding(topic, what string) func(time.Time) (Incident, facts) {
	return plantedAbout(topic, what, crownJewels)
}

// prowlerPlanted tells of what is planted in a format of Prowler.
func prowlerPlanted(format string) func(time.Time) (Incident, facts) {
	return plantedAbout("prowler", "the public access block", jewelsOf(format))
}

func plantedAbout(topic, what, resource string) func(time.Time) (Incident, facts) {
	return func(time.Time) (Incident, facts) {
		return Incident{
			Kind: topic + "-failed", Account: accounts[0], Region: regions[0], What: what + " of " + resource + " failed",
			Query: "__topic__:" + topic + " and @resource:*" + resource + "* and @status:FAIL",
		}, facts{}
	}
}

// words of a severity and a status in the formats.
func titled(s string) string { return string(s[0]-'a'+'A') + s[1:] }

func ocsfSeverity(s string) int {
	return map[string]int{"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}[s]
}

// prowlerPath names the file of a run as Prowler does, in a folder for each
// format: beside each other they would be one run.
func prowlerPath(folder, ending string) func(time.Time, int) string {
	return func(at time.Time, n int) string {
		return fmt.Sprintf("%s/%04d/prowler-output-%s-%s%s", folder, n, accounts[0], at.Format("20060102150405"), ending)
	}
}

// prowlerColumns is the header of Prowler 5.
const prowlerColumns = "AUTH_METHOD;TIMESTAMP;ACCOUNT_UID;ACCOUNT_NAME;ACCOUNT_EMAIL;ACCOUNT_ORGANIZATION_UID;ACCOUNT_ORGANIZATION_NAME;ACCOUNT_TAGS;FINDING_UID;PROVIDER;CHECK_ID;CHECK_TITLE;CHECK_TYPE;STATUS;STATUS_EXTENDED;MUTED;SERVICE_NAME;SUBSERVICE_NAME;SEVERITY;RESOURCE_TYPE;RESOURCE_UID;RESOURCE_NAME;RESOURCE_DETAILS;RESOURCE_TAGS;PARTITION;REGION;DESCRIPTION;RISK;RELATED_URL;REMEDIATION_RECOMMENDATION_TEXT;REMEDIATION_RECOMMENDATION_URL;REMEDIATION_CODE_NATIVEIAC;REMEDIATION_CODE_TERRAFORM;REMEDIATION_CODE_CLI;REMEDIATION_CODE_OTHER;COMPLIANCE;CATEGORIES;DEPENDS_ON;RELATED_TO;NOTES;PROWLER_VERSION;ADDITIONAL_URLS;ACCOUNT_OU_UID;ACCOUNT_OU_NAME\r\n"

// prowlerRisk has a line end in it, as the real texts do.
const prowlerRisk = "Data may be read by others.\n\nThat includes **backups**; see \"logs\"."

var prowlerCSV = shape{
	name: "prowler-csv", logstore: "findings", head: prowlerColumns, sep: "\r\n", tail: "\r\n", path: prowlerPath("prowler-csv", ".csv"), scan: true,
	planted: prowlerPlanted("prowler-csv"),
	broken:  func(b []byte, _ int) []byte { return append(b, "profile: None;2026-11-25 16:15:38;too;few"...) },
	row: func(b []byte, f *facts) []byte {
		r := prowlerResultOf(f, "prowler-csv")
		risk := "\"Data may be read by others.\n\nThat includes **backups**; see \"\"logs\"\".\""
		return fmt.Appendf(b, `profile: None;%s;%s;;;;;;%s;aws;%s;%s;Software and Configuration Checks;%s;Resource %s: %s.;False;%s;;%s;%s;%s;%s;;team=blue | env=prod;aws;%s;%s;%s;;%s;https://hub.prowler.com/check/%s;;;;;CIS-3.0: %s | NIST-800-171-Revision-2: 3_1_1, 3_1_2;;;;;5.46.0;;;`,
			r.at.Format("2006-01-02 15:04:05.000000"), r.account, r.uid, r.id, r.title, r.status, r.resource, r.status, r.service, r.severity, r.kind, r.arn, r.resource, r.region, r.title, risk, r.fix, r.id, r.requirement)
	},
}

var prowlerOCSF = shape{
	name: "prowler-ocsf", logstore: "findings", head: "[", sep: ",", tail: "]", path: prowlerPath("prowler-ocsf", ".ocsf.json"), scan: true, broken: brokenJSON,
	planted: prowlerPlanted("prowler-ocsf"),
	row: func(b []byte, f *facts) []byte {
		r := prowlerResultOf(f, "prowler-ocsf")
		at := r.at.Format("2006-01-02T15:04:05.000000")
		return fmt.Appendf(b, `{"message":%[1]q,"metadata":{"event_code":%[2]q,"product":{"name":"Prowler","uid":"prowler","vendor_name":"Prowler","version":"5.46.0"},"profiles":["cloud","datetime"],"version":"1.5.0"},"severity_id":%[3]d,"severity":%[4]q,"status":"New","status_code":%[5]q,"status_detail":%[1]q,"status_id":1,"unmapped":{"related_url":"","categories":[],"depends_on":[],"related_to":[],"notes":"","compliance":{"CIS-3.0":[%[6]q],"NIST-800-171-Revision-2":["3_1_1"]},"provider":"aws"},"activity_name":"Create","activity_id":1,"finding_info":{"created_time":%[7]d,"created_time_dt":%[8]q,"desc":%[9]q,"title":%[9]q,"types":["Software and Configuration Checks"],"uid":%[10]q},"resources":[{"cloud_partition":"aws","region":%[11]q,"data":{"details":"","metadata":{}},"group":{"name":%[12]q},"labels":["team:blue"],"name":%[13]q,"type":%[14]q,"uid":%[15]q}],"category_name":"Findings","category_uid":2,"class_name":"Detection Finding","class_uid":2004,"cloud":{"account":{"name":"","type":"AWS Account","type_id":10,"uid":%[16]q,"labels":[]},"org":{"name":"","uid":""},"provider":"aws","region":%[11]q},"remediation":{"desc":%[17]q,"references":[]},"risk_details":%[18]q,"time":%[7]d,"time_dt":%[8]q,"type_uid":200401,"type_name":"Detection Finding: Create"}`,
			"Resource "+r.resource+": "+r.status+".", r.id, ocsfSeverity(r.severity), titled(r.severity), r.status, r.requirement, r.at.Unix(), at, r.title, r.uid, r.region, r.service, r.resource, r.kind, r.arn, r.account, r.fix, prowlerRisk)
	},
}

var prowlerJSON = shape{
	name: "prowler-json", logstore: "findings", head: "[", sep: ",", tail: "]", path: prowlerPath("prowler-json", ".json"), scan: true, broken: brokenJSON,
	planted: prowlerPlanted("prowler-json"),
	row: func(b []byte, f *facts) []byte {
		r := prowlerResultOf(f, "prowler-json")
		if r.status == "MANUAL" {
			r.status = "INFO" // of Prowler 3
		}
		return fmt.Appendf(b, `{"AssessmentStartTime":%q,"FindingUniqueId":%q,"Provider":"aws","CheckID":%q,"CheckTitle":%q,"CheckType":["Software and Configuration Checks"],"ServiceName":%q,"SubServiceName":"","Status":%q,"StatusExtended":%q,"Severity":%q,"ResourceType":%q,"ResourceDetails":"","Description":%q,"Risk":%q,"RelatedUrl":"","Remediation":{"Code":{"NativeIaC":"","Terraform":"","CLI":"","Other":""},"Recommendation":{"Text":%q,"Url":""}},"Compliance":{"CIS-2.0":[%q]},"Categories":[],"DependsOn":[],"RelatedTo":[],"Notes":"","Profile":null,"AccountId":%q,"OrganizationsInfo":null,"Region":%q,"ResourceId":%q,"ResourceArn":%q,"ResourceTags":{"team":"blue"}}`,
			r.at.Format("2006-01-02T15:04:05.000000"), r.uid, r.id, r.title, r.service, r.status, "Resource "+r.resource+".", r.severity, r.kind, r.title, prowlerRisk, r.fix, r.requirement, r.account, r.region, r.resource, r.arn)
	},
}

var prowlerASFF = shape{
	name: "prowler-asff", logstore: "findings", head: "[", sep: ",", tail: "]", path: prowlerPath("prowler-asff", ".asff.json"), scan: true, broken: brokenJSON,
	planted: prowlerPlanted("prowler-asff"),
	row: func(b []byte, f *facts) []byte {
		r := prowlerResultOf(f, "prowler-asff")
		result, at := "PASSED", r.at.Format("2006-01-02T15:04:05Z")
		if r.status == "FAIL" { // what is to be done by hand is left out of ASFF
			result = "FAILED"
		}
		return fmt.Appendf(b, `{"SchemaVersion":"2018-10-08","Id":"prowler-%[1]s-%[2]s-%[3]s-%09[4]x","ProductArn":"arn:aws:securityhub:%[3]s::product/prowler/prowler","RecordState":"ACTIVE","ProductFields":{"ProviderName":"Prowler","ProviderVersion":"5.46.0","ProwlerResourceName":%[5]q},"GeneratorId":"prowler-%[1]s","AwsAccountId":%[2]q,"Types":["Software and Configuration Checks"],"FirstObservedAt":%[6]q,"UpdatedAt":%[6]q,"CreatedAt":%[6]q,"Severity":{"Label":%[7]q},"Title":%[8]q,"Description":%[9]q,"Resources":[{"Type":%[10]q,"Id":%[11]q,"Partition":"aws","Region":%[3]q}],"Compliance":{"Status":%[12]q,"RelatedRequirements":["CIS-3.0 %[13]s"],"AssociatedStandards":[{"StandardsId":"CIS-3.0"}]},"Remediation":{"Recommendation":{"Text":%[14]q,"Url":""}}}`,
			r.id, r.account, r.region, f.n, r.resource, at, strings.ToUpper(r.severity), r.title, "Resource "+r.resource+".", r.kind, r.arn, result, r.requirement, r.fix)
	},
}

var asffShape = shape{
	name: "asff", logstore: "findings", head: `{"Findings":[`, sep: ",", tail: "]}", path: inFolder("securityhub", ".asff.json"), broken: brokenJSON,
	planted: plantedFinding("asff", "S3.1"),
	row: func(b []byte, f *facts) []byte {
		c, status := controls[f.rng.IntN(len(controls))], "PASSED"
		if f.rng.IntN(6) == 0 {
			status = "FAILED"
		}
		if f.planted {
			c, status = controls[0], "FAILED"
			c.id += "/" + crownJewels
		}
		return appendFinding(b, c, status, f.n, f.at)
	},
}

var cspmShape = shape{
	name: "cspm", logstore: "findings", sep: "", path: inFolder("security-center", ".jsonl"), planted: plantedFinding(cspmTopic, "a check of Security Center"),
	broken: func(b []byte, i int) []byte { return append(brokenLine(b, i), '\n') },
	row: func(b []byte, f *facts) []byte {
		c, status := checks[f.rng.IntN(len(checks))], "PASS"
		resource := fmt.Sprintf("%s-%07d", resourceOf(c, nil), f.n)
		switch f.rng.IntN(40) {
		case 0:
			status = "WHITELIST"
		case 1, 2, 3:
			status = "NOT_PASS"
		}
		if f.planted {
			c, status, resource = checks[2], "NOT_PASS", crownJewels
		}
		return appendCheck(b, c, resource, status, f.at)
	},
}

const cspmTopic = "sas-cspm-log"
