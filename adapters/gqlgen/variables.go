package gqlgen

import (
	"encoding/json"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/input"
)

// leaves are the values of enums and scalars in the variables, as the code that gqlgen
// generates unmarshals them: an enum's value is its name, and those of a scalar
// are what encoding/json decodes. That code calls the user's.
type leaves struct{}

var _ input.Leaves = leaves{}

// Enum implements input.Leaves.
func (leaves) Enum(of *ast.Definition, name string) (any, bool) {
	return name, of.EnumValues.ForName(name) != nil
}

// Value implements input.Leaves.
func (leaves) Value(_ *ast.Definition, value any) (any, error) { return value, nil }

// Literal implements input.Leaves.
func (l leaves) Literal(of *ast.Definition, literal *ast.Value, variables map[string]any) (any, error) {
	switch literal.Kind {
	case ast.IntValue, ast.FloatValue:
		return json.Number(literal.Raw), nil
	case ast.ListValue:
		items := make([]any, len(literal.Children))
		for i, child := range literal.Children {
			items[i], _ = l.Literal(of, child.Value, variables)
		}
		return items, nil
	case ast.ObjectValue:
		members := make(map[string]any, len(literal.Children))
		for _, child := range literal.Children {
			members[child.Name], _ = l.Literal(of, child.Value, variables)
		}
		return members, nil
	default:
		return literal.Value(variables)
	}
}

// numbered makes json.Number of all numbers of the variables, as scalars of gqlgen
// expect them.
func numbered(value any) any {
	switch value := value.(type) {
	case []any:
		for i := range value {
			value[i] = numbered(value[i])
		}
	case map[string]any:
		for name, member := range value {
			value[name] = numbered(member)
		}
	case int:
		return json.Number(strconv.Itoa(value))
	case float64:
		return json.Number(strconv.FormatFloat(value, 'g', -1, 64))
	}
	return value
}
