// What functions ask of texts, bytes and numbers beyond their types.

package query

import "strings"

// special checks what single functions ask of their arguments.
func (s *stage) special(c *call, e *Call) value {
	for _, check := range [...]func(*call, *Call) (value, bool){s.specialText, s.specialBytes, s.specialNumber, s.specialTime, s.specialArray, s.specialMap} {
		if v, ok := check(c, e); ok {
			return v
		}
	}
	switch c.fn {
	case "regexp_like", "regexp_extract", "regexp_extract_all", "regexp_replace", "regexp_split", "regexp_count", "regexp_position":
		return s.regexp(c, e)
	case "json_extract", "json_extract_scalar", "json_array_length", "json_size":
		return s.jsonPath(asList(c), e)
	case "json_array_contains", "json_array_get":
		if asList(c); c.fn == "json_array_get" {
			return c
		}
		return s.jsonWanted(c, e)
	case "is_subnet_of", "is_prefix_subnet_of":
		return s.network(c, e)
	case "try":
		return s.try(c, e)
	case "typeof":
		s.grouped = s.grouped || contains(c.args[0], isAggregate)
		return textConst(prestoType(c.args[0].typ()))
	}
	return c
}

// try refuses what cannot be tried: bounds that were hit are never hidden.
func (s *stage) try(c *call, e *Call) value {
	hidden := func(v value) bool {
		switch v.(type) {
		case *lambda, *subquery, *windowed:
			return true
		}
		return false
	}
	if contains(c.args[0], hidden) {
		s.fault("query/try", e.Args[0].Span(), "try is for expressions of one row, without lambdas, windows and subqueries", "try_cast(… AS bigint) is NULL where a cast fails")
		return null()
	}
	return c
}

// prestoType is what typeof calls a type: its name as CAST takes it.
func prestoType(t Type) string {
	switch {
	case t.IsArray():
		return "array(" + prestoType(t.Elem()) + ")"
	case t.IsMap():
		return "map(" + prestoType(t.Key()) + ", " + prestoType(t.Elem()) + ")"
	}
	switch t {
	case Text:
		return "varchar"
	case Integer, EpochSeconds:
		return "bigint"
	case Time:
		return "timestamp"
	}
	return strings.ToLower(t.String())
}

// specialText checks functions of texts; false: c is none of them.
func (s *stage) specialText(c *call, e *Call) (value, bool) {
	switch c.fn {
	case "concat":
		return s.concat(c.args, nodes(e.Args), e), true
	case "concat_ws":
		for i := 1; i < len(c.args); i++ {
			if c.args[i] = s.textOf(c.args[i], e.Args[i]); c.args[i].typ() == Unknown {
				c.args[i] = &conversion{x: c.args[i], to: Text}
			}
		}
	case "nullif":
		x, y := s.pair(c.args[0], c.args[1], e)
		return &call{c.fn, []value{x, y}, x.typ()}, true
	case "replace", "split_to_map", "translate":
		return s.notEmpty(c, e), true
	case "split":
		if sep, ok := constText(c.args[1]); ok && sep == "" {
			s.fault("query/constant", e.Args[1].Span(), "split takes a separator that is not empty", "regexp_extract_all(x, '.') gives the characters")
			return null(), true
		}
		return s.atLeast(c, e, 2, 1, maxElements), true
	case "lpad", "rpad":
		if pad, _ := constText(c.args[2]); pad == "" {
			s.fault("query/constant", e.Args[2].Span(), c.fn+" takes a text that is not empty", "write "+c.fn+"(x, 10, ' ')")
			return null(), true
		}
		return s.atLeast(c, e, 1, 0, 1<<20), true
	case "strpos":
		if len(c.args) == 3 {
			c.fn = "strpos_nth"
		}
	case "reverse":
		if c.args[0].typ().IsArray() {
			c.fn = "array_reverse"
		}
	case "length":
		if b, ok := c.args[0].(*call); ok && b.fn == "to_utf8" {
			return &call{fn: "byte_length", args: b.args, t: Integer}, true
		}
	default:
		return c, false
	}
	return c, true
}

// concat joins texts, or arrays where one is among them.
func (s *stage) concat(xs []value, at []Node, e Node) value {
	for _, x := range xs {
		if x.typ().IsArray() {
			return s.concatArrays(xs, at, e)
		}
	}
	for i := range xs {
		xs[i] = s.textOf(xs[i], at[i])
	}
	return &call{fn: "concat", args: xs, t: Text}
}

// notEmpty refuses empty constants: what would be found everywhere.
func (s *stage) notEmpty(c *call, e *Call) value {
	last := len(c.args)
	if c.fn == "replace" || c.fn == "translate" {
		last = 2
	}
	for i := 1; i < last; i++ {
		if str, _ := constText(c.args[i]); str == "" {
			s.fault("query/constant", e.Args[i].Span(), c.fn+" takes a text that is not empty", "write what is to be found: "+c.fn+"(a, 'x', 'y')")
			return null()
		}
	}
	if c.fn == "split_to_map" {
		a, _ := constText(c.args[1])
		if b, _ := constText(c.args[2]); a == b {
			s.fault("query/constant", e.Args[2].Span(), "entries and keys are told apart by two texts", "write split_to_map(x, ';', '=')")
			return null()
		}
	}
	return c
}

// atLeast refuses a constant argument outside of a range.
func (s *stage) atLeast(c *call, e *Call, i int, least, greatest int64) value {
	if i >= len(c.args) {
		return c
	}
	if n, ok := wholeConst(c.args[i]); ok && (n < least || n > greatest) {
		s.fault("query/constant", e.Args[i].Span(), c.fn+" takes a number from "+itoa(int(least))+" to "+itoa(int(greatest))+" here", "write one of them")
		return null()
	}
	return c
}

// specialNumber checks functions of numbers; false: c is none of them.
func (s *stage) specialNumber(c *call, e *Call) (value, bool) {
	switch c.fn {
	case "ceil", "floor", "round", "truncate":
		if c.t == Integer && (len(c.args) == 1 || c.fn == "truncate") {
			return c.args[0], true
		}
		if c.fn == "truncate" {
			return s.atLeast(c, e, 1, -15, 15), true
		}
		return s.atLeast(c, e, 1, -300, 300), true
	case "to_base", "from_base":
		return s.atLeast(c, e, 1, 2, 36), true
	case "bit_count":
		return s.atLeast(c, e, 1, 2, 64), true
	case "ip_prefix":
		return s.atLeast(c, e, 1, 0, 128), true
	}
	return c, false
}

// specialBytes resolves functions of bytes. Bytes have no type: between two
// functions they are text in hexadecimal, and where text is expected those that
// a text was decoded to are read as UTF-8.
func (s *stage) specialBytes(c *call, e *Call) (value, bool) {
	switch c.fn {
	case "to_utf8":
		return c, true
	case "from_hex", "from_base64", "from_base64url":
		return &call{fn: "as_utf8", args: []value{&call{fn: "bytes_" + c.fn, args: c.args, t: Text}}, t: Text}, true
	case "md5", "sha1", "sha256", "sha512", "crc32", "to_hex", "to_base64", "to_base64url", "from_utf8":
	default:
		return c, false
	}
	x, ok := c.args[0].(*call)
	switch {
	case ok && x.fn == "to_utf8":
		c.args = x.args
		if c.fn == "from_utf8" {
			return x.args[0], true
		}
	case ok && x.fn == "as_utf8": // bytes that were decoded
		return &call{fn: c.fn + "_of_hex", args: x.args, t: c.t}, true
	case ok && hashed(x.fn):
		return &call{fn: c.fn + "_of_hex", args: c.args, t: c.t}, true
	case c.fn == "from_utf8":
		return c.args[0], true
	}
	return c, true
}

// hashed reports whether a function gives bytes that are written in hexadecimal.
func hashed(fn string) bool {
	switch strings.TrimSuffix(fn, "_of_hex") {
	case "md5", "sha1", "sha256", "sha512":
		return true
	}
	return false
}
