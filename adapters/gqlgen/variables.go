package gqlgen

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/fanql/fanql/ports"
)

// coerce coerces variables to what the code that gqlgen generates expects of them:
// that of encoding/json, numbers being json.Number.
func coerce(_ context.Context, schema *ast.Schema, operation *ast.OperationDefinition, encoded []byte, _ ports.ErrorFormat) (map[string]any, ports.ResponseErrors) {
	given := map[string]any{}
	if len(encoded) > 0 {
		decoded, err := ports.DecodeJSON(encoded)
		if err != nil {
			return nil, ports.NewResponseErrors("variables must be a JSON object")
		}
		if decoded != nil {
			given, _ = decoded.(map[string]any)
		}
	}
	for name, value := range given {
		given[name] = copied(value)
	}
	coerced, err := validator.VariableValues(schema, operation, given)
	if err != nil {
		return nil, ports.NewResponseErrors(err.Error())
	}
	for name, value := range coerced {
		coerced[name] = copied(value)
	}
	return coerced, nil
}

// copied is a value of the variables that its receiver may write into.
func copied(value any) any {
	switch value := value.(type) {
	case []any:
		items := make([]any, len(value))
		for i := range value {
			items[i] = copied(value[i])
		}
		return items
	case map[string]any:
		members := maps.Clone(value)
		for name, member := range members {
			members[name] = copied(member)
		}
		return members
	case int:
		return json.Number(strconv.Itoa(value))
	case int64:
		return json.Number(strconv.FormatInt(value, 10))
	case float64:
		return json.Number(strconv.FormatFloat(value, 'g', -1, 64))
	}
	return value
}
