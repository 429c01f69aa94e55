package ingest

import (
	"strings"
	"time"
)

// CSPM checks of Alibaba Security Center, as SLS writes them.

// cspmTopic is the topic under which SLS keeps Security Center's CSPM checks.
const cspmTopic = "sas-cspm-log"

func matchCSPM(s sniff) string {
	switch {
	case text(s.members["__topic__"]) == cspmTopic:
		return ""
	case s.has("__topic__"):
		return "its __topic__ is not " + cspmTopic
	case !s.has("check_item_name") || !s.has("check_id"):
		return "it has no check_id and check_item_name"
	case !s.has("instance_id") && !s.has("instance_type"):
		return "it has neither instance_id nor instance_type"
	}
	return ""
}

// readCSPM reads a check of Alibaba Security Center as SLS writes it. A record's
// own __time__, __topic__ and __source__ count.
func readCSPM(m object, zone *time.Location, f *finding) string {
	if m.text("check_item_name") == "" && m.text("check_id") == "" {
		return "no record of " + cspmTopic + ": it has neither check_id nor check_item_name"
	}
	if f.topic = firstText(m.text("__topic__"), cspmTopic); f.topic != cspmTopic {
		return "no record of " + cspmTopic + ": its __topic__ is another"
	}
	f.source = m.text("__source__")
	f.check, f.title = m.text("check_id"), firstText(m.text("check_item_name"), m.text("check_id"))
	f.resource, f.resourceName = m.text("instance_id"), m.text("instance_name")
	f.resourceType = firstText(m.text("instance_sub_type"), m.text("instance_type"))
	f.service, f.region = m.text("instance_type"), m.text("region_id")
	f.account = firstText(m.text("owner_id"), m.text("aliuid"))
	f.remediation = m.text("advice")
	f.severity = severityOf(m.text("risk_level"))
	f.uid = f.check + "/" + f.resource + "/" + f.region
	if f.resource == "" {
		f.uid = ""
	}
	switch status := m.text("status"); strings.ToUpper(status) {
	case "PASS":
		f.status = "PASS"
	case "NOT_PASS":
		f.status = "FAIL"
	case "WHITELIST":
		f.status, f.muted = "FAIL", true
	default: // CHECKING, NOT_CHECK
		f.status = "UNKNOWN"
	}
	f.observed = when(zone, m.text("__time__"), m.text("start_time"))
	if own := m.text("__time__"); own != "" && f.observed.ok {
		f.observed.plain = readTime(own, zone).ok
	}
	f.last = f.observed
	return ""
}
