package main

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestConfigSchema: the JSON Schema of tocsin.yaml takes what the documentation
// and init write, and refuses what check refuses of keys and shapes.
func TestConfigSchema(t *testing.T) {
	code, stdout, stderr := inProcess(t, "check", "--schema", "config")
	if code != exitDone {
		t.Fatal(stderr)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(stdout))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(src string) error {
		j, err := yaml.YAMLToJSON([]byte(src))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(j))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(v)
	}
	written, err := initFiles.ReadFile("init/tocsin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	good := map[string]string{"init": string(written), "demo": demoConfig, "fragments": completed("")}
	for _, p := range docPages(t) {
		for _, f := range p.fences() {
			if f.kind == "yaml" && strings.HasPrefix(f.text, "# tocsin.yaml") {
				good[p.name+":"+strconv.Itoa(f.line)] = f.text
			}
		}
	}
	if len(good) < 8 {
		t.Errorf("only %d files were found", len(good))
	}
	for name, src := range good {
		if err := validate(src); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{
		"list: {}", "lists: {a: {b: c}}", "lists: [a]", "tables: {a: [b]}", "tables: {a: {file: a.csv, type: {}}}", "people: {a: {mail: x}}", "calendars: {a: {daily: {}}}",
		"notify: {route: []}", "limits: {keys: many}", "rules: rules/",
	} {
		if validate(bad) == nil {
			t.Errorf("accepted: %s", bad)
		}
	}
}
