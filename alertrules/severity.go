package alertrules

import "fmt"

// Severity of an alert. Larger is worse, so that severities compare with <.
type Severity int

// The severities, as in SLS (sls.md §3.6).
const (
	Report Severity = iota + 1
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{Report: "report", Low: "low", Medium: "medium", High: "high", Critical: "critical"}

// String returns the name as rule files write it.
func (s Severity) String() string {
	if s < Report || s > Critical {
		return fmt.Sprintf("severity(%d)", int(s))
	}
	return severityNames[s]
}

// ParseSeverity reads a name as rule files write it.
func ParseSeverity(name string) (Severity, bool) {
	for s := Report; s <= Critical; s++ {
		if severityNames[s] == name {
			return s, true
		}
	}
	return 0, false
}

// SeverityNames returns all names, worst first.
func SeverityNames() []string {
	return []string{"critical", "high", "medium", "low", "report"}
}
