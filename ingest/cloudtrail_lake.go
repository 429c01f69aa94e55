package ingest

import (
	"bytes"
	"slices"
	"strings"
)

// CloudTrail Lake and tables of Athena: the fields of a record in lower case,
// structures and maps in the way in which Java prints them.

// lakeNames are names as CloudTrail writes them, by their form in lower case,
// with those inside of them.
type lakeNames map[string]lakeName

type lakeName struct {
	name  string
	inner lakeNames // of a structure
	free  bool      // a map of free keys
}

// lakeOf makes names that hold no others.
func lakeOf(names string) lakeNames {
	all := lakeNames{}
	for _, n := range strings.Fields(names) {
		all[strings.ToLower(n)] = lakeName{name: n}
	}
	return all
}

// lakeRecord are the names of a record.
var lakeRecord = func() lakeNames {
	issuer := lakeOf("type principalId arn accountId userName")
	session := lakeNames{
		"attributes":          {name: "attributes", inner: lakeOf("creationDate mfaAuthenticated")},
		"sessionissuer":       {name: "sessionIssuer", inner: issuer},
		"webidfederationdata": {name: "webIdFederationData", inner: lakeOf("federatedProvider attributes")},
		"sourceidentity":      {name: "sourceIdentity"},
		"ec2roledelivery":     {name: "ec2RoleDelivery"},
	}
	identity := lakeOf("type principalId arn accountId accessKeyId userName invokedBy identityProvider credentialId")
	identity["sessioncontext"] = lakeName{name: "sessionContext", inner: session}
	identity["onbehalfof"] = lakeName{name: "onBehalfOf", inner: lakeOf("userId identityStoreArn")}
	all := lakeOf(`eventVersion eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage requestID eventID
		eventType apiVersion managementEvent readOnly recipientAccountId sharedEventID vpcEndpointId vpcEndpointAccountId eventCategory
		sessionCredentialFromConsole`)
	all["useridentity"] = lakeName{name: "userIdentity", inner: identity}
	all["tlsdetails"] = lakeName{name: "tlsDetails", inner: lakeOf("tlsVersion cipherSuite clientProvidedHostHeader keyExchange")}
	all["addendum"] = lakeName{name: "addendum", inner: lakeOf("reason updatedFields originalRequestID originalEventID")}
	all["resources"] = lakeName{name: "resources", inner: lakeNames{"arn": {name: "ARN"}, "accountid": {name: "accountId"}, "type": {name: "type"}}}
	for _, n := range []string{"requestParameters", "responseElements", "additionalEventData", "serviceEventDetails", "insightDetails", "eventContext", "edgeDeviceDetails"} {
		all[strings.ToLower(n)] = lakeName{name: n, free: true}
	}
	return all
}()

// isLakeKey says whether a key is one that only records in lower case have.
func isLakeKey(key []byte) bool {
	return string(key) == "eventname" || string(key) == "eventjson"
}

// headerLake says why a line is no header of an export of CloudTrail Lake or
// Athena; these name columns as the query does, in lower case or not.
func headerLake(h header) string {
	has := func(name string) bool {
		return slices.ContainsFunc(h.names, func(n string) bool { return strings.EqualFold(n, name) })
	}
	switch {
	case has("eventJson"):
		return ""
	case !has("eventName"):
		return "its header has neither eventName nor eventJson"
	case !has("eventSource") && !has("eventVersion") && !has("userIdentity"):
		return "its header has neither eventSource nor eventVersion"
	}
	return ""
}

// fromLake cuts a record of CloudTrail Lake: an object, or a row, which is a list
// of objects with one key each. Where it holds the whole event as text
// (eventJson), that is the record.
func (d *cloudTrailDecoder) fromLake(raw []byte) (record []byte, skip bool, why string) {
	var w lakeWriter
	row := func(object []byte) bool {
		members(object, w.member)
		return true
	}
	if raw[0] == '[' {
		elements(raw, func(v []byte) bool { return v[0] != '{' || row(v) })
	} else {
		row(raw)
	}
	d.around = around{flags: w.flags}
	if w.event != nil {
		d.around.flags = nil
		record, why = d.enclosed(w.event)
		return record, false, why
	}
	if len(w.dst) == 0 {
		return nil, false, "no CloudTrail record: the row has no columns"
	}
	record, why = d.enclosed(append(w.dst, '}'))
	return record, false, why
}

// lakeWriter puts a record together with the names that CloudTrail writes.
type lakeWriter struct {
	dst   []byte
	event []byte // the whole event, as a JSON text
	flags []string
}

// member adds a column.
func (w *lakeWriter) member(key, value []byte) bool {
	lower := strings.ToLower(string(key))
	if lower == "eventjson" && len(value) > 4 && value[0] == '"' {
		w.event = value
		return false
	}
	known, ok := lakeRecord[lower]
	if !ok {
		known.name = string(key)
	}
	open := byte(',')
	if len(w.dst) == 0 {
		open = '{'
	}
	w.dst = appendQuoted(append(w.dst, open), []byte(known.name))
	w.dst = append(w.dst, ':')
	w.value(lower, value, known)
	return true
}

// value adds the value of a column.
func (w *lakeWriter) value(lower string, value []byte, known lakeName) {
	if string(value) == `""` { // CSV has no other null
		w.dst = append(w.dst, "null"...)
		return
	}
	if lower == "eventtime" {
		w.dst = append(w.dst, lakeTime(value)...)
		return
	}
	if value[0] != '"' {
		w.dst = appendRenamed(w.dst, value, known.inner)
		return
	}
	inside := strings.TrimSpace(text(value))
	switch {
	case known.inner == nil && !known.free:
		w.dst = append(w.dst, value...)
	case inside == "" || inside == "null":
		w.dst = append(w.dst, "null"...)
	case wholeJSON([]byte(inside)):
		w.dst = appendRenamed(w.dst, []byte(inside), known.inner)
	default:
		if out, ok := appendPrinted(w.dst, inside, known.inner); ok && known.inner != nil {
			w.dst = out
			return
		}
		// A map of free keys cannot be read back: a value may hold what looks
		// like another key.
		w.dst = append(w.dst, value...)
		w.flags = append(w.flags, "type:"+known.name)
	}
}

// lakeTime is a time as Lake writes it, 2006-01-02 15:04:05.000 in UTC, as
// CloudTrail writes it; any other as it stands.
func lakeTime(value []byte) []byte {
	v := bytes.TrimSuffix(bytes.Trim(value, `"`), []byte(" UTC"))
	if len(v) < len("2006-01-02 15:04:05") || v[10] != ' ' {
		return value
	}
	if i := bytes.IndexByte(v, '.'); i > 0 && len(bytes.Trim(v[i:], ".0")) == 0 {
		v = v[:i]
	}
	t := append([]byte{'"'}, v...)
	t[11] = 'T'
	return append(t, `Z"`...)
}

// wholeJSON says whether b is one JSON object or list.
func wholeJSON(b []byte) bool {
	var s scanner
	return (b[0] == '{' || b[0] == '[') && s.value(b, 0, 0) == len(b)
}

// appendRenamed writes a JSON value with the keys of its objects as they are
// known. It goes as deep as the names do.
func appendRenamed(dst, v []byte, names lakeNames) []byte {
	switch {
	case len(names) == 0 || v[0] != '{' && v[0] != '[':
		return append(dst, v...)
	case v[0] == '{':
		return appendRenamedObject(dst, v, names)
	}
	dst = append(dst, '[')
	from := len(dst)
	elements(v, func(e []byte) bool {
		if len(dst) > from {
			dst = append(dst, ',')
		}
		if e[0] == '{' {
			dst = appendRenamedObject(dst, e, names)
		} else {
			dst = append(dst, e...)
		}
		return true
	})
	return append(dst, ']')
}

func appendRenamedObject(dst, v []byte, names lakeNames) []byte {
	dst = append(dst, '{')
	from := len(dst)
	members(v, func(key, value []byte) bool {
		if len(dst) > from {
			dst = append(dst, ',')
		}
		known, ok := names[strings.ToLower(string(key))]
		if !ok {
			known.name = string(key)
		}
		dst = append(appendQuoted(dst, []byte(known.name)), ':')
		dst = appendRenamed(dst, value, known.inner)
		return true
	})
	return append(dst, '}')
}

// appendPrinted writes what Java prints of a structure, {type=IAMUser, arn=null},
// or of a list of them, as JSON.
func appendPrinted(dst []byte, printed string, names lakeNames) ([]byte, bool) {
	list, ok := strings.CutPrefix(printed, "[")
	if !ok {
		return appendStructure(dst, printed, names)
	}
	if list, ok = strings.CutSuffix(list, "]"); !ok {
		return dst, false
	}
	dst = append(dst, '[')
	for from, more := 0, list != ""; more; {
		end := printedEnd(list, from)
		if from > 0 {
			dst = append(dst, ',')
		}
		if dst, ok = appendStructure(dst, list[from:end], names); !ok {
			return dst, false
		}
		from, more = end+len(printedComma), end < len(list)
	}
	return append(dst, ']'), true
}

// appendStructure writes one structure. It fails where that can be read in two
// ways: a structure prints each of its fields once, so a name that comes twice is
// part of a value, and so are brackets where none belong.
func appendStructure(dst []byte, printed string, names lakeNames) ([]byte, bool) {
	inside, ok := strings.CutPrefix(printed, "{")
	if !ok {
		return dst, false
	}
	if inside, ok = strings.CutSuffix(inside, "}"); !ok {
		return dst, false
	}
	dst = append(dst, '{')
	start, seen := len(dst), map[string]bool{}
	for from := 0; from < len(inside); {
		name, _, named := strings.Cut(inside[from:min(len(inside), from+maxLakeName)], "=")
		known, ok := names[name]
		if !named || !ok || seen[name] {
			return dst, false
		}
		seen[name] = true
		from += len(name) + 1
		end := fieldEnd(inside, from, names)
		if dst, ok = appendField(dst, known, inside[from:end], len(dst) > start); !ok {
			return dst, false
		}
		from = end + len(printedComma)
	}
	return append(dst, '}'), true
}

// maxLakeName is more than the length of the longest name.
const maxLakeName = 40

// fieldEnd is where the value at inside[from] ends: at a comma behind which a
// known name stands, or at the end.
func fieldEnd(inside string, from int, names lakeNames) int {
	for {
		end := printedEnd(inside, from)
		next := end + len(printedComma)
		if end == len(inside) {
			return end
		}
		name, _, ok := strings.Cut(inside[next:min(len(inside), next+maxLakeName)], "=")
		if _, known := names[name]; ok && known {
			return end
		}
		from = next
	}
}

// appendField writes a field of a structure, or nothing of null.
func appendField(dst []byte, known lakeName, value string, comma bool) ([]byte, bool) {
	if value == "null" {
		return dst, true
	}
	if comma {
		dst = append(dst, ',')
	}
	dst = append(appendQuoted(dst, []byte(known.name)), ':')
	if known.inner == nil {
		return appendQuoted(dst, []byte(value)), !strings.ContainsAny(value, "{}[]")
	}
	return appendPrinted(dst, value, known.inner)
}

// printedComma stands between what Java prints of a structure or list.
const printedComma = ", "

// printedEnd is where, from an index on, the next comma outside of brackets
// stands, or the end.
func printedEnd(s string, from int) int {
	depth := 0
	for i := from; i < len(s); i++ {
		switch s[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth == 0 && strings.HasPrefix(s[i:], printedComma) {
				return i
			}
		}
	}
	return len(s)
}
