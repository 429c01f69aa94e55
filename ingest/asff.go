package ingest

import (
	"strconv"
	"strings"
	"time"
)

// Findings of AWS Security Hub: how they are recognised, and what is read of them.

func matchASFF(s sniff) string {
	switch {
	case len(s.members) == 0 && (s.wrap == "Findings" || s.wrap == "detail.findings"):
		return ""
	case !strings.HasPrefix(text(s.members["SchemaVersion"]), "20") || !s.isText("Id"):
		return "it has no SchemaVersion and Id"
	case !s.has("ProductArn") && !s.has("AwsAccountId") && !s.has("GeneratorId"):
		return "it has neither ProductArn nor AwsAccountId"
	}
	return ""
}

// readASFF reads a finding in the AWS Security Finding Format.
func readASFF(m object, zone *time.Location, f *finding) string {
	if m.text("Id") == "" || m.text("SchemaVersion") == "" {
		return "no ASFF finding: it has no Id and SchemaVersion"
	}
	f.topic, f.uid = "asff", m.text("Id")
	f.title, f.account = m.text("Title"), m.text("AwsAccountId")
	f.check = asffCheck(m)
	f.resource = m.text("Resources", "0", "Id")
	f.resourceName, f.resourceType = lastSegment(f.resource), m.text("Resources", "0", "Type")
	f.service = asffService(f.resourceType)
	f.region = firstText(m.text("Resources", "0", "Region"), m.text("Region"))
	f.several = listLen(m.at("Resources")) > 1
	f.remediation = firstText(m.text("Remediation", "Recommendation", "Text"), m.text("Remediation", "Recommendation", "Url"))
	f.severity = asffSeverity(m)
	f.status, f.muted = asffStatus(m)
	f.observed = when(zone, m.text("UpdatedAt"), m.text("LastObservedAt"), m.text("CreatedAt"))
	f.first = when(zone, m.text("FirstObservedAt"), m.text("CreatedAt"))
	f.last = when(zone, m.text("LastObservedAt"), m.text("UpdatedAt"))
	if strings.Contains(m.text("ProductArn"), "product/prowler/") {
		f.ofProwler(m)
	}
	return ""
}

func asffCheck(m object) string {
	generator := m.text("GeneratorId")
	tail := generator[strings.LastIndexByte(generator, '/')+1:]
	return firstText(m.text("Compliance", "SecurityControlId"), m.text("ProductFields", "ControlId"), m.text("ProductFields", "RuleId"), tail)
}

// ofProwler makes of a finding what the same finding is in Prowler's other
// files, as far as ASFF tells: its own Id ends in a hash of the resource that no
// other file has, and says only WARNING of what is muted, whatever the result.
func (f *finding) ofProwler(m object) {
	f.topic = prowlerTopic
	if check, ok := strings.CutPrefix(m.text("GeneratorId"), "prowler-"); ok {
		f.check = check
		f.service, _, _ = strings.Cut(check, "_")
	}
	f.resourceName = prowlerName(f.resource, f.check)
	f.first = stamp{} // it says when the scan began
	if uid := prowlerID("aws", f); uid != "" {
		f.uid = uid
	}
	switch m.text("Compliance", "Status") {
	case "WARNING":
		f.status, f.muted = "FAIL", true
	case "NOT_AVAILABLE", "INFOED":
		f.status = "MANUAL"
	}
}

// asffService is the service in a type such as AwsEc2Instance: its second word.
func asffService(kind string) string {
	rest, ok := strings.CutPrefix(kind, "Aws")
	if !ok {
		return ""
	}
	for i := 1; i < len(rest); i++ {
		if rest[i] >= 'A' && rest[i] <= 'Z' {
			return strings.ToLower(rest[:i])
		}
	}
	return strings.ToLower(rest)
}

func asffSeverity(m object) string {
	label := severityOf(firstText(m.text("Severity", "Label"), m.text("FindingProviderFields", "Severity", "Label")))
	if label != "" {
		return label
	}
	n, err := strconv.ParseFloat(m.text("Severity", "Normalized"), 64)
	switch {
	case err != nil:
		return ""
	case n >= 90:
		return "critical"
	case n >= 70:
		return "high"
	case n >= 40:
		return "medium"
	case n >= 1:
		return "low"
	}
	return "informational"
}

// asffStatus is what a finding says of its check.
func asffStatus(m object) (status string, muted bool) {
	muted = m.text("Workflow", "Status") == "SUPPRESSED"
	switch m.text("Compliance", "Status") {
	case "PASSED":
		return "PASS", muted
	case "FAILED", "":
		return "FAIL", muted
	case "WARNING":
		return "WARN", muted
	}
	return "UNKNOWN", muted
}
