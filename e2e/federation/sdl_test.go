//go:build e2e

package federation

import (
	"os"
	"testing"

	"github.com/graphql-go/graphql"
	nodes "github.com/graphql-go/graphql/language/ast"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/internal/graphql/sdl"
)

// What is printed of a schema that has everything, down to descriptions that cannot be
// block strings, is byte for byte what graphql-js prints.
func TestSDLIsThatOfGraphQLJS(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../internal/graphql/sdl/testdata/everything.graphql")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	for name, directive := range schema.Directives {
		if directive.Position.Src.BuiltIn {
			delete(schema.Directives, name)
		}
	}
	same(t, sdl.Print(schema, sdl.Options{}), string(text))
}

// A schema of graphql-go prints what graphql-js prints once it has read that. Only where the
// default value of an argument leaves out a field that has a default value itself does
// graphql-js print more.
func TestSDLOfGraphQLGoReadsBack(t *testing.T) {
	t.Parallel()
	role := graphql.NewEnum(graphql.EnumConfig{Name: "Role", Description: "Who\nmay.", Values: graphql.EnumValueConfigMap{
		"ADMIN": {Value: 1, Description: "All\x07."}, "NONE": {Value: 2, DeprecationReason: "no \"longer\""},
	}})
	date := graphql.NewScalar(graphql.ScalarConfig{Name: "Date", Description: `A day\`, Serialize: func(v any) any { return v },
		ParseValue: func(v any) any { return v }, ParseLiteral: func(v nodes.Value) any { return v.GetValue() }})
	in := graphql.NewInputObject(graphql.InputObjectConfig{Name: "Filter", Fields: graphql.InputObjectConfigFieldMap{
		"role": {Type: role, DefaultValue: 1}, "ids": {Type: graphql.NewList(graphql.NewNonNull(graphql.ID)), DefaultValue: []any{"a", "b"}, Description: `Some "ids"`},
	}})
	node := graphql.NewInterface(graphql.InterfaceConfig{Name: "Node", Fields: graphql.Fields{"id": {Type: graphql.NewNonNull(graphql.ID)}},
		ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return nil }})
	user := graphql.NewObject(graphql.ObjectConfig{Name: "User", Interfaces: []*graphql.Interface{node}, Fields: graphql.Fields{
		"id": {Type: graphql.NewNonNull(graphql.ID)}, "born": {Type: date, DeprecationReason: "No longer supported"},
		"at": {Type: graphql.Float, Args: graphql.FieldConfigArgument{
			"scale": {Type: graphql.Float, DefaultValue: 1.5, Description: "How much."}, "on": {Type: graphql.Boolean, DefaultValue: true}, "n": {Type: graphql.Int, DefaultValue: 3},
		}},
	}})
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Root", Fields: graphql.Fields{
			"users": {Type: graphql.NewList(user), Args: graphql.FieldConfigArgument{"where": {Type: in, DefaultValue: map[string]any{"ids": []any{"c"}, "role": 2}}}},
			"any":   {Type: graphql.NewUnion(graphql.UnionConfig{Name: "Any", Types: []*graphql.Object{user}, ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return user }})},
		}}),
		Directives: append([]*graphql.Directive{graphql.NewDirective(graphql.DirectiveConfig{
			Name: "in", Description: "Says the unit.", Locations: []string{graphql.DirectiveLocationField}, Args: graphql.FieldConfigArgument{"unit": {Type: graphql.String, DefaultValue: "m"}},
		})}, graphql.SpecifiedDirectives...),
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, schema.SDL(), schema.SDL())
}

// same compares what was printed with what graphql-js prints of a schema.
func same(t *testing.T, got, of string) {
	t.Helper()
	if want := string(node(t, of, "print.mjs")); got != want {
		t.Errorf("printed\n%s\ngraphql-js prints\n%s", got, want)
	}
}
