// Schemas of files beside those of rules.

package alertrules

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/invopop/jsonschema"
)

// A Shaper is a NodeDecoder that says what may be written for it: values of
// types that a schema can be made of, such as "" and []string(nil).
type Shaper interface{ Shapes() []any }

var (
	decoderType = reflect.TypeFor[NodeDecoder]()
	shaperType  = reflect.TypeFor[Shaper]()
)

// SchemaOf is the JSON Schema of a file that DecodeStrict reads into a struct of
// the type of file: the same keys, and of the values what their types say. Of a
// NodeDecoder that is no Shaper it says nothing.
func SchemaOf(name, title string, file any) ([]byte, error) {
	r := &jsonschema.Reflector{FieldNameTag: "yaml", ExpandedStruct: true, RequiredFromJSONSchemaTags: true}
	r.Mapper = func(t reflect.Type) *jsonschema.Schema { return shapeOf(r, t) }
	s := r.Reflect(file)
	s.ID = jsonschema.ID("https://tocsin.example/" + name + ".schema.json")
	s.Title = title
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema of %s: %w", name, err)
	}
	return append(out, '\n'), nil
}

// shapeOf is the schema of a type that is not what Go says of it; nil: it is.
func shapeOf(r *jsonschema.Reflector, t reflect.Type) *jsonschema.Schema {
	pointer := reflect.PointerTo(t)
	switch {
	case t == textType, t.Kind() == reflect.String:
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}}}
	case t == reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "string", Description: "30s, 15m, 4h, 7d or 2w"}
	case t == nodeType, t == nodeType.Elem():
		return &jsonschema.Schema{}
	case pointer.Implements(shaperType):
		s := &jsonschema.Schema{}
		shaper, _ := reflect.New(t).Interface().(Shaper)
		for _, shape := range shaper.Shapes() {
			part := (&jsonschema.Reflector{FieldNameTag: r.FieldNameTag, DoNotReference: true, Anonymous: true, RequiredFromJSONSchemaTags: true, Mapper: r.Mapper}).Reflect(shape)
			part.Version = ""
			s.AnyOf = append(s.AnyOf, part)
		}
		return s
	case pointer.Implements(decoderType):
		return &jsonschema.Schema{}
	}
	return nil
}
