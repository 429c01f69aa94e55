package ingest

// The columns of findings, in the order of the table.
const (
	fdUID = iota
	fdCheck
	fdStatus
	fdSeverity
	fdTitle
	fdResource
	fdResourceName
	fdResourceType
	fdService
	fdAccount
	fdRegion
	fdActor
	fdSourceIP
	fdRemediation
	fdMuted
	fdSuccess
	fdFirstSeen
	fdLastSeen
	fdRecord
	fdChange
	fdFailedBefore
	fdColumns
)

// findings declares the logstore of findings of all scanners: normalised
// columns, and the native record as it came. Native names of all formats lie
// over that record.
func findings() *Logstore {
	return &Logstore{Name: FindingsName, Columns: findingsColumns(), Fields: findingsFields()}
}

func findingsColumns() []Column {
	c := make([]Column, fdColumns)
	for i, name := range []string{
		"finding_uid", "check_id", "status", "severity", "title", "resource", "resource_name", "resource_type", "service", "account", "region",
		"actor", "source_ip", "remediation", "muted", "success", "first_seen", "last_seen", "record", "change", "failed_before",
	} {
		c[i].Name = name
	}
	c[fdMuted].Kind, c[fdSuccess].Kind = Boolean, Boolean
	c[fdFirstSeen].Kind, c[fdLastSeen].Kind, c[fdFailedBefore].Kind = Stamp, Stamp, Stamp
	c[fdChange].Derived, c[fdFailedBefore].Derived = true, true
	c[fdRemediation].Zstd, c[fdRecord].Zstd = true, true
	return c
}

func findingsFields() []Field {
	f := append(systemFields(),
		Field{Name: "@actor", Column: "actor", Caller: true, Doc: "who, where a finding names somebody"},
		Field{Name: "@action", Column: "check_id", Doc: "the check, as @check"},
		Field{Name: "@resource", Column: "resource", Doc: "what is affected, an ARN or id"},
		Field{Name: "@account", Column: "account", Doc: "account of the resource"},
		Field{Name: "@region", Column: "region", Doc: "region of the resource"},
		Field{Name: "@source_ip", Column: "source_ip", Doc: "from where, where a finding names an address"},
		Field{Name: "@success", Column: "success", Type: BooleanField, Doc: "true when the check passed, false when it failed"},
		Field{Name: "@check", Column: "check_id", Doc: "id of the check"},
		Field{Name: "@status", Column: "status", Doc: "PASS, FAIL, WARN, MANUAL or UNKNOWN"},
		Field{Name: "@severity", Column: "severity", Doc: "critical, high, medium, low or informational"},
		Field{Name: "@title", Column: "title", Match: Tokens, Doc: "what the check is called"},
		Field{Name: "@remediation", Column: "remediation", Match: Tokens, Doc: "what to do"},
		Field{Name: "@first_seen", Column: "first_seen", Type: TimeField, Doc: "first seen, as the scanner says"},
		Field{Name: "@last_seen", Column: "last_seen", Type: TimeField, Doc: "last seen, as the scanner says"},
		Field{Name: "@change", Column: "change", Doc: "what is news: opened, resolved, changed or same"},
		Field{Name: "@failed_before", Column: "failed_before", Type: TimeField, Doc: "of what was opened again: when it last failed before"},
		Field{Name: "@muted", Column: "muted", Type: BooleanField, Doc: "muted, suppressed or on a white list"},
		Field{Name: "@finding", Column: "finding_uid", Doc: "id of the finding at its scanner"},
		Field{Name: "@service", Column: "service", Doc: "service of the resource"},
		Field{Name: "@resource_name", Column: "resource_name", Doc: "name of the resource"},
		Field{Name: "@resource_type", Column: "resource_type", Doc: "type of the resource"},
		Field{Name: "check_item", Column: "title", Match: Tokens, Doc: "display name of the check, in every format"},
		Field{Name: "extra", Column: "record", Type: JSONField, Open: true, Doc: "every key of the native record"},
	)
	for _, n := range nativeFindings() {
		for _, name := range n.names {
			f = append(f, Field{Name: name, Column: "record", Path: []string{name}, Type: n.kind, Match: n.match, Open: n.kind == JSONField, Doc: n.doc})
		}
	}
	return f
}
