// Functions over lists and maps.

package templates

import "slices"

func fnEnumerate(c *call) any {
	l, start := c.list(0), c.int(1, 0)
	c.st.alloc(64 * len(l))
	out := make([]any, len(l))
	for i, x := range l {
		out[i] = []any{int64(start + i), norm(x)}
	}
	return out
}

// fnDict copies a map, or makes one from a list of pairs.
func fnDict(c *call) any {
	out := map[string]any{}
	switch x := c.arg(0).(type) {
	case map[string]any:
		c.st.alloc(64 * len(x))
		for k, v := range x {
			out[k] = v
		}
	case []any:
		c.st.alloc(64 * len(x))
		for _, p := range x {
			if pair, ok := p.([]any); ok && len(pair) == 2 {
				out[c.st.text(pair[0])] = pair[1]
				continue
			}
			c.st.fail("dict takes a map or a list of pairs")
		}
	}
	return out
}

// fnEnd returns the first (0) or last (-1) element of a list or character of text.
func fnEnd(i int64) func(c *call) any {
	return func(c *call) any {
		if s, ok := c.arg(0).(string); ok {
			c.st.alloc(4 * len(s))
			if r := []rune(s); len(r) > 0 {
				return string(r[(int64(len(r))+i)%int64(len(r))])
			}
			return missing
		}
		return c.st.index(c.list(0), i)
	}
}

func fnSort(c *call) any {
	l := c.list(0)
	c.st.alloc(16 * len(l))
	out := slices.Clone(l)
	slices.SortStableFunc(out, c.st.order)
	if c.has(1) && truth(c.arg(1)) {
		slices.Reverse(out)
	}
	return out
}

func fnReverse(c *call) any {
	l := c.list(0)
	c.st.alloc(16 * len(l))
	out := slices.Clone(l)
	slices.Reverse(out)
	return out
}

func (c *call) dict(i int) map[string]any {
	m, ok := c.arg(i).(map[string]any)
	if !ok {
		c.st.fail("a map is needed here, not " + typeName(c.arg(i)))
	}
	return m
}

// fnItems returns the pairs of a map, sorted by key.
func fnItems(c *call) any {
	m := c.dict(0)
	c.st.alloc(64 * len(m))
	keys := sortedKeys(m)
	out := make([]any, len(keys))
	for i, k := range keys {
		out[i] = []any{k, norm(m[k])}
	}
	return out
}

func fnKeys(c *call) any { return c.st.keys(c.dict(0)) }

func fnValues(c *call) any {
	m := c.dict(0)
	c.st.alloc(32 * len(m))
	out := make([]any, 0, len(m))
	for _, k := range sortedKeys(m) {
		out = append(out, norm(m[k]))
	}
	return out
}

func fnGet(c *call) any {
	if m, ok := c.arg(0).(map[string]any); ok {
		if v := member(m, c.str(1, "")); !isMissing(v) {
			return v
		}
	}
	if c.has(2) {
		return c.arg(2)
	}
	return missing
}

func fnJoin(c *call) any {
	l, sep := c.list(0), c.str(1, "")
	out := []byte{}
	for i, x := range l {
		if i > 0 {
			c.st.alloc(len(sep))
			out = append(out, sep...)
		}
		s := c.st.text(norm(x))
		c.st.alloc(len(s))
		if len(out)+len(s) > maxOne {
			c.st.alloc(maxOne + 1)
		}
		out = append(out, s...)
	}
	return string(out)
}

func fnRange(c *call) any {
	start, stop, step := 0, c.int(0, 0), c.int(2, 1)
	if c.has(1) {
		start, stop = c.int(0, 0), c.int(1, 0)
	}
	if step == 0 {
		c.st.fail("range with a step of 0")
	}
	n := 0
	if step > 0 && stop > start {
		n = (stop - start + step - 1) / step
	} else if step < 0 && start > stop {
		n = (start - stop - step - 1) / -step
	}
	if n > maxRange {
		c.st.fail("range gives at most 10,000 numbers")
	}
	c.st.alloc(16 * n)
	out := make([]any, n)
	for i := range out {
		out[i] = int64(start + i*step)
	}
	return out
}

// fnWhere keeps the maps of a list whose key has this value, or, without one, is true.
func fnWhere(c *call) any {
	l, key := c.list(0), c.str(1, "")
	c.st.alloc(16 * len(l))
	out := []any{}
	for _, x := range l {
		v := member(norm(x), key)
		if c.has(2) && c.st.equal(v, c.arg(2), 0) || !c.has(2) && truth(v) {
			out = append(out, x)
		}
	}
	return out
}
