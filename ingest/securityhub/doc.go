// Package securityhub is the source that asks AWS Security Hub for findings
// (GetFindings): first for all, then for those that were updated since. Each page
// is an object, with the findings as the service wrote them.
package securityhub
