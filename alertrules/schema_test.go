package alertrules_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"tocsin/alertrules"
)

// The schema accepts what Parse accepts, and refuses a key that no rule has.
func TestSchema(t *testing.T) {
	src, err := alertrules.Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("rules.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("rules.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"every-key", "article", "conditions-fine"} {
		a, err := txtar.ParseFile(filepath.Join("testdata/check", name+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value(t, a.Files[0].Data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{
		"rules: [{id: a, sevrity: high}]", "rules: [{id: a, severity: urgent}]", "rules: [{id: a, mode: Event}]", "rules: [{id: A}]", "rules: {}", "rles: []", "rules: [{id: a, notify: {too: [x]}}]",
		"rules: [{id: a, tests: [{name: a, logs: b}]}]", "rules: [{id: a, tests: [{name: a, logs: b, expect: {alert: 1}}]}]", "rules: [{id: a, tests: [{name: a, expect: {severity: urgent}}]}]",
	} {
		if schema.Validate(value(t, []byte(bad))) == nil {
			t.Errorf("accepted: %s", bad)
		}
	}
	for _, key := range []string{`"keep_firing_for"`, "identity: state survives"} {
		if !strings.Contains(string(src), key) {
			t.Errorf("the schema does not hold %s", key)
		}
	}
}

// value is a YAML text as a JSON value.
func value(t *testing.T, src []byte) any {
	t.Helper()
	j, err := yaml.YAMLToJSON(src)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(j, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The bundled rules are in order.
func TestExamplesParse(t *testing.T) {
	names, err := filepath.Glob("../examples/rules/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal("no examples", err)
	}
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := alertrules.ParseYAML(name, src); err != nil {
			t.Error(err)
		}
	}
}
