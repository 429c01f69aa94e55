// The functions that DuckDB calls for large named lists.

package query

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
)

// A listCache keeps the lists of the statements of one engine, so that a row
// hands over a short key and not the list.
type listCache struct {
	sets  sync.Map // key → *listSet
	mu    sync.Mutex
	order []cachedList // oldest first
	bytes int
}

type cachedList struct {
	key   string
	bytes int
}

// maxCachedLists bounds the texts of the lists that are kept.
const maxCachedLists = 128 << 20

// put keeps a list and returns its key. The oldest ones make room.
func (c *listCache) put(spec string) string {
	sum := sha256.Sum256([]byte(spec))
	key := hex.EncodeToString(sum[:16])
	if _, ok := c.sets.Load(key); ok {
		return key
	}
	set := newListSet(decodeListSpec(spec))
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.sets.LoadOrStore(key, set); ok {
		return key
	}
	c.order, c.bytes = append(c.order, cachedList{key, len(spec)}), c.bytes+len(spec)
	for c.bytes > maxCachedLists && len(c.order) > 1 {
		c.sets.Delete(c.order[0].key)
		c.order, c.bytes = c.order[1:], c.bytes-c.order[0].bytes
	}
	return key
}

// get returns a list that put has kept.
func (c *listCache) get(key string) (*listSet, error) {
	if set, ok := c.sets.Load(key); ok {
		return set.(*listSet), nil
	}
	return nil, errors.New("the lists of other queries took the place of this one's: run it again")
}

// listFunctions are the functions of named lists. tocsin_list makes a list
// known and gives its key; it is called once for each statement.
func listFunctions() []DuckDBFunction {
	lists, ways := &listCache{}, &cache[[]string]{}
	return []DuckDBFunction{
		{Name: "tocsin_list", Params: []Type{Text}, Result: Text, Call: func(a []any) (any, error) {
			return lists.put(a[0].(string)), nil
		}},
		{Name: "tocsin_listed", Params: []Type{Text, Text}, Result: Boolean, Call: func(a []any) (any, error) {
			set, err := lists.get(a[1].(string))
			return err == nil && set.has(a[0].(string)), err
		}},
		{Name: "tocsin_json_listed", Params: []Type{Text, Text, Text}, Result: Boolean, Call: func(a []any) (any, error) {
			set, err := lists.get(a[2].(string))
			found := false
			if err == nil {
				below(a[0].(string), ways.get(a[1].(string), decodeSteps), 0, func(raw string) bool {
					found = set.has(plain(raw))
					return !found
				})
			}
			return found, err
		}},
	}
}
