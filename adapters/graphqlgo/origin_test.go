package graphqlgo_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

// The query type gets fields, with types of their own, and stays as it is in
// graphql-go, so that other schemas may share it.
func TestQueryFields(t *testing.T) {
	unit := graphql.NewEnum(graphql.EnumConfig{Name: "Unit", Values: graphql.EnumValueConfigMap{"M": {Value: 1}}})
	old := object("Old", graphql.Fields{"a": value(graphql.Int, 1)})
	part := object("Part", graphql.Fields{"old": value(old, struct{}{}), "size": {Type: graphql.Int, Args: graphql.FieldConfigArgument{"unit": {Type: unit}},
		Resolve: func(p graphql.ResolveParams) (any, error) { return p.Args["unit"], nil }}})
	anything := graphql.NewUnion(graphql.UnionConfig{Name: "Any", Types: []*graphql.Object{part, old}, ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return part }})
	source, err := graphql.NewSchema(graphql.SchemaConfig{Query: object("Query", graphql.Fields{"old": value(old, struct{}{})})})
	if err != nil {
		t.Fatal(err)
	}
	added := graphql.Fields{"list": value(required(graphql.NewList(anything)), []any{struct{}{}})}
	schema, err := graphqlgo.New(source, graphqlgo.QueryFields(added))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := execute(t, schema, `{list{...on Part{size(unit:M) old{a}}} old{a}}`, "", nil), `{"data":{"list":[{"size":1,"old":{"a":1}}],"old":{"a":1}}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if schema.Definitions().Types["Unit"] == nil {
		t.Error("the type of an argument is missing")
	}
	if before, err := graphqlgo.New(source); err != nil || strings.Contains(before.SDL(), "list") {
		t.Errorf("graphql-go's schema has changed: %v", err)
	}
	for want, fields := range map[string]graphql.Fields{
		"Query.old is there already":          {"old": value(graphql.Int, 1)},
		"is of type Old, which was not there": {"other": value(object("Old", graphql.Fields{"b": value(graphql.Int, 1)}), nil)},
		"to Query: Names must match":          {"": value(graphql.Int, 1)},
		"names that begin with __":            {"__a": value(graphql.Int, 1)},
	} {
		if _, err := graphqlgo.New(source, graphqlgo.QueryFields(fields)); !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestSDL(t *testing.T) {
	enum := graphql.NewEnum(graphql.EnumConfig{Name: "Role", Values: graphql.EnumValueConfigMap{"ADMIN": {Value: 1, Description: "May all."}, "NONE": {Value: 2, DeprecationReason: "none left"}}})
	in := graphql.NewInputObject(graphql.InputObjectConfig{Name: "In", Fields: graphql.InputObjectConfigFieldMap{"role": {Type: enum, DefaultValue: 1}}})
	schema := newSchema(t, graphql.SchemaConfig{Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Description: "All.", Fields: graphql.Fields{
		"b": {Type: graphql.NewNonNull(graphql.NewList(graphql.String)), DeprecationReason: "old"},
		"a": {Type: enum, Args: graphql.FieldConfigArgument{"in": {Type: in, DefaultValue: map[string]any{"role": 2}}, "text": {Type: graphql.String, DefaultValue: "a\"b"}}},
	}})})
	want := `input In {
  role: Role = ADMIN
}

"""All."""
type Query {
  a(in: In = {role: NONE}, text: String = "a\"b"): Role
  b: [String]! @deprecated(reason: "old")
}

enum Role {
  """May all."""
  ADMIN
  NONE @deprecated(reason: "none left")
}`
	if got := schema.SDL(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
