package filter

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// kind is what a value is in JSON; kind "" is open.
type kind struct {
	name string
	item string // of a list
}

// kindOf is what the JSON of a Go type is.
func kindOf(of reflect.Type) kind {
	for of.Kind() == reflect.Pointer && !isOpen(of) {
		of = of.Elem()
	}
	switch {
	case isOpen(of), of == reflect.TypeFor[json.Number]():
		return kind{}
	case of.Kind() == reflect.String:
		return kind{name: "string"}
	case of.Kind() == reflect.Bool:
		return kind{name: "boolean"}
	case of.Kind() >= reflect.Int && of.Kind() <= reflect.Float64:
		return kind{name: "number"}
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Uint8:
		return kind{name: "string"} // base64
	case of.Kind() == reflect.Slice, of.Kind() == reflect.Array:
		return kind{name: "list", item: kindOf(of.Elem()).name}
	}
	return kind{name: "object"}
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

// checkKind says so when a field of this kind is never what the condition asks for.
func checkKind(condition Condition, field kind) error {
	values := []any{condition.Value}
	switch condition.Operator {
	case In, NotIn, Between:
		values, _ = condition.Value.([]any)
	case Contains, NotContains:
		switch field.name {
		case "", "string":
		case "list":
			field = kind{name: field.item}
		default:
			return fmt.Errorf("the field is a %s, which contains nothing", field.name)
		}
	}
	for _, value := range values {
		if of := kindOfValue(value); of != "" && field.name != "" && of != field.name {
			return fmt.Errorf("a %s is never equal to the field, a %s", of, field.name)
		}
	}
	return nil
}
