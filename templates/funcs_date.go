// Functions over times and durations.

package templates

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const defaultDate = "%Y-%m-%d %H:%M:%S"

// zone returns the zone of a name ("Asia/Tokyo", "+09:00", "UTC"), else the
// recipient's. A zone is looked up once in a rendering, since that reads files.
func (c *call) zone(i int) *time.Location {
	if !c.has(i) || c.arg(i) == nil || isMissing(c.arg(i)) {
		return c.st.zone()
	}
	name := c.str(i, "")
	if z := c.st.zones[name]; z != nil {
		return z
	}
	c.st.spend(20_000)
	z, err := loadZone(name)
	if err != nil {
		c.st.failHint("there is no time zone "+quoteShort(name), "Asia/Tokyo, Europe/Berlin, UTC, +09:00")
	}
	if c.st.zones == nil {
		c.st.zones = map[string]*time.Location{}
	}
	c.st.zones[name] = z
	return z
}

// zone is the recipient's.
func (st *state) zone() *time.Location {
	if st.opt.Zone == nil {
		return time.UTC
	}
	return st.opt.Zone
}

var offsetZone = regexp.MustCompile(`^([+-])(\d\d):?(\d\d)$`)

func loadZone(name string) (*time.Location, error) {
	if m := offsetZone.FindStringSubmatch(name); m != nil {
		h, _ := strconv.Atoi(m[2]) // two digits, see the expression
		min, _ := strconv.Atoi(m[3])
		s := h*3600 + min*60
		if m[1] == "-" {
			s = -s
		}
		return time.FixedZone(m[1]+m[2]+":"+m[3], s), nil
	}
	if name == "" || strings.EqualFold(name, "local") {
		return nil, fmt.Errorf("no zone")
	}
	return time.LoadLocation(name)
}

// dateLayouts are what parse_date and format_date understand without a format.
var dateLayouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04", "2006-01-02"}

// moment returns the i-th argument as a time: Unix seconds (milliseconds from
// 10^11 on), also as text, or a date as text, read in zone z where it names none.
func (c *call) moment(i int, z *time.Location) (time.Time, bool) {
	switch x := c.arg(i).(type) {
	case int64:
		return unixTime(float64(x))
	case float64:
		return unixTime(x)
	case string:
		s := strings.TrimSpace(x)
		if len(s) > 64 {
			return time.Time{}, false
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return unixTime(f)
		}
		for _, l := range dateLayouts {
			if t, err := time.ParseInLocation(l, s, z); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// unixTime refuses what lies outside of the years 1 to 9999.
func unixTime(f float64) (time.Time, bool) {
	if math.Abs(f) >= 1e11 {
		f /= 1000
	}
	if math.IsNaN(f) || f < -62e9 || f > 253e9 {
		return time.Time{}, false
	}
	whole := math.Floor(f)
	return time.Unix(int64(whole), int64((f-whole)*1e9)), true
}

// fnFormatDate prints a time; what is no time prints as it is.
func fnFormatDate(c *call) any {
	z := c.zone(1)
	format := c.str(2, defaultDate)
	if len(format) > 200 {
		c.st.fail("a date format has at most 200 bytes")
	}
	t, ok := c.moment(0, z)
	if !ok {
		return c.arg(0)
	}
	c.st.alloc(40 * len(format))
	return strftime(t.In(z), format)
}

// strftime formats as Python does; a letter it does not know stays as it is.
func strftime(t time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		if layout, ok := dateParts[format[i]]; ok {
			b.WriteString(t.Format(layout))
			continue
		}
		switch format[i] {
		case 'f':
			fmt.Fprintf(&b, "%06d", t.Nanosecond()/1000)
		case 's':
			b.WriteString(strconv.FormatInt(t.Unix(), 10))
		case 'j':
			fmt.Fprintf(&b, "%03d", t.YearDay())
		case 'w':
			b.WriteString(strconv.Itoa(int(t.Weekday())))
		case '%':
			b.WriteByte('%')
		default:
			b.WriteString(format[i-1 : i+1])
		}
	}
	return b.String()
}

// dateParts maps letters of strftime to Go's layouts.
var dateParts = map[byte]string{
	'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'B': "January", 'b': "Jan", 'h': "Jan",
	'A': "Monday", 'a': "Mon", 'p': "PM", 'I': "03", 'z': "-0700", 'Z': "MST", 'e': "_2", 'T': "15:04:05", 'F': "2006-01-02",
	'D': "01/02/06", 'R': "15:04",
}

// fnParseDate returns Unix seconds, missing for text that is no date.
func fnParseDate(c *call) any {
	z := c.st.zone()
	if !c.has(1) {
		return fnTimestamp(c)
	}
	format := c.str(1, "")
	if len(format) > 200 {
		c.st.fail("a date format has at most 200 bytes")
	}
	var layout strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] == '%' && i+1 < len(format) {
			i++
			if l, ok := dateParts[format[i]]; ok {
				layout.WriteString(l)
				continue
			}
			c.st.fail("parse_date does not read %" + string(rune(format[i])))
		}
		layout.WriteByte(format[i])
	}
	t, err := time.ParseInLocation(layout.String(), c.str(0, ""), z)
	if err != nil {
		return missing
	}
	return t.Unix()
}

// fnTimestamp returns Unix seconds.
func fnTimestamp(c *call) any {
	t, ok := c.moment(0, c.st.zone())
	if !ok {
		return missing
	}
	return t.Unix()
}

// fnDuration prints seconds as "1d 2h 3m 4s", at most the two largest units.
func fnDuration(c *call) any {
	var f float64
	switch x := c.arg(0).(type) {
	case string:
		f, _ = strconv.ParseFloat(x, 64) // what is no number is 0 s
	default:
		f = c.number()
	}
	lang := c.st.opt.Language
	if c.has(1) && c.arg(1) != nil {
		lang = c.str(1, "")
	}
	return c.made(duration(f, lang, c.str(2, " ")))
}

// duration writes seconds in the two largest units that they have.
func duration(f float64, lang, sep string) string {
	if math.IsNaN(f) || math.Abs(f) > 1e12 {
		return "∅"
	}
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	n := int64(f)
	units := [4]string{"d", "h", "m", "s"}
	if strings.HasPrefix(lang, "ja") {
		units, sep = [4]string{"日", "時間", "分", "秒"}, ""
	}
	var parts []string
	for i, size := range [4]int64{86400, 3600, 60, 1} {
		if k := n / size; k > 0 && len(parts) < 2 {
			parts = append(parts, strconv.FormatInt(k, 10)+units[i])
			n -= k * size
		} else if len(parts) > 0 {
			break
		}
	}
	if len(parts) == 0 {
		return "0" + units[3]
	}
	return sign + strings.Join(parts, sep)
}

// fnAge prints how long a moment is before the message.
func fnAge(c *call) any {
	t, ok := c.moment(0, c.st.zone())
	if !ok || c.st.opt.Now.IsZero() {
		return missing
	}
	return duration(max(0, c.st.opt.Now.Sub(t).Seconds()), c.st.opt.Language, " ")
}
