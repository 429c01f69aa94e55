package ingest

import (
	"strings"
	"time"
)

// Findings in OCSF, as Prowler writes them.

func matchOCSF(s sniff) string {
	class := text(s.members["class_uid"])
	switch {
	case !s.has("metadata"):
		return "it has no metadata"
	case class == "":
		return "it has no class_uid"
	case !findingClass(class):
		return "OCSF class " + class + " is no finding"
	}
	return ""
}

// findingClass says whether a class belongs to the category of findings.
func findingClass(class string) bool { return len(class) == 4 && class[0] == '2' }

// readOCSF reads a finding of the Open Cybersecurity Schema Framework, as
// Prowler has written it from 3 to 5 and as its schema says.
func readOCSF(m object, zone *time.Location, f *finding) string {
	if !findingClass(m.text("class_uid")) {
		return "no OCSF finding: class_uid is " + firstText(m.text("class_uid"), "missing")
	}
	prowler := strings.HasPrefix(m.text("metadata", "product", "name"), "Prowler")
	f.topic = "ocsf"
	if prowler {
		f.topic = "prowler"
	}
	f.uid = firstText(m.text("finding_info", "uid"), m.text("finding", "uid"))
	f.title = firstText(m.text("finding_info", "title"), m.text("finding", "title"))
	f.account = m.text("cloud", "account", "uid")
	readOCSFResource(m, f)
	f.check = firstText(m.text("metadata", "event_code"), m.text("metadata", "product", "feature", "uid"), m.text("compliance", "control"),
		m.text("finding_info", "analytic", "uid"), checkOf(f.uid, f.account))
	f.remediation = firstText(m.text("remediation", "desc"), m.text("finding", "remediation", "desc"), m.text("finding_info", "remediation", "desc"))
	f.severity = ocsfSeverity(m)
	f.status, f.muted = ocsfStatus(m, prowler)
	readOCSFTimes(m, zone, prowler, f)
	return ""
}

func readOCSFResource(m object, f *finding) {
	list, at := "resources", []string{"resources", "0"}
	if m.at(list) == nil {
		at = []string{"resource"}
	}
	get := func(path ...string) string { return m.text(append(at[:len(at):len(at)], path...)...) }
	f.resource = firstText(get("uid"), get("name"))
	f.resourceName, f.resourceType, f.service = get("name"), get("type"), get("group", "name")
	f.region = firstText(m.text("cloud", "region"), get("region"))
	f.several = listLen(m.at(list)) > 1
}

// checkOf finds the check in a finding id of Prowler,
// prowler-<provider>-<check>-<account>-<region>-<resource>; 4.0 has it nowhere else.
func checkOf(uid, account string) string {
	rest, ok := strings.CutPrefix(uid, "prowler-")
	if !ok || account == "" {
		return ""
	}
	_, rest, _ = strings.Cut(rest, "-")
	check, _, ok := strings.Cut(rest, "-"+account+"-")
	if !ok {
		return ""
	}
	return check
}

func ocsfSeverity(m object) string {
	switch m.text("severity_id") {
	case "1":
		return "informational"
	case "2":
		return "low"
	case "3":
		return "medium"
	case "4":
		return "high"
	case "5", "6":
		return "critical"
	}
	return severityOf(m.text("severity"))
}

// ocsfStatus is the result of the check. Prowler 3 has it in status alone.
func ocsfStatus(m object, prowler bool) (status string, muted bool) {
	muted = m.text("status_id") == "3"
	code := strings.ToUpper(firstText(m.text("status_code"), m.text("compliance", "status_code")))
	switch code {
	case "PASS", "FAIL", "MANUAL":
		return code, muted
	case "PASSED":
		return "PASS", muted
	case "FAILED":
		return "FAIL", muted
	case "WARNING":
		return "WARN", muted
	}
	switch m.text("compliance", "status_id") {
	case "1":
		return "PASS", muted
	case "2":
		return "WARN", muted
	case "3":
		return "FAIL", muted
	}
	if !prowler {
		return "FAIL", muted // a detection is a failure until somebody resolves it
	}
	switch m.text("status") {
	case "Success":
		return "PASS", false
	case "Failure":
		return "FAIL", false
	case "Other":
		return "FAIL", true
	}
	return "MANUAL", false
}

// readOCSFTimes: the number is preferred, since texts of Prowler are local time
// without an offset. What Prowler calls created is the start of its scan.
func readOCSFTimes(m object, zone *time.Location, prowler bool, f *finding) {
	f.observed = when(zone, m.text("time"), m.text("time_dt"), m.text("event_time"), m.text("metadata", "original_time"),
		m.text("finding_info", "created_time"))
	f.first = when(zone, m.text("finding_info", "first_seen_time"), m.text("finding_info", "first_seen_time_dt"))
	if !f.first.ok && !prowler {
		f.first = when(zone, m.text("finding_info", "created_time"), m.text("finding_info", "created_time_dt"))
	}
	f.last = when(zone, m.text("finding_info", "last_seen_time"), m.text("finding_info", "last_seen_time_dt"))
	if !f.last.ok {
		f.last = f.observed
	}
}
