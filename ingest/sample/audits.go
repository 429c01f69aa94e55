package sample

import (
	"fmt"
	"time"
)

// Audit logs: Alibaba ActionTrail as SLS writes it, Prisma Cloud's own, and
// CloudTrail in its envelopes.

// aliCall is a call of an API of Alibaba Cloud.
type aliCall struct{ service, name, kind, rw string }

var aliCalls = [...]aliCall{
	{"Ecs", "DescribeInstances", "ACS::ECS::Instance", "Read"},
	{"Ecs", "CreateDisk", "ACS::ECS::Disk", "Write"},
	{"Oss", "PutBucketLifecycle", "ACS::OSS::Bucket", "Write"},
	{"Ram", "ListUsers", "ACS::RAM::User", "Read"},
	{"Rds", "DescribeDBInstances", "ACS::RDS::DBInstance", "Read"},
	{"Vpc", "CreateVSwitch", "ACS::VPC::VSwitch", "Write"},
	{"Sts", "AssumeRole", "ACS::RAM::Role", "Write"},
}

func appendActionTrail(b []byte, f *facts) []byte {
	c, user, code := aliCalls[f.rng.IntN(len(aliCalls))], users[f.rng.IntN(len(users))], ""
	if f.rng.IntN(30) == 0 {
		code = "NoPermission"
	}
	resource := fmt.Sprintf("r-%08x", f.rng.Uint32())
	if f.planted {
		c, user, code, resource = aliCall{"Actiontrail", "StopLogging", "ACS::ActionTrail::Trail", "Write"}, "hiro", "", "org-trail"
	}
	b = fmt.Appendf(b, `{"__topic__":"actiontrail_audit_event","__source__":"actiontrail","__time__":"%d","__tag__:__client_ip__":"192.0.2.%d","event":{"eventId":"`, f.at.Unix(), 1+f.rng.IntN(200))
	b = appendUUID(b, f.rng)
	return fmt.Appendf(b, `","eventVersion":"1","eventType":"ApiCall","eventName":"%s","serviceName":"%s","eventRW":"%s","eventTime":"%s","acsRegion":"ap-northeast-1","sourceIpAddress":"%s","userAgent":"AlibabaCloud (Linux; amd64) Python/3.12","recipientAccountId":"1111111111111111","userIdentity":{"type":"ram-user","principalId":"20%014d","accountId":"1111111111111111","userName":"%s","accessKeyId":"LTAI%s"},"resourceType":"%s","resourceName":"%s","requestParameterJson":"{}","errorCode":"%s"}}`,
		c.name, c.service, c.rw, f.at.Format("2006-01-02T15:04:05Z"), address(f.rng), len(user), user, key(user, "ali"), c.kind, resource, code)
}

var actionTrailShape = shape{
	name: "actiontrail", logstore: "audit", sep: "\n", tail: "\n", path: inFolder("actiontrail", ".jsonl"), row: appendActionTrail, broken: brokenLine,
	planted: func(time.Time) (Incident, facts) {
		return Incident{
			Kind: "actiontrail-stopped", Account: "1111111111111111", Region: "ap-northeast-1", Actor: "hiro", What: "hiro stopped the trail org-trail of Alibaba ActionTrail",
			Query: "event.serviceName:Actiontrail and event.eventName:StopLogging",
		}, facts{}
	},
}

// prismaActs are what people do in Prisma Cloud: action, type, sentence.
var prismaActs = [...][3]string{
	{"LOGIN", "Login", "logged in via password."},
	{"UPDATE", "Policy", "updated the policy."},
	{"CREATE", "Account Group", "created the account group."},
	{"UPDATE", "Alert Rule", "updated the alert rule."},
	{"DELETE", "Report", "deleted the report."},
}

func appendPrismaAudit(b []byte, f *facts) []byte {
	act, user, result, ip := prismaActs[f.rng.IntN(len(prismaActs))], users[f.rng.IntN(len(users))], "Successful", address(f.rng)
	if f.rng.IntN(20) == 0 {
		result = "fail"
	}
	if f.rng.IntN(10) == 0 {
		ip = "RedLock Internal IP"
	}
	if f.planted {
		act, user, result, ip = [3]string{"UPDATE", "Single Sign On", "turned single sign on off."}, "hiro", "Successful", intruder
	}
	return fmt.Appendf(b, `{"result":"%s","actionType":"%s","ipAddress":"%s","action":"'%s'(with role 'System Admin':'System Admin') %s","resourceName":"item %d","user":"%s","timestamp":%d,"resourceType":"%s"}`,
		result, act[0], ip, user, act[2], f.n, user, f.at.UnixMilli(), act[1])
}

var prismaAuditShape = shape{
	name: "prisma-audit", logstore: "audit", sep: "\n", tail: "\n", path: inFolder("prisma-audit", ".jsonl"), row: appendPrismaAudit, broken: brokenLine,
	planted: func(time.Time) (Incident, facts) {
		return Incident{
			Kind: "single-sign-on-off", Actor: "hiro", What: "hiro turned single sign on of Prisma Cloud off, from " + intruder,
			Query: `__topic__:prisma-audit and actionType:UPDATE and resourceType:"Single Sign On"`,
		}, facts{}
	},
}

// trailRow appends a CloudTrail record of an ordinary day, or the planted one: in
// each envelope another detector is deleted, so that a query finds that of one.
func trailRow(envelope string) func(b []byte, f *facts) []byte {
	day := newDay(source(0, 1)) // people and addresses; the numbers of a record are those of its stream
	return func(b []byte, f *facts) []byte {
		day.rng = f.rng
		r := day.everyday(f.at)
		if f.planted {
			r.who = who{account: accounts[0], region: "us-east-1", identity: userIdentity(accounts[0], "hiro", false)}
			r.service, r.name, r.kind, r.ip, r.readOnly, r.errorCode, r.resource = "guardduty", "DeleteDetector", "AwsApiCall", intruder, false, "", ""
			r.params, r.response, r.additional = `{"detectorId":"`+detectorOf(envelope)+`"}`, "null", ""
		}
		return appendRecord(b, r, f.rng)
	}
}

func detectorOf(envelope string) string { return "d-" + envelope }

// detectorGone is what is planted in an envelope of CloudTrail.
func detectorGone(envelope string) func(time.Time) (Incident, facts) {
	return func(time.Time) (Incident, facts) {
		return Incident{
			Kind: "detector-deleted", Account: accounts[0], Region: "us-east-1", Actor: "arn:aws:iam::" + accounts[0] + ":user/hiro",
			What:  "hiro deleted the detector " + detectorOf(envelope) + " of GuardDuty",
			Query: "eventName:DeleteDetector and requestParameters.detectorId:" + detectorOf(envelope) + " and not errorCode:*",
		}, facts{}
	}
}

func eventBridgeShape() shape {
	row := trailRow("eventbridge")
	return shape{
		name: "eventbridge", logstore: "cloudtrail", sep: "\n", tail: "\n", path: inFolder("eventbridge", ".jsonl"), broken: brokenLine, planted: detectorGone("eventbridge"),
		row: func(b []byte, f *facts) []byte {
			b = append(b, `{"version":"0","id":"`...)
			b = appendUUID(b, f.rng)
			b = fmt.Appendf(b, `","detail-type":"AWS API Call via CloudTrail","source":"aws.trail","account":"%s","time":"%s","region":"us-east-1","resources":[],"detail":`, accounts[0], f.at.Format("2006-01-02T15:04:05Z"))
			return append(row(b, f), '}')
		},
	}
}

func cloudWatchShape() shape {
	row := trailRow("cloudwatch-logs")
	var record []byte
	return shape{
		name: "cloudwatch-logs", logstore: "cloudtrail", sep: ",", tail: "]}\n", path: inFolder("cloudwatch-logs", ".json"), broken: brokenJSON, planted: detectorGone("cloudwatch-logs"),
		head: `{"messageType":"DATA_MESSAGE","owner":"` + accounts[0] + `","logGroup":"CloudTrail/logs","logStream":"` + accounts[0] + `_CloudTrail_us-east-1","subscriptionFilters":["tocsin"],"logEvents":[`,
		row: func(b []byte, f *facts) []byte {
			record = row(record[:0], f)
			b = fmt.Appendf(b, `{"id":"319%053d","timestamp":%d,"message":`, f.n, f.at.UnixMilli())
			return append(appendText(b, record), '}')
		},
	}
}

// appendText appends a JSON text that holds ASCII and no control characters.
func appendText(b, text []byte) []byte {
	b = append(b, '"')
	for _, c := range text {
		if c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return append(b, '"')
}
