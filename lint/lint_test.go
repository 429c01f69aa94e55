// Every check with a rule that it finds and one that it does not; the pages.

package lint_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"tocsin/alertrules"
	"tocsin/alertrules/alertrulestest"
	"tocsin/diag"
	"tocsin/lint"
	"tocsin/templates"
)

// Each check has a rule that it finds, and one beside it that it does not.
func TestChecks(t *testing.T) {
	for _, c := range []struct{ check, bad, good string }{
		{"query/no-filter", `query: "*"`, `query: "eventName:x"`},
		{"query/no-filter", `query: "* | SELECT eventName"`, `query: "* | SELECT eventName WHERE awsRegion = 'x'"`},
		{"query/other-notation", `query: "eventName:'x'"`, `query: "eventName:\"'x'\""`},
		{"query/other-notation", `query: "eventName:x", exceptions: [{match: "sourceIPAddress:10.0.0.0/8", until: 2027-01-01}]`, `query: "eventName:x", exceptions: [{match: "sourceIPAddress in 10.0.0.0/8", until: 2027-01-01}]`},
		{"query/sql-in-search", `query: "eventName:x and awsRegion is not NULL"`, `query: "eventName:x and awsRegion:* and not \"null\""`},
		{"rule/always-fires", `window: 1h, query: "eventName:x | SELECT count(*) AS n"`, `window: 1h, query: "eventName:x | SELECT count(*) AS n", trigger: {when: "n > 3"}`},
		{"rule/always-fires", `window: 1h, query: "eventName:x | SELECT count(*) AS n, max(awsRegion) AS r"`, `window: 1h, query: "eventName:x | SELECT awsRegion, count(*) AS n GROUP BY awsRegion"`},
		{"rule/caller-chosen", `query: "eventName:x", exceptions: [{match: "userAgent:aws-cli", until: 2027-01-01}]`, `query: "eventName:x", exceptions: [{match: "awsRegion:x", until: 2027-01-01}]`},
		{"rule/caller-chosen", `query: "eventName:x", exceptions: [{match: "awsRegion:x and userAgent:*", until: 2027-01-01}]`, `query: "eventName:x", exceptions: [{match: "awsRegion:*", until: 2027-01-01}]`},
		{"rule/caller-chosen", `query: "eventName:x | SELECT @actor, count(*) AS n GROUP BY @actor", alert_per: [actor]`, `query: "eventName:x | SELECT @account, count(*) AS n GROUP BY @account", alert_per: [account]`},
		{"rule/never-fires", `window: 1h, query: "eventName:x | SELECT count(*) AS n", trigger: {rows: ">= 2"}`, `window: 1h, query: "eventName:x", trigger: {rows: ">= 2"}`},
		{"rule/never-fires", `window: 1h, query: "eventName:x | SELECT eventName LIMIT 5", trigger: {rows: "> 5"}`, `window: 1h, query: "eventName:x | SELECT eventName LIMIT 5", trigger: {rows: ">= 5"}`},
		{"rule/no-recipient", `query: "eventName:x"`, `query: "eventName:x", owner: ami`},
		{"rule/no-recipient", `query: "eventName:x", owner: nobody`, `query: "eventName:x", notify: {to: [ops@example.com]}`},
		{"rule/repeat-below-every", `query: "eventName:x", every: 1h, notify: {repeat_interval: 5m}`, `query: "eventName:x", every: 1h, notify: {repeat_interval: 1h}`},
		{"rule/severity-order", `query: "eventName:x", severity: [{when: "awsRegion == 'x'", is: low}, {is: high}]`, `query: "eventName:x", severity: [{when: "awsRegion == 'x'", is: high}, {is: low}]`},
		{"rule/unwatched-time", `query: "eventName:x", window: 5m, every: 1h`, `query: "eventName:x", window: 1h, every: 1h`},
		{"rule/window-shorter-than-lateness", `query: "eventName:x", window: 5m, delay: 5m`, `query: "eventName:x", window: 5m`},
		{"template/fails", `query: "eventName:x", notify: {template: broken}`, `query: "eventName:x", notify: {template: fine}`},
		{"template/fails", `query: "eventName:x", annotations: {title: "{{ 1 // 0 }}"}`, `query: "eventName:x", annotations: {title: "{{ alert.alert_name }}"}`},
	} {
		t.Run(c.check, func(t *testing.T) {
			if got := names(lint.Run(facts(t, c.bad))); !slices.Contains(got, c.check) {
				t.Errorf("not found in %s: %v", c.bad, got)
			}
			if got := names(lint.Run(facts(t, c.good))); slices.Contains(got, c.check) {
				t.Errorf("found in %s", c.good)
			}
		})
	}
}

// facts reads one rule over cloudtrail.
func facts(t *testing.T, rule string) lint.Facts {
	t.Helper()
	src := "rules:\n  - {id: r, logstore: cloudtrail, " + rule + "}\n"
	set := alertrules.ParseSet(map[string][]byte{"r.yaml": []byte(src)}, alertrulestest.Env())
	if err := set.Err(); err != nil {
		t.Fatalf("%s: %v", rule, err)
	}
	page := func(body string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("---\nsubject: x\n---\n" + body + "\n")}
	}
	tmpl, err := templates.Load(fstest.MapFS{
		"broken.html": page("{{ 1 // (alert.fire_results_count - 1) }}"), "fine.html": page("{{ alert.alert_name }}"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return lint.Facts{
		Set: set, Configured: true, Operator: []string{"ami"}, Templates: tmpl,
		Now:      time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
		Reached:  func(*alertrules.Rule) bool { return false },
		Known:    func(name string) bool { return name == "ami" },
		Caller:   func(_, field string) bool { return field == "userAgent" || field == "@actor" },
		Lateness: map[string]time.Duration{"cloudtrail": 15 * time.Minute},
	}
}

func names(lists []*diag.List) []string {
	var out []string
	for _, l := range lists {
		for _, p := range l.Problems {
			out = append(out, p.Check)
		}
	}
	return out
}

func TestFindingsHaveAPlace(t *testing.T) {
	var b bytes.Buffer
	f := facts(t, `query: "eventName:x", every: 1h, notify: {to: [ami], repeat_interval: 5m}`)
	for _, l := range lint.Run(f) {
		if err := diag.Print(&b, l); err != nil {
			t.Fatal(err)
		}
	}
	want := `r.yaml:2:105: warning: repeat_interval is shorter than the time between two evaluations (1h): mails would repeat what nobody has looked at again [rule/repeat-below-every]`
	if first, _, _ := strings.Cut(b.String(), "\n"); first != want {
		t.Errorf("got %s", b.String())
	}
}

func TestNoOperator(t *testing.T) {
	f := facts(t, `query: "eventName:x", owner: ami`)
	if got := names(lint.Run(f)); len(got) > 0 {
		t.Errorf("found %v", got)
	}
	f.Operator = nil
	if got := names(lint.Run(f)); !slices.Equal(got, []string{"config/no-operator"}) {
		t.Errorf("found %v", got)
	}
}

// Every check has its page, every page its check, and what the parsers report
// is in the index.
func TestPages(t *testing.T) {
	var known []string
	for _, c := range lint.Checks() {
		known = append(known, c.Name)
		page, err := os.ReadFile(filepath.Join("../docs/checks", c.Name+".md"))
		if err != nil {
			t.Errorf("%s has no page: %v", c.Name, err)
			continue
		}
		if !strings.HasPrefix(string(page), "# "+c.Name+"\n") {
			t.Errorf("the page of %s begins with another title", c.Name)
		}
	}
	if !slices.IsSorted(known) {
		t.Error("the checks are not in order")
	}
	pages, err := filepath.Glob("../docs/checks/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(p), "../docs/checks/"), ".md")
		if !slices.Contains(known, name) {
			t.Errorf("the page %s has no check", name)
		}
	}
	index, err := os.ReadFile("../docs/checks/README.md")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("../alertrules/*.go")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`"((?:rule|yaml)/[a-z-]*[a-z])"`)
	for _, s := range sources {
		src, err := os.ReadFile(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllStringSubmatch(string(src), -1) {
			if !strings.Contains(string(index), "`"+m[1]+"`") && !strings.HasSuffix(s, "_test.go") {
				t.Errorf("%s of %s is not in docs/checks/README.md", m[1], s)
			}
		}
	}
}
