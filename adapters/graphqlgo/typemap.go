package graphqlgo

import (
	"maps"

	"github.com/graphql-go/graphql"
)

// typesOf returns the types of a schema, and those that only its directives use,
// which graphql-go does not count.
func typesOf(schema graphql.Schema) graphql.TypeMap {
	types := maps.Clone(schema.TypeMap())
	for _, directive := range schema.Directives() {
		for _, argument := range directive.Args {
			addInput(types, argument.Type)
		}
	}
	return types
}

func addInput(types graphql.TypeMap, of graphql.Type) {
	switch of := of.(type) {
	case *graphql.List:
		addInput(types, of.OfType)
	case *graphql.NonNull:
		addInput(types, of.OfType)
	case *graphql.Scalar, *graphql.Enum:
		if _, ok := types[of.Name()]; !ok {
			types[of.Name()] = of
		}
	case *graphql.InputObject:
		if _, ok := types[of.Name()]; ok {
			return
		}
		types[of.Name()] = of
		for _, field := range of.Fields() {
			addInput(types, field.Type)
		}
	}
}

func addOutput(types graphql.TypeMap, of graphql.Type) {
	switch named := of.(type) {
	case *graphql.List:
		addOutput(types, named.OfType)
		return
	case *graphql.NonNull:
		addOutput(types, named.OfType)
		return
	}
	if _, ok := types[of.Name()]; ok {
		return
	}
	types[of.Name()] = of
	switch of := of.(type) {
	case *graphql.Object:
		addFields(types, of.Fields())
	case *graphql.Interface:
		addFields(types, of.Fields())
	case *graphql.Union:
		for _, member := range of.Types() {
			addOutput(types, member)
		}
	}
}

func addFields(types graphql.TypeMap, fields graphql.FieldDefinitionMap) {
	for _, f := range fields {
		addOutput(types, f.Type)
		for _, argument := range f.Args {
			addInput(types, argument.Type)
		}
	}
}
