// Random records: values that engines read in different ways, at every place.

package querytest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Fields are the declared fields of the log that Records makes, with their types
// as a configuration names them. Further keys are apiVersion and retries.
func Fields() map[string]string {
	return map[string]string{
		"eventName": "keyword", "eventSource": "keyword", "errorCode": "keyword", "errorMessage": "text", "userAgent": "text",
		"sourceIPAddress": "keyword", "readOnly": "boolean", "cnt": "integer", "score": "double",
		"userIdentity": "object", "requestParameters": "object", "resources": "object",
	}
}

// Records are n random records of the log that Statement and Filter ask, as
// lines of JSON: fields are missing, null, empty, nested, of several types.
func Records(rng *rand.Rand, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = record(rng, i)
	}
	return out
}

func record(rng *rand.Rand, i int) string {
	at := time.Date(2026, 11, 20, 0, 0, i*97, rng.IntN(1e6)*1000, time.UTC)
	parts := []string{`"time":` + quoted(at.Format("2006-01-02T15:04:05.000000Z"))}
	add := func(name, value string) {
		switch rng.IntN(6) {
		case 0:
		case 1:
			parts = append(parts, quoted(name)+":null")
		default:
			parts = append(parts, quoted(name)+":"+value)
		}
	}
	names := []string{"GetObject", "StopLogging", "DeleteTrail", "getobject", "RunInstances", ""}
	add("eventName", quoted(names[rng.IntN(len(names))]))
	add("eventSource", quoted([]string{"s3.amazonaws.com", "ec2.amazonaws.com", "S3.amazonaws.com"}[rng.IntN(3)]))
	for _, name := range []string{"errorCode", "errorMessage", "userAgent"} {
		add(name, quoted(Text(rng)))
	}
	add("sourceIPAddress", quoted(Address(rng)))
	add("readOnly", []string{"true", "false"}[rng.IntN(2)])
	add("cnt", fmt.Sprint([]int64{0, 1, 2, 3, -1, 5, 1 << 40, 1<<53 + 1}[rng.IntN(8)]))
	add("score", []string{"0", "0.5", "-1.25", "2.5", "3.5", "1e10", "1e-7", "0.1", "123456.789", "-2.5", "1e300"}[rng.IntN(11)])
	add("apiVersion", []string{`"1.0"`, "1.50", `"2026-01-02"`, "[]", `["a","b"]`, "{}"}[rng.IntN(6)])
	add("retries", []string{"1", "2", `"3"`, `"many"`, "1.5", "[1,2]", "true", "1e0"}[rng.IntN(8)])
	add("userIdentity", object(rng, 2))
	add("requestParameters", object(rng, 3))
	add("resources", array(rng, 2))
	return "{" + strings.Join(parts, ",") + "}"
}

// Text is a text that engines may read in different ways.
func Text(rng *rand.Rand) string {
	if rng.IntN(4) == 0 {
		return texts[rng.IntN(len(texts))] + []string{" ", ",", "", "/", "-", ": "}[rng.IntN(6)] + texts[rng.IntN(len(texts))]
	}
	return texts[rng.IntN(len(texts))]
}

var texts = strings.Split("|x|X| |a|A|ab|aXb_c|a%b|a*b|é|É|e\u0301|İ|ı|ſ|K|k|ß|ẞ|Σ|ς|日本|😀|a😀b|a\tb|line\nbreak|end\n|\r\n|quote\"d|it's|back\\slash|\u00a0|\u2003a\u2003|"+
	"\ufeffa|1|1.5|1.50|1e3|+5|-5|-0|.5|5.| 12 |1e999|-1e999|NaN|nan|Infinity|inf|0x1F|0x1p3|1_000|1d|1f|007|9223372036854775807|9223372036854775808|12345678901234567890123|٣|"+
	"true|TRUE|t|f|yes|null|NULL|2026-01-02|2026-01-02T03:04:05Z|2026-01-02 03:04:05.123456789|2026-01-02T03:04:05+09:00|2026-1-2|2026-02-30|2026-01-02T3:04:05Z|2026-01-02  03:04:05|0000-01-01|2024-02-29 23:59|"+
	"a%20b|%zz|%|%4|%ff|%e3%81|%c3%a9+|%ed%a0%80|%f0%9f%98%80|{\"a\":1}|{\"a\":1|[1,2|[ \"x\", null, 1.50 ]|\"x\"|{\"a\":{\"b\":[1.50,\"\\u0041\"]}}|{\"a\":01}|{\"a\":tru}|{a:1}|[1]x|"+
	"aws-cli/2.0 Python/3|Access Denied|AccessDenied|access denied for user=bob;role=x|not (authorized)|10.1.2.3|arn:aws:iam::1:user/admin|s3.amazonaws.com|x=1&y=2?z", "|")

var addresses = strings.Split("10.1.2.3|10.200.0.1|192.0.2.7|2001:db8::1|2001:DB8:0:0:0:0:0:1|::ffff:10.1.2.3|::1|::|fe80::1%eth0|010.1.2.3|10.1.2|10.1.2.3.4| 10.1.2.3|10.1.2.3/32|256.1.1.1|s3.amazonaws.com|"+
	"AWS Internal|::1.2.3.4|1:2:3:4:5:6:7:8|1:2:3:4:5:6:7:|:1|1::2::3|0.0.0.0|[::1]|١.1.1.1|10.1.2.3%1|0x0a.1.1.1|::ffff:a01:203|", "|")

// Address is an address, or something like one.
func Address(rng *rand.Rand) string { return addresses[rng.IntN(len(addresses))] }

// Key is a key of the objects that JSON makes.
func Key(rng *rand.Rand) string { return keys[rng.IntN(len(keys))] }

var keys = strings.Split("bucketName|name|size|tags|a|b|items|k|v|a.b|x-y|Name|é|q\"q|on|type|arn|null|a b", "|")

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string is always written
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
}

// JSON is JSON text nested to a depth, with white space and spellings as nobody writes them.
func JSON(rng *rand.Rand, depth int) string {
	switch n := rng.IntN(10); {
	case depth > 0 && n < 2:
		return object(rng, depth-1)
	case depth > 0 && n < 4:
		return array(rng, depth-1)
	case n < 6:
		return odd(rng)
	}
	return spelled(rng, Text(rng))
}

// odd is a value that is no plain text.
func odd(rng *rand.Rand) string {
	all := []string{
		"null", "true", "false", "0", "1", "22", "-7", "1.50", "1e3", "1E+2", "-0", "-0.0", "0.1", "12345678901234567890123", "1e999", "9007199254740993", "443", "1.0",
		`"\u0041"`, `"\u00e9\/"`, `"\ud83d\ude00"`, `"\ud800x"`, `"a\u0000b"`, `"\b\f"`, "{}", "[]", "[[]]", `[[1,[2,"x"]],{"k":"deep"}]`, `"7"`, `"K"`,
	}
	return all[rng.IntN(len(all))]
}

// spelled is a text as a JSON string, some letters escaped.
func spelled(rng *rand.Rand, s string) string {
	q := quoted(s)
	if rng.IntN(4) > 0 || strings.Contains(q, `\`) {
		return q
	}
	var b strings.Builder
	for _, r := range q {
		if r != '"' && r < 0x10000 && rng.IntN(3) == 0 {
			fmt.Fprintf(&b, `\u%04X`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func space(rng *rand.Rand) string { return []string{"", "", "", " ", "\t "}[rng.IntN(5)] }

func object(rng *rand.Rand, depth int) string {
	var b strings.Builder
	b.WriteString("{" + space(rng))
	for i := range rng.IntN(5) {
		if i > 0 {
			b.WriteString("," + space(rng))
		}
		b.WriteString(spelled(rng, keys[rng.IntN(len(keys))]) + space(rng) + ":" + space(rng) + JSON(rng, depth) + space(rng))
	}
	return b.String() + "}"
}

func array(rng *rand.Rand, depth int) string {
	var items []string
	for range rng.IntN(4) {
		items = append(items, space(rng)+JSON(rng, depth)+space(rng))
	}
	return "[" + strings.Join(items, ",") + "]"
}
