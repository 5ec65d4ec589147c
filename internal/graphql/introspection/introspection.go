// Package introspection answers the questions of clients about a schema (GraphQL,
// October 2021, section 4): __schema and __type. Declare adds their types to a
// schema, and New has the values.
//
// Types and directives are in the order of their names, all else is in the order of
// its definition.
package introspection

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Object is a value of one of the object types of introspection.
type Object interface {
	// Field is the value of a field that the type has: nil, a string (of an enum as
	// well), a bool, an Object, or a []Object or []string. Arguments are coerced.
	Field(name string, arguments map[string]any) any
}

// Schema is a schema that clients ask about, an Object of the type __Schema. It may
// be used concurrently.
type Schema struct{ definition *ast.Schema }

// New makes the Schema of one that was declared, and is not changed any more.
func New(schema *ast.Schema) *Schema { return &Schema{schema} }

// Type is an Object of the type __Type, the value of the field __type; nil if the
// schema has no type of that name.
func (s *Schema) Type(name string) any {
	if definition := s.definition.Types[name]; definition != nil {
		return s.named(definition)
	}
	return nil
}

// Field is that of an Object.
func (s *Schema) Field(name string, _ map[string]any) any {
	switch name {
	case "description":
		return text(s.definition.Description)
	case "types":
		return each(sorted(s.definition.Types), s.named)
	case "queryType":
		return s.root(s.definition.Query)
	case "mutationType":
		return s.root(s.definition.Mutation)
	case "subscriptionType":
		return s.root(s.definition.Subscription)
	case "directives":
		return each(sorted(s.definition.Directives), func(d *ast.DirectiveDefinition) Object { return directiveObject{s, d} })
	}
	return nil
}

func (s *Schema) root(definition *ast.Definition) any {
	if definition == nil {
		return nil
	}
	return s.named(definition)
}

func (s *Schema) named(definition *ast.Definition) Object { return typeObject{s, definition} }

// byName is a type that another one names.
func (s *Schema) byName(name string) Object { return s.named(s.definition.Types[name]) }

// of is the type of a field or an input value.
func (s *Schema) of(reference *ast.Type) Object {
	if reference.NonNull || reference.Elem != nil {
		return wrapper{s, reference}
	}
	return s.byName(reference.NamedType)
}

type directiveObject struct {
	schema     *Schema
	definition *ast.DirectiveDefinition
}

func (d directiveObject) Field(name string, arguments map[string]any) any {
	switch name {
	case "name":
		return d.definition.Name
	case "description":
		return text(d.definition.Description)
	case "isRepeatable":
		return d.definition.IsRepeatable
	case "locations":
		return names(d.definition.Locations)
	case "args":
		return d.schema.arguments(d.definition.Arguments, arguments)
	}
	return nil
}

// text is null where a definition says nothing.
func text(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// sorted are the values of a map in the order of its keys.
func sorted[T any](definitions map[string]T) []T {
	list := make([]T, 0, len(definitions))
	for _, name := range slices.SortedFunc(maps.Keys(definitions), strings.Compare) {
		list = append(list, definitions[name])
	}
	return list
}

func names[T ~string](list []T) []string {
	names := make([]string, len(list))
	for i, name := range list {
		names[i] = string(name)
	}
	return names
}

func each[T any](list []T, object func(T) Object) []Object {
	objects := make([]Object, len(list))
	for i, item := range list {
		objects[i] = object(item)
	}
	return objects
}
