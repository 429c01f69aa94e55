package ingest

import (
	"slices"
	"strings"
	"sync"
)

// The formats, in the order in which they are tried, and the logstores.

// A Format is one way to write records of a logstore.
type Format struct {
	Name     string // "cloudtrail", "asff", …
	Logstore string // name of the built-in logstore; "" for any declared one
	Doc      string // one line
	wraps    []string
	match    func(sniff) string  // "" or why a record is not of this format
	header   func(header) string // "" or why a line is no header of this format; nil: it is not written as CSV
	open     func(input) Decoder
}

// findingWraps are the envelopes of findings of AWS: what an API returns, what is
// exported, and events of EventBridge.
var findingWraps = []string{"Findings", "findings", "detail.findings"}

// formats are those told apart by content, in the order in which they are tried.
func formats() []*Format {
	return []*Format{
		{
			Name: "cloudtrail", Logstore: "cloudtrail", Doc: "AWS CloudTrail: files, events of EventBridge, subscriptions of CloudWatch Logs, lookup-events, CloudTrail Lake",
			wraps: []string{"Records", wrapLogEvents, wrapLookup, wrapRows}, match: matchCloudTrail, header: headerLake, open: newCloudTrail,
		},
		{
			Name: cspmTopic, Logstore: "findings", Doc: "Alibaba Security Center CSPM checks as SLS writes them, one record a line",
			match: matchCSPM, open: newFindings(cspmTopic, true, readCSPM),
		},
		{
			Name: "asff", Logstore: "findings", Doc: `AWS Security Hub: {"Findings":[…]}, a list, one finding a line, or events of EventBridge`,
			wraps: findingWraps, match: matchASFF, open: newFindings("asff", false, readASFF),
		},
		{
			Name: "ocsf", Logstore: "findings", Doc: "OCSF findings: a list, one finding a line, or what Security Hub's GetFindingsV2 returns",
			wraps: findingWraps, match: matchOCSF, open: newFindings("ocsf", false, readOCSF),
		},
		{
			Name: prowlerTopic, Logstore: "findings", Doc: "Prowler's CSV, and the native JSON of Prowler 3",
			match: matchProwler, header: headerProwler, open: newFindings(prowlerTopic, false, readProwler),
		},
		{
			Name: guardDutyTopic, Logstore: "findings", Doc: "AWS GuardDuty: exports, events of EventBridge, and what GetFindings returns",
			wraps: findingWraps, match: matchGuardDuty, open: newFindings(guardDutyTopic, false, readGuardDuty),
		},
		{
			Name: prismaAlertTopic, Logstore: "findings", Doc: "Prisma Cloud alerts: one alert a line, a list, or a page of its API",
			wraps: []string{"items"}, match: matchPrisma, open: newFindings(prismaAlertTopic, false, readPrisma),
		},
		{
			Name: mappedFormat, Logstore: "findings", Doc: "Qualys TotalCloud, CSV or JSON by a map of columns",
			wraps: []string{"content"}, match: matchMapped, header: headerMapped, open: newMapped,
		},
		{
			Name: "actiontrail", Logstore: "audit", Doc: "Alibaba ActionTrail, as SLS writes it or as it is delivered: one event a line, or lists",
			match: matchActionTrail, open: newAudit(readActionTrail),
		},
		{
			Name: prismaAuditTopic, Logstore: "audit", Doc: "Prisma Cloud audit logs: one entry a line, or lists",
			match: matchPrismaAudit, open: newAudit(readPrismaAudit),
		},
	}
}

// Builtin returns the logstores that exist without configuration: always the
// same ones, which nobody may change. The list is the caller's.
func Builtin() []*Logstore { return slices.Clone(builtin()) }

var builtin = sync.OnceValue(func() []*Logstore { return []*Logstore{cloudTrail(), findings(), FindingsNow(), auditLogstore()} })

// input is what a decoder is made from.
type input struct {
	framer         framer
	clock          clock
	logstore       *Logstore
	object         string
	source, tenant string
	columns        *ColumnMap
}

// A sniff is what is known of an object from its beginning: the top-level
// members of one of its first records.
type sniff struct {
	wrap    string // key of the envelope, or ""
	members map[string][]byte
	columns *ColumnMap // of the object's source, or the default
}

// detail is what an event of EventBridge is about, or s when it is none.
func (s sniff) detail() sniff {
	if v := s.members["detail"]; s.isText("detail-type") && len(v) > 0 && v[0] == '{' {
		return newSniff(s.wrap, v, looseMembers)
	}
	return s
}

func (s sniff) has(key string) bool {
	v := s.members[key]
	return len(v) > 0 && v[0] != 'n'
}

// isText says whether a member is a text.
func (s sniff) isText(key string) bool {
	v := s.members[key]
	return len(v) > 2 && v[0] == '"'
}

// matchCloudTrail also takes what is meant to be CloudTrail and holds nothing
// (an envelope whose list is none, a record of nulls), so that the decoder can
// say at which place it is broken.
func matchCloudTrail(s sniff) string {
	if why, known := matchEnclosed(s); known {
		return why
	}
	source := text(s.members["eventSource"])
	switch {
	case len(s.members) == 0 && s.wrap == "Records":
		return ""
	case s.members["Records"] != nil && len(s.members) == 1:
		return ""
	case strings.HasPrefix(source, "aws:"):
		return "it is a notification of " + source
	case s.has("digestStartTime"):
		return "it is a CloudTrail digest, which holds no records"
	case s.has("acsRegion"):
		return "it is an event of Alibaba ActionTrail"
	case s.members["eventName"] == nil && !s.has("insightDetails"):
		return "it has no eventName"
	case !s.has("eventVersion") && !s.has("eventSource") && !s.has("userIdentity"):
		return "it has neither eventVersion nor eventSource"
	}
	return ""
}
