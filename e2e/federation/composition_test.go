//go:build e2e

package federation

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo/federation"
)

// Composition takes every directive, where the constructor takes it.
func TestCompositionTakesEveryDirective(t *testing.T) {
	t.Parallel()
	field := func(of graphql.Output) *graphql.Field { return &graphql.Field{Type: of} }
	id := graphql.NewNonNull(graphql.ID)
	object := func(name string, fields graphql.Fields) *graphql.Object {
		return graphql.NewObject(graphql.ObjectConfig{Name: name, Fields: fields})
	}
	role := graphql.NewEnum(graphql.EnumConfig{Name: "Role", Values: graphql.EnumValueConfigMap{"ADMIN": {Value: 1}, "NONE": {Value: 2}}})
	filter := graphql.NewInputObject(graphql.InputObjectConfig{Name: "Filter", Fields: graphql.InputObjectConfigFieldMap{"role": {Type: role}, "old": {Type: graphql.Int}}})
	date := graphql.NewScalar(graphql.ScalarConfig{Name: "Date", Serialize: func(v any) any { return v }})
	secret := object("Secret", graphql.Fields{"a": field(graphql.Int)})
	node := graphql.NewInterface(graphql.InterfaceConfig{Name: "Node", Fields: graphql.Fields{"id": field(id)}, ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return nil }})
	organization := object("Organization", graphql.Fields{"id": field(id), "name": field(graphql.String)})
	media := object("Media", graphql.Fields{"id": field(id), "rating": field(graphql.Int)})
	user := graphql.NewObject(graphql.ObjectConfig{Name: "User", Interfaces: []*graphql.Interface{node}, Fields: graphql.Fields{
		"id": field(id), "weight": field(graphql.Float), "postage": field(graphql.Float), "born": field(date), "tags": field(graphql.NewList(graphql.String)),
		"organization": field(organization), "role": field(role), "media": field(media), "email": field(graphql.String),
		"at": {Type: graphql.String, Args: graphql.FieldConfigArgument{"zone": {Type: graphql.String}}},
	}})
	resolver := federation.Resolve(func(context.Context, []map[string]any) ([]any, error) { return nil, nil })
	schema, err := federation.NewSchema(graphql.SchemaConfig{
		Query: object("Query", graphql.Fields{
			"users":  {Type: graphql.NewList(user), Args: graphql.FieldConfigArgument{"where": {Type: filter}}},
			"either": field(graphql.NewUnion(graphql.UnionConfig{Name: "Either", Types: []*graphql.Object{user, organization}, ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return nil }})),
			"secret": field(secret), "shared": field(graphql.Int),
		}),
	}, federation.Config{
		Directives: map[string][]federation.Directive{
			"User":                {federation.Key("id"), federation.Key("email"), federation.Extends()},
			"User.id":             {federation.Tag("a/b-c_1"), federation.Tag("other")},
			"User.weight":         {federation.External()},
			"User.postage":        {federation.Requires("weight")},
			"User.born":           {federation.ProgressiveOverride("other", "percent(10)")},
			"User.tags":           {federation.Override("other"), federation.RequiresScopes([]string{"a", "b"}, []string{"c"})},
			"User.at(zone:)":      {federation.Inaccessible()},
			"User.organization":   {federation.Provides("name")},
			"User.email":          {federation.Authenticated()},
			"Organization":        {federation.UnresolvableKey("id")},
			"Organization.name":   {federation.External()},
			"Media":               {federation.Key("id"), federation.InterfaceObject()},
			"Node":                {federation.Tag("x")},
			"Query.users(where:)": {federation.Tag("x")},
			"Query.shared":        {federation.Shareable()},
			"Filter":              {federation.Tag("x")},
			"Filter.old":          {federation.Inaccessible()},
			"Role":                {federation.Policy([]string{"p"})},
			"Role.NONE":           {federation.Inaccessible()},
			"Either":              {federation.Tag("x")},
			"Date":                {federation.Tag("x")},
			"Secret":              {federation.Inaccessible(), federation.Shareable()},
			"Query.secret":        {federation.Inaccessible()},
		},
		Entities: map[string]federation.Resolver{"User": resolver, "Media": resolver},
	})
	if err != nil {
		t.Fatal(err)
	}
	other := `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
		type Query { shared: Int @shareable medias: [Media] organizations: [Organization] }
		type User @key(fields: "id") { id: ID! weight: Float born: Date tags: [String] }
		type Organization @key(fields: "id") { id: ID! name: String @shareable }
		scalar Date
		interface Media @key(fields: "id") { id: ID! }
		type Film implements Media @key(fields: "id") { id: ID! }`
	supergraph := supergraphOf(t, subgraph{"this", "http://a", schema.SDL()}, subgraph{"other", "http://b", other})
	if !strings.Contains(supergraph, "postage: Float") {
		t.Errorf("the supergraph lacks fields:\n%s", supergraph)
	}
}

// A subgraph without query fields of its own is one.
func TestCompositionTakesASubgraphWithoutQueries(t *testing.T) {
	t.Parallel()
	product := graphql.NewObject(graphql.ObjectConfig{Name: "Product", Fields: graphql.Fields{"id": {Type: graphql.NewNonNull(graphql.ID)}, "stock": {Type: graphql.Int}}})
	schema, err := federation.NewSchema(graphql.SchemaConfig{Types: []graphql.Type{product}}, federation.Config{
		Directives: map[string][]federation.Directive{"Product": {federation.Key("id")}},
		Entities:   map[string]federation.Resolver{"Product": federation.Resolve(func(context.Context, []string) ([]any, error) { return nil, nil })},
	})
	if err != nil {
		t.Fatal(err)
	}
	supergraphOf(t, subgraph{"stock", "http://a", schema.SDL()}, subgraph{"products", "http://b", link + `
		type Query { products: [Product] } type Product @key(fields: "id") { id: ID! name: String }`})
}

// A key of an interface needs no other directive to compose.
func TestCompositionTakesAKeyOfAnInterface(t *testing.T) {
	t.Parallel()
	id := graphql.Fields{"id": {Type: graphql.NewNonNull(graphql.ID)}}
	node := graphql.NewInterface(graphql.InterfaceConfig{Name: "Node", Fields: id, ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return nil }})
	user := graphql.NewObject(graphql.ObjectConfig{Name: "User", Interfaces: []*graphql.Interface{node}, Fields: id})
	resolver := federation.Resolve(func(context.Context, []string) ([]any, error) { return nil, nil })
	schema, err := federation.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"user": {Type: user}}}),
	}, federation.Config{
		Directives: map[string][]federation.Directive{"Node": {federation.Key("id")}, "User": {federation.Key("id")}},
		Entities:   map[string]federation.Resolver{"Node": resolver, "User": resolver},
	})
	if err != nil {
		t.Fatal(err)
	}
	supergraphOf(t, subgraph{"users", "http://a", schema.SDL()})
}

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@shareable", "@external", "@requires", "@provides", "@override", "@tag", "@interfaceObject", "@authenticated", "@requiresScopes", "@policy"])
	`

// What the constructor refuses, composition does too.
func TestCompositionRefusesWhatTheConstructorRefuses(t *testing.T) {
	t.Parallel()
	refused := map[string]string{
		"a field of the Subscription type that is shareable": `type Query { a: Int @shareable } type Subscription { s: Int @shareable }`,
		"a key field that does not exist":                    `type Query { u: U } type U @key(fields: "uid") { id: ID! }`,
		"a key of an interface":                              `type Query { u: U } interface N { id: ID! } type U implements N @key(fields: "n { id }") { id: ID! n: N }`,
		"a key with arguments":                               `type Query { u: U } type U @key(fields: "id(a: 1)") { id(a: Int): ID! }`,
		"a key with an alias":                                `type Query { u: U } type U @key(fields: "a: id") { id: ID! }`,
		"a key that ends early":                              `type Query { u: U } type U @key(fields: "u") { u: U id: ID! }`,
		"what is required, and not external":                 `type Query { u: U } type U @key(fields: "id") { id: ID! a: Int b: Int @requires(fields: "a") }`,
		"what is provided, and not external":                 `type Query { u: U @provides(fields: "a") } type U @key(fields: "id") { id: ID! a: Int @shareable }`,
		"what is provided of a scalar":                       `type Query { u: Int @provides(fields: "a") }`,
		"a shareable field of an interface":                  `type Query { n: N } interface N { id: ID! @shareable } type U implements N { id: ID! }`,
		"an external field of an interface":                  `type Query { n: N } interface N { id: ID! @external } type U implements N { id: ID! }`,
		"an override of a field of an interface":             `type Query { n: N } interface N { id: ID! @override(from: "x") } type U implements N { id: ID! }`,
		"an interface that is authenticated":                 `type Query { n: N } interface N @authenticated { id: ID! } type U implements N { id: ID! }`,
		"scopes of a field of an interface":                  `type Query { n: N } interface N { id: ID! @requiresScopes(scopes: [["s"]]) } type U implements N { id: ID! }`,
		"a policy of an interfaceObject":                     `type Query { u: U } type U @key(fields: "id") @interfaceObject @policy(policies: [["p"]]) { id: ID! }`,
		"an interfaceObject without key":                     `type Query { u: U } type U @interfaceObject { id: ID! }`,
		"the same twice":                                     `type Query { u: U } type U { id: ID! @shareable @shareable }`,
	}
	names := slices.Sorted(maps.Keys(refused))
	var graphs [][]subgraph
	for _, name := range names {
		// Some of it is wrong only where two subgraphs have it.
		graphs = append(graphs, []subgraph{{"one", "http://a", link + refused[name]}, {"two", "http://b", link + refused[name]}})
	}
	for i, result := range compose(t, graphs...) {
		if result.Errors == nil {
			t.Errorf("%s: composition takes it", names[i])
		}
	}
}
