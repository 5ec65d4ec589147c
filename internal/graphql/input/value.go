package input

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// value coerces a decoded value to a type. Lists and objects are coerced where they
// are: nobody else has them. Errors are in v.errors; the result then is nothing to
// use.
func (v *variables) value(of *ast.Type, value any) any {
	switch {
	case value == nil && of.NonNull:
		v.failAt(nil, refusal(`Expected non-nullable type "%s" not to be null.`, typeName(of)))
		return nil
	case value == nil:
		return nil
	case of.Elem != nil:
		return v.list(of.Elem, value)
	}
	var coerced any
	var err error
	if isBuiltIn(of.NamedType) {
		coerced, err = builtIn(of.NamedType, value)
	} else if definition := v.schema.Types[of.NamedType]; definition.Kind == ast.InputObject {
		return v.object(definition, value)
	} else {
		coerced, err = v.leaf(definition, value)
	}
	if err != nil {
		v.failAt(value, err)
	}
	return coerced
}

// list coerces a list; a value that is none becomes a list of one (GraphQL, section
// 3.11).
func (v *variables) list(of *ast.Type, value any) any {
	items, ok := value.([]any)
	if !ok {
		return []any{v.value(of, value)}
	}
	depth := len(v.path)
	for i, item := range items {
		v.path = append(v.path, step{index: i})
		items[i] = v.value(of, item)
		v.path = v.path[:depth]
		if v.errors.full {
			break
		}
	}
	return items
}

// object coerces an input object (GraphQL, section 3.10).
func (v *variables) object(of *ast.Definition, value any) any {
	members, ok := value.(map[string]any)
	if !ok {
		v.failAt(value, refusal(`Expected type "%s" to be an object.`, of.Name))
		return nil
	}
	if err := checkMembers(of, members); err != nil {
		v.failAt(value, err)
		return nil
	}
	depth := len(v.path)
	for _, field := range of.Fields {
		v.path = append(v.path, step{name: field.Name})
		if member, ok := members[field.Name]; ok {
			members[field.Name] = v.value(field.Type, member)
		} else if field.DefaultValue != nil {
			members[field.Name] = v.defaultValue(field.Type, field.DefaultValue)
		}
		v.path = v.path[:depth]
		if v.errors.full {
			break
		}
	}
	return members
}

func (v *variables) defaultValue(of *ast.Type, literal *ast.Value) any {
	value, err := v.byDefault(of, literal)
	if err != nil {
		v.fail(fmt.Sprintf(`Variable "$%s" has an invalid default value%s; `, cut(v.definition.Variable), v.at()), err)
	}
	return value
}

// checkMembers finds fields that are required and absent, or not of the type.
func checkMembers(of *ast.Definition, members map[string]any) error {
	known := 0
	for _, field := range of.Fields {
		if _, ok := members[field.Name]; ok {
			known++
		} else if field.Type.NonNull && field.DefaultValue == nil {
			return refusal(`Field "%s" of required type "%s" was not provided.`, field.Name, typeName(field.Type))
		}
	}
	if known < len(members) {
		return refusal(`Field "%s" is not defined by type "%s".`, cut(firstUnknown(of, members)), of.Name)
	}
	if isOneOf(of) {
		return checkOneOf(of, members)
	}
	return nil
}

// firstUnknown is the first by name, so that the same variables have the same
// error.
func firstUnknown(of *ast.Definition, members map[string]any) string {
	var unknown []string
	for name := range members {
		if of.Fields.ForName(name) == nil {
			unknown = append(unknown, name)
		}
	}
	return slices.Min(unknown)
}

// isOneOf reports whether exactly one field of an input object is to be given, a
// proposal that both gqlparser and graphql-js know.
func isOneOf(of *ast.Definition) bool {
	return len(of.Directives) > 0 && of.Directives.ForName("oneOf") != nil
}

func checkOneOf(of *ast.Definition, members map[string]any) error {
	if len(members) != 1 {
		return refusal(`Exactly one key must be specified for OneOf type "%s".`, of.Name)
	}
	for name, member := range members {
		if member == nil {
			return refusal(`Field "%s" must be non-null.`, cut(name))
		}
	}
	return nil
}

// leaf coerces a value of an enum or of a scalar of the user.
func (v *variables) leaf(of *ast.Definition, value any) (any, error) {
	if of.Kind != ast.Enum {
		return v.call(of, func() (any, error) { return v.leaves.Value(of, value) })
	}
	name, ok := value.(string)
	if !ok {
		return nil, refusal(`Enum "%s" cannot represent non-string value: %s.`, of.Name, inspect(value))
	}
	return v.enum(of, name)
}
