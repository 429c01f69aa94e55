// Records as Alibaba ActionTrail writes them, for the published queries of SLS:
// for each query some that it means, and some that it must not take.

package querytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// An AuditRecord is one event with its topic.
type AuditRecord struct {
	Topic string
	Time  time.Time
	Event string // JSON
}

// event are the keys of an event; nil is JSON null.
type event map[string]any

// who are the principals of the records: type, principal, account, name.
var who = map[string][4]string{
	"alice": {"ram-user", "2001", "1001", "alice"}, "bob": {"ram-user", "2002", "1001", "bob"}, "root": {"root-account", "1001", "1001", "root"},
	"ops": {"assumed-role", "3001", "1002", "ops:session"}, "service": {"system", "9", "1002", "svc"}, "fred": {"federated", "4001", "1003", "fred"},
}

// AuditRecords are the records, one each minute from 2026-11-20T10:01:00Z.
func AuditRecords() []AuditRecord {
	a := &audit{}
	a.passwords()
	a.firewall()
	a.disks()
	a.instances()
	a.buckets()
	a.logins()
	a.databases()
	a.keys()
	a.networks()
	a.insights()
	return a.records
}

type audit struct{ records []AuditRecord }

// add makes one event; more replaces or, with the value absent, removes keys. A
// key with a dot is one of userIdentity.
func (a *audit) add(service, name, by string, more ...event) {
	n := len(a.records) + 1
	e := event{
		"eventId": fmt.Sprintf("e%02d", n), "eventVersion": "1", "eventType": "ApiCall", "eventName": name, "serviceName": service, "eventRW": "Write",
		"acsRegion": "cn-hangzhou", "sourceIpAddress": "203.0.113.9",
	}
	user := event{}
	if p, ok := who[by]; ok {
		user = event{"type": p[0], "principalId": p[1], "accountId": p[2], "userName": p[3]}
		e["recipientAccountId"], e["userIdentity"] = p[2], user
	}
	topic := "actiontrail_audit_event"
	for _, m := range more {
		for k, v := range m {
			sub, ofUser := strings.CutPrefix(k, "user.")
			switch {
			case k == "topic":
				topic = v.(string)
			case ofUser && v == absent:
				delete(user, sub)
			case ofUser:
				user[sub] = v
			case v == absent:
				delete(e, k)
			default:
				e[k] = v
			}
		}
	}
	a.records = append(a.records, AuditRecord{topic, time.Date(2026, 11, 20, 10, n, 0, 0, time.UTC), auditText(e)})
}

// absent removes a key.
const absent = "\x00absent"

// text writes v as JSON, without the escapes of HTML.
func auditText(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil { // maps of texts, truths and numbers
		panic(err)
	}
	return strings.TrimSpace(b.String())
}

// params are the parameters of a request, a JSON text in the JSON.
func params(v event) event { return event{"requestParameterJson": auditText(v)} }

// on are the resources, two lists in parallel.
func on(types, names string) event { return event{"resourceType": types, "resourceName": names} }

const (
	disk, instance, database = "ACS::ECS::Disk", "ACS::ECS::Instance", "ACS::RDS::DBInstance"
)

func (a *audit) passwords() {
	a.add("Ram", "ChangePassword", "alice")
	a.add("ims", "ChangePassword", "alice") // in another case
	a.add("AasCustomer", "PasswordReset", "root")
	a.add("AasCustomer", "ChangePassword", "alice")
	a.add("Ram", "ChangePassword", "ops", event{"errorCode": "NoPermission"})
}

func (a *audit) firewall() {
	const auto, ips = "SetAutoProtectNewAssets", "ModifyDefaultIPSConfig"
	a.add("Cloudfw", auto, "alice", params(event{"AutoProtect": false}))
	a.add("Cloudfw", auto, "ops", params(event{"AutoProtect": "false"}))
	a.add("Cloudfw", auto, "root", params(event{"AutoProtect": true}))
	a.add("Cloudfw", auto, "fred", params(event{}))
	a.add("Cloudfw", auto, "service", event{"requestParameterJson": `{"AutoProtect":`}) // broken
	a.add("Cloudfw", auto, "service", params(event{"AutoProtect": 0}))
	a.add("Cloudfw", ips, "alice", params(event{"BasicRules": 0, "RuleClass": "2", "PatchRules": "1"}))
	a.add("Cloudfw", ips, "ops", params(event{"BasicRules": "0", "RuleClass": 2, "PatchRules": 0}))
	a.add("Cloudfw", ips, "root", params(event{"BasicRules": `"0"`, "RuleClass": "22", "PatchRules": nil})) // quotes that are part of the value
	a.add("Cloudfw", "CreateVpcFirewallControlPolicy", "alice")
	a.add("Cloudfw", "DeleteVpcFirewallControlPolicy", "alice")
	a.add("Cloudfw", "ModifyVpcFirewallControlPolicy", "root", event{"topic": "actiontrail_event"})
	a.add("Cloudfw", "CreateVpcFirewallControlPolicy", "fred")
}

func (a *audit) disks() {
	a.add("Ecs", "CreateDisk", "alice", on(disk, "d-1"), params(event{"Encrypted": false}))
	a.add("Ecs", "CreateDisks", "alice", on(instance+";"+disk, "i-1;d-2"), params(event{"Encrypted": "false"}))
	a.add("Ecs", "CreateDisk", "alice", on(disk, "d-3"), params(event{"Encrypted": true}))
	a.add("Ecs", "CreateDisk", "alice", on("ACS::ECS::Snapshot", "s-1"), params(event{"Encrypted": false})) // array_position 0
	a.add("Ecs", "CreateDisk", "ops", on(disk, "d-4"), params(event{}))
	a.add("Ecs", "CreateDisk", "alice", event{"resourceName": "d-5"}, params(event{"Encrypted": false}))
	a.add("Ecs", "DeleteDisk", "alice", on(disk, "d-1"))
	a.add("Ecs", "DeleteDisk", "alice", on(disk, "d-1"), event{"user.accountId": absent, "acsRegion": "cn-beijing"}) // of the same group by COALESCE
	a.add("Ecs", "DeleteDisk", "alice", on(instance+";"+disk, "i-9;d-9"))
	a.add("Ecs", "DeleteDisk", "alice", on(disk, "d-7"), event{"eventRW": "Read"})
	a.add("Ecs", "DeleteDisk", "ops", on("ACS::ECS::DiskSnapshot", "d-6"))
	a.add("Ecs", "DeleteDisk", "service", on("acs::ecs::disk", "d-8")) // the search takes it, array_position does not
}

func (a *audit) instances() {
	a.add("Ecs", "RebootInstance", "alice", on(instance, "i-1"))
	a.add("Ecs", "RebootInstances", "root", on(instance+";"+instance, "i-1;i-2")) // the first of two
	a.add("Ecs", "RebootInstance", "ops", on(instance, "i-5"), event{"acsRegion": "cn-beijing"})
	a.add("Ecs", "RebootInstance", "alice", on(disk, "d-1"))
	a.add("Ecs", "DeleteInstance", "alice", on(instance, "i-1"))
	a.add("Ecs", "Release", "service", on(instance, "i-5"), event{"user.accountId": absent, "user.principalId": absent, "user.userName": absent, "acsRegion": "cn-beijing"})
	a.add("Ecs", "DeleteInstances", "alice", on(instance, "i-3"), event{"eventRW": "Read"})
}

func (a *audit) buckets() {
	a.add("Oss", "PutBucketLifecycle", "alice")
	a.add("Cdn", "PutBucketLifecycle", "alice") // and binds tighter than or: not this one
	a.add("Cdn", "PutBucketPolicy", "ops")      // but this one
	a.add("Oss", "DeleteBucketPolicy", "root", event{"user.accountId": absent})
	const policy = "SetPasswordPolicy"
	a.add("Ram", policy, "alice", params(event{"MinimumPasswordLength": 16, "PasswordReusePrevention": "5"}))
	a.add("Ram", policy, "alice", params(event{"MinimumPasswordLength": "0", "PasswordReusePrevention": 4}))
	a.add("Ram", policy, "root", params(event{"MinimumPasswordLength": 14, "PasswordReusePrevention": 0}))
	a.add("Ram", policy, "ops", params(event{}))
}

func (a *audit) logins() {
	login := func(by string, mfa any, more ...event) {
		a.add("AasCustomer", "ConsoleSignin", by, append(more, event{"eventType": "ConsoleSignin", "additionalEventData": event{"mfaChecked": mfa}})...)
	}
	login("alice", "false")
	login("alice", false, event{"errorCode": nil})
	login("alice", "false", event{"errorCode": "null"}) // the text
	login("alice", "false", event{"errorCode": ""})     // it exists
	login("alice", "false", event{"errorCode": "LoginFailed"})
	login("alice", "true")
	login("root", "false")
	login("bob", "FALSE")
}

func (a *audit) databases() {
	const ips, collector = "ModifySecurityIps", "ModifySQLCollectorPolicy"
	a.add("Rds", ips, "alice", on(database, "rm-1"), params(event{"SecurityIps": "0.0.0.0/0,10.0.0.1"}))
	a.add("Rds", ips, "ops", on(database, "rm-2"), params(event{"SecurityIps": "10.0.0.0/8"})) // LIKE '%0.0.0.0%' holds
	a.add("Rds", ips, "alice", on(database, "rm-3"), params(event{"SecurityIps": "192.0.2.1"}))
	a.add("Rds", ips, "alice", on("ACS::RDS::Account", "rm-9"), params(event{"SecurityIps": "0.0.0.0/0"}))
	a.add("Rds", collector, "alice", on(database, "rm-1"), params(event{"SQLCollectorStatus": "Disabled"}))
	a.add("Rds", collector, "ops", on(database, "rm-2"), params(event{"SQLCollectorStatus": "Enabled"}))
	a.add("Rds", collector, "alice", on("ACS::VPC::VPC;"+database, "vpc-1;rm-4"), params(event{"SQLCollectorStatus": "Disabled"}))
	a.add("Rds", "DeleteDBInstance", "alice", on(database, "rm-1"))
	a.add("Rds", "Release", "fred", on("ACS::VPC::VPC;"+database, "vpc-2;rm-7"), event{"user.accountId": absent})
	a.add("Rds", "DestroyDBInstance", "alice")
}

func (a *audit) keys() {
	describe := func(key any, more ...event) {
		a.add("Ecs", "DescribeInstances", "root", append(more, event{"eventRW": "Read", "user.accessKeyId": key})...)
	}
	describe("LTAI-r")
	describe("LTAI-r", event{"errorCode": ""})
	describe("LTAI-r", event{"errorCode": "Forbidden.RAM"})
	describe("null")
	describe(nil)
	a.add("aegis", "ModifyWebLockStatus", "alice", params(event{"Uuid": "u-1", "Status": "off"}))
	a.add("aegis", "ModifyWebLockStatus", "alice", params(event{"Uuid": "u-2", "Status": "on"}))
	a.add("Aegis", "ModifyWebLockStatus", "alice", params(event{"Uuid": "u-1", "Status": "off"}))
	a.add("Ecs", "StartInstance", "alice", event{"errorCode": "NoPermission.Instance", "sourceIpAddress": "198.51.100.1"})
	a.add("Ecs", "StopInstance", "alice", event{"errorCode": "Forbidden", "sourceIpAddress": "198.51.100.1"})
	a.add("Oss", "GetObject", "alice", event{"errorCode": "Forbidden", "eventType": "ConsoleCall"})
	a.add("Oss", "GetObject", "alice", event{"errorCode": "NotForbidden"})
	a.add("Ecs", "StopInstance", "ops", event{"errorCode": "forbidden.sub", "sourceIpAddress": "198.51.100.2"})
}

func (a *audit) networks() {
	a.add("Ecs", "AuthorizeSecurityGroup", "alice")
	a.add("Ecs", "AuthorizeSecurityGroup", "alice")
	a.add("Ecs", "DeleteSecurityGroup", "ops", event{"user.accountId": absent})
	a.add("Vpc", "AuthorizeSecurityGroup", "alice")
	a.add("Vpc", "CreateVpc", "alice")
	a.add("Ecs", "DeletionProtection", "ops")
	a.add("Slb", "CreateVSwitch", "alice")
	a.add("Vpc", "CreateRouteEntry", "service")
	a.add("Vpc", "ModifyRouteEntry", "") // by nobody
}

func (a *audit) insights() {
	insight := func(kind, region string, object any) {
		a.add("Insight", kind, "", event{"eventType": "Insight", "acsRegion": region, "insightDetails": event{"insightType": kind, "insightObject": object}})
	}
	insight("IpInsight", "cn-hangzhou", "192.0.2.1")
	insight("IpInsight", "cn-beijing", "192.0.2.1")
	insight("IpInsight", "cn-hangzhou", nil)
	insight("ApiCallRateInsight", "cn-hangzhou", "Ecs")
	// All the words that a comparison is read as where only search is.
	a.add("Ecs", "DescribeDisks", "alice", event{"eventRW": "Read", "user.accessKeyId": "LTAI-a", "userAgent": "event.errorCode is ! '' x"})
	// Letters beyond ASCII, for searches in any case.
	a.add("Ecs", "DescribeRegions", "bob", event{"eventRW": "Read", "userAgent": "ΣΊΣΥΦΟΣ İzmir STRASSE straße Ünïcode ﬁn 検査", "sourceIpAddress": "::ffff:198.51.100.7"})
	a.add("Ecs", "DescribeZones", "bob", event{"eventRW": "Read", "sourceIpAddress": "2001:0db8:0:0:0:0:0:00ff", "userAgent": "sort by group and/or not in <b>"})
}

// auditScript makes the table of the audit records.
func auditScript() string {
	var b strings.Builder
	b.WriteString("CREATE TABLE audit (seq BIGINT, time TIMESTAMP, ingest_time TIMESTAMP, topic VARCHAR, source VARCHAR, tenant VARCHAR, event VARCHAR);\nINSERT INTO audit VALUES\n")
	for i, r := range AuditRecords() {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, " (%d, '%s', '2026-11-20 12:00:00', '%s', '', '', '%s')", i+1, r.Time.Format(time.DateTime), r.Topic, strings.ReplaceAll(r.Event, "'", "''"))
	}
	b.WriteString(";\n")
	return b.String()
}
