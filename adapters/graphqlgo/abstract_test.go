package graphqlgo_test

import (
	"fmt"
	"testing"

	"github.com/graphql-go/graphql"
)

func TestAbstractTypes(t *testing.T) {
	named := graphql.NewInterface(graphql.InterfaceConfig{Name: "Named", Fields: graphql.Fields{"name": {Type: graphql.String}}})
	is := func(kind string) graphql.IsTypeOfFn {
		return func(p graphql.IsTypeOfParams) bool { return p.Value.(map[string]any)["kind"] == kind }
	}
	member := func(name string, isTypeOf graphql.IsTypeOfFn) *graphql.Object {
		return graphql.NewObject(graphql.ObjectConfig{Name: name, IsTypeOf: isTypeOf, Interfaces: []*graphql.Interface{named}, Fields: graphql.Fields{
			"name": {Type: graphql.String}, "only" + name: value(graphql.Int, 1),
		}})
	}
	dog, cat, stranger := member("Dog", is("dog")), member("Cat", is("cat")), object("Stranger", graphql.Fields{"name": {Type: graphql.String}})
	pet := graphql.NewUnion(graphql.UnionConfig{Name: "Pet", Types: []*graphql.Object{dog, cat}, ResolveType: func(p graphql.ResolveTypeParams) *graphql.Object {
		switch p.Value.(map[string]any)["kind"] {
		case "dog":
			return dog
		case "cat":
			return object("Cat", graphql.Fields{"name": {Type: graphql.String}}) // known by its name
		case "liar":
			return cat
		case "stranger":
			return stranger
		default:
			return nil
		}
	}})
	of := func(kind string) any { return map[string]any{"kind": kind, "name": kind} }
	fields := graphql.Fields{
		"named": value(graphql.NewList(named), []any{of("dog"), of("cat")}), "pets": value(graphql.NewList(pet), []any{of("cat"), of("dog"), of("cat")}),
		"liar": value(pet, of("liar")), "stranger": value(pet, of("stranger")), "nobody": value(named, of("bird")), "unknown": value(pet, of("bird")), "cat": value(cat, of("dog")),
	}
	query(t, fields, `{named{name __typename ...on Dog{onlyDog} ...on Cat{onlyCat}}}`,
		`{"data":{"named":[{"name":"dog","__typename":"Dog","onlyDog":1},{"name":"cat","__typename":"Cat","onlyCat":1}]}}`)
	query(t, fields, `{pets{...on Named{name} ...on Pet{__typename} ...on Dog{onlyDog}}}`,
		`{"data":{"pets":[{"name":"cat","__typename":"Cat"},{"name":"dog","__typename":"Dog","onlyDog":1},{"name":"cat","__typename":"Cat"}]}}`)
	for field, message := range map[string]string{
		"liar":     `Expected value of type \"Cat\" but got another for field \"Query.liar\".`,
		"stranger": `Runtime Object type \"Stranger\" is not a possible type for \"Pet\".`,
		"nobody":   `Abstract type \"Named\" must resolve to an Object type at runtime for field \"Query.nobody\".`,
		"unknown":  `Abstract type \"Pet\" must resolve to an Object type at runtime for field \"Query.unknown\".`,
		"cat":      `Expected value of type \"Cat\" but got another for field \"Query.cat\".`,
	} {
		query(t, fields, `{`+field+`{__typename}}`,
			fmt.Sprintf(`{"data":{"%s":null},"errors":[{"message":"%s","locations":[{"line":1,"column":2}],"path":["%s"]}]}`, field, message, field))
	}
}
