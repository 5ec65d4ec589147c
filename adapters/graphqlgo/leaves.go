package graphqlgo

import (
	"reflect"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

// leaves are the inputs of enums and scalars.
type leaves struct {
	scalars  map[string]*graphql.Scalar
	enums    map[string]map[string]any // values by name
	defaults map[*ast.Value]any        // values that resolvers receive for default values
}

var _ input.Leaves = (*leaves)(nil)

// Enum is the value that the schema has for a name.
func (l *leaves) Enum(of *ast.Definition, name string) (any, bool) {
	value, ok := l.enums[of.Name][name]
	return value, ok
}

// Value calls ParseValue. Nil means that the value is not of the type.
func (l *leaves) Value(of *ast.Definition, value any) (any, error) {
	return parsed(of, l.scalars[of.Name].ParseValue(value))
}

// Literal calls ParseLiteral. Nil means that the literal is not of the type.
func (l *leaves) Literal(of *ast.Definition, literal *ast.Value, variables map[string]any) (any, error) {
	if value, ok := l.defaults[literal]; ok {
		return value, nil
	}
	tree := &nodeTree{}
	return parsed(of, l.scalars[of.Name].ParseLiteral(tree.value(bind(literal, variables))))
}

func parsed(of *ast.Definition, value any) (any, error) {
	if isNil(value) {
		return nil, ports.Public("%s cannot represent the value.", of.Name)
	}
	return value, nil
}

// isNil reports whether a value is nil, or a pointer that is.
func isNil(value any) bool {
	if value == nil {
		return true
	}
	v := reflect.ValueOf(value)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// missingParser names what a scalar lacks for inputs. ScalarConfig cannot be reached
// but by reflection.
func missingParser(of *graphql.Scalar) string {
	config := reflect.ValueOf(of).Elem().FieldByName("scalarConfig")
	for _, name := range []string{"ParseValue", "ParseLiteral"} {
		if config.FieldByName(name).IsNil() {
			return name
		}
	}
	return ""
}
