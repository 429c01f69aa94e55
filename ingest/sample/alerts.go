package sample

import (
	"fmt"
	"strings"
	"time"
)

// Detections and alerts: GuardDuty, Prisma Cloud, Qualys TotalCloud.

// detections are types of GuardDuty with their severity.
var detections = [...]struct {
	kind, title string
	severity    int
}{
	{"Recon:EC2/PortProbeUnprotectedPort", "Unprotected port on an instance is being probed.", 2},
	{"UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B", "Console login from two countries.", 5},
	{"Discovery:S3/AnomalousBehavior", "Unusual listing of buckets.", 5},
	{"Trojan:EC2/DNSDataExfiltration", "Data leaves through queries of names.", 8},
}

var guardDutyShape = shape{
	name: "guardduty", logstore: "findings", sep: "\n", tail: "\n", broken: brokenLine,
	path: func(at time.Time, n int) string {
		return fmt.Sprintf("AWSLogs/%s/GuardDuty/%s/%s/%s.jsonl", accounts[0], regions[0], at.Format("2006/01/02"), key(at.Format(time.RFC3339Nano), fmt.Sprint(n)))
	},
	planted: func(time.Time) (Incident, facts) {
		return Incident{
			Kind: "crypto-mining", Account: accounts[0], Region: regions[0], What: "an instance of " + accounts[0] + " mines a currency",
			Query: `__topic__:guardduty and @check:"CryptoCurrency:EC2/BitcoinTool.B!DNS"`,
		}, facts{}
	},
	row: func(b []byte, f *facts) []byte {
		d, account, region := detections[f.rng.IntN(len(detections))], accounts[f.rng.IntN(len(accounts))], regions[f.rng.IntN(len(regions))]
		if f.planted {
			d.kind, d.title, d.severity, account, region = "CryptoCurrency:EC2/BitcoinTool.B!DNS", "An instance asks for names of a pool.", 9, accounts[0], regions[0]
		}
		id := fmt.Sprintf("%016x%016x", f.rng.Uint64(), f.rng.Uint64())
		at, first := f.at.Format("2006-01-02T15:04:05.000Z"), f.at.Add(-5*time.Minute).Format("2006-01-02T15:04:05Z")
		return fmt.Appendf(b, `{"schemaVersion":"2.0","accountId":%[1]q,"region":%[2]q,"partition":"aws","id":%[3]q,"arn":"arn:aws:guardduty:%[2]s:%[1]s:detector/d1/finding/%[3]s","type":%[4]q,"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i-%08[5]x","instanceType":"t3.medium"}},"service":{"serviceName":"guardduty","detectorId":"d1","action":{"actionType":"NETWORK_CONNECTION","networkConnectionAction":{"remoteIpDetails":{"ipAddressV4":%[6]q}}},"resourceRole":"TARGET","eventFirstSeen":%[7]q,"eventLastSeen":%[8]q,"archived":false,"count":1},"severity":%[9]d,"createdAt":%[8]q,"updatedAt":%[8]q,"title":%[10]q,"description":%[10]q}`,
			account, region, id, d.kind, f.rng.Uint32(), address(f.rng), first, at, d.severity, d.title)
	},
}

var prismaAlertShape = shape{
	name: "prisma-alert", logstore: "findings", head: "[", sep: ",", tail: "]", path: inFolder("prisma-alert", ".json"), broken: brokenJSON,
	planted: plantedFinding("prisma-alert", "a policy of Prisma Cloud"),
	row: func(b []byte, f *facts) []byte {
		c, status := prowlerChecks[f.rng.IntN(len(prowlerChecks))], [...]string{"open", "resolved", "dismissed", "open"}[f.rng.IntN(4)]
		account, resource := accounts[f.rng.IntN(len(accounts))], fmt.Sprintf("res-%07d", f.n)
		if f.planted {
			c, status, account, resource = prowlerChecks[0], "open", accounts[0], crownJewels
		}
		ms := f.at.UnixMilli()
		return fmt.Appendf(b, `{"id":"P-%[1]d","status":%[2]q,"reason":"NEW_ALERT","firstSeen":%[3]d,"lastSeen":%[4]d,"alertTime":%[4]d,"lastUpdated":%[4]d,"policyId":"11111111-2222-3333-4444-%012[5]d","policy":{"policyId":"11111111-2222-3333-4444-%012[5]d","name":%[6]q,"policyType":"config","systemDefault":true,"severity":%[7]q,"description":%[6]q,"recommendation":%[8]q,"labels":[],"remediable":false,"complianceMetadata":[{"standardName":"NIST 800-171 Rev2","requirementId":"3.1","requirementName":"Access Control","sectionId":"3.1.1"}]},"alertRules":[],"resource":{"rrn":"rrn:aws:%[9]s:us-east-1:%[10]s:%[11]s","id":%[11]q,"name":%[11]q,"account":"prod","accountId":%[10]q,"region":"AWS Virginia","regionId":"us-east-1","resourceType":%[12]q,"cloudServiceName":%[9]q,"cloudType":"aws","data":{}}}`,
			1000+f.n, status, ms-86_400_000, ms, len(c.id), c.title, c.severity, c.fix, c.service, account, resource, strings.ToUpper(c.service))
	},
}

var qualysShape = shape{
	name: "qualys", logstore: "findings", head: `{"content":[`, sep: ",", tail: `],"pageable":{"pageNumber":0,"pageSize":5000},"last":true}`, path: inFolder("qualys", ".json"), broken: brokenJSON,
	planted: plantedFinding("qualys", "a control of Qualys"),
	row: func(b []byte, f *facts) []byte {
		c, result, account := prowlerChecks[f.rng.IntN(len(prowlerChecks))], [...]string{"PASS", "PASS", "FAIL", "PASSE"}[f.rng.IntN(4)], accounts[f.rng.IntN(len(accounts))]
		resource := fmt.Sprintf("res-%07d", f.n)
		if f.planted {
			result, account, resource = "FAIL", accounts[0], crownJewels
		}
		at := f.at.Format("2006-01-02T15:04:05-0700")
		return fmt.Appendf(b, `{"resourceId":"arn:aws:%[1]s:us-east-1:%[2]s:%[3]s","region":"us-east-1","accountId":%[2]q,"evaluatedOn":%[4]q,"evidences":[{"settingName":"setting","actualValue":"false"}],"resourceType":%[5]q,"connectorId":"c0ffee00-0000-0000-0000-000000000001","result":%[6]q,"evaluationDates":{"firstEvaluated":%[4]q,"lastEvaluated":%[4]q,"dateReopen":null,"dateFixed":null},"controlName":%[7]q,"controlId":"%[8]d","criticality":"MEDIUM","service":%[9]q,"policyNames":["CIS Amazon Web Services Foundations Benchmark"]}`,
			c.service, account, resource, at, strings.ToUpper(c.service), result, c.title, len(c.id), strings.ToUpper(c.service))
	},
}
