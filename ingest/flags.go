package ingest

// What Record.Flags may hold. Beside these, "type:NAME" names a field of the
// logstore whose value had another type (it is NULL, and its value is kept under
// extra), and "reserved:NAME" a key of the record that only we may write
// (it is kept under extra).
const (
	FlagNoTime    = "no-time"    // no usable time: the load time was taken
	FlagTime      = "time"       // the time was read, but not written as its format writes it
	FlagTimeRange = "time-range" // the time is before 1990 or more than a day ahead
	FlagUTF8      = "utf8"       // bytes that are no UTF-8 became U+FFFD
	FlagControl   = "control"    // raw control characters in a text became escapes
	FlagSurrogate = "surrogate"  // half of a surrogate pair became U+FFFD
	FlagNumber    = "number"     // a number beyond a double became a text
	FlagDeep      = "deep"       // a value nested deeper than the limit is kept as text
	FlagKeys      = "keys"       // a value with more keys than the limit is kept as text
	FlagID        = "id"         // no usable id: identity is the object and the position
	FlagMore      = "more"       // a finding with several resources: the first one counts
	FlagSeverity  = "severity"   // a finding by a map of columns: its severity is none of our words
	FlagStatus    = "status"     // a finding by a map of columns: its status is none of the words of the map
	FlagQuote     = "quote"      // CSV: it stands behind quotes that do not close, and may have been text inside of them
	FlagCut       = "cut"        // CSV: the last row has no line end, and its last field may be cut off
)

// appendFaults adds the flags of what was mended.
func appendFaults(flags []string, f fault) []string {
	if f == 0 {
		return flags
	}
	for _, x := range [...]struct {
		fault
		flag string
	}{{faultUTF8, FlagUTF8}, {faultControl, FlagControl}, {faultSurrogate, FlagSurrogate}, {faultNumber, FlagNumber}, {faultQuote, FlagQuote}, {faultCut, FlagCut}} {
		if f&x.fault != 0 {
			flags = append(flags, x.flag)
		}
	}
	return flags
}

// reservedFlag is the flag of a key that only we may write: names that begin
// with @, and the system fields (G08). It is "" for other keys, and never holds
// text of the record.
func reservedFlag(key []byte) string {
	if len(key) < 2 || key[0] != '@' && (key[0] != '_' || key[1] != '_') {
		return ""
	}
	for _, f := range reservedFlags {
		if f[len("reserved:"):] == string(key) {
			return f
		}
	}
	if key[0] == '@' {
		return "reserved:@"
	}
	return ""
}

// reservedFlags name the system fields, the fields that mean the same in every
// logstore, and those that findings add.
var reservedFlags = [...]string{
	"reserved:__time__", "reserved:__ingest_time__", "reserved:__seq__", "reserved:__topic__", "reserved:__source__", "reserved:__tenant__", "reserved:__flags__",
	"reserved:@time", "reserved:@actor", "reserved:@action", "reserved:@resource", "reserved:@account", "reserved:@region", "reserved:@source_ip", "reserved:@success",
	"reserved:@check", "reserved:@status", "reserved:@severity", "reserved:@title", "reserved:@remediation", "reserved:@first_seen", "reserved:@last_seen",
	"reserved:@missed", "reserved:@controls", "reserved:@change", "reserved:__finding__",
}
