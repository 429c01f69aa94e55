package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"tocsin/ingest"
)

var noon = time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)

// rig is an archive in a directory.
type rig struct {
	t *testing.T
	*Archive
	root string
}

func newRig(t *testing.T) rig {
	t.Helper()
	spool, err := NewSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "kept")
	return rig{t, &Archive{Target: Directory(root), Spool: spool, Zone: time.FixedZone("+9", 9*3600)}, root}
}

// files are all files of the archive, with their contents, and none is left of
// what was under way.
func (r rig) files() map[string]string {
	r.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(r.root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			r.t.Errorf("%s has mode %v", p, info.Mode())
		}
		b, err := os.ReadFile(p)
		rel, _ := filepath.Rel(r.root, p)
		all[rel] = string(b)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.t.Fatal(err)
	}
	return all
}

func (r rig) spooled() int {
	r.t.Helper()
	list, err := os.ReadDir(r.Spool)
	if err != nil {
		r.t.Fatal(err)
	}
	return len(list)
}

const aHash = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" // of "a"

const gzipHash = "ee98dc6af27a9f1c8cc4aaa2fd05b5f6e7c98f51390253a5263b0d096c3510fe" // of 1f 8b

// Objects are kept as they came, under names of ours alone.
func TestKeep(t *testing.T) {
	for _, c := range []struct {
		name    string
		from    Origin
		object  ingest.Object
		content string
		key     string
	}{
		{"a source", Origin{"trail", "acme"}, ingest.Object{Name: "s3://b/k", Modified: noon}, "a", "acme/2026/11/24/trail-" + aHash},
		{"by hand", Origin{}, ingest.Object{Name: "x.gz", Modified: noon.Add(-6 * time.Hour)}, "a", "default/2026/11/23/file-" + aHash},
		{"without a clock", Origin{"q", ""}, ingest.Object{Name: "m"}, "a", "default/2026/11/24/q-" + aHash},
		{"a hostile name", Origin{"s", "../../etc"}, ingest.Object{Name: "../../../etc/passwd\x00\n", Modified: noon}, "a", ".._.._etc/2026/11/24/s-" + aHash},
		{"a hostile tenant", Origin{"s", ".."}, ingest.Object{Name: "n", Modified: noon}, "a", "__/2026/11/24/s-" + aHash},
		{"gzip", Origin{"s", "t"}, ingest.Object{Name: "n", Modified: noon}, "\x1f\x8b", "t/2026/11/24/s-" + gzipHash + ".gz"},
	} {
		r := newRig(t)
		c.object.Open = ingest.Bytes([]byte(c.content))
		k, err := r.Keep(t.Context(), c.from, c.object, noon)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := r.files(); k.Key != c.key || len(got) != 1 || got[c.key] != c.content {
			t.Errorf("%s: key %s, want %s; files %v", c.name, k.Key, c.key, got)
		}
		b, err := k.Object.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(b)
		if string(text) != c.content || err != nil || k.Object.Name != c.object.Name {
			t.Errorf("%s: the object is %q %v", c.name, text, err)
		}
		if err := errors.Join(b.Close(), k.Release(), k.Release()); err != nil || r.spooled() != 0 {
			t.Errorf("%s: %v, %d copies are left", c.name, err, r.spooled())
		}
	}
}

// The same object again, and another one of the same second: nothing is written
// over, and nothing is lost.
func TestKeepNeverOverwrites(t *testing.T) {
	r := newRig(t)
	keep := func(content string) Kept {
		t.Helper()
		k, err := r.Keep(t.Context(), Origin{Source: "s"}, ingest.Object{Name: "n", Modified: noon, Open: ingest.Bytes([]byte(content))}, noon)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	first, again, other := keep("a"), keep("a"), keep("b")
	if first.Before || !again.Before || other.Before || first.Key != again.Key || len(r.files()) != 2 {
		t.Errorf("%+v %+v %+v, files %v", first, again, other, r.files())
	}
	target := Directory(r.root)
	if before, err := target.Put(t.Context(), first.Key, strings.NewReader("forged")); !before || err != nil || r.files()[first.Key] != "a" {
		t.Errorf("put over it: %v %v, it is %q", before, err, r.files()[first.Key])
	}
}

// What fails leaves nothing, and says whose failure it is.
func TestKeepFails(t *testing.T) {
	broken := errors.New("the line is broken")
	for _, c := range []struct {
		name   string
		open   func() (io.ReadCloser, error)
		max    int64
		target Target
		source bool // it is the source's failure
	}{
		{"not to be opened", func() (io.ReadCloser, error) { return nil, broken }, 0, nil, true},
		{"broken in the middle", func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken))), nil
		}, 0, nil, true},
		{"too large", ingest.Bytes([]byte("abcdef")), 5, nil, false},
		{"the archive is away", ingest.Bytes([]byte("a")), 0, Directory("/dev/null/archive"), false},
		{"the archive breaks", ingest.Bytes([]byte("a")), 0, failing{}, false},
	} {
		r := newRig(t)
		r.Max = c.max
		if c.target != nil {
			r.Target = c.target
		}
		_, err := r.Keep(t.Context(), Origin{Source: "s"}, ingest.Object{Name: "n", Modified: noon, Open: c.open}, noon)
		var opened *OpenError
		if err == nil || errors.As(err, &opened) != c.source {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.max > 0 && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", c.name, err)
		}
		if r.spooled() != 0 || len(r.files()) != 0 {
			t.Errorf("%s: it leaves %d copies, files %v", c.name, r.spooled(), r.files())
		}
	}
}

type failing struct{}

func (failing) Put(context.Context, string, io.ReadSeeker) (bool, error) {
	return false, errors.New("no space left on device")
}

// A link in the archive does not lead out of it.
func TestDirectoryStaysInside(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(root, "t")); err != nil {
		t.Fatal(err)
	}
	if _, err := Directory(root).Put(t.Context(), "t/2026/x", strings.NewReader("a")); err == nil {
		t.Error("it was written through the link")
	}
	for _, key := range []string{"../x", "/x"} {
		if _, err := Directory(root).Put(t.Context(), key, strings.NewReader("a")); err == nil {
			t.Errorf("%s was written", key)
		}
	}
	if list, err := os.ReadDir(outside); err != nil || len(list) != 0 {
		t.Errorf("outside: %v %v", list, err)
	}
}

// half is a content that breaks off.
type half struct{ io.Reader }

func (half) Seek(int64, int) (int64, error) { return 0, errors.New("it cannot be read again") }

// What is cut off in the middle is not there.
func TestPutIsWhole(t *testing.T) {
	root := t.TempDir()
	_, err := Directory(root).Put(t.Context(), "a/b", half{io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("broken")))})
	list, e := os.ReadDir(filepath.Join(root, "a"))
	if err == nil || e != nil || len(list) != 0 {
		t.Errorf("%v, left %v %v", err, list, e)
	}
}
