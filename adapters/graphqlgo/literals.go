package graphqlgo

import (
	"slices"
	"strconv"

	nodes "github.com/graphql-go/graphql/language/ast"
	"github.com/graphql-go/graphql/language/kinds"
	"github.com/vektah/gqlparser/v2/ast"
)

// NullValue is the node of the literal null, for which graphql-go has none. It
// stands in arguments (Info.FieldASTs) and within lists and objects that
// ParseLiteral is called with; ParseLiteral is never called with null itself.
type NullValue struct {
	Kind string // NullValue
	Loc  *nodes.Location
}

var _ nodes.Value = (*NullValue)(nil)

// GetValue is nil.
func (v *NullValue) GetValue() any { return nil }

// GetKind is "NullValue".
func (v *NullValue) GetKind() string { return v.Kind }

// GetLoc is where the literal stands.
func (v *NullValue) GetLoc() *nodes.Location { return v.Loc }

const kindNull = "NullValue"

// value makes a node of a literal.
func (t *nodeTree) value(literal *ast.Value) nodes.Value {
	at := t.location(literal.Position)
	switch literal.Kind {
	case ast.Variable:
		return t.variable(literal.Raw, literal.Position)
	case ast.IntValue:
		return &nodes.IntValue{Kind: kinds.IntValue, Loc: at, Value: literal.Raw}
	case ast.FloatValue:
		return &nodes.FloatValue{Kind: kinds.FloatValue, Loc: at, Value: literal.Raw}
	case ast.BooleanValue:
		return &nodes.BooleanValue{Kind: kinds.BooleanValue, Loc: at, Value: literal.Raw == "true"}
	case ast.EnumValue:
		return &nodes.EnumValue{Kind: kinds.EnumValue, Loc: at, Value: literal.Raw}
	case ast.NullValue:
		return &NullValue{Kind: kindNull, Loc: at}
	case ast.ListValue:
		list := &nodes.ListValue{Kind: kinds.ListValue, Loc: at, Values: make([]nodes.Value, len(literal.Children))}
		for i, child := range literal.Children {
			list.Values[i] = t.value(child.Value)
		}
		return list
	case ast.ObjectValue:
		object := &nodes.ObjectValue{Kind: kinds.ObjectValue, Loc: at, Fields: make([]*nodes.ObjectField, len(literal.Children))}
		for i, child := range literal.Children {
			object.Fields[i] = &nodes.ObjectField{
				Kind:  kinds.ObjectField,
				Name:  t.name(child.Name, child.Position),
				Loc:   t.location(child.Position),
				Value: t.value(child.Value),
			}
		}
		return object
	default:
		return &nodes.StringValue{Kind: kinds.StringValue, Loc: at, Value: literal.Raw}
	}
}

// bind puts the values of variables in the place of their names, since ParseLiteral
// receives no variables: a literal that is made of the coerced value. What has no
// literal stays the name of the variable.
func bind(literal *ast.Value, variables map[string]any) *ast.Value {
	if literal.Kind == ast.Variable {
		value, ok := variables[literal.Raw]
		if !ok {
			return &ast.Value{Kind: ast.NullValue, Raw: "null", Position: literal.Position}
		}
		if made, ok := literalOf(value); ok {
			return made
		}
		return literal
	}
	if len(literal.Children) == 0 {
		return literal
	}
	bound := *literal
	bound.Children = nil
	for _, child := range literal.Children {
		if _, given := variables[child.Value.Raw]; !given && child.Value.Kind == ast.Variable && literal.Kind == ast.ObjectValue {
			continue // as a field of an input object that is absent
		}
		copied := *child
		copied.Value = bind(child.Value, variables)
		bound.Children = append(bound.Children, &copied)
	}
	return &bound
}

// literalOf makes a literal of a value that JSON could have held.
func literalOf(value any) (*ast.Value, bool) {
	switch value := value.(type) {
	case nil:
		return &ast.Value{Kind: ast.NullValue, Raw: "null"}, true
	case bool:
		return &ast.Value{Kind: ast.BooleanValue, Raw: strconv.FormatBool(value)}, true
	case string:
		return &ast.Value{Kind: ast.StringValue, Raw: value}, true
	case int:
		return &ast.Value{Kind: ast.IntValue, Raw: strconv.Itoa(value)}, true
	case float64:
		return &ast.Value{Kind: ast.FloatValue, Raw: strconv.FormatFloat(value, 'g', -1, 64)}, true
	case []any:
		list := &ast.Value{Kind: ast.ListValue}
		for _, item := range value {
			made, ok := literalOf(item)
			if !ok {
				return nil, false
			}
			list.Children = append(list.Children, &ast.ChildValue{Value: made})
		}
		return list, true
	case map[string]any:
		return objectLiteral(value)
	default:
		return nil, false
	}
}

func objectLiteral(value map[string]any) (*ast.Value, bool) {
	object := &ast.Value{Kind: ast.ObjectValue}
	names := make([]string, 0, len(value))
	for name := range value {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		made, ok := literalOf(value[name])
		if !ok {
			return nil, false
		}
		object.Children = append(object.Children, &ast.ChildValue{Name: name, Value: made})
	}
	return object, true
}
