package federation_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/graphqlgo/federation"
	"github.com/fanql/fanql/ports"
)

// all applies every directive there is.
func all() federation.Config {
	return federation.Config{
		Directives: map[string][]federation.Directive{
			"User":                {federation.Key("id"), federation.Key("organization { id }"), federation.Extends()},
			"User.id":             {federation.Tag("a/b-c_1"), federation.Tag("other")},
			"User.email":          {federation.Requires("weight"), federation.Shareable()},
			"User.weight":         {federation.External()},
			"User.born":           {federation.ProgressiveOverride("old \"one\"", "percent(10)")},
			"User.tags":           {federation.Override("old"), federation.RequiresScopes([]string{"a", "b"}, []string{"c"})},
			"User.at(zone:)":      {federation.Inaccessible()},
			"User.organization":   {federation.Provides("name")},
			"User.node":           {federation.Provides("... on User { weight }")},
			"Organization":        {federation.UnresolvableKey("id"), federation.InterfaceObject()},
			"Organization.name":   {federation.External()},
			"Node":                {federation.Inaccessible()},
			"Query.users(where:)": {federation.Tag("x")},
			"Filter":              {federation.Inaccessible()},
			"Filter.role":         {federation.Tag("x")},
			"Role":                {federation.Policy([]string{"p"})},
			"Role.ADMIN":          {federation.Inaccessible()},
			"Any":                 {federation.Tag("x")},
			"Date":                {federation.Tag("x"), federation.Authenticated()},
		},
		Entities: map[string]federation.Resolver{"User": federation.Resolve(func(context.Context, []map[string]any) ([]rep, error) { return nil, nil })},
	}
}

const allSDL = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@authenticated", "@extends", "@external", "@inaccessible", "@interfaceObject", "@key", "@override", "@policy", "@provides", "@requires", "@requiresScopes", "@shareable", "@tag"])

union Any @tag(name: "x") = User | Organization

scalar Date @tag(name: "x") @authenticated

input Filter @inaccessible {
  role: Role @tag(name: "x")
}

interface Node @inaccessible {
  id: ID!
}

type Organization @key(fields: "id", resolvable: false) @interfaceObject {
  id: ID!
  name: String @external
}

type Query {
  any: Any
  users(where: Filter @tag(name: "x")): [User]
}

enum Role @policy(policies: [["p"]]) {
  ADMIN @inaccessible
}

type Subscription {
  joined: User
}

type User implements Node @key(fields: "id") @key(fields: "organization { id }") @extends {
  at(zone: String @inaccessible): String
  born: Date @override(from: "old \"one\"", label: "percent(10)")
  email: String @requires(fields: "weight") @shareable
  id: ID! @tag(name: "a/b-c_1") @tag(name: "other")
  node: Node @provides(fields: "... on User { weight }")
  organization: Organization @provides(fields: "name")
  tags: [String] @override(from: "old") @requiresScopes(scopes: [["a", "b"], ["c"]])
  weight: Float @external
}`

func TestSDLOfASubgraph(t *testing.T) {
	schema, err := federation.NewSchema(everything(), all())
	if err != nil {
		t.Fatal(err)
	}
	if got := schema.SDL(); got != allSDL {
		t.Errorf("got\n%s\nwant\n%s", got, allSDL)
	}
	var answer struct {
		Data struct {
			Service struct{ SDL string } `json:"_service"`
		}
	}
	if err := json.Unmarshal([]byte(execute(t, schema, `{ _service { sdl } }`, "")), &answer); err != nil || answer.Data.Service.SDL != allSDL {
		t.Errorf("_service answers %q, %v", answer.Data.Service.SDL, err)
	}
	if _, errs := schema.Prepare(`{ _service { sdl } }`, ports.Limits{NoIntrospection: true}); errs != nil {
		t.Errorf("without introspection: %s", errs.AppendJSON(nil))
	}
}

// The SDL reads back as the schema that it is of.
func TestSDLReadsBack(t *testing.T) {
	schema, err := federation.NewSchema(everything(), all())
	if err != nil {
		t.Fatal(err)
	}
	document, err := parser.ParseSchema(&ast.Source{Input: schema.SDL()})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := graphqlgo.NewSchema(everything())
	if err != nil {
		t.Fatal(err)
	}
	want, err := gqlparser.LoadSchema(&ast.Source{Input: plain.SDL()})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range document.Definitions {
		was := want.Types[got.Name]
		if was == nil || was.Kind != got.Kind || len(was.Fields) < len(got.Fields) || len(was.EnumValues) != len(got.EnumValues) || strings.Join(was.Types, "|") != strings.Join(got.Types, "|") {
			t.Fatalf("%s differs", got.Name)
		}
		for _, f := range got.Fields {
			before := was.Fields.ForName(f.Name)
			if before == nil || before.Type.String() != f.Type.String() || len(before.Arguments) != len(f.Arguments) {
				t.Errorf("%s.%s differs", got.Name, f.Name)
			}
		}
		delete(want.Types, got.Name)
	}
	for name, left := range want.Types {
		if !left.BuiltIn {
			t.Errorf("%s is missing", name)
		}
	}
}

// Clients that introspect see the fields of federation, as the specification has them.
func TestAddedTypes(t *testing.T) {
	schema, _ := shop(t, nil)
	got := execute(t, schema, `{
		service: __type(name: "_Service") { fields { name type { kind ofType { name } } } }
		entity: __type(name: "_Entity") { kind possibleTypes { name } }
		any: __type(name: "_Any") { kind }
	}`, "")
	want := `{"data":{"service":{"fields":[{"name":"sdl","type":{"kind":"NON_NULL","ofType":{"name":"String"}}}]},` +
		`"entity":{"kind":"UNION","possibleTypes":[{"name":"Product"},{"name":"User"}]},"any":{"kind":"SCALAR"}}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := schema.Definitions().Query.Fields.ForName("_entities").Type.String(), "[_Entity]!"; got != want {
		t.Errorf("_entities is of type %s, want %s", got, want)
	}
}

// A subgraph may have no query fields, and no entities.
func TestSmallSubgraphs(t *testing.T) {
	source := func(p graphql.ResolveParams) (any, error) { return p.Source, nil }
	schema, err := federation.NewSchema(graphql.SchemaConfig{
		Subscription: object("Events", graphql.Fields{"a": {Type: graphql.Int, Resolve: source, Subscribe: source}}),
	}, federation.Config{})
	if err != nil {
		t.Fatal(err)
	}
	want := `extend schema @link(url: "https://specs.apollo.dev/federation/v2.0")

schema {
  subscription: Events
}

type Events {
  a: Int
}`
	if got := schema.SDL(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := execute(t, schema, `{ _service { sdl } }`, ""); !strings.Contains(got, "type Events") {
		t.Errorf("_service: %s", got)
	}
	if _, errs := schema.Prepare(`{ _entities(representations: []) { __typename } }`, ports.Limits{}); len(errs) != 1 {
		t.Errorf("_entities without entities: %v", errs)
	}
}

// Interfaces may have keys from Federation 2.3 on, so the SDL says that it is of that.
func TestSDLOfAKeyOfAnInterface(t *testing.T) {
	for _, key := range []federation.Directive{federation.Key("id"), federation.UnresolvableKey("id")} {
		schema, err := federation.NewSchema(everything(), federation.Config{
			Directives: map[string][]federation.Directive{"Node": {key}, "User": {federation.UnresolvableKey("id")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := `@link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])`; !strings.Contains(schema.SDL(), want) {
			t.Errorf("%s is not in\n%s", want, schema.SDL())
		}
	}
}

// Subgraphs may share types, and be made at once: graphql-go's stay as they are.
func TestSubgraphsShareTypes(t *testing.T) {
	source, err := graphql.NewSchema(everything())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			schema, err := federation.New(source, all())
			if err != nil {
				t.Error(err)
				return
			}
			if got := execute(t, schema, `{ _entities(representations: []) { __typename } }`, ""); got != `{"data":{"_entities":[]}}` {
				t.Error(got)
			}
		})
	}
	group.Wait()
	if plain, err := graphqlgo.New(source); err != nil || strings.Contains(plain.SDL(), "_") {
		t.Errorf("the schema has changed: %v", err)
	}
}
