package graphqlgo_test

import (
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
)

// A value may say its type itself, where the type of the field is abstract.
func TestTypedValues(t *testing.T) {
	named := graphql.NewInterface(graphql.InterfaceConfig{
		Name: "Named", Fields: graphql.Fields{"name": {Type: graphql.String}},
		ResolveType: func(p graphql.ResolveTypeParams) *graphql.Object { return object(p.Value.(string), nil) },
	})
	member := func(name string) *graphql.Object {
		return graphql.NewObject(graphql.ObjectConfig{Name: name, Interfaces: []*graphql.Interface{named}, Fields: graphql.Fields{
			"name": {Type: graphql.String, Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil }},
		}})
	}
	dog, cat, stone := member("Dog"), member("Cat"), member("Stone")
	pet := graphql.NewUnion(graphql.UnionConfig{
		Name: "Pet", Types: []*graphql.Object{dog, cat},
		ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return nil },
	})
	fields := graphql.Fields{"stone": value(stone, "Stone")}
	for name, v := range map[string]graphqlgo.Typed{
		"object": {Type: "Cat", Value: "Tom"}, "interface": {Type: "Named", Value: "Dog"}, "unknown": {Type: "Bird"}, "nothing": {},
		"notMember": {Type: "Stone", Value: "Stone"}, "interfaceOfNone": {Type: "Named", Value: "Stone"}, "union": {Type: "Pet", Value: "Dog"},
	} {
		fields[name] = value(pet, v)
		fields[name+"s"] = value(graphql.NewList(pet), []any{func() (any, error) { return v, nil }})
	}
	query(t, fields, `{object{__typename ...on Named{name}} interface{...on Dog{__typename name}} objects{...on Cat{name}}}`,
		`{"data":{"object":{"__typename":"Cat","name":"Tom"},"interface":{"__typename":"Dog","name":"Dog"},"objects":[{"name":"Tom"}]}}`)
	for name, message := range map[string]string{
		"unknown":         `Runtime Object type \"Bird\" is not a possible type for \"Pet\".`,
		"nothing":         `Runtime Object type \"\" is not a possible type for \"Pet\".`,
		"notMember":       `Runtime Object type \"Stone\" is not a possible type for \"Pet\".`,
		"interfaceOfNone": `Runtime Object type \"Stone\" is not a possible type for \"Pet\".`,
		"union":           `Abstract type \"Pet\" must resolve to an Object type at runtime for field \"Query.union\".`,
	} {
		query(t, fields, `{`+name+`{__typename}}`, `{"data":{"`+name+`":null},"errors":[{"message":"`+message+`","locations":[{"line":1,"column":2}],"path":["`+name+`"]}]}`)
	}
}
