// Values of results: from what the driver gives to the types of query.Result.

package trino

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"tocsin/query"
)

// decode returns a value of the driver as one of query.Result, and about how
// many bytes it takes beyond the interface. Inside of arrays and maps the driver
// hands over what the server's JSON says.
func decode(v any, t query.Type) (any, int, error) {
	if v == nil {
		return nil, 0, nil
	}
	switch {
	case t.IsArray():
		return decodeArray(v, t.Elem())
	case t.IsMap():
		return decodeMap(v, t.Elem())
	}
	switch t {
	case query.Text, query.JSON:
		if s, ok := v.(string); ok {
			return s, len(s), nil
		}
	case query.Boolean:
		if b, ok := v.(bool); ok {
			return b, 0, nil
		}
	case query.Integer, query.EpochSeconds:
		if n, ok := integer(v); ok {
			return n, 0, nil
		}
	case query.Double:
		if f, ok := double(v); ok {
			return f, 0, nil
		}
	case query.Time:
		if m, ok := moment(v); ok {
			return m, 16, nil
		}
	}
	return nil, 0, fmt.Errorf("a %T is no %s", v, t)
}

func decodeArray(v any, elem query.Type) (any, int, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, 0, fmt.Errorf("a %T is no array", v)
	}
	out, size := make([]any, len(list)), 16*len(list)
	for i, x := range list {
		y, n, err := decode(x, elem)
		if err != nil {
			return nil, 0, err
		}
		out[i], size = y, size+n
	}
	return out, size, nil
}

func decodeMap(v any, elem query.Type) (any, int, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, 0, fmt.Errorf("a %T is no map", v)
	}
	out, size := make(map[string]any, len(m)), 0
	for k, x := range m {
		y, n, err := decode(x, elem)
		if err != nil {
			return nil, 0, err
		}
		out[k], size = y, size+n+len(k)+32
	}
	return out, size, nil
}

func integer(v any) (int64, bool) {
	switch x := v.(type) {
	case int64:
		return x, true
	case json.Number:
		n, err := x.Int64()
		return n, err == nil
	case float64:
		return int64(x), x == math.Trunc(x) && math.Abs(x) < 1<<53
	}
	return 0, false
}

func double(v any) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, true
	case int64:
		return float64(x), true
	case json.Number:
		f, err := x.Float64()
		return f, err == nil
	case string: // NaN, Infinity
		f, err := strconv.ParseFloat(x, 64)
		return f, err == nil
	}
	return 0, false
}

func moment(v any) (time.Time, bool) {
	switch x := v.(type) {
	case time.Time:
		return x.UTC(), true
	case string:
		t, err := time.Parse("2006-01-02 15:04:05.999999999", x)
		return t, err == nil
	}
	return time.Time{}, false
}
