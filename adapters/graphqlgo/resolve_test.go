package graphqlgo_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/gqlerrors"
	"github.com/graphql-go/graphql/language/ast"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

type contextKey struct{}

func TestResolversSeeWhatGraphQLGoShows(t *testing.T) {
	var seen graphql.ResolveParams
	item := object("Item", graphql.Fields{"name": {
		Type: required(graphql.String), Args: graphql.FieldConfigArgument{"n": {Type: graphql.Int}},
		Resolve: func(p graphql.ResolveParams) (any, error) {
			if p.Info.FieldASTs[0].Alias != nil {
				seen = p
			}
			return "x", nil
		},
	}})
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"items": value(graphql.NewList(item), []any{"a", "b"})})})
	const document = `query Q($n:Int,$all:Boolean=true){list:items{...F @include(if:$all) again:name(n:null) name(n:$n)}} fragment F on Item{again:name(n:null)@skip(if:false)}`
	ctx := context.WithValue(t.Context(), contextKey{}, "mine")
	bind(t, schema, document, `{"n":5}`).Execute(ctx, ports.Call{Root: "root", Format: masked})

	info := seen.Info
	for name, pair := range map[string][2]any{
		"source": {seen.Source, "b"}, "context": {seen.Context.Value(contextKey{}), "mine"}, "arguments": {seen.Args, map[string]any{"n": nil}},
		"field name": {info.FieldName, "name"}, "path": {fmt.Sprint(info.Path.AsArray()), "[list 1 again]"}, "return type": {info.ReturnType.String(), "String!"},
		"parent type": {info.ParentType, graphql.Composite(item)}, "root": {info.RootValue, "root"},
		"variables": {info.VariableValues, map[string]any{"n": 5, "all": true}}, "schema": {info.Schema.QueryType().Name(), "Query"},
		"field ASTs": {len(info.FieldASTs), 2}, "alias": {info.FieldASTs[0].Alias.Value, "again"}, "directive": {info.FieldASTs[0].Directives[0].Name.Value, "skip"},
		"argument":    {info.FieldASTs[1].Arguments[0].Value.GetKind(), "NullValue"},
		"source text": {string(info.FieldASTs[1].Loc.Source.Body[info.FieldASTs[1].Loc.Start:])[:10], "again:name"},
		"fragment":    {info.Fragments["F"].(*ast.FragmentDefinition).TypeCondition.Name.Value, "Item"},
		"operation":   {info.Operation.(*ast.OperationDefinition).Name.Value, "Q"}, "kind": {info.Operation.GetOperation(), "query"},
		"variable":   {info.Operation.GetVariableDefinitions()[1].DefaultValue.GetValue(), true},
		"selections": {len(info.Operation.GetSelectionSet().Selections), 1},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
	if _, ok := info.FieldASTs[1].Arguments[0].Value.(*graphqlgo.NullValue); !ok {
		t.Errorf("null is a %T", info.FieldASTs[1].Arguments[0].Value)
	}
}

// What a resolver writes into what it was given, no other resolver reads, of this
// execution or the next.
func TestResolversMayWrite(t *testing.T) {
	point := graphql.NewInputObject(graphql.InputObjectConfig{Name: "Point", Fields: graphql.InputObjectConfigFieldMap{
		"x": {Type: graphql.Int, DefaultValue: 1}, "tags": {Type: graphql.NewList(graphql.String)},
	}})
	write := func(p graphql.ResolveParams) (any, error) {
		read := fmt.Sprint(p.Args, p.Info.VariableValues["v"])
		for _, given := range []any{p.Args["a"], p.Args["b"], p.Args["c"]} {
			given := given.(map[string]any)
			given["x"] = 99
			if tags, ok := given["tags"].([]any); ok && len(tags) > 0 {
				tags[0] = "written"
			}
		}
		p.Args["new"] = true
		return read, nil
	}
	arguments := graphql.FieldConfigArgument{"a": {Type: point}, "b": {Type: point}, "c": {Type: point, DefaultValue: map[string]any{"tags": []any{"default"}}}}
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"f": {Type: graphql.String, Args: arguments, Resolve: write}})})
	bound := bind(t, schema, `query($v:Point){f(a:$v,b:{tags:["constant"]}) g:f(a:$v,b:{tags:["constant"]})}`, `{"v":{"tags":["variable"]}}`)
	const read = `map[a:map[tags:[variable] x:1] b:map[tags:[constant] x:1] c:map[tags:[default] x:1]] map[tags:[variable] x:1]`
	for range 2 {
		result := bound.Execute(t.Context(), ports.Call{Format: masked})
		if want := `{"data":{"f":"` + read + `","g":"` + read + `"}}`; string(result.Body) != want {
			t.Errorf("got  %s\nwant %s", result.Body, want)
		}
	}
}

func TestArgumentsAreNeverNil(t *testing.T) {
	query(t, graphql.Fields{"f": {Type: graphql.Boolean, Resolve: func(p graphql.ResolveParams) (any, error) { return p.Args != nil && len(p.Args) == 0, nil }}},
		`{f}`, `{"data":{"f":true}}`)
}

func TestErrorsOfGraphQLGoAreUnwrapped(t *testing.T) {
	cause := ports.Public("no such room")
	for _, err := range []error{
		gqlerrors.FormatError(cause), gqlerrors.NewError("private", nil, "", nil, nil, cause), graphql.NewLocatedError(cause, nil),
		fmt.Errorf("private: %w", gqlerrors.FormatError(gqlerrors.NewError("private", nil, "", nil, nil, cause))),
	} {
		query(t, graphql.Fields{"f": failing(graphql.Int, err)}, `{f}`,
			`{"data":{"f":null},"errors":[{"message":"no such room","locations":[{"line":1,"column":2}],"path":["f"]}]}`)
	}
}

func TestExtensionsOfPublicErrors(t *testing.T) {
	err := &ports.PublicError{Message: "full", Extensions: map[string]any{"code": "FULL"}, Err: errors.New("private")}
	query(t, graphql.Fields{"f": failing(graphql.Int, err)}, `{f}`,
		`{"data":{"f":null},"errors":[{"message":"full","locations":[{"line":1,"column":2}],"path":["f"],"extensions":{"code":"FULL"}}]}`)
}

func TestWrongArgumentsAreErrorsOfTheirField(t *testing.T) {
	arguments := graphql.FieldConfigArgument{"v": {Type: required(graphql.Int), DefaultValue: 5}}
	read := func(p graphql.ResolveParams) (any, error) { return p.Args["v"], nil }
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{
		"f": {Type: graphql.Int, Args: arguments, Resolve: read}, "byDefault": {Type: graphql.Int, Args: arguments},
	})})
	for variables, want := range map[string]string{
		``:           `{"data":{"f":5,"g":5,"byDefault":null}}`,
		`{"v":7}`:    `{"data":{"f":7,"g":5,"byDefault":null}}`,
		`{"v":null}`: `{"data":{"f":null,"g":5,"byDefault":null},"errors":[` + wrong(15, "f") + `,` + wrong(27, "byDefault") + `]}`,
	} {
		if got := execute(t, schema, `query($v:Int){f(v:$v) g:f byDefault(v:$v)}`, variables, nil); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", variables, got, want)
		}
	}
}

func wrong(column int, field string) string {
	return fmt.Sprintf(`{"message":"Argument \"v\" of non-null type \"Int!\" must not be null.","locations":[{"line":1,"column":%d}],"path":["%s"]}`, column, field)
}

func TestDefaultValuesOfScalarsAreTheValuesThemselves(t *testing.T) {
	type celsius float64
	scalar := graphql.NewScalar(graphql.ScalarConfig{
		Name: "Celsius", Serialize: func(v any) any { return fmt.Sprintf("%v °C", v) },
		ParseValue: func(any) any { return "parsed" }, ParseLiteral: func(ast.Value) any { return "parsed" },
	})
	query(t, graphql.Fields{"f": {Type: graphql.String, Args: graphql.FieldConfigArgument{"v": {Type: scalar, DefaultValue: celsius(21)}},
		Resolve: func(p graphql.ResolveParams) (any, error) { return fmt.Sprintf("%T", p.Args["v"]), nil }}},
		`{f g:f(v:1) __type(name:"Query"){fields{args{defaultValue}}}}`,
		`{"data":{"f":"graphqlgo_test.celsius","g":"string","__type":{"fields":[{"args":[{"defaultValue":"\"21 °C\""}]}]}}}`)
}
