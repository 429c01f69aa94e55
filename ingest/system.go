package ingest

// systemFields are the fields over SystemColumns, which every logstore has.
func systemFields() []Field {
	return []Field{
		{Name: "__time__", Column: "time", Type: EpochField, Doc: "event time, seconds since 1970"},
		{Name: "@time", Column: "time", Type: TimeField, Doc: "event time, to the microsecond"},
		{Name: "__ingest_time__", Column: "ingest_time", Type: EpochField, Doc: "when it was stored, seconds since 1970"},
		{Name: "__seq__", Column: "seq", Type: IntegerField, Doc: "number in the order of storing"},
		{Name: "__topic__", Column: "topic", Doc: "kind of record, such as cloudtrail or sas-cspm-log"},
		{Name: "__source__", Column: "source", Doc: "name of the source, or what the record says of it where its format declares that"},
		{Name: "__tenant__", Column: "tenant", Doc: "tenant of the source"},
		{Name: "__flags__", Column: "flags", Match: Tokens, Doc: "what was odd about the record"},
	}
}
