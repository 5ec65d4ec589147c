package graphqlgo

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/graphql-go/graphql"
)

// check refuses what cannot work.
func check(schema graphql.Schema) error {
	if schema.QueryType() == nil {
		return refuse("the schema has no query type")
	}
	if extensions := reflect.ValueOf(schema).FieldByName("extensions"); extensions.Len() > 0 {
		return refuse("the schema has %d extensions (graphql.Extension), which are not called", extensions.Len())
	}
	types := schema.TypeMap()
	for _, name := range slices.Sorted(maps.Keys(types)) {
		if strings.HasPrefix(name, "__") && isIntrospection(types[name]) {
			continue
		}
		if err := checkType(schema, name, types[name]); err != nil {
			return err
		}
	}
	return checkSubscription(schema.SubscriptionType())
}

func isIntrospection(of graphql.Type) bool {
	return slices.Contains([]graphql.Type{
		graphql.SchemaType, graphql.TypeType, graphql.FieldType, graphql.InputValueType, graphql.EnumValueType,
		graphql.DirectiveType, graphql.TypeKindEnumType, graphql.DirectiveLocationEnumType,
	}, of)
}

func checkType(schema graphql.Schema, name string, of graphql.Type) error {
	if strings.HasPrefix(name, "__") {
		return refuse("the type %s: names that begin with __ are those of introspection", name)
	}
	if err := of.Error(); err != nil {
		return refuse("the type %s: %w", name, err)
	}
	_ = schema
	return nil
}

// checkSubscription refuses fields of which no event could come.
func checkSubscription(root *graphql.Object) error {
	if root == nil {
		return nil
	}
	fields := root.Fields()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name].Subscribe == nil {
			return refuse("the subscription field %s.%s has no Subscribe", root.Name(), name)
		}
		if fields[name].Resolve == nil {
			return refuse("the subscription field %s.%s has no Resolve: return p.Source, nil makes the payload of the event the value", root.Name(), name)
		}
	}
	return nil
}
