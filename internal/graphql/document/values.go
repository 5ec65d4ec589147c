package document

import (
	"math"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// value checks a literal against the type that its place expects, which is nil where
// that is not known or anything may be (GraphQL, section 5.6). What the literals of a
// custom scalar may be, the scalar decides when they are coerced.
func (v *validation) value(value *ast.Value, expected *ast.Type, hasDefault bool) {
	if value.Kind == ast.BlockValue {
		if text, other := v.blocks[value.Position.Start]; other {
			value.Raw = text
		}
	}
	if expected != nil {
		value.ExpectedType, value.ExpectedTypeHasDefault = expected, hasDefault
		value.Definition = v.schema.Types[expected.Name()]
	}
	switch value.Kind {
	case ast.Variable:
		v.use(value, nil)
	case ast.NullValue:
		if expected != nil && expected.NonNull {
			v.problems.add(value.Position, "Expected value of type %q, found null.", expected)
		}
	case ast.ListValue:
		v.list(value, expected)
	case ast.ObjectValue:
		v.object(value)
	default:
		v.scalarOrEnum(value)
	}
}

func (v *validation) list(value *ast.Value, expected *ast.Type) {
	var element *ast.Type
	if expected != nil && expected.Elem != nil {
		element = expected.Elem
	} else {
		v.scalarOrEnum(value)
	}
	for _, child := range value.Children {
		if v.problems.full() {
			return
		}
		v.value(child.Value, element, false)
	}
}

func (v *validation) object(value *ast.Value) {
	var fields ast.FieldList
	of := value.Definition
	if of != nil && of.Kind == ast.InputObject {
		fields = of.Fields
	} else {
		v.scalarOrEnum(value)
		of = nil
	}
	var names names
	for _, child := range value.Children {
		if names.again(child.Name) {
			v.problems.add(child.Position, "There can be only one input field named %q.", child.Name)
		}
		var field *ast.FieldDefinition
		if of != nil {
			field = find(v, of, child.Name, len(fields), fields.ForName)
		}
		switch {
		case field != nil:
			v.value(child.Value, field.Type, field.DefaultValue != nil)
		case of != nil:
			v.problems.add(child.Position, "Field %q is not defined by type %q.", child.Name, of.Name)
			fallthrough
		default:
			v.value(child.Value, nil, false)
		}
		if v.problems.full() {
			return
		}
	}
	if of != nil {
		v.requiredFields(value, of)
	}
}

func (v *validation) requiredFields(value *ast.Value, of *ast.Definition) {
	for _, field := range of.Fields {
		if field.Type.NonNull && field.DefaultValue == nil && value.Children.ForName(field.Name) == nil {
			v.problems.add(value.Position, `Field "%s.%s" of required type %q was not provided.`, of.Name, field.Name, field.Type)
		}
	}
	if of.Directives.ForName("oneOf") == nil {
		return
	}
	if len(value.Children) != 1 {
		v.problems.add(value.Position, "OneOf Input Object %q must specify exactly one key.", of.Name)
		return
	}
	switch only := value.Children[0]; only.Value.Kind {
	case ast.NullValue:
		v.problems.add(only.Value.Position, `Field "%s.%s" must be non-null.`, of.Name, only.Name)
	case ast.Variable:
		v.use(only.Value, of)
	}
}

// scalarOrEnum checks a literal whose place expects neither a list nor an input
// object that it could be.
func (v *validation) scalarOrEnum(value *ast.Value) {
	of := value.Definition
	if of == nil {
		return
	}
	switch of.Kind {
	case ast.Scalar:
		if wrong := wrongScalar(of.Name, value); wrong != "" {
			v.problems.add(value.Position, "%s: %s", wrong, literal(value))
		}
	case ast.Enum:
		switch {
		case value.Kind != ast.EnumValue:
			v.problems.add(value.Position, "Enum %q cannot represent non-enum value: %s.", of.Name, literal(value))
		case find(v, of, value.Raw, len(of.EnumValues), of.EnumValues.ForName) == nil:
			v.problems.add(value.Position, "Value %q does not exist in %q enum.", value.Raw, of.Name)
		}
	default:
		v.problems.add(value.Position, "Expected value of type %q, found %s.", value.ExpectedType, literal(value))
	}
}

// wrongScalar says why a built-in scalar cannot be written like this (GraphQL,
// section 3.5), or nothing.
func wrongScalar(scalar string, value *ast.Value) string {
	isString := value.Kind == ast.StringValue || value.Kind == ast.BlockValue
	switch scalar {
	case "Int":
		if value.Kind != ast.IntValue {
			return "Int cannot represent non-integer value"
		}
		if _, err := strconv.ParseInt(value.Raw, 10, 32); err != nil {
			return "Int cannot represent non 32-bit signed integer value"
		}
	case "Float":
		if value.Kind != ast.IntValue && value.Kind != ast.FloatValue {
			return "Float cannot represent non numeric value"
		}
		if number, _ := strconv.ParseFloat(value.Raw, 64); math.IsInf(number, 0) {
			return "Float cannot represent a value that is not finite"
		}
	case "String":
		if !isString {
			return "String cannot represent a non string value"
		}
	case "Boolean":
		if value.Kind != ast.BooleanValue {
			return "Boolean cannot represent a non boolean value"
		}
	case "ID":
		if !isString && value.Kind != ast.IntValue {
			return "ID cannot represent a non-string and non-integer value"
		}
	}
	return ""
}

// literal is a value as a message quotes it.
func literal(value *ast.Value) string {
	const most = 60
	var text string
	switch value.Kind {
	case ast.ListValue:
		return "a list"
	case ast.ObjectValue:
		return "an object"
	case ast.StringValue, ast.BlockValue:
		start, whole := cut(value.Raw, most)
		if text = strconv.Quote(start); !whole {
			text += "…"
		}
		return text
	default:
		start, whole := cut(value.Raw, most)
		if !whole {
			start += "…"
		}
		return start
	}
}
