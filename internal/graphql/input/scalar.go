package input

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// isBuiltIn reports whether a type is one of the scalars of GraphQL, sections 3.5.1
// to 3.5.5.
func isBuiltIn(name string) bool {
	switch name {
	case "Int", "Float", "String", "Boolean", "ID":
		return true
	}
	return false
}

// builtIn coerces a value of the variables to a scalar that is built in.
func builtIn(name string, value any) (any, error) {
	switch name {
	case "Int":
		return intOf(value)
	case "Float":
		return floatOf(value)
	case "String":
		if text, ok := value.(string); ok {
			return text, nil
		}
		return nil, refusal(`String cannot represent a non string value: %s`, inspect(value))
	case "Boolean":
		if truth, ok := value.(bool); ok {
			return truth, nil
		}
		return nil, refusal(`Boolean cannot represent a non boolean value: %s`, inspect(value))
	default: // ID
		return idOf(value)
	}
}

func intOf(value any) (any, error) {
	switch number := value.(type) {
	case int:
		if math.MinInt32 <= number && number <= math.MaxInt32 {
			return number, nil
		}
	case float64:
		if number != math.Trunc(number) {
			return nil, refusal(`Int cannot represent non-integer value: %s`, inspect(value))
		}
		if math.MinInt32 <= number && number <= math.MaxInt32 {
			return int(number), nil
		}
	case json.Number:
		if !isWhole(string(number)) {
			return nil, refusal(`Int cannot represent non-integer value: %s`, inspect(value))
		}
	default:
		return nil, refusal(`Int cannot represent non-integer value: %s`, inspect(value))
	}
	return nil, refusal(`Int cannot represent non 32-bit signed integer value: %s`, inspect(value))
}

func floatOf(value any) (any, error) {
	switch number := value.(type) {
	case int:
		return float64(number), nil
	case float64:
		return number, nil
	case json.Number:
		if float, err := number.Float64(); err == nil {
			return float, nil
		}
	}
	return nil, refusal(`Float cannot represent non numeric value: %s`, inspect(value))
}

// idOf keeps all digits of a whole number.
func idOf(value any) (any, error) {
	switch id := value.(type) {
	case string:
		return id, nil
	case int:
		return strconv.Itoa(id), nil
	case float64:
		if id == math.Trunc(id) {
			return strconv.FormatFloat(id, 'f', -1, 64), nil
		}
	case json.Number:
		if isWhole(string(id)) {
			return string(id), nil
		}
	}
	return nil, refusal(`ID cannot represent value: %s`, inspect(value))
}

// isWhole reports whether a number consists of digits only.
func isWhole(number string) bool { return !strings.ContainsAny(number, ".eE") }

// builtInLiteral coerces a literal to a scalar that is built in.
func builtInLiteral(name string, literal *ast.Value) (any, error) {
	switch name {
	case "Int":
		if literal.Kind != ast.IntValue {
			return nil, refusal(`Int cannot represent non-integer value: %s`, source(literal))
		}
		number, err := strconv.ParseInt(literal.Raw, 10, 32)
		if err != nil {
			return nil, refusal(`Int cannot represent non 32-bit signed integer value: %s`, source(literal))
		}
		return int(number), nil
	case "Float":
		if literal.Kind == ast.IntValue || literal.Kind == ast.FloatValue {
			if float, err := strconv.ParseFloat(literal.Raw, 64); err == nil {
				return float, nil
			}
		}
		return nil, refusal(`Float cannot represent non numeric value: %s`, source(literal))
	case "String":
		if literal.Kind == ast.StringValue || literal.Kind == ast.BlockValue {
			return literal.Raw, nil
		}
		return nil, refusal(`String cannot represent a non string value: %s`, source(literal))
	case "Boolean":
		if literal.Kind == ast.BooleanValue {
			return literal.Raw == "true", nil
		}
		return nil, refusal(`Boolean cannot represent a non boolean value: %s`, source(literal))
	default: // ID
		if literal.Kind == ast.StringValue || literal.Kind == ast.BlockValue || literal.Kind == ast.IntValue {
			return literal.Raw, nil
		}
		return nil, refusal(`ID cannot represent a non-string and non-integer value: %s`, source(literal))
	}
}
