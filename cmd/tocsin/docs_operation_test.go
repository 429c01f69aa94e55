package main

import (
	"bufio"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tocsin/agent"
)

// unitKeys are what the unit file of the documentation may say, by section.
var unitKeys = map[string][]string{
	"Unit": {"Description", "After", "Wants"},
	"Service": {
		"Type", "NotifyAccess", "WatchdogSec", "User", "StateDirectory", "StateDirectoryMode", "WorkingDirectory", "ExecStart", "ExecReload",
		"LoadCredential", "Restart", "RestartSec", "TimeoutStopSec", "MemoryMax", "NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "UMask",
	},
	"Install": {"WantedBy"},
}

// TestDocsUnit: the unit file has keys of systemd alone, starts the program with
// flags that it has, and relies on what the program tells systemd.
func TestDocsUnit(t *testing.T) {
	said := map[string]string{}
	for _, f := range docPage(t, "docs/operations.md").fences() {
		if f.kind != "ini" {
			continue
		}
		section := ""
		for lines := bufio.NewScanner(strings.NewReader(f.text)); lines.Scan(); {
			line := lines.Text()
			switch {
			case line == "" || strings.HasPrefix(line, "#"):
			case strings.HasPrefix(line, "["):
				section = strings.Trim(line, "[]")
			default:
				key, value, ok := strings.Cut(line, "=")
				if !ok || !slices.Contains(unitKeys[section], key) {
					t.Errorf("line %q in [%s]", line, section)
				}
				said[key] = value
			}
		}
	}
	if said["Type"] != "notify" || said["ExecReload"] != "/bin/kill -HUP $MAINPID" {
		t.Errorf("the unit says %q", said)
	}
	words := strings.Fields(said["ExecStart"])
	if len(words) < 2 {
		t.Fatalf("nothing is started: %q", words)
	}
	root := newRoot(&env{getenv: func(string) string { return "" }})
	cmd, args, err := root.Find(words[1:])
	if err == nil {
		err = cmd.ParseFlags(args)
	}
	if err != nil || cmd.Name() != "run" {
		t.Errorf("%q: %v", said["ExecStart"], err)
	}
}

// TestDocsContainer: the recipe copies what the Makefile builds, sets variables that
// the program reads, and runs a verb.
func TestDocsContainer(t *testing.T) {
	text := ""
	for _, f := range docPage(t, "docs/operations.md").fences() {
		if f.kind == "dockerfile" {
			text += f.text
		}
	}
	asked := map[string]bool{}
	newRoot(&env{getenv: func(name string) string { asked[name] = true; return "" }})
	for _, m := range regexp.MustCompile(`(TOCSIN_\w+)=`).FindAllStringSubmatch(text, -1) {
		if !asked[m[1]] {
			t.Errorf("nobody reads %s", m[1])
		}
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{string(makefile): "BIN := bin/tocsin\n", text: "--from=build /src/bin/tocsin /usr/local/bin/tocsin\n"} {
		if !strings.Contains(in, want) {
			t.Errorf("%q is missing", want)
		}
	}
	cmd := regexp.MustCompile(`(?m)^CMD \["(\w+)"\]$`).FindStringSubmatch(text)
	if cmd == nil || !slices.ContainsFunc(newRoot(&env{getenv: func(string) string { return "" }}).Commands(), func(c *cobra.Command) bool { return c.Name() == cmd[1] }) {
		t.Errorf("the container runs %q", cmd)
	}
}

// TestDocsMetrics: the documentation lists the metrics that there are.
func TestDocsMetrics(t *testing.T) {
	var listed []string
	for _, name := range regexp.MustCompile("tocsin_[a-z_]+").FindAllString(docPage(t, "docs/operations.md").text, -1) {
		if !slices.Contains(listed, name) {
			listed = append(listed, name)
		}
	}
	slices.Sort(listed)
	if names := agent.NewMetrics("").Names(); !slices.Equal(names, listed) {
		t.Errorf("listed are %q, there are %q", listed, names)
	}
}
