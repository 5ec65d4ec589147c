package graphqlgo_test

import (
	"encoding/json"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

// FuzzDocument: no document kills the process. One that is refused has errors with
// messages; one that is accepted can be executed, and what comes of it is JSON.
func FuzzDocument(f *testing.F) {
	schema := petSchema(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4<<10 {
			return
		}
		document, errs := schema.Prepare(text, ports.Limits{Tokens: 2000, Depth: 25, Aliases: 100, Fields: 5000})
		if errs != nil {
			checkRefusal(t, errs)
			return
		}
		operation, errs := document.Operation("")
		if errs != nil {
			checkRefusal(t, errs)
			return
		}
		bound, errs := operation.Bind(t.Context(), nil, masked)
		if errs != nil {
			checkRefusal(t, errs)
			return
		}
		switch result := bound.Execute(t.Context(), ports.Call{Format: masked}); {
		case result.Rejected != nil:
			checkRefusal(t, result.Rejected)
		case !json.Valid(result.Body):
			t.Errorf("%s is no JSON", result.Body)
		}
	})
}

func checkRefusal(t *testing.T, errs ports.ResponseErrors) {
	t.Helper()
	var list []struct{ Message string }
	if err := json.Unmarshal(errs.AppendJSON(nil), &list); err != nil || len(list) == 0 {
		t.Fatalf("refused with %s (%v)", errs.AppendJSON(nil), err)
	}
	for _, err := range list {
		if err.Message == "" || err.Message == "the document could not be read" {
			t.Errorf("refused with the message %q", err.Message)
		}
	}
}

// petSchema has something of everything: objects, an interface, a union, an enum, an
// input object, lists, arguments with defaults.
func petSchema(t testing.TB) *graphqlgo.Schema {
	t.Helper()
	named := graphql.NewInterface(graphql.InterfaceConfig{Name: "Named", Fields: graphql.Fields{"name": {Type: graphql.String}}})
	color := graphql.NewEnum(graphql.EnumConfig{Name: "Color", Values: graphql.EnumValueConfigMap{"RED": {Value: 1}, "BLUE": {Value: 2}}})
	filter := graphql.NewInputObject(graphql.InputObjectConfig{Name: "Filter", Fields: graphql.InputObjectConfigFieldMap{
		"color": {Type: color, DefaultValue: 1},
		"tags":  {Type: graphql.NewList(required(graphql.String))},
		"most":  {Type: required(graphql.Int)},
	}})
	isType := func(graphql.IsTypeOfParams) bool { return true }
	dog := graphql.NewObject(graphql.ObjectConfig{
		Name: "Dog", Interfaces: []*graphql.Interface{named}, IsTypeOf: isType,
		Fields: graphql.Fields{"name": {Type: graphql.String}, "color": {Type: color}},
	})
	cat := graphql.NewObject(graphql.ObjectConfig{
		Name: "Cat", Interfaces: []*graphql.Interface{named}, IsTypeOf: isType,
		Fields: graphql.Fields{"name": {Type: graphql.String}, "lives": {Type: required(graphql.Int)}},
	})
	pet := graphql.NewUnion(graphql.UnionConfig{
		Name: "Pet", Types: []*graphql.Object{dog, cat},
		ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return dog },
	})
	rex := map[string]any{"name": "rex", "color": 1}
	fields := graphql.Fields{
		"pet": value(pet, rex), "named": value(named, rex), "pets": value(graphql.NewList(pet), []any{rex}),
		"float": {Type: graphql.Float, Args: graphql.FieldConfigArgument{"x": {Type: graphql.Float}, "id": {Type: graphql.ID}, "yes": {Type: graphql.Boolean}}},
	}
	fields["named"].Args = graphql.FieldConfigArgument{"filter": {Type: filter}}
	fields["pets"].Args = graphql.FieldConfigArgument{"first": {Type: graphql.Int, DefaultValue: 1}}
	feed := value(pet, rex)
	feed.Subscribe = func(graphql.ResolveParams) (any, error) { return nil, nil }
	return newSchema(t, graphql.SchemaConfig{
		Query:        object("Query", fields),
		Mutation:     object("Mutation", graphql.Fields{"float": fields["float"]}),
		Subscription: object("Subscription", graphql.Fields{"pet": feed}),
		Types:        []graphql.Type{dog, cat},
	})
}
