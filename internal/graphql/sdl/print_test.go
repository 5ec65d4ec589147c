package sdl_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/fanql/fanql/internal/graphql/sdl"
)

// load reads a schema, without the directives that gqlparser adds.
func load(t testing.TB, text string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "test", Input: text})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for name, directive := range schema.Directives {
		if directive.Position.Src.BuiltIn {
			delete(schema.Directives, name)
		}
	}
	return schema
}

func everything(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/everything.graphql")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// canonical is a schema as gqlparser's own printer has it.
func canonical(schema *ast.Schema) string {
	var b strings.Builder
	formatter.NewFormatter(&b).FormatSchema(schema)
	return b.String()
}

// What is printed reads back as the same schema. That it is what graphql-js prints is
// tested in e2e/federation.
func TestPrintedSchemaReadsBack(t *testing.T) {
	schema := load(t, everything(t))
	printed := sdl.Print(schema, sdl.Options{})
	again := load(t, printed)
	if got, want := canonical(again), canonical(schema); got != want {
		t.Errorf("printed\n%s\nread back\n%s\nwant\n%s", printed, got, want)
	}
	if twice := sdl.Print(again, sdl.Options{}); twice != printed {
		t.Errorf("printed again\n%s\nwant\n%s", twice, printed)
	}
}

// Every definition is asked for the directives that are applied to it, by its
// coordinate, and they stand where GraphQL allows them.
func TestAppliedDirectives(t *testing.T) {
	schema := load(t, everything(t))
	var asked []string
	printed := sdl.Print(schema, sdl.Options{Applied: func(coordinate string) []string {
		asked = append(asked, coordinate)
		return []string{`@at(coordinate: "` + coordinate + `")`}
	}})
	document, err := parser.ParseSchema(&ast.Source{Input: printed})
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	var found []string
	at := func(of string, list ast.DirectiveList) {
		for _, d := range list.ForNames("at") {
			if got := d.Arguments.ForName("coordinate").Value.Raw; got != of {
				t.Errorf("%s has the directive of %s", of, got)
			}
			found = append(found, of)
		}
	}
	arguments := func(owner string, list ast.ArgumentDefinitionList) {
		for _, a := range list {
			at(owner+"("+a.Name+":)", a.Directives)
		}
	}
	for _, d := range document.Directives {
		arguments("@"+d.Name, d.Arguments)
	}
	for _, of := range document.Definitions {
		at(of.Name, of.Directives)
		for _, f := range of.Fields {
			arguments(of.Name+"."+f.Name, f.Arguments)
			at(of.Name+"."+f.Name, f.Directives)
		}
		for _, v := range of.EnumValues {
			at(of.Name+"."+v.Name, v.Directives)
		}
	}
	slices.Sort(asked)
	slices.Sort(found)
	if !slices.Equal(asked, found) || len(asked) < 50 {
		t.Errorf("asked for %q\nfound %q", asked, found)
	}
}

func TestOmit(t *testing.T) {
	schema := load(t, `schema { query: Q mutation: M } type Q { a: Int } type M { a: Int }`)
	got := sdl.Print(schema, sdl.Options{Omit: func(name string) bool { return name == "Q" }})
	if want := "schema {\n  mutation: M\n}\n\ntype M {\n  a: Int\n}"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// FuzzText: whatever a description and a default value say, they read back.
func FuzzText(f *testing.F) {
	for _, text := range []string{
		"a", "", " ", "\n", "a\n", "\na", "a\n  b", "  a\n  b", "  a", "\ta\n b", `"`, `\`, `a"`, `a\`, `"""`, `a"""`, `"""a`, `\"""`, `""""`,
		"a\r\nb", "\u0000\u0007", "\u0085\u009f", "é😀\ufeff", strings.Repeat("long ", 20), "  " + strings.Repeat("long ", 20) + ".", "a\n\n\nb", "a\n \nb",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		schema := load(t, `type Query { a(b: String): Int }`)
		query := schema.Query
		query.Description, query.Fields[0].Description, query.Fields[0].Arguments[0].Description = text, text, text
		query.Fields[0].Arguments[0].DefaultValue = &ast.Value{Kind: ast.StringValue, Raw: text}
		read := load(t, sdl.Print(schema, sdl.Options{})).Query
		field := read.Fields[0]
		for name, got := range map[string]string{
			"the type's description":     read.Description,
			"the field's description":    field.Description,
			"the argument's description": field.Arguments[0].Description,
			"the default value":          field.Arguments[0].DefaultValue.Raw,
		} {
			if got != text {
				t.Errorf("%s: got %q, want %q", name, got, text)
			}
		}
	})
}
