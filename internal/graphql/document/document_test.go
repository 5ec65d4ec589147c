package document_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/fanql/fanql/internal/graphql/document"
	"github.com/fanql/fanql/ports"
)

func prepare(t *testing.T, text string) *ast.QueryDocument {
	t.Helper()
	prepared, errs := document.Prepare(load(t, sdl), text, ports.Limits{})
	if errs != nil {
		t.Fatalf("%s: %s", text, errs.AppendJSON(nil))
	}
	return prepared
}

func TestValuesOfStrings(t *testing.T) {
	for literal, value := range map[string]string{
		`"\uD83D\uDE00"`:                   "😀",
		`"\u{1F600}"`:                      "😀",
		`"a\n\"\\\/\b\f\r\t"`:              "a\n\"\\/\b\f\r\t",
		`""`:                               "",
		`""""""`:                           "",
		`"""one line """`:                  "one line ",
		"\"\"\"\n  a\n    b\n  \"\"\"":     "a\n  b",
		"\"\"\"first\n  a\n    b\"\"\"":    "first\na\n  b",
		"\"\"\"é\r\n  a\r\n\r\n  b\"\"\"":  "é\na\n\nb",
		"\"\"\"first\n  \\\"\"\"\n\"\"\"":  "first\n\"\"\"",
		"\"\"\"  first\n    a\r  b \"\"\"": "  first\n  a\nb ",
	} {
		prepared := prepare(t, "# é\n{echo(s:"+literal+")}")
		if got := prepared.Operations[0].SelectionSet[0].(*ast.Field).Arguments[0].Value.Raw; got != value {
			t.Errorf("%s is %q, not %q", literal, got, value)
		}
	}
}

// TestDefinitions: what gqlparser's walk notes in a document, Prepare notes as well.
func TestDefinitions(t *testing.T) {
	schema := load(t, sdl)
	for _, rule := range rules {
		for _, text := range rule.accepted {
			if strings.Contains(text, "__typename") || strings.Contains(text, "\r\n") {
				continue // the definition of __typename is one that each makes
			}
			walked, err := parser.ParseQuery(&ast.Source{Name: "GraphQL request", Input: text})
			if err != nil {
				t.Fatal(err)
			}
			validator.Walk(schema, walked, &validator.Events{})
			if prepared, errs := document.Prepare(schema, text, ports.Limits{}); errs != nil || !reflect.DeepEqual(prepared, walked) {
				t.Errorf("%s: definitions differ", text)
			}
		}
	}
}

func TestLocations(t *testing.T) {
	schema := load(t, sdl)
	for text, at := range map[string][]ports.Location{
		"{nope}":                           {{Line: 1, Column: 2}},
		"{a\n  nope}":                      {{Line: 2, Column: 3}},
		"{a\r\n  nope}":                    {{Line: 2, Column: 3}},
		"{a\r  nope}":                      {{Line: 2, Column: 3}},
		`{echo(s:"é😀") nope}`:              {{Line: 1, Column: 15}},
		"{echo(s:\"\"\"é\n\n\"\"\") nope}": {{Line: 3, Column: 6}},
		"{int(v:\"\"\"é\n\n\"\"\")}":       {{Line: 1, Column: 8}},
		`{int(v:"x")}`:                     {{Line: 1, Column: 8}},
		"{x:a\n x:b}":                      {{Line: 1, Column: 2}, {Line: 2, Column: 2}},
		"{a\n(":                            {{Line: 2, Column: 2}},
		"{a\r\n)}":                         {{Line: 2, Column: 1}},
		"{#é\n a ?}":                       {{Line: 2, Column: 4}},
		"query($v:Int){must(v:$v)}":        {{Line: 1, Column: 7}, {Line: 1, Column: 22}},
		"{...F} fragment F on Query{...F}": {{Line: 1, Column: 31}},
		"subscription{s\n t}":              {{Line: 1, Column: 14}, {Line: 2, Column: 2}},
		"{\"\"\"a\nb\"\"\"}":               nil,
		"subscription{s @skip(if:true)} query{a}#": {{Line: 1, Column: 1}},
	} {
		if _, errs := document.Prepare(schema, text, ports.Limits{}); len(errs) == 0 || !reflect.DeepEqual(errs[0].Locations, at) {
			t.Errorf("%q: %s, not at %v", text, errs.AppendJSON(nil), at)
		}
	}
}

func TestLimits(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("{item", n) + "{hello}" + strings.Repeat("}", n) }
	schema := large(t, 4)
	for _, test := range []struct {
		name         string
		limits       ports.Limits
		passes, over string
		message      string
	}{
		{"bytes", ports.Limits{Bytes: 7}, "{hello}", "{hello }", "the document is longer than 7 bytes"},
		{"tokens", ports.Limits{Tokens: 9}, `{echo(s:"""a b"""),,#c c c` + "\n \ufeff hello}", `{echo(s:"")hello hello}`, "the document has more than 9 tokens"},
		{"tokens without blanks between", ports.Limits{Tokens: 12}, "{...F}fragment F on Query{hello}", "{...F...F}fragment F on Query{hello}", "the document has more than 12 tokens"},
		{"depth", ports.Limits{Depth: 3}, deep(2), deep(3), "the operation nests fields more than 3 deep"},
		{
			"depth through fragments",
			ports.Limits{Depth: 3},
			"{...F} fragment F on Query{item{...G}} fragment G on Item{...on Item{item{hello}}}",
			"{...F} fragment F on Query{item{...G}} fragment G on Item{...on Item{item{item{hello}}}}", "the operation nests fields more than 3 deep",
		},
		{"depth of each operation", ports.Limits{Depth: 3}, "query A{hello} query B" + deep(2), "query A{hello} query B" + deep(3), "the operation nests fields more than 3 deep"},
		{"aliases", ports.Limits{Aliases: 2}, "{x:hello y:hello hello}", "{x:hello y:hello z:hello}", "the operation has more than 2 aliases"},
		{
			"aliases through fragments",
			ports.Limits{Aliases: 2},
			"{a:item{...F}} fragment F on Item{x:hello}", "{a:item{...F ...F}} fragment F on Item{x:hello}", "the operation has more than 2 aliases",
		},
		{"fields", ports.Limits{Fields: 3}, "{hello item{id}}", "{hello item{id hello}}", "the operation selects more than 3 fields"},
		{
			"fields in place",
			ports.Limits{Fields: 6},
			"{a:item{...F} b:item{...F}} fragment F on Item{id hello}", "{a:item{...F} b:item{...F ...F}} fragment F on Item{id hello}",
			"the operation selects more than 6 fields",
		},
		{"introspection", ports.Limits{NoIntrospection: true}, "{__typename}", "{__schema{description}}", "introspection is not allowed: __schema"},
		{
			"introspection of a type",
			ports.Limits{NoIntrospection: true},
			"{__typename}", `{...F} fragment F on Query{__type(name:"Item"){name}}`, "introspection is not allowed: __type",
		},
		{
			"introspection depth",
			ports.Limits{},
			"{__schema{types{fields{type{fields{name}}}}}}", "{__schema{types{fields{type{fields{type{possibleTypes{name}}}}}}}}", "Maximum introspection depth exceeded",
		},
		{
			"introspection depth through fragments",
			ports.Limits{},
			"{__schema{types{...F}}} fragment F on __Type{fields{type{...G}}} fragment G on __Type{interfaces{name}}",
			"{__schema{types{...F}}} fragment F on __Type{fields{type{...G}}} fragment G on __Type{interfaces{inputFields{name}}}", "Maximum introspection depth exceeded",
		},
		{
			"introspection multiplied",
			ports.Limits{},
			template{"", "{", `a~:__type(name:"Item"){name kind} `, "}"}.make(100), template{"", "{", `a~:__type(name:"Item"){name kind} `, "}"}.make(200),
			"the operation selects more than 500 fields of __schema and __type",
		},
		{
			"names",
			ports.Limits{},
			"{" + strings.Repeat("x", 256) + ":hello}", "{" + strings.Repeat("x", 257) + ":hello}", "the document has a name of more than 256 characters",
		},
		{"nesting", ports.Limits{}, deep(199), deep(200), "the document nests brackets more than 200 deep"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, errs := document.Prepare(schema, test.passes, test.limits); errs != nil {
				t.Errorf("%s: %s", test.passes, errs.AppendJSON(nil))
			}
			if _, errs := document.Prepare(schema, test.over, test.limits); len(errs) == 0 || !strings.HasPrefix(errs[0].Message, test.message) {
				t.Errorf("%s: %s, not %s", test.over, errs.AppendJSON(nil), test.message)
			}
		})
	}
}

// introspectionQuery is what graphql-js' getIntrospectionQuery makes with all its
// options, and types wrapped nine times.
var introspectionQuery = `query IntrospectionQuery {
  __schema {
    description queryType { name kind } mutationType { name kind } subscriptionType { name kind }
    types { ...FullType }
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) {
    name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason
  }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ` + strings.Repeat("ofType { kind name ", 9) + strings.Repeat("}", 9) + ` }`

func TestToolsMayIntrospect(t *testing.T) {
	limits := ports.Limits{Bytes: 128 << 10, Tokens: 2000, Depth: 25, Aliases: 100, Fields: 5000}
	if _, errs := document.Prepare(large(t, 300), introspectionQuery, limits); errs != nil {
		t.Errorf("%s", errs.AppendJSON(nil))
	}
}

// TestAtMostTenErrors also holds what they encode to, with text of the client in
// them.
func TestAtMostTenErrors(t *testing.T) {
	schema := load(t, sdl)
	long := strings.Repeat("x", 256)
	for _, part := range []string{
		long + " ", `int(v:"` + strings.Repeat(`\u0001`, 1000) + `") `, `int(v:"` + strings.Repeat(`\u2028`, 1000) + `") `,
		"...on " + long + "{a} ", "int(" + long + ":1) ", "a @" + long + " ", "point(v:{" + long + ":1}) ", "color(v:" + long + ") ", "int(v:" + strings.Repeat("9", 1000) + ") ",
		"int(v:$" + long + ") ", "x:int(v:" + strings.Repeat("[", 100) + strings.Repeat("]", 100) + ") ",
	} {
		_, errs := document.Prepare(schema, "query "+long+"{"+strings.Repeat(part, 20)+"}", ports.Limits{})
		if len(errs) != 10 {
			t.Errorf("%.40s: %d errors", part, len(errs))
		}
		checkErrors(t, errs)
	}
	for _, text := range []string{
		`{a(s:"` + strings.Repeat(`\u0001`, 10_000) + `") ]}`, "{" + strings.Repeat("é", 10_000), `"` + strings.Repeat("é", 10_000) + `" "`,
	} {
		_, errs := document.Prepare(schema, text, ports.Limits{})
		if len(errs) != 1 {
			t.Errorf("%.40s: %d errors", text, len(errs))
		}
		checkErrors(t, errs)
	}
}

func TestPanicsAreErrors(t *testing.T) {
	if _, errs := document.Prepare(nil, "{a}", ports.Limits{}); len(errs) != 1 || errs[0].Message != "the document could not be read" {
		t.Errorf("%s", errs.AppendJSON(nil))
	}
}

func TestConcurrentCalls(t *testing.T) {
	schema := load(t, sdl)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for _, rule := range rules {
				for _, text := range rule.accepted {
					if _, errs := document.Prepare(schema, text, ports.Limits{}); errs != nil {
						t.Errorf("%d: %s", i, errs.AppendJSON(nil))
					}
				}
			}
		})
	}
	all.Wait()
}

func TestOperation(t *testing.T) {
	for _, test := range []struct{ document, name, found, message string }{
		{"{a}", "", "{a}", ""},
		{"query A{a}", "", "A", ""},
		{"query A{a} query B{a}", "B", "B", ""},
		{"query A{a} query B{a}", "", "", "operationName is required: the document has several operations"},
		{"query A{a} query B{a}", "C", "", `operationName: the document has no operation named "C"`},
		{"{a}", "A", "", `operationName: the document has no operation named "A"`},
	} {
		operation, errs := document.Operation(prepare(t, test.document), test.name)
		switch {
		case test.message != "":
			if operation != nil || len(errs) != 1 || errs[0].Message != test.message {
				t.Errorf("%s, %q: %v", test.document, test.name, errs)
			}
		case errs != nil || operation.Name != strings.Trim(test.found, "{a}"):
			t.Errorf("%s, %q: %v, %v", test.document, test.name, operation, errs)
		}
	}
	if _, errs := document.Operation(prepare(t, "{a}"), strings.Repeat("\x01", 1<<20)); len(errs) != 1 || len(errs.AppendJSON(nil)) > 16<<10 {
		t.Errorf("%d errors, of %d bytes", len(errs), len(errs.AppendJSON(nil)))
	}
	if _, errs := document.Operation(&ast.QueryDocument{}, ""); len(errs) != 1 {
		t.Errorf("%v", errs)
	}
}
