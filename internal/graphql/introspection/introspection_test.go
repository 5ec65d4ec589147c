package introspection_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/fanql/fanql/internal/graphql/introspection"
)

func read(t testing.TB, name string) string {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// load makes a schema that has nothing of introspection but what Declare adds.
func load(t testing.TB, sdl string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	for _, definition := range validator.PreludeDocument().Definitions {
		if strings.HasPrefix(definition.Name, "__") {
			delete(schema.Types, definition.Name)
			delete(schema.PossibleTypes, definition.Name)
		}
	}
	for _, directive := range validator.PreludeDocument().Directives {
		delete(schema.Directives, directive.Name)
	}
	schema.Query.Fields = slices.DeleteFunc(schema.Query.Fields, func(f *ast.FieldDefinition) bool { return strings.HasPrefix(f.Name, "__") })
	introspection.Declare(schema)
	return schema
}

// testdata has what graphql-js 16.2, which implements October 2021 and no more,
// answers for the schema to its own query with all options, with types and
// directives sorted by name.
func TestAnswersAreThoseOfGraphQLJS(t *testing.T) {
	schema := load(t, read(t, "schema.graphql"))
	var want map[string]any
	if err := json.Unmarshal([]byte(read(t, "introspection.json")), &want); err != nil {
		t.Fatal(err)
	}
	for _, of := range want["__schema"].(map[string]any)["types"].([]any) {
		of := of.(map[string]any)
		if definition := schema.Types[of["name"].(string)]; definition.BuiltIn && definition.Kind == ast.Scalar {
			definition.Description = of["description"].(string) // gqlparser's own differ
		}
	}
	got := execute(t, schema, read(t, "query.graphql"))
	compare(t, "", got, any(want))
}

// compare says where two answers differ.
func compare(t *testing.T, path string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok || len(got) != len(want) {
			t.Errorf("%s is %v, want %v", path, got, want)
			return
		}
		for name := range want {
			compare(t, path+"."+name, got[name], want[name])
		}
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			t.Errorf("%s is %v, want %v", path, got, want)
			return
		}
		for i := range want {
			compare(t, fmt.Sprintf("%s[%d]", path, i), got[i], want[i])
		}
	default:
		if got != want {
			t.Errorf("%s is %#v, want %#v", path, got, want)
		}
	}
}

func TestWhatIsDeprecatedIsShownWhenAskedFor(t *testing.T) {
	schema := load(t, read(t, "schema.graphql"))
	for query, want := range map[string]string{
		`{__type(name: "Item") {fields {name}}}`:                                                     `map[__type:map[fields:[map[name:id] map[name:name] map[name:price] map[name:grid] map[name:seen] map[name:plain]]]]`,
		`{__type(name: "Currency") {enumValues(includeDeprecated: null) {name}}}`:                    `map[__type:map[enumValues:[map[name:EUR]]]]`,
		`{__type(name: "Currency") {enumValues(includeDeprecated: true) {name deprecationReason}}}`:  "map[__type:map[enumValues:[map[deprecationReason:<nil> name:EUR] map[deprecationReason:a \"new\" one\nreplaced it name:MARK]]]]",
		`{__type(name: "Inner") {inputFields {name type {name}}}}`:                                   `map[__type:map[inputFields:[map[name:a type:map[name:Int]] map[name:b type:map[name:<nil>]]]]]`,
		`{__type(name: "Change") {fields {args(includeDeprecated: true) {name isDeprecated}}}}`:      `map[__type:map[fields:[map[args:[map[isDeprecated:false name:item]]]]]]`,
		`{__type(name: "Nothing") {name}}`:                                                           `map[__type:<nil>]`,
		`{__type(name: "Root") {__typename fields {__typename name}}}`:                               `map[__type:map[__typename:__Type fields:[map[__typename:__Field name:node] map[__typename:__Field name:things] map[__typename:__Field name:named]]]]`,
		`{__type(name: "Time") {kind specifiedByURL fields {name} interfaces {name} ofType {name}}}`: `map[__type:map[fields:<nil> interfaces:<nil> kind:SCALAR ofType:<nil> specifiedByURL:https://example.com/time]]`,
		`{__type(name: "Node") {possibleTypes {name} interfaces {name}}}`:                            `map[__type:map[interfaces:[] possibleTypes:[map[name:Item] map[name:Person]]]]`,
	} {
		if got := fmt.Sprint(execute(t, schema, query)); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", query, got, want)
		}
	}
}

// Default values are GraphQL: what is printed parses as it was.
func TestDefaultValuesAreLiterals(t *testing.T) {
	schema := load(t, `
		input I {a: Int, b: [I], c: String}
		type Query {f(v: [I] = [{a: 1, b: [{}, null], c: """a "block" """}, {}], e: [Int] = []): Int}`)
	got := execute(t, schema, `{__type(name: "Query") {fields {args {defaultValue}}}}`)
	want := `map[__type:map[fields:[map[args:[map[defaultValue:[{a: 1, b: [{}, null], c: "a \"block\" "}, {}]] map[defaultValue:[]]]]]]]`
	if fmt.Sprint(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDeclareKeepsDirectivesOfTheSchema(t *testing.T) {
	schema := load(t, `type Query {a: Int}`)
	own := &ast.DirectiveDefinition{Name: "skip"}
	schema.Directives["skip"] = own
	introspection.Declare(schema)
	if schema.Directives["skip"] != own || schema.Directives["include"] == nil {
		t.Errorf("directives are %v", schema.Directives)
	}
}

func BenchmarkDeclare(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		introspection.Declare(&ast.Schema{
			Types:         map[string]*ast.Definition{},
			Directives:    map[string]*ast.DirectiveDefinition{},
			PossibleTypes: map[string][]*ast.Definition{},
			Query:         &ast.Definition{},
		})
	}
}
