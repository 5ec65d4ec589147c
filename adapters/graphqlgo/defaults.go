package graphqlgo

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/ports"
)

// byDefault makes a literal of a default value, which graphql-go has as the value
// that resolvers receive; nil is none.
func (c *converter) byDefault(of graphql.Input, value any) (*ast.Value, error) {
	if value == nil {
		return nil, nil
	}
	return c.literal(of, value)
}

func (c *converter) literal(of graphql.Type, value any) (*ast.Value, error) {
	if required, ok := of.(*graphql.NonNull); ok {
		of = required.OfType
	}
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if value == nil || v.Kind() == reflect.Pointer {
		return &ast.Value{Kind: ast.NullValue, Raw: "null"}, nil
	}
	switch of := of.(type) {
	case *graphql.List:
		return c.listLiteral(of, v)
	case *graphql.InputObject:
		return c.inputLiteral(of, v)
	case *graphql.Enum:
		if name, ok := c.leaves[of.Name()].enumName(v.Interface()); ok {
			return &ast.Value{Kind: ast.EnumValue, Raw: name}, nil
		}
		return nil, fmt.Errorf("the enum %s has no value %v", of.Name(), value)
	case *graphql.Scalar:
		return c.scalarLiteral(of, value)
	default:
		return nil, fmt.Errorf("%v is no input type", of)
	}
}

func (c *converter) listLiteral(of *graphql.List, v reflect.Value) (*ast.Value, error) {
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
		return c.literal(of.OfType, v.Interface())
	}
	list := &ast.Value{Kind: ast.ListValue}
	for i := range v.Len() {
		item, err := c.literal(of.OfType, v.Index(i).Interface())
		if err != nil {
			return nil, err
		}
		list.Children = append(list.Children, &ast.ChildValue{Value: item})
	}
	return list, nil
}

// inputLiteral takes a map, and anything else as encoding/json sees it.
func (c *converter) inputLiteral(of *graphql.InputObject, v reflect.Value) (*ast.Value, error) {
	members, ok := reflect.TypeAssert[map[string]any](v)
	if !ok {
		encoded, err := json.Marshal(v.Interface())
		if err != nil {
			return nil, err
		}
		decoded, err := ports.DecodeJSON(encoded)
		if err != nil {
			return nil, err
		}
		if members, ok = decoded.(map[string]any); !ok {
			return nil, fmt.Errorf("a %v is no input object", v.Type())
		}
	}
	object := &ast.Value{Kind: ast.ObjectValue}
	fields := of.Fields()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		member, ok := members[name]
		if !ok {
			continue
		}
		made, err := c.literal(fields[name].Type, member)
		if err != nil {
			return nil, err
		}
		object.Children = append(object.Children, &ast.ChildValue{Name: name, Value: made})
	}
	return object, nil
}

// scalarLiteral is the literal that introspection shows. Resolvers receive of a
// scalar that is not built in the value itself.
func (c *converter) scalarLiteral(of *graphql.Scalar, value any) (*ast.Value, error) {
	serialized, err := guard(func() (any, error) { return of.Serialize(value), nil })
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(serialized)
	if err != nil {
		return nil, err
	}
	decoded, err := ports.DecodeJSON(encoded)
	if err != nil {
		return nil, err
	}
	made, ok := literalOf(decoded)
	if !ok || serialized == nil {
		return nil, errors.New("the value has no literal")
	}
	if builtInOf(of) == nil {
		c.schema.leaves.defaults[made] = value
	}
	return made, nil
}
