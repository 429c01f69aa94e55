package ingest

// A keyFunc is a switch over the keys of one object of a record: the field to
// keep (-1: none), and for an object whose members are wanted as well, their
// own switch.
type keyFunc func(key []byte) (field int, inner keyFunc)

func cloudTrailKeys(key []byte) (int, keyFunc) {
	switch string(key) {
	case "eventVersion":
		return ctEventVersion, nil
	case "userIdentity":
		return ctIdentity, identityKeys
	case "eventTime":
		return ctTime, nil
	case "eventSource":
		return ctEventSource, nil
	case "eventName":
		return ctEventName, nil
	case "awsRegion":
		return ctRegion, nil
	case "sourceIPAddress":
		return ctSourceIP, nil
	case "userAgent":
		return ctUserAgent, nil
	case "errorCode":
		return ctErrorCode, nil
	case "errorMessage":
		return ctErrorMessage, nil
	case "requestParameters":
		return ctRequest, requestKeys
	case "responseElements":
		return ctResponse, responseKeys
	case "additionalEventData":
		return ctAdditional, nil
	case "requestID":
		return ctRequestID, nil
	case "eventID":
		return ctID, nil
	case "readOnly":
		return ctReadOnly, nil
	case "resources":
		return ctResources, nil
	case "eventType":
		return ctEventType, nil
	case "managementEvent":
		return ctManagement, nil
	case "recipientAccountId":
		return ctRecipient, nil
	case "sharedEventID":
		return ctSharedEventID, nil
	case "eventCategory":
		return ctEventCategory, nil
	case "tlsDetails":
		return ctTLS, nil
	case "insightDetails":
		return ctInsight, nil
	}
	return -1, nil
}

func identityKeys(key []byte) (int, keyFunc) {
	switch string(key) {
	case "type":
		return ctType, nil
	case "principalId":
		return ctPrincipal, nil
	case "arn":
		return ctARN, nil
	case "accountId":
		return ctAccount, nil
	case "accessKeyId":
		return ctAccessKey, nil
	case "userName":
		return ctUser, nil
	case "invokedBy":
		return ctInvokedBy, nil
	case "sessionContext":
		return -1, sessionKeys
	}
	return -1, nil
}

func sessionKeys(key []byte) (int, keyFunc) {
	switch string(key) {
	case "sessionIssuer":
		return -1, issuerKeys
	case "attributes":
		return -1, attributeKeys
	}
	return -1, nil
}

func issuerKeys(key []byte) (int, keyFunc) {
	switch string(key) {
	case "arn":
		return ctIssuerARN, nil
	case "userName":
		return ctIssuerName, nil
	case "principalId":
		return ctIssuerPrincipal, nil
	}
	return -1, nil
}

func attributeKeys(key []byte) (int, keyFunc) {
	if string(key) == "mfaAuthenticated" {
		return ctMFA, nil
	}
	return -1, nil
}

func responseKeys(key []byte) (int, keyFunc) {
	if string(key) == "ConsoleLogin" {
		return ctLogin, nil
	}
	return -1, nil
}

func requestKeys(key []byte) (int, keyFunc) {
	for i := range requestTargets {
		if len(requestTargets[i]) == len(key) && requestTargets[i] == string(key) {
			return ctTargets + i, nil
		}
	}
	return -1, nil
}

// A member is one key of an object with its value, as they stand.
type member struct {
	key, value []byte // the key without its quotes
	escaped    bool   // the key holds a backslash
	text       bool   // too deep or too wide: to be kept as text
}

// A slicer cuts one object into fields, without decoding and without
// allocating. Its fields are slices of the input: nil is absent. Of equal keys
// the first wins. It recurses only into the trees that its keys name.
type slicer struct {
	scanner
	keyed  keyFunc
	limits Limits
	f      [ctTargets1][]byte // values as they stand
	from   [ctTargets1]int    // where they begin in what was cut
	seen   uint64             // fields met
	esc    uint64             // fields whose text holds a backslash
	quoted uint64             // fields too deep or too wide, to be kept as text
	deep   bool               // there was a value that is too deep
	wide   bool               // there were too many keys
	rest   []member           // members of the record that are no fields
	key    []byte             // scratch: a key without escapes
}

// cut returns the index behind the object that begins at b[0], or behind the
// list, of which no field is known.
func (s *slicer) cut(b []byte) int {
	clear(s.f[:])
	s.seen, s.esc, s.quoted, s.deep, s.wide, s.rest = 0, 0, 0, false, false, s.rest[:0]
	switch {
	case len(b) == 0:
		return more
	case b[0] == '[':
		return s.value(b, 0, 0)
	}
	return s.object(b, 0, s.keyed, 1)
}

func (s *slicer) object(b []byte, i int, keys keyFunc, depth int) int {
	for fresh := true; ; fresh = false {
		if i = space(b, i+1); i >= len(b) {
			return more
		}
		if fresh && b[i] == '}' {
			break
		}
		if i = s.member(b, i, keys, depth); i < 0 {
			return i
		}
		if i = space(b, i); i >= len(b) {
			return more
		}
		if b[i] == '}' {
			break
		}
		if b[i] != ',' {
			return s.fail(i, "a comma or a closing bracket is missing")
		}
	}
	s.deepest = max(s.deepest, depth-1)
	return i + 1
}

// member reads one key and its value.
func (s *slicer) member(b []byte, i int, keys keyFunc, depth int) int {
	if b[i] != '"' {
		return s.fail(i, "a key is missing")
	}
	end := s.text(b, i+1)
	if end < 0 {
		return end
	}
	key, escaped := b[i+1:end-1], s.escaped
	s.keys++
	v := s.colon(b, end)
	if v < 0 {
		return v
	}
	name := key
	if escaped {
		name = s.plain(member{key: key, escaped: true})
	}
	field, inner := keys(name)
	if depth == 1 {
		s.deepest = 0
	}
	if inner != nil && b[v] == '{' && (field < 0 || s.seen>>field&1 == 0) {
		i = s.object(b, v, inner, depth+1)
	} else {
		i = s.value(b, v, depth-1)
	}
	if i < 0 {
		return i
	}
	quoted := depth == 1 && s.beyond(b[v])
	if field >= 0 {
		s.keep(field, v, b[v:i], quoted)
	} else if depth == 1 {
		s.rest = append(s.rest, member{key: key, value: b[v:i], escaped: escaped, text: quoted})
	}
	return i
}

// beyond says whether the value just read, which begins with c, exceeds a limit.
func (s *slicer) beyond(c byte) bool {
	deep := s.deepest > s.limits.Depth
	wide := s.keys > s.limits.Keys && (c == '{' || c == '[')
	s.deep, s.wide = s.deep || deep, s.wide || wide
	return deep || wide
}

func (s *slicer) plain(m member) []byte {
	if !m.escaped {
		return m.key
	}
	s.key = appendUnescaped(s.key[:0], m.key)
	return s.key
}

func (s *slicer) keep(field, from int, value []byte, quoted bool) {
	bit := uint64(1) << field
	if s.seen&bit != 0 {
		return
	}
	s.seen |= bit
	s.f[field], s.from[field] = value, from
	if s.escaped && value[0] == '"' {
		s.esc |= bit
	}
	if quoted {
		s.quoted |= bit
	}
}
