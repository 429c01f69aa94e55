package ingest

import "strings"

// The formats, in the order in which they are tried, and the logstores.

// A Format is one way to write records of a logstore.
type Format struct {
	Name     string // "cloudtrail", "asff", …
	Logstore string // name of the built-in logstore; "" for any declared one
	Doc      string // one line
	wraps    []string
	match    func(sniff) string // "" or why a record is not of this format
	open     func(input) Decoder
}

// formats are those told apart by content, in the order in which they are tried.
func formats() []*Format {
	return []*Format{
		{
			Name: "cloudtrail", Logstore: "cloudtrail", Doc: `AWS CloudTrail: {"Records":[…]}, a list, or one record a line`,
			wraps: []string{"Records"}, match: matchCloudTrail, open: newCloudTrail,
		},
		{
			Name: cspmTopic, Logstore: "findings", Doc: "Alibaba Security Center CSPM checks as SLS writes them, one record a line",
			match: matchCSPM, open: newFindings(cspmTopic, true, readCSPM),
		},
		{
			Name: "asff", Logstore: "findings", Doc: `AWS Security Hub: {"Findings":[…]}, a list, or one finding a line`,
			wraps: []string{"Findings"}, match: matchASFF, open: newFindings("asff", false, readASFF),
		},
		{
			Name: "ocsf", Logstore: "findings", Doc: "OCSF findings, as Prowler writes them: a list, or one finding a line",
			match: matchOCSF, open: newFindings("ocsf", false, readOCSF),
		},
	}
}

// Builtin returns the logstores that exist without configuration.
func Builtin() []*Logstore { return []*Logstore{cloudTrail(), findings(), FindingsNow()} }

// input is what a decoder is made from.
type input struct {
	framer         framer
	clock          clock
	logstore       *Logstore
	object         string
	source, tenant string
}

// A sniff is what is known of an object from its beginning: the top-level
// members of one of its first records.
type sniff struct {
	wrap    string // key of the envelope, or ""
	members map[string][]byte
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
