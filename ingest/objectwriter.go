package ingest

import "slices"

// An objectWriter puts members together to a JSON object. Of equal keys the
// first stays. The closing brace is the caller's.
type objectWriter struct {
	dst   []byte
	start int
	few   [16][]byte // keys written, while they are few
	n     int
	many  map[string]bool
}

// put writes a member, unless its key was written before.
func (w *objectWriter) put(m member) {
	if w.known(m) {
		return
	}
	w.begin(m.key)
	if m.text {
		w.dst = appendQuoted(w.dst, m.value)
	} else {
		w.dst = append(w.dst, m.value...)
	}
}

// rest writes members as one text.
func (w *objectWriter) rest(ms []member) {
	inner := objectWriter{}
	for _, m := range ms {
		inner.begin(m.key)
		inner.dst = append(inner.dst, m.value...)
	}
	w.begin([]byte(restKey))
	w.dst = appendQuoted(w.dst, append(inner.dst, '}'))
}

func (w *objectWriter) begin(key []byte) {
	c := byte(',')
	if len(w.dst) == w.start {
		c = '{'
	}
	w.dst = append(w.dst, c, '"')
	w.dst = append(w.dst, key...)
	w.dst = append(w.dst, '"', ':')
}

func (w *objectWriter) known(m member) bool {
	key := m.key
	if m.escaped {
		key = appendUnescaped(nil, key)
	}
	if w.n < len(w.few) {
		for _, k := range w.few[:w.n] {
			if string(k) == string(key) {
				return true
			}
		}
		w.few[w.n] = key
		w.n++
		return false
	}
	if w.many == nil {
		w.many = map[string]bool{}
		for _, k := range w.few {
			w.many[string(k)] = true
		}
	}
	if w.many[string(key)] {
		return true
	}
	w.many[string(key)] = true
	return false
}

// appendFlag adds a flag once.
func appendFlag(flags []string, flag string) []string {
	if slices.Contains(flags, flag) {
		return flags
	}
	return append(flags, flag)
}
