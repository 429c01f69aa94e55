package ingest

import (
	"strings"
	"time"
)

// Findings of Prowler as it writes them itself: CSV from 3 to 5, and the native
// JSON of 3. What it writes as OCSF and ASFF is read in the files of these.

// prowlerTopic is the topic of what Prowler found, in whichever format.
const prowlerTopic = "prowler"

func headerProwler(h header) string {
	switch {
	case !h.has("CHECK_ID") || !h.has("STATUS"):
		return "its header has no CHECK_ID and STATUS"
	case !h.has("FINDING_UID") && !h.has("FINDING_UNIQUE_ID"):
		return "its header has neither FINDING_UID nor FINDING_UNIQUE_ID"
	}
	return ""
}

func matchProwler(s sniff) string {
	switch {
	case !s.has("CheckID") || !s.has("Status"):
		return "it has no CheckID and Status"
	case !s.has("FindingUniqueId") && !s.has("AssessmentStartTime"):
		return "it has neither FindingUniqueId nor AssessmentStartTime"
	}
	return ""
}

// readProwler reads a row of CSV, whose names differ between 3 and 4, or a
// record of native JSON. Times are local, without an offset.
func readProwler(m object, zone *time.Location, f *finding) string {
	f.topic = prowlerTopic
	if f.check = m.first("CHECK_ID", "CheckID"); f.check == "" {
		return "no finding of Prowler: it has no check id"
	}
	f.title, f.severity = m.first("CHECK_TITLE", "CheckTitle"), severityOf(m.first("SEVERITY", "Severity"))
	f.account = m.first("ACCOUNT_UID", "ACCOUNT_ID", "AccountId", "SUBSCRIPTION", "Subscription", "PROJECT_ID", "ProjectId")
	f.region = m.first("REGION", "Region", "LOCATION", "Location")
	f.service = m.first("SERVICE_NAME", "ServiceName")
	f.resourceType = m.first("RESOURCE_TYPE", "ResourceType")
	f.resourceName = m.first("RESOURCE_NAME", "ResourceName", "RESOURCE_ID", "ResourceId")
	f.resource = m.first("RESOURCE_UID", "RESOURCE_ARN", "ResourceArn", "RESOURCE_ID", "ResourceId", "RESOURCE_NAME")
	f.remediation = firstText(m.text("REMEDIATION_RECOMMENDATION_TEXT"), m.text("Remediation", "Recommendation", "Text"),
		m.text("REMEDIATION_RECOMMENDATION_URL"), m.text("Remediation", "Recommendation", "Url"))
	f.status, f.muted = prowlerStatus(m.first("STATUS", "Status"))
	f.muted = f.muted || strings.EqualFold(m.text("MUTED"), "true")
	f.uid = m.first("FINDING_UID", "FINDING_UNIQUE_ID", "FindingUniqueId")
	if f.uid == "" {
		f.uid = prowlerID(firstText(m.first("PROVIDER", "Provider"), "aws"), f)
	}
	f.observed = when(zone, m.first("TIMESTAMP", "ASSESSMENT_START_TIME", "AssessmentStartTime"))
	f.last = f.observed
	return ""
}

// prowlerStatus is the result of a check. In 3 a muted finding has no other
// result than that.
func prowlerStatus(word string) (status string, muted bool) {
	switch word = strings.ToUpper(word); word {
	case "PASS", "FAIL", "MANUAL":
		return word, false
	case "INFO":
		return "MANUAL", false
	case "WARNING", "MUTED":
		return "FAIL", true
	}
	return "UNKNOWN", false
}

// prowlerID is the id that Prowler gives a finding, which some of its files
// leave out. It holds no severity, and stays from scan to scan.
func prowlerID(provider string, f *finding) string {
	if f.check == "" || f.account == "" || f.resourceName == "" {
		return ""
	}
	return "prowler-" + strings.Join([]string{provider, f.check, f.account, f.region, f.resourceName}, "-")
}

// prowlerName is the name that Prowler gives the resource of an ARN, as far as
// the ARN says it: ASFF has only that. What belongs to the account as a whole
// has the account's number, or the root user.
func prowlerName(arn, check string) string {
	part := strings.SplitN(arn, ":", 6)
	if len(part) < 6 || part[0] != "arn" {
		return arn
	}
	service, account, rest := part[2], part[4], part[5]
	switch {
	case strings.HasPrefix(check, "iam_") && (rest == "root" || rest == "mfa"):
		return "<root_account>"
	case strings.HasPrefix(rest, "log-group:"):
		return strings.TrimSuffix(strings.TrimPrefix(rest, "log-group:"), ":*")
	case account != "" && !strings.ContainsAny(rest, ":/") && service != "sns" && service != "sqs" && service != "codecommit":
		return account
	}
	return lastSegment(arn)
}
