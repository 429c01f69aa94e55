package ingest

// The snapshot of findings: one row for each finding as it stands.

// Names of the logstore of findings, and of its snapshot.
const (
	FindingsName    = "findings"
	FindingsNowName = "findings_now"
)

// FindingsNow declares the snapshot of findings. The store keeps its table: the
// columns of findings, those of the record on which a finding stands, and what
// the store knows of it besides.
func FindingsNow() *Logstore {
	l := &Logstore{Name: FindingsNowName, Snapshot: true, Columns: findingsColumns()}
	l.Computed = []Column{{Name: "missed", Kind: Integer}, {Name: "last_scan", Kind: Stamp}}
	for _, c := range []Column{
		{Name: "number", Kind: Integer},  // the finding: the same in every version
		{Name: "finding", Kind: UUID},    // what the number is made from
		{Name: "scanner", Kind: Text},    // whose runs it may be missing from
		{Name: "of_seq", Kind: Integer},  // __seq__ of the record
		{Name: "fails", Kind: Boolean},   // by the last record that says so
		{Name: "fail_level", Kind: Text}, // severity when it last failed
		{Name: "fail_muted", Kind: Boolean},
		{Name: "failed_at", Kind: Stamp},  // when it last failed
		{Name: "changed_at", Kind: Stamp}, // time of its last change
	} {
		c.Derived = true
		l.Columns = append(l.Columns, c)
	}
	own := map[string]Field{
		"__seq__":        {Name: "__seq__", Column: "seq", Type: IntegerField, Doc: "number from which this version of the finding stands"},
		"@first_seen":    {Name: "@first_seen", Column: "first_seen", Type: TimeField, Doc: "the earliest observation, or what the scanner says when that is earlier"},
		"@last_seen":     {Name: "@last_seen", Column: "last_seen", Type: TimeField, Doc: "the latest observation"},
		"@change":        {Name: "@change", Column: "change", Doc: "its last change: opened, resolved or changed; same: none yet"},
		"@failed_before": {Name: "@failed_before", Column: "failed_before", Type: TimeField, Doc: "when it last failed before it was opened again"},
	}
	for _, f := range findingsFields() {
		if o, ok := own[f.Name]; ok {
			f = o
		}
		l.Fields = append(l.Fields, f)
		if f.Name == "@failed_before" {
			l.Fields = append(l.Fields,
				Field{Name: "@changed_at", Column: "changed_at", Type: TimeField, Doc: "time of the observation that made its last change"},
				Field{Name: "@missed", Column: "missed", Type: IntegerField, Doc: "later scans of its scanner and account that do not mention it"},
				Field{Name: "@last_scan", Column: "last_scan", Type: TimeField, Doc: "the latest scan of its scanner and account"},
				Field{Name: "__finding__", Column: "number", Type: IntegerField, Doc: "number of the finding, the same in every version"})
		}
	}
	return l
}
