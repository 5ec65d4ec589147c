package input_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

const sdl = `
scalar Date
scalar Any
enum Color { RED GREEN }
input Point { x: Int! = 7, y: Int, label: String }
input Box { min: Point!, max: Point = {x: 1, label: "m"}, tags: [String!], color: Color = GREEN, inner: Box }
input Pick @oneOf { id: ID, name: String }
input Endless { again: Endless = {} }
input Wide { a: [Point] = [{}, {}, {}, {}], b: [Point] = [{}, {}, {}, {}], c: [Wide1] = [{}, {}, {}, {}] }
input Wide1 { a: [Point] = [{}, {}, {}, {}], c: [Wide2] = [{}, {}, {}, {}] }
input Wide2 { a: [Point] = [{}, {}, {}, {}], c: [Point] = [{}, {}, {}, {}] }
type Query {
	int(v: Int): String
	required(v: Int!): String
	default(v: Int! = 5, s: String = "s", l: [Int] = 1): String
	float(v: Float): String
	string(v: String): String
	boolean(v: Boolean): String
	id(v: ID): String
	color(v: Color): String
	date(v: Date): String
	any(v: Any): String
	ints(v: [Int]): String
	strict(v: [Int!]!): String
	grid(v: [[Int]]): String
	point(v: Point): String
	points(v: [Point!]): String
	box(v: Box): String
	pick(v: Pick): String
	endless(v: Endless): String
	wide(v: [Wide]): String
}
`

func schema(t testing.TB) *ast.Schema {
	t.Helper()
	s, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// leaves has a Date that is a time.Time, and panics or fails for some texts; an Any
// that is what it is; and colours that are numbers.
type leaves struct{}

func (leaves) Enum(_ *ast.Definition, name string) (any, bool) {
	switch name {
	case "RED":
		return 1, true
	case "GREEN":
		return 2, true
	}
	return nil, false
}

func (leaves) Value(of *ast.Definition, value any) (any, error) {
	if of.Name == "Any" {
		return value, nil
	}
	text, _ := value.(string)
	return date(text)
}

func (leaves) Literal(of *ast.Definition, literal *ast.Value, variables map[string]any) (any, error) {
	if of.Name == "Any" {
		return literal.Value(variables)
	}
	return date(literal.Raw)
}

var errSecret = errors.New("dial tcp 10.0.0.1")

func date(text string) (any, error) {
	switch text {
	case "panic":
		panic(errSecret)
	case "panic text":
		panic("dial tcp 10.0.0.1")
	case "fail":
		return nil, errSecret
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return nil, ports.Public("no date")
	}
	return day, nil
}

// format hides what is not public, as the engine does, and notes it.
type format struct{ hidden []error }

func (f *format) format(_ context.Context, err error) *ports.PublicError {
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return public
	}
	f.hidden = append(f.hidden, err)
	return &ports.PublicError{Message: "internal error"}
}

// operation parses, without validating: the rules of package validator are not what
// is tested.
func operation(t testing.TB, document string) *ast.OperationDefinition {
	t.Helper()
	parsed, err := parser.ParseQuery(&ast.Source{Input: document})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Operations[0]
}

func coerce(t testing.TB, definitions, encoded string) (map[string]any, ports.ResponseErrors) {
	t.Helper()
	var f format
	return input.Variables(t.Context(), schema(t), operation(t, "query("+definitions+"){a}"), []byte(encoded), leaves{}, f.format)
}

// template makes one of a field such as `int(v: 3)`.
func template(t testing.TB, field string) (*input.Template, ports.ResponseErrors) {
	t.Helper()
	s := schema(t)
	parsed := operation(t, "{"+field+"}").SelectionSet[0].(*ast.Field)
	return input.NewTemplate(s, s.Query.Fields.ForName(parsed.Name).Arguments, parsed.Arguments, leaves{})
}

func messages(errs ports.ResponseErrors) string {
	var texts []string
	for _, e := range errs {
		texts = append(texts, e.Message)
	}
	return strings.Join(texts, "\n")
}
