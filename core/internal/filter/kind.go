package filter

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// kindOf is what the JSON of a Go type is; "" where the type leaves that open.
func kindOf(of reflect.Type) string {
	switch {
	case isOpen(of), of == reflect.TypeFor[json.Number]():
		return ""
	case of.Kind() == reflect.String:
		return "string"
	case of.Kind() == reflect.Bool:
		return "boolean"
	case of.Kind() >= reflect.Int && of.Kind() <= reflect.Float64:
		return "number"
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Uint8:
		return "string" // base64
	case of.Kind() == reflect.Slice, of.Kind() == reflect.Array:
		return "list"
	}
	return "object"
}

// kindOfValue is kindOf for a value as ports.DecodeJSON returns it; null goes with any.
func kindOfValue(value any) string {
	switch value.(type) {
	case nil:
		return ""
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return "number"
}

// checkKind says so when a field of this type is never what the condition asks for.
func checkKind(condition Condition, of reflect.Type) error {
	values := []any{condition.Value}
	of = pointed(of)
	field := kindOf(of)
	switch condition.Operator {
	case In, NotIn, Between:
		values, _ = condition.Value.([]any)
	case Contains, NotContains:
		switch field {
		case "", "string":
		case "list":
			field = kindOf(pointed(of.Elem()))
		default:
			return fmt.Errorf("the field is a %s, which contains nothing", field)
		}
	}
	for _, value := range values {
		if kind := kindOfValue(value); kind != "" && field != "" && kind != field {
			return fmt.Errorf("a %s is never equal to the field, a %s", kind, field)
		}
	}
	return nil
}
