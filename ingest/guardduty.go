package ingest

import (
	"strconv"
	"strings"
	"time"
)

// Findings of AWS GuardDuty: camelCase in exports and events, PascalCase as its
// API returns them.

const guardDutyTopic = "guardduty"

func matchGuardDuty(s sniff) string {
	if len(s.members) == 0 && s.wrap == "findings" {
		return ""
	}
	s = s.detail()
	has := func(key string) bool { return s.has(key) || s.has(pascal(key)) }
	switch {
	case !has("id") || !has("type") || !has("schemaVersion"):
		return "it has no schemaVersion, id and type"
	case !has("service") || !has("resource"):
		return "it has no service and resource"
	}
	return ""
}

// readGuardDuty reads a finding of GuardDuty. It has no result: what was
// detected fails, until it is archived.
func readGuardDuty(m object, zone *time.Location, f *finding) string {
	g := guardDuty{m, m.at("id") == nil}
	f.topic, f.uid, f.check = guardDutyTopic, g.text("id"), g.text("type")
	if f.uid == "" || f.check == "" {
		return "no finding of GuardDuty: it has no id and type"
	}
	f.title, f.account, f.region = g.text("title"), g.text("accountId"), g.text("region")
	f.service = g.text("resource", "resourceType")
	f.resourceType = f.service
	f.severity = guardDutySeverity(g.text("severity"))
	f.status, f.muted = "FAIL", g.text("service", "archived") == "true"
	g.resource(f)
	f.actor = g.text("resource", "accessKeyDetails", "userName")
	f.sourceIP = g.remoteIP()
	f.observed = when(zone, g.text("updatedAt"), g.text("createdAt"))
	f.first = when(zone, g.text("service", "eventFirstSeen"), g.text("createdAt"))
	f.last = when(zone, g.text("service", "eventLastSeen"), g.text("updatedAt"))
	return ""
}

// guardDuty is a finding in either spelling.
type guardDuty struct {
	object
	pascal bool
}

// text returns the value at a path that is written in camelCase.
func (g guardDuty) text(path ...string) string { return text(g.at(path...)) }

func (g guardDuty) at(path ...string) []byte {
	if g.pascal {
		for i := range path {
			path[i] = pascal(path[i])
		}
	}
	return g.object.at(path...)
}

func pascal(key string) string { return strings.ToUpper(key[:1]) + key[1:] }

// resource finds what is affected: its ARN, or what is like one in the details.
func (g guardDuty) resource(f *finding) {
	arn := func(service, region, rest string) string {
		return strings.Join([]string{"arn", firstText(g.text("partition"), "aws"), service, region, f.account, rest}, ":")
	}
	for _, path := range [][]string{
		{"s3BucketDetails", "0", "arn"},
		{"eksClusterDetails", "arn"},
		{"ecsClusterDetails", "arn"},
		{"lambdaDetails", "functionArn"},
		{"rdsDbInstanceDetails", "dbInstanceArn"},
		{"rdsLimitlessDbDetails", "dbShardGroupArn"},
		{"ebsVolumeDetails", "scannedVolumeDetails", "0", "volumeArn"},
	} {
		if f.resource = g.text(append([]string{"resource"}, path...)...); f.resource != "" {
			f.resourceName = lastSegment(f.resource)
			f.several = listLen(g.at("resource", "s3BucketDetails")) > 1
			return
		}
	}
	user := g.text("resource", "accessKeyDetails", "userName")
	switch kind := g.text("resource", "accessKeyDetails", "userType"); {
	case g.text("resource", "instanceDetails", "instanceId") != "":
		f.resourceName = g.text("resource", "instanceDetails", "instanceId")
		f.resource = arn("ec2", f.region, "instance/"+f.resourceName)
	case kind == "Root":
		f.resource, f.resourceName = arn("iam", "", "root"), "root"
	case user != "" && (kind == "Role" || kind == "AssumedRole"):
		f.resource, f.resourceName = arn("iam", "", "role/"+user), user
	case user != "":
		f.resource, f.resourceName = arn("iam", "", "user/"+user), user
	default:
		f.resource = g.text("resource", "accessKeyDetails", "accessKeyId")
		f.resourceName = f.resource
	}
}

// remoteIP is the address from which it was done.
func (g guardDuty) remoteIP() string {
	const details, address = "remoteIpDetails", "ipAddressV4"
	action := func(path ...string) string {
		return g.text(append(append([]string{"service", "action"}, path...), details, address)...)
	}
	return firstText(action("awsApiCallAction"), action("networkConnectionAction"), action("kubernetesApiCallAction"),
		action("rdsLoginAttemptAction"), action("portProbeAction", "portProbeDetails", "0"))
}

func guardDutySeverity(number string) string {
	n, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil:
		return severityOf(number)
	case n >= 9:
		return "critical"
	case n >= 7:
		return "high"
	case n >= 4:
		return "medium"
	case n >= 1:
		return "low"
	}
	return "informational"
}
