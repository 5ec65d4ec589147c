package introspection

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/sdl"
)

const (
	argumentIncludeDeprecated = "includeDeprecated"
	// defaultReason is that of @deprecated (GraphQL, section 3.13.3).
	defaultReason = "No longer supported"
)

type fieldObject struct {
	schema     *Schema
	definition *ast.FieldDefinition
}

func (f fieldObject) Field(name string, arguments map[string]any) any {
	switch name {
	case "name":
		return f.definition.Name
	case "description":
		return text(f.definition.Description)
	case "args":
		return f.schema.arguments(f.definition.Arguments, arguments)
	case "type":
		return f.schema.of(f.definition.Type)
	}
	return deprecation(name, f.definition.Directives)
}

type enumValueObject struct{ definition *ast.EnumValueDefinition }

func (v enumValueObject) Field(name string, _ map[string]any) any {
	switch name {
	case "name":
		return v.definition.Name
	case "description":
		return text(v.definition.Description)
	}
	return deprecation(name, v.definition.Directives)
}

// inputValueObject is an argument or a field of an input object.
type inputValueObject struct {
	schema            *Schema
	name, description string
	of                *ast.Type
	defaultValue      *ast.Value
	directives        ast.DirectiveList
}

func (v inputValueObject) Field(name string, _ map[string]any) any {
	switch name {
	case "name":
		return v.name
	case "description":
		return text(v.description)
	case "type":
		return v.schema.of(v.of)
	case "defaultValue":
		if v.defaultValue == nil {
			return nil
		}
		return string(sdl.AppendValue(nil, v.defaultValue))
	}
	return deprecation(name, v.directives)
}

func (s *Schema) arguments(definitions ast.ArgumentDefinitionList, arguments map[string]any) []Object {
	objects := make([]Object, 0, len(definitions))
	for _, a := range definitions {
		if isShown(a.Directives, arguments) {
			objects = append(objects, inputValueObject{s, a.Name, a.Description, a.Type, a.DefaultValue, a.Directives})
		}
	}
	return objects
}

// isShown leaves out what is deprecated, unless the client asks for it.
func isShown(directives ast.DirectiveList, arguments map[string]any) bool {
	return arguments[argumentIncludeDeprecated] == true || directives.ForName("deprecated") == nil
}

// deprecation is the value of the two fields about it.
func deprecation(field string, directives ast.DirectiveList) any {
	directive := directives.ForName("deprecated")
	switch {
	case field == "isDeprecated":
		return directive != nil
	case field != "deprecationReason" || directive == nil:
		return nil
	}
	if reason := directive.Arguments.ForName("reason"); reason != nil {
		return reason.Value.Raw
	}
	return defaultReason
}
