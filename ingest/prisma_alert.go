package ingest

import (
	"strings"
	"time"
)

// Alerts of Prisma Cloud.

const prismaAlertTopic = "prisma-alert"

func matchPrisma(s sniff) string {
	id := text(s.members["id"])
	switch {
	case s.has("riskDetail") && !s.has("class_uid"):
		return "" // it may be all that there is
	case !strings.HasPrefix(id, "P-") && !strings.HasPrefix(id, "N-"):
		return "it has no id that begins with P- or N-"
	case !s.has("policyId") && !s.has("policy"):
		return "it has neither policyId nor policy"
	}
	return ""
}

// readPrisma reads an alert. Its times are milliseconds; an alert changes when
// somebody acts on it, also where nothing was seen again, so that the later of
// both is when it was observed.
func readPrisma(m object, zone *time.Location, f *finding) string {
	f.topic, f.uid = prismaAlertTopic, m.text("id")
	if f.uid == "" && m.at("riskDetail") == nil {
		return "no alert of Prisma Cloud: it has neither id nor riskDetail"
	}
	f.check = firstText(m.text("policyId"), m.text("policy", "policyId"))
	f.title, f.severity = m.text("policy", "name"), severityOf(m.text("policy", "severity"))
	f.remediation = m.text("policy", "recommendation")
	f.resource = firstText(m.text("resource", "rrn"), m.text("resource", "id"))
	f.resourceName, f.resourceType = m.text("resource", "name"), m.text("resource", "resourceType")
	f.service = m.text("resource", "cloudServiceName")
	f.account = firstText(m.text("resource", "accountId"), m.text("resource", "account"))
	f.region = firstText(m.text("resource", "regionId"), m.text("resource", "region"))
	switch m.text("status") {
	case "open":
		f.status = "FAIL"
	case "resolved":
		f.status = "PASS"
	case "dismissed", "snoozed":
		f.status, f.muted = "FAIL", true
	default:
		f.status = "UNKNOWN"
	}
	f.first = when(zone, m.text("firstSeen"))
	f.last = when(zone, m.text("lastSeen"))
	f.observed = when(zone, m.text("lastSeen"), m.text("alertTime"), m.text("firstSeen"))
	if changed := when(zone, m.text("lastUpdated")); changed.ok && (!f.observed.ok || changed.micros > f.observed.micros) {
		f.observed = changed
	}
	return ""
}
