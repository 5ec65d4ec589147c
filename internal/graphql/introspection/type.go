package introspection

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	kindList    = "LIST"
	kindNonNull = "NON_NULL"
)

// typeObject is a __Type that has a name.
type typeObject struct {
	schema     *Schema
	definition *ast.Definition
}

// Field is null where the kind of the type has no such thing (GraphQL, section
// 4.5.2).
func (t typeObject) Field(name string, arguments map[string]any) any {
	kind := t.definition.Kind
	switch name {
	case "kind":
		return string(kind)
	case "name":
		return t.definition.Name
	case "description":
		return text(t.definition.Description)
	case "specifiedByURL":
		return specifiedByURL(t.definition)
	case "fields":
		if kind == ast.Object || kind == ast.Interface {
			return t.fields(arguments)
		}
	case "interfaces":
		if kind == ast.Object || kind == ast.Interface {
			return each(t.definition.Interfaces, t.schema.byName)
		}
	case "possibleTypes":
		if t.definition.IsAbstractType() {
			return t.possibleTypes()
		}
	case "enumValues":
		if kind == ast.Enum {
			return t.enumValues(arguments)
		}
	case "inputFields":
		if kind == ast.InputObject {
			return t.inputFields(arguments)
		}
	}
	return nil
}

func specifiedByURL(definition *ast.Definition) any {
	directive := definition.Directives.ForName("specifiedBy")
	if directive == nil {
		return nil
	}
	if url := directive.Arguments.ForName("url"); url != nil {
		return url.Value.Raw
	}
	return nil
}

// fields leaves out __schema and __type, which no type is said to have (GraphQL,
// section 4.2).
func (t typeObject) fields(arguments map[string]any) []Object {
	objects := make([]Object, 0, len(t.definition.Fields))
	for _, f := range t.definition.Fields {
		if !strings.HasPrefix(f.Name, "__") && isShown(f.Directives, arguments) {
			objects = append(objects, fieldObject{t.schema, f})
		}
	}
	return objects
}

// possibleTypes are object types only, also where interfaces implement others.
func (t typeObject) possibleTypes() []Object {
	objects := []Object{}
	for _, possible := range t.schema.definition.PossibleTypes[t.definition.Name] {
		if possible.Kind == ast.Object {
			objects = append(objects, t.schema.named(possible))
		}
	}
	return objects
}

func (t typeObject) enumValues(arguments map[string]any) []Object {
	objects := make([]Object, 0, len(t.definition.EnumValues))
	for _, value := range t.definition.EnumValues {
		if isShown(value.Directives, arguments) {
			objects = append(objects, enumValueObject{value})
		}
	}
	return objects
}

func (t typeObject) inputFields(arguments map[string]any) []Object {
	objects := make([]Object, 0, len(t.definition.Fields))
	for _, f := range t.definition.Fields {
		if isShown(f.Directives, arguments) {
			objects = append(objects, inputValueObject{t.schema, f.Name, f.Description, f.Type, f.DefaultValue, f.Directives})
		}
	}
	return objects
}

// wrapper is a __Type without a name: a list or what is not null.
type wrapper struct {
	schema *Schema
	of     *ast.Type
}

func (w wrapper) Field(name string, _ map[string]any) any {
	switch name {
	case "kind":
		if w.of.NonNull {
			return kindNonNull
		}
		return kindList
	case "ofType":
		if w.of.NonNull {
			return w.schema.of(&ast.Type{NamedType: w.of.NamedType, Elem: w.of.Elem})
		}
		return w.schema.of(w.of.Elem)
	}
	return nil
}
