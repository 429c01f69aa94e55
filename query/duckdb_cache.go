// What was read from constant arguments.

package query

import (
	"strings"
	"sync"
	"sync/atomic"
)

// A cache keeps what was read from constant arguments, since an engine hands
// the same text over with every row.
type cache[T any] struct {
	m sync.Map
	n atomic.Int64
}

// maxCached is when a cache starts again.
const maxCached = 4096

func (c *cache[T]) get(spec string, read func(string) T) T {
	if v, ok := c.m.Load(spec); ok {
		return v.(T)
	}
	v := read(spec)
	if c.n.Add(1) > maxCached {
		c.m.Clear()
		c.n.Store(1)
	}
	c.m.Store(strings.Clone(spec), v)
	return v
}
