package core

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/language/lexer"
	"github.com/graphql-go/graphql/language/source"
)

// FuzzDocument: no document kills the process. One that is refused is refused
// with errors; one that is accepted can be executed.
func FuzzDocument(f *testing.F) {
	schema := fuzzSchema(f)
	f.Fuzz(func(t *testing.T, text string) {
		// What a client sends is UTF-8; the length bounds what validation takes.
		if !utf8.ValidString(text) || len(text) > 4<<10 {
			t.Skip()
		}
		parsed, errs := parse(schema, text, limits{tokens: 2000, depth: 25, aliases: 100})
		if (parsed == nil) == (errs == nil) {
			t.Fatalf("got %v and %v", parsed, errs)
		}
		if errs != nil {
			checkErrors(t, errs)
			return
		}
		if parsed.text != text {
			t.Errorf("the text became %q", parsed.text)
		}
		operation, err := parsed.operation("")
		if (err == nil) != (len(parsed.operations) == 1) {
			t.Errorf("got %v for %d operations", err, len(parsed.operations))
		}
		if operation == nil {
			return
		}
		answer := graphql.Execute(graphql.ExecuteParams{Schema: schema, AST: parsed.ast, Context: t.Context()})
		if _, err := encodeResult(answer.Data, formatErrors(answer.Errors), answer.Extensions); err != nil {
			t.Error(err)
		}
	})
}

func checkErrors(t *testing.T, errs responseErrors) {
	t.Helper()
	var list []struct{ Message string }
	if err := json.Unmarshal(errs.encode(), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Error("refused without an error")
	}
	for _, err := range list {
		if err.Message == "" {
			t.Error("an error without a message")
		}
	}
}

// FuzzNesting: as far as the parser may get, nothing is nested deeper than
// nesting says.
func FuzzNesting(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip("what a client sends is UTF-8")
		}
		if _, found := survey(text); found < lexedNesting(text) {
			lexed := lexedNesting(text)
			t.Errorf("nesting is %d, but the lexer's tokens nest %d deep", found, lexed)
		}
	})
}

// lexedNesting is how deep the brackets among the tokens nest, up to where the
// text is no GraphQL any more: a bracket that closes what is not open is as far
// as the parser can get, and so is what the lexer cannot read.
func lexedNesting(text string) int {
	next := lexer.Lex(source.NewSource(&source.Source{Body: []byte(text)}))
	depth, deepest := 0, 0
	for {
		token, err := next(0)
		if err != nil || token.Kind == lexer.EOF || depth < 0 {
			return deepest
		}
		switch token.Kind {
		case lexer.BRACE_L, lexer.BRACKET_L, lexer.PAREN_L:
			depth++
			deepest = max(deepest, depth)
		case lexer.BRACE_R, lexer.BRACKET_R, lexer.PAREN_R:
			depth--
		}
	}
}

// fuzzSchema has something of everything: objects, an interface, a union, an
// enum, an input object, lists, arguments with defaults.
func fuzzSchema(f *testing.F) graphql.Schema {
	f.Helper()
	named := graphql.NewInterface(graphql.InterfaceConfig{Name: "Named", Fields: graphql.Fields{"name": {Type: graphql.String}}})
	color := graphql.NewEnum(graphql.EnumConfig{Name: "Color", Values: graphql.EnumValueConfigMap{"RED": {Value: 1}, "BLUE": {Value: 2}}})
	filter := graphql.NewInputObject(graphql.InputObjectConfig{Name: "Filter", Fields: graphql.InputObjectConfigFieldMap{
		"color": {Type: color, DefaultValue: 1},
		"tags":  {Type: graphql.NewList(graphql.NewNonNull(graphql.String))},
		"most":  {Type: graphql.NewNonNull(graphql.Int)},
	}})
	isType := func(graphql.IsTypeOfParams) bool { return true }
	dog := graphql.NewObject(graphql.ObjectConfig{Name: "Dog", Interfaces: []*graphql.Interface{named}, IsTypeOf: isType,
		Fields: graphql.Fields{"name": {Type: graphql.String}, "color": {Type: color}}})
	cat := graphql.NewObject(graphql.ObjectConfig{Name: "Cat", Interfaces: []*graphql.Interface{named}, IsTypeOf: isType,
		Fields: graphql.Fields{"name": {Type: graphql.String}, "lives": {Type: graphql.NewNonNull(graphql.Int)}}})
	pet := graphql.NewUnion(graphql.UnionConfig{Name: "Pet", Types: []*graphql.Object{dog, cat},
		ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return dog }})
	one := func(graphql.ResolveParams) (any, error) { return map[string]any{"name": "rex", "color": 1}, nil }
	fields := graphql.Fields{
		"pet":   {Type: pet, Resolve: one},
		"named": {Type: named, Resolve: one, Args: graphql.FieldConfigArgument{"filter": {Type: filter}}},
		"pets": {Type: graphql.NewList(pet), Args: graphql.FieldConfigArgument{"first": {Type: graphql.Int, DefaultValue: 1}},
			Resolve: func(p graphql.ResolveParams) (any, error) {
				pet, err := one(p)
				return []any{pet}, err
			}},
		"float": {Type: graphql.Float, Args: graphql.FieldConfigArgument{"x": {Type: graphql.Float}, "id": {Type: graphql.ID}, "yes": {Type: graphql.Boolean}}},
	}
	subscribing := graphql.Fields{"pet": {Type: pet, Resolve: one}, "named": {Type: named, Resolve: one}}
	schema, err := graphql.NewSchema(graphql.SchemaConfig{
		Query:        graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: fields}),
		Mutation:     graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{"float": fields["float"]}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: subscribing}),
		Types:        []graphql.Type{dog, cat},
	})
	if err != nil {
		f.Fatal(err)
	}
	return schema
}
