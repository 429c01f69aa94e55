// Queries of Prisma Cloud: how the same question is asked here.

package shell

import (
	"regexp"
	"strings"
)

// prismaQuery matches how RQL begins, whatever follows.
var prismaQuery = regexp.MustCompile(`(?i)^\s*(event|config|network|iam)\s+(from\s+[\w.]+\s+)?where\b`)

// prismaNames are the attributes of RQL's event queries, each with what is written
// here for it.
var prismaNames = []struct {
	attribute *regexp.Regexp
	name      string
	here      string
}{
	{attribute("operation"), "operation IN ('StopLogging', 'DeleteTrail')", "eventName:(StopLogging or DeleteTrail)"},
	{attribute(`cloud\.service|system`), "cloud.service = 'iam.amazonaws.com'", "eventSource:iam.amazonaws.com"},
	{attribute("user|subject"), "user = 'root'", "@actor:*root*, or userIdentity.userName:root"},
	{attribute("role"), "role = 'admin'", "userIdentity.sessionContext.sessionIssuer.userName:admin"},
	{attribute("ip"), "ip = 203.0.113.7", "sourceIPAddress in 203.0.113.7 (or a network: in 203.0.113.0/24)"},
	{attribute("crud"), "crud = 'delete'", "eventName:Delete*, or readOnly:false"},
	{attribute(`cloud\.account(\.group)?`), "cloud.account = 'production'", "@account:111111111111, the number of the account"},
	{attribute(`cloud\.region`), "cloud.region = 'AWS Ohio'", "awsRegion:us-east-2, the code of the region"},
	{attribute(`json\.rule`), "json.rule = $.userAgent contains 'kali'", "userAgent:*kali*; any path: requestParameters.bucketName:x"},
	{attribute(`alert\.id`), "alert.id", "nothing: it names alerts of Prisma Cloud"},
}

func attribute(names string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(` + names + `)\s*(=|!=|NOT\b|IN\b|EXISTS\b|MATCHES\b)`)
}

// Settings are how a logstore and a range of time are chosen where a query is
// typed.
type Settings struct{ Findings, Trail, Range string }

// Flags are the settings of a command line.
var Flags = Settings{Findings: "-l findings", Trail: "-l cloudtrail", Range: "--last 4h"}

// commandSettings are those of a session.
var commandSettings = Settings{Findings: ".use findings", Trail: ".use cloudtrail", Range: ".last 4h"}

// Prisma is what to say to a text in Prisma Cloud's notation, "" to any other.
func Prisma(text string, set Settings) string {
	m := prismaQuery.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	if !strings.EqualFold(m[1], "event") {
		return "this is a query of Prisma Cloud over " + strings.ToLower(m[1]) + " data; tocsin reads audit logs and findings:\n" +
			"  " + set.Findings + ", and @status:FAIL and @severity:(critical or high)"
	}
	var b strings.Builder
	b.WriteString("this is a query of Prisma Cloud, which tocsin does not read yet; the same is asked here with " + set.Trail + ", and\n")
	for _, n := range prismaNames {
		if n.attribute.MatchString(text) {
			b.WriteString("  " + n.name + strings.Repeat(" ", max(1, 46-len(n.name))) + n.here + "\n")
		}
	}
	b.WriteString("  conditions are joined with and, or, not; the time is not part of a query: " + set.Range)
	return b.String()
}
