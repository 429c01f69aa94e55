package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// chunked gives at most size bytes at once.
type chunked struct {
	io.Reader
	size int
}

func (c chunked) Read(p []byte) (int, error) { return c.Reader.Read(p[:min(len(p), c.size)]) }

// mixture is an object of everything at once, much larger than a window.
func mixture(rng *rand.Rand, size int) (data []byte, records, broken int) {
	var b bytes.Buffer
	record := func() string {
		return fmt.Sprintf(`{"eventVersion":"1.09","eventName":"N%d","pad":"%s"}`, rng.IntN(100), strings.Repeat("x", rng.IntN(9000)))
	}
	for b.Len() < size {
		kind := rng.IntN(9)
		records += [...]int{1, 1, 1, 2, 3, 1, 0, 2, 1}[kind]
		broken += [...]int{0, 0, 0, 0, 1, 0, 1, 0, 1}[kind]
		switch kind {
		case 0, 1, 2:
			b.WriteString(record() + "\n")
		case 3:
			b.WriteString("[" + record() + "," + record() + "]\n")
		case 4:
			b.WriteString("[\n" + record() + ",\n" + record() + ",\n{\"a\":1,},\n" + record() + "\n]\n")
		case 5:
			b.WriteString("{\n  \"eventVersion\": \"1\",\n  \"eventName\": \"x\"\n}\n")
		case 6:
			b.WriteString(record()[:30] + "\n")
		case 7:
			b.WriteString("[\n  {\n    \"eventVersion\": \"1\",\n    \"eventName\": \"y\"\n  }\n][\n" + record() + "]\n")
		case 8:
			b.WriteString(`{"Records":[` + record() + `,7],"x":{"y":"]}"}}` + "\n")
		}
	}
	return b.Bytes(), records, broken
}

// TestChunks: what comes out does not depend on how the bytes come in.
func TestChunks(t *testing.T) {
	data, records, broken := mixture(rand.New(rand.NewPCG(1, 2)), 1<<20)
	trace := func(size int) (all []string) {
		obj := Object{Name: "mixture", Open: func() (io.ReadCloser, error) { return io.NopCloser(chunked{bytes.NewReader(data), size}), nil }}
		o, err := Decode(obj, Options{Now: loadTime})
		if err != nil {
			t.Fatal(err)
		}
		var r Record
		for {
			var b *Broken
			switch err := o.Next(&r); {
			case errors.Is(err, io.EOF):
				return all
			case errors.As(err, &b):
				if !bytes.HasPrefix(data[b.Offset:], b.Raw) || b.Line != int64(bytes.Count(data[:b.Offset], []byte{'\n'}))+1 {
					t.Fatalf("%+v is not where it says", b)
				}
				all = append(all, fmt.Sprint(b.Position, b.Offset, b.Line, len(b.Raw), b.Reason))
			case err != nil:
				t.Fatal(err)
			default:
				all = append(all, fmt.Sprint(r.Position, r.ID, r.Cells))
			}
		}
	}
	want := trace(1 << 30)
	for _, size := range []int{7, 1000, 4096, 100_000} {
		if got := trace(size); !slices.Equal(got, want) {
			t.Errorf("%d bytes at once: %d records, not %d, or others", size, len(got), len(want))
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Errorf("%d: %s, not %s", i, got[i], want[i])
					break
				}
			}
		}
	}
	good := len(slices.DeleteFunc(slices.Clone(want), func(s string) bool { return strings.Contains(s, "record") || strings.Contains(s, "no JSON") }))
	if good != records || len(want)-good != broken {
		t.Errorf("%d records, %d broken; not %d and %d", good, len(want)-good, records, broken)
	}
}
