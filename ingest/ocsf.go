package ingest

import (
	"strings"
	"time"
)

// Findings in OCSF: compliance findings (2003), detections (2004) and the other
// classes of the category; Prowler writes 2001 and 2004 in ways of its own.

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
		f.topic = prowlerTopic
	}
	f.uid = firstText(m.text("finding_info", "uid"), m.text("finding", "uid"))
	f.title = firstText(m.text("finding_info", "title"), m.text("finding", "title"))
	f.account = m.text("cloud", "account", "uid")
	readOCSFResource(m, f)
	f.check = firstText(m.text("metadata", "event_code"), m.text("compliance", "control"), m.text("finding_info", "analytic", "uid"),
		m.text("metadata", "product", "feature", "uid"), m.text("finding_info", "analytic", "name"), m.text("finding_info", "types", "0"),
		checkOf(f.uid, f.account))
	f.remediation = firstText(m.text("remediation", "desc"), m.text("finding", "remediation", "desc"), m.text("finding_info", "remediation", "desc"))
	f.actor = firstText(m.text("actor", "user", "uid"), m.text("actor", "user", "name"), m.text("evidences", "0", "actor", "user", "uid"),
		m.text("evidences", "0", "actor", "user", "name"))
	f.sourceIP = firstText(m.text("src_endpoint", "ip"), m.text("evidences", "0", "src_endpoint", "ip"))
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
	if f.resource == "" {
		f.resource, f.resourceName = firstText(m.text("device", "uid"), m.text("device", "hostname")), m.text("device", "hostname")
	}
	f.region = firstText(m.text("cloud", "region"), get("region"))
	f.account = firstText(f.account, get("owner", "account", "uid"))
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

// ocsfStatus is the result of the check, never what became of the finding:
// status is New or Suppressed there whatever the result. Only Prowler 3 has it
// in status alone. A detection has no result: it fails until it is resolved.
func ocsfStatus(m object, prowler bool) (status string, muted bool) {
	life := m.text("status_id")
	muted = life == "3"
	if status := ocsfResult(m); status != "" {
		return status, muted
	}
	switch {
	case prowler:
		return prowler3Status(m.text("status"))
	case life == "4":
		return "PASS", false
	case life == "5": // archived
		return "FAIL", true
	}
	return "FAIL", muted
}

func ocsfResult(m object) string {
	for _, word := range []string{m.text("status_code"), m.text("compliance", "status_code"), m.text("compliance", "status")} {
		switch word = strings.ToUpper(word); word {
		case "PASS", "FAIL", "MANUAL":
			return word
		case "PASSED":
			return "PASS"
		case "FAILED":
			return "FAIL"
		case "WARNING":
			return "WARN"
		case "NOT_AVAILABLE":
			return "UNKNOWN"
		}
	}
	switch m.text("compliance", "status_id") {
	case "1":
		return "PASS"
	case "2":
		return "WARN"
	case "3":
		return "FAIL"
	case "0", "99":
		return "UNKNOWN"
	}
	return ""
}

func prowler3Status(word string) (status string, muted bool) {
	switch word {
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
