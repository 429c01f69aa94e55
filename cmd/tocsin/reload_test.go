package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/diag"
)

const reloadConfig = `sources: [{name: in, dir: in/}]
people: {ken: {email: ken@example.com}, ami: {email: ami@example.com}}
operator: [ops@example.com]
notify: {to: [ken]}
lists: {names: names.txt}
`

func reloadRule(id, query string) string {
	return "rules:\n  - {id: " + id + ", logstore: cloudtrail, severity: critical, every: 1s, owner: ami, notify: {to: [ken]}, query: \"" + query + "\"}\n"
}

// TestReloadRunning: the files are read again while a process runs, all or nothing
// for each; a broken one is told once and its last good rules run, also in the next
// process; reading alone sends nothing.
func TestReloadRunning(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for files to settle: takes half a minute")
	}
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"tocsin.yaml": reloadConfig, "names.txt": "GetUser\n", "in/.keep": "", "more/.keep": "",
		"rules/a.yaml": reloadRule("alpha", "eventName in $names"), "rules/b.yaml": reloadRule("beta", "eventName:Nothing"),
	})
	p := start(t, dir)
	id := 0
	plant := func(folder string) {
		id++
		p.write(map[string]string{fmt.Sprintf("%s/%d.jsonl", folder, id): trailRecord(id, time.Now(), "1")})
	}
	plant("in")
	p.awaitMail(1, "ken@example.com", "alpha")

	// Broken, and one that is good: the operator and the owner are told once.
	p.write(map[string]string{"rules/a.yaml": reloadRule("alpha", "eventName in $nobody"), "rules/c.yaml": reloadRule("gamma", "eventName:GetUser")})
	p.awaitMail(1, "ops@example.com", "rules/a.yaml:2")
	p.awaitMail(1, "ami@example.com", "rules/a.yaml:2")
	plant("in")
	p.awaitMail(2, "ken@example.com", "alpha")
	p.awaitMail(1, "ken@example.com", "gamma")
	p.kill()

	// The next process begins with the broken file, and runs what was good.
	p = start(t, dir)
	plant("in")
	p.awaitMail(3, "ken@example.com", "alpha")

	// A list alone, read at once: the rule is mended, and looks for another name.
	p.write(map[string]string{"rules/a.yaml": reloadRule("alpha", "eventName in $names"), "names.txt": "PutUser\n"})
	p.signal(syscall.SIGHUP)
	p.awaitMail(1, "ops@example.com", "[OPERATOR OVER]", "rules/a.yaml")
	plant("in")
	p.awaitMail(3, "ken@example.com", "gamma")

	// The configuration: another source. Then a broken one, with which all goes on.
	p.write(map[string]string{"tocsin.yaml": strings.Replace(reloadConfig, "dir: in/}", "dir: in/}, {name: more, dir: more/}", 1)})
	p.waits("the configuration was read again")
	plant("more")
	p.awaitMail(4, "ken@example.com", "gamma")
	p.write(map[string]string{"tocsin.yaml": reloadConfig + "nothing: known\n"})
	p.awaitMail(1, "ops@example.com", "tocsin.yaml:6")
	plant("more")
	p.awaitMail(5, "ken@example.com", "gamma")
	p.write(map[string]string{"tocsin.yaml": reloadConfig})
	p.awaitMail(1, "ops@example.com", "[OPERATOR OVER]", "tocsin.yaml")

	before := p.mails()
	for n := range 10 {
		p.signal(syscall.SIGHUP)
		p.waits("files were read again", n+2)
	}
	if after := p.mails(); len(after) != len(before) || p.mailed("ken@example.com", "alpha") != 3 {
		t.Errorf("reading alone sends: %q, before %q", after, before)
	}
	p.stop()
}

// TestStamp: whatever changes in or below the paths changes the stamp; what is
// hidden does not.
func TestStamp(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFiles(t, ".", map[string]string{"c.yaml": "x", "rules/a.yaml": "x", "rules/deep/b.yaml": "x", "v1/m.yaml": "1", "v2/m.yaml": "2"})
	mustLink := func(to, name string) {
		t.Helper()
		if err := errors.Join(os.Symlink(to, name+".new"), os.Rename(name+".new", name)); err != nil {
			t.Fatal(err)
		}
	}
	mustLink("../v1", "rules/..data")
	mustLink("..data/m.yaml", "rules/m.yaml")
	paths := []string{"c.yaml", "rules", "later"}
	last := stampOf(paths)
	for _, change := range []struct {
		what string
		do   func() error
		seen bool
	}{
		{"nothing", func() error { return nil }, false},
		{"a file", func() error { return os.WriteFile("c.yaml", []byte("y2"), 0o600) }, true},
		{"a file below", func() error { return os.WriteFile("rules/deep/b.yaml", []byte("y2"), 0o600) }, true},
		{"a file that was written anew, of the same size and time", func() error {
			info, err := os.Stat("rules/a.yaml")
			return errors.Join(err, os.WriteFile("new", []byte("z"), 0o600), os.Chtimes("new", info.ModTime(), info.ModTime()), os.Rename("new", "rules/a.yaml"))
		}, true},
		{"a name", func() error { return os.Rename("rules/a.yaml", "rules/c.yaml") }, true},
		{"a folder that comes", func() error { return os.Mkdir("later", 0o700) }, true},
		{"a file that goes", func() error { return os.Remove("rules/c.yaml") }, true},
		{"a ConfigMap", func() error { mustLink("../v2", "rules/..data"); return nil }, true},
		{"a file that was read", func() error { _, err := os.ReadFile("c.yaml"); return err }, false},
		{"something hidden", func() error {
			return errors.Join(os.Mkdir("rules/.git", 0o700), os.WriteFile("rules/.git/x.yaml", nil, 0o600))
		}, false},
	} {
		if err := change.do(); err != nil {
			t.Fatal(err)
		}
		now := stampOf(paths)
		if (now != last) != change.seen {
			t.Errorf("%s: seen is %v", change.what, now != last)
		}
		last = now
	}
	if filepath.IsAbs(last) || len(last) > 100 {
		t.Errorf("the stamp is %q", last)
	}
}

// TestBrokenFiles: one cause for each file, told to the owners of what runs on; over
// when the file is good, or gone.
func TestBrokenFiles(t *testing.T) {
	env := alertrulestest.Env()
	read := func(files map[string]string) *alertrules.Set {
		all := map[string][]byte{}
		for name, text := range files {
			all[name] = []byte(text)
		}
		return alertrules.ParseSet(all, env)
	}
	good := read(map[string]string{"a.yaml": reloadRule("alpha", "*"), "b.yaml": reloadRule("beta", "*")})
	now := read(map[string]string{"a.yaml": "rules: [", "b.yaml": reloadRule("beta", "*"), "c.yaml": "x: 1"}).KeepFrom(good)
	notices := brokenFiles([]error{now.Err(), &diag.List{Name: "t.html", Problems: []diag.Problem{{Level: diag.Warning, Message: "odd"}, {Message: "wrong"}}}, errors.New("no such folder")}, now, noon)
	var said []string
	for _, n := range notices {
		said = append(said, n.Key+" "+strings.Join(n.Owners, ","))
	}
	if want := []string{"file/broken/a.yaml ami", "file/broken/c.yaml ", "file/broken/t.html ", "file/broken/ "}; !slices.Equal(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
	if !strings.Contains(notices[2].Text, "t.html:1:1: wrong\n") {
		t.Errorf("it says %s", notices[2].Text)
	}
	over := mended(notices[:1], []string{"disk/low", "file/broken/a.yaml", "file/broken/gone.yaml"}, noon)
	if len(over) != 1 || over[0].Key != "file/broken/gone.yaml" || !over[0].Over {
		t.Errorf("over: %+v", over)
	}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// TestStampIsOfWhatWasRead: a change of tocsin.yaml, or of a file that it names,
// between reading them and looking at the stamp is no part of what was read.
func TestStampIsOfWhatWasRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{"tocsin.yaml": "lists: {names: names.txt}\n", "names.txt": "GetUser\n"}
	for _, changed := range []string{"", "tocsin.yaml", "names.txt"} {
		writeFiles(t, dir, files)
		c, err := readConfig(filepath.Join(dir, "tocsin.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if changed != "" {
			writeFiles(t, dir, map[string]string{changed: files[changed] + "# more\n"})
		}
		p := &project{userFiles: userFiles{config: c}}
		if same := p.stampWith(c.stamps) == p.stamp(); same != (changed == "") {
			t.Errorf("with a change of %q the stamps are the same: %t", changed, same)
		}
	}
}
