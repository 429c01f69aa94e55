package alertrules

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"

	"tocsin/query"
)

// Schema is the JSON Schema of a rule file, for editors (`tocsin check
// --schema`). It is made from the same structs that files are decoded into, so
// that both know the same keys; what only a logstore can tell is left to check.
func Schema() ([]byte, error) {
	r := &jsonschema.Reflector{FieldNameTag: "yaml", ExpandedStruct: true, RequiredFromJSONSchemaTags: true, Mapper: schemaOf, AllowAdditionalProperties: false}
	s := r.Reflect(&schemaFile{})
	s.ID = "https://tocsin.example/rules.schema.json"
	s.Title = "tocsin rules"
	s.Required = []string{"rules"}
	rule := s.Definitions["ruleText"]
	if rule == nil {
		return nil, fmt.Errorf("the schema of a rule was not made")
	}
	describe(rule, reflect.TypeFor[ruleText]())
	describe(s.Definitions["partText"], reflect.TypeFor[partText]())
	describe(s.Definitions["noDataText"], reflect.TypeFor[noDataText]())
	enum(s.Definitions["noDataText"], "severity", SeverityNames()...)
	describe(s.Definitions["notifyText"], reflect.TypeFor[notifyText]())
	enum(rule, "stage", "live", "staging")
	enum(rule, "mode", "state", "event")
	enum(s.Definitions["notifyText"], "quiet_except", SeverityNames()...)
	pattern(rule, "id", namePattern.String())
	describe(s.Definitions["testText"], reflect.TypeFor[testText]())
	s.Definitions["testText"].Required = []string{"name", "expect"}
	describe(s.Definitions["expectText"], reflect.TypeFor[expectText]())
	enum(s.Definitions["expectText"], "severity", SeverityNames()...)
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(out, '\n'), nil
}

// schemaFile is a rule file as an editor sees it.
type schemaFile struct {
	Defaults *ruleText  `yaml:"defaults"`
	Rules    []ruleText `yaml:"rules"`
}

// schemaOf is the schema of the types that decode themselves.
func schemaOf(t reflect.Type) *jsonschema.Schema {
	text := &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}, {Type: "null"}}}
	switch t {
	case textType:
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}}}
	case nodeType, nodeType.Elem():
		return &jsonschema.Schema{}
	case reflect.TypeFor[textMap]():
		return &jsonschema.Schema{Type: "object", AdditionalProperties: text}
	case reflect.TypeFor[triggerText]():
		keys := jsonschema.NewProperties()
		keys.Set("when", &jsonschema.Schema{Type: "string", Description: "condition over the columns of the result: cnt > 10"})
		keys.Set("rows", &jsonschema.Schema{Description: "number of rows that meet it: >= 3"})
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			{Const: "data is returned"}, {Type: "object", Properties: keys, AdditionalProperties: jsonschema.FalseSchema},
		}}
	case reflect.TypeFor[severityText]():
		return severitySchema()
	case reflect.TypeFor[combineText]():
		return combineSchema()
	}
	return nil
}

func combineSchema() *jsonschema.Schema {
	kind := &jsonschema.Schema{Type: "string", Description: "how two results are put together"}
	for _, k := range query.Combinations() {
		kind.Enum = append(kind.Enum, k)
	}
	keys := jsonschema.NewProperties()
	keys.Set("kind", kind)
	keys.Set("on", &jsonschema.Schema{Type: "string", Description: "which rows belong together: $0.host == $1.ip"})
	step := &jsonschema.Schema{Type: "object", Properties: keys, Required: []string{"kind"}, AdditionalProperties: jsonschema.FalseSchema}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{step, {Type: "array", Items: step}}}
}

func severitySchema() *jsonschema.Schema {
	level := &jsonschema.Schema{Type: "string"}
	for _, n := range SeverityNames() {
		level.Enum = append(level.Enum, n)
	}
	keys := jsonschema.NewProperties()
	keys.Set("when", &jsonschema.Schema{Type: "string"})
	keys.Set("is", level)
	branch := &jsonschema.Schema{Type: "object", Properties: keys, Required: []string{"is"}, AdditionalProperties: jsonschema.FalseSchema}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{level, {Type: "array", Items: branch}}}
}

// describe puts the doc tags of a struct into its schema.
func describe(s *jsonschema.Schema, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		if p, ok := s.Properties.Get(f.Tag.Get("yaml")); ok && f.Tag.Get("doc") != "" {
			p.Description = f.Tag.Get("doc")
		}
	}
}

func enum(s *jsonschema.Schema, key string, values ...string) {
	if p, ok := s.Properties.Get(key); ok {
		p.OneOf, p.Type = nil, "string"
		for _, v := range values {
			p.Enum = append(p.Enum, v)
		}
	}
}

func pattern(s *jsonschema.Schema, key, re string) {
	if p, ok := s.Properties.Get(key); ok {
		p.OneOf = []*jsonschema.Schema{{Type: "string", Pattern: re}, {Type: "number"}}
	}
}
