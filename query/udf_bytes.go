// Bytes for the functions that DuckDB calls: hashes, and texts that stand for
// bytes.

package query

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// byteUDFs are the functions of bytes: what becomes of them, how they are
// written, the text.
func byteUDFs() []DuckDBFunction {
	return []DuckDBFunction{
		{"tocsin_bytes", []Type{Text, Text, Text}, Text, func(a []any) (any, error) {
			b, ok := readBytes(a[1].(string), a[2].(string))
			if !ok {
				return nil, nil
			}
			return writeBytes(a[0].(string), b), nil
		}},
		{"tocsin_crc32", []Type{Text, Text}, Integer, func(a []any) (any, error) {
			b, ok := readBytes(a[0].(string), a[1].(string))
			if !ok {
				return nil, nil
			}
			return int64(crc32.ChecksumIEEE(b)), nil
		}},
	}
}

// readBytes reads bytes; false: the text stands for none.
func readBytes(form, s string) ([]byte, bool) {
	var b []byte
	var err error
	switch form {
	case "hex", "from_hex":
		b, err = hex.DecodeString(s)
	case "from_base64", "from_base64url":
		if strings.ContainsAny(s, "\r\n") {
			return nil, false
		}
		code := base64.StdEncoding
		if form == "from_base64url" {
			code = base64.URLEncoding
		}
		if !strings.HasSuffix(s, "=") {
			code = code.WithPadding(base64.NoPadding)
		}
		b, err = code.DecodeString(s)
	default:
		return []byte(s), true
	}
	return b, err == nil
}

// writeBytes writes bytes, or their hash, as text.
func writeBytes(form string, b []byte) string {
	switch form {
	case "utf8":
		return validText(string(b))
	case "base64":
		return base64.StdEncoding.EncodeToString(b)
	case "base64url":
		return base64.URLEncoding.EncodeToString(b)
	case "md5":
		h := md5.Sum(b)
		b = h[:]
	case "sha1":
		h := sha1.Sum(b)
		b = h[:]
	case "sha256":
		h := sha256.Sum256(b)
		b = h[:]
	case "sha512":
		h := sha512.Sum512(b)
		b = h[:]
	}
	return hex.EncodeToString(b)
}
