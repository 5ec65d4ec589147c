package federation

import (
	"encoding/json"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/language/ast"
)

// anyScalar is the scalar of representations: any value. Which of them are
// representations is decided for each by itself.
func anyScalar() *graphql.Scalar {
	return graphql.NewScalar(graphql.ScalarConfig{
		Name:         typeAny,
		Serialize:    func(value any) any { return value },
		ParseValue:   func(value any) any { return value },
		ParseLiteral: literal,
	})
}

// literal is the value that JSON would have for a literal. Nulls are absent of lists
// and objects only in this sense: their value is nil.
func literal(value ast.Value) any {
	switch value := value.(type) {
	case *ast.IntValue:
		return json.Number(value.Value)
	case *ast.FloatValue:
		return json.Number(value.Value)
	case *ast.BooleanValue:
		return value.Value
	case *ast.StringValue:
		return value.Value
	case *ast.EnumValue:
		return value.Value
	case *ast.ListValue:
		list := make([]any, len(value.Values))
		for i, item := range value.Values {
			list[i] = literal(item)
		}
		return list
	case *ast.ObjectValue:
		object := make(map[string]any, len(value.Fields))
		for _, field := range value.Fields {
			object[field.Name.Value] = literal(field.Value)
		}
		return object
	default: // graphqlgo.NullValue
		return nil
	}
}
