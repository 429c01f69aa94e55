package alertrules_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/diag"
)

var update = flag.Bool("update", false, "write what is printed into testdata/check")

// Every archive of testdata/check holds rule files, and under "output" what
// `tocsin check` prints of them.
func TestCheckGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/check/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no archives", err)
	}
	env := alertrulestest.Env()
	env.Now = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	env.People, env.Groups = []string{"ami", "ken"}, []string{"cloud-team"}
	env.Templates, env.Calendars = []string{"cspm-summary"}, []string{"nights"}
	env.AllowMail = []string{"example.com"}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{}
			var want []byte
			for _, f := range archive.Files {
				if f.Name == "output" {
					want = f.Data
					continue
				}
				files[f.Name] = f.Data
			}
			got := check(t, files, env)
			if *update {
				archive.Files = append(archive.Files[:len(files):len(files)], txtar.File{Name: "output", Data: got})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func check(t *testing.T, files map[string][]byte, env alertrules.Env) []byte {
	t.Helper()
	set := alertrules.ParseSet(files, env)
	var b bytes.Buffer
	for _, f := range set.Files {
		if err := diag.Print(&b, f.List); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for _, r := range set.Rules {
		ids = append(ids, r.ID)
	}
	b.WriteString("rules: " + strings.Join(ids, " ") + "\n")
	return b.Bytes()
}
