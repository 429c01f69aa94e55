// Values of results: from what the driver gives to the types of query.Result.

package store

import (
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"tocsin/query"
)

// A cursor goes through the rows of an answer.
type cursor interface {
	// kinds are DuckDB's names of the columns' types.
	kinds() ([]string, error)
	// next reads a row into values; not more: there was none.
	next(values []any) (more bool, err error)
}

// sqlCursor is a cursor over what database/sql gives.
type sqlCursor struct {
	*sql.Rows
	into []any
}

func (c *sqlCursor) kinds() ([]string, error) {
	types, err := c.ColumnTypes()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.DatabaseTypeName()
	}
	return names, nil
}

func (c *sqlCursor) next(values []any) (bool, error) {
	if !c.Next() {
		return false, c.Err()
	}
	if c.into == nil {
		c.into = make([]any, len(values))
	}
	for i := range values {
		c.into[i] = &values[i]
	}
	return true, c.Scan(c.into...)
}

// driverCursor is a cursor over what the driver gives.
type driverCursor struct {
	driver.Rows
	row []driver.Value
}

func (c *driverCursor) kinds() ([]string, error) {
	typed, ok := c.Rows.(driver.RowsColumnTypeDatabaseTypeName)
	if !ok {
		return nil, fmt.Errorf("the driver's rows are a %T", c.Rows)
	}
	names := make([]string, len(c.Columns()))
	for i := range names {
		names[i] = typed.ColumnTypeDatabaseTypeName(i)
	}
	c.row = make([]driver.Value, len(names))
	return names, nil
}

func (c *driverCursor) next(values []any) (bool, error) {
	if err := c.Next(c.row); errors.Is(err, io.EOF) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	for i, v := range c.row {
		values[i] = v
	}
	return true, nil
}

// scanner reads rows of one result.
type scanner struct {
	columns []query.Column
	rows    cursor
	kinds   []string
	raw     []any
	first   int // 1 when the first column is __seq__
}

func newScanner(rows cursor, q question) (*scanner, error) {
	kinds, err := rows.kinds()
	if err != nil {
		return nil, err
	}
	s := &scanner{columns: q.columns, rows: rows, kinds: kinds, raw: make([]any, len(kinds))}
	if q.seq {
		s.first = 1
	}
	if len(kinds) != len(q.columns)+s.first {
		return nil, fmt.Errorf("the statement has %d columns, the plan %d", len(kinds), len(q.columns)+s.first)
	}
	for i, kind := range kinds {
		if kind == "JSON" {
			// The driver would decode it: one 1e999 in one record fails the whole query (G13).
			return nil, fmt.Errorf("column %d of the statement is of type JSON", i)
		}
	}
	return s, nil
}

// next goes to the next row; false: there is none.
func (s *scanner) next() (bool, error) { return s.rows.next(s.raw) }

// row returns the values of the current row, its __seq__, and about how many
// bytes it takes.
func (s *scanner) row() (values []any, seq int64, size int, err error) {
	if s.first == 1 {
		n, ok := s.raw[0].(int64)
		if !ok {
			return nil, 0, 0, fmt.Errorf("__seq__ is a %T", s.raw[0])
		}
		seq = n
	}
	values = make([]any, len(s.columns))
	size = 16 * len(values)
	for i, c := range s.columns {
		v, n := convert(s.raw[i+s.first], s.kinds[i+s.first])
		if t, ok := v.(time.Time); ok && (t.Year() < 1 || t.Year() > 9999) {
			return nil, 0, 0, fmt.Errorf("column %s: a time of the year %d cannot be shown", c.Name, t.Year())
		}
		values[i] = typed(v, c.Type)
		size += n
	}
	return values, seq, size, nil
}

// convert returns a value of the driver as one of query.Result, and about how
// many bytes it takes beyond the interface.
func convert(v any, kind string) (any, int) {
	switch x := v.(type) {
	case nil, bool, int64, float64:
		return x, 0
	case string:
		return x, len(x)
	case time.Time:
		if kind == "TIME" || kind == "TIME WITH TIME ZONE" {
			return x.Format("15:04:05.999999"), 16
		}
		return x.UTC(), 16
	case []byte:
		if kind == "UUID" && len(x) == 16 {
			return uuidText(x), 36
		}
		return validText(string(x)), len(x)
	case duckdb.Interval:
		return intervalText(x), 32
	case duckdb.Decimal:
		return x.Float64(), 0
	case *big.Int:
		return bigNumber(x), 0
	case []any:
		return convertList(x)
	case map[string]any:
		return convertMap(x)
	case duckdb.OrderedMap:
		m := make(map[string]any, x.Len())
		for i, k := range x.Keys() {
			m[fmt.Sprint(k)] = x.Values()[i]
		}
		return convertMap(m)
	}
	return convertNumber(v)
}

// convertNumber widens the small types of numbers; anything else is shown as
// text.
func convertNumber(v any) (any, int) {
	switch x := v.(type) {
	case int8:
		return int64(x), 0
	case int16:
		return int64(x), 0
	case int32:
		return int64(x), 0
	case uint8:
		return int64(x), 0
	case uint16:
		return int64(x), 0
	case uint32:
		return int64(x), 0
	case uint64:
		return bigNumber(new(big.Int).SetUint64(x)), 0
	case float32:
		return float64(x), 0
	}
	s := validText(fmt.Sprint(v))
	return s, len(s)
}

// bigNumber returns an integer as int64 when it fits, else the nearest float64.
func bigNumber(x *big.Int) any {
	if x.IsInt64() {
		return x.Int64()
	}
	f, _ := new(big.Float).SetInt(x).Float64()
	return f
}

func convertList(list []any) (any, int) {
	out, size := make([]any, len(list)), 16*len(list)
	for i, v := range list {
		x, n := convert(v, "")
		out[i], size = x, size+n
	}
	return out, size
}

func convertMap(m map[string]any) (any, int) {
	out, size := make(map[string]any, len(m)), 0
	for k, v := range m {
		x, n := convert(v, "")
		out[validText(k)], size = x, size+n+len(k)+32
	}
	return out, size
}

// typed gives a value the Go type that the plan promises for it.
func typed(v any, t query.Type) any {
	switch {
	case v == nil || t.IsArray():
		return v
	case t == query.Integer || t == query.EpochSeconds:
		if f, ok := v.(float64); ok && f == float64(int64(f)) && f > -1<<53 && f < 1<<53 {
			return int64(f)
		}
	case t == query.Double:
		if n, ok := v.(int64); ok {
			return float64(n)
		}
	case t == query.Text || t == query.JSON:
		return text(v)
	}
	return v
}

// text shows a scalar as text; lists and maps stay what they are.
func text(v any) any {
	switch x := v.(type) {
	case bool:
		return strconv.FormatBool(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	case time.Time:
		return x.Format(time.RFC3339Nano)
	}
	return v
}

// uuidText is the usual form of 16 bytes.
func uuidText(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// intervalText shows an interval as DuckDB does not: "3 months 2 days 1h0m0s".
func intervalText(x duckdb.Interval) string {
	s := (time.Duration(x.Micros) * time.Microsecond).String()
	if x.Days != 0 {
		s = fmt.Sprintf("%d days %s", x.Days, s)
	}
	if x.Months != 0 {
		s = fmt.Sprintf("%d months %s", x.Months, s)
	}
	return s
}
