package graphqlgo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/gqlerrors"
	"github.com/graphql-go/graphql/language/ast"

	"github.com/fanql/fanql/ports"
)

// throw panics with a value, or as the Go runtime does.
func throw(with string) any {
	switch with {
	case "error":
		panic(errors.New("dial tcp 10.0.0.1:5432"))
	case "public error":
		panic(ports.Public("dial tcp 10.0.0.1:5432"))
	case "skip":
		panic(ports.ErrSkip)
	case "string":
		panic("dial tcp 10.0.0.1:5432")
	case "number":
		panic(1)
	case "nil":
		panic(nil)
	case "nil map":
		var m map[string]int
		m["a"] = 1
	case "nil pointer":
		var p *struct{ A int }
		p.A++
	case "index":
		var list []int
		_ = list[len(with)]
	case "unhashable":
		_ = map[any]int{}[any([]int{1})]
	case "error whose text panics":
		panic(panicsToo{})
	case "a map that holds itself":
		m := map[string]any{}
		m["m"] = m
		panic(m)
	}
	return nil
}

type panicsToo struct{}

func (panicsToo) Error() string { panic("again") }

func panicValues() []string {
	return []string{"error", "public error", "skip", "string", "number", "nil", "nil map", "nil pointer", "index", "unhashable", "error whose text panics", "a map that holds itself"}
}

type throwsJSON struct{ with string }

func (v throwsJSON) MarshalJSON() ([]byte, error) { throw(v.with); return nil, nil }

func (v throwsJSON) String() string { throw(v.with); return "" }

type throwsText struct{ with string }

func (v throwsText) MarshalText() ([]byte, error) { throw(v.with); return nil, nil }

type throwsField struct{ with string }

func (v throwsField) Resolve(graphql.ResolveParams) (any, error) { return throw(v.with), nil }

// throwingFields call user code in every place that there is.
func throwingFields(with string) graphql.Fields {
	nothing := graphql.Fields{"x": {Type: graphql.Int}}
	object1, object2 := object("Object1", nothing), object("Object2", nothing)
	picky := graphql.NewObject(graphql.ObjectConfig{Name: "Picky", Fields: nothing, IsTypeOf: func(graphql.IsTypeOfParams) bool { throw(with); return true }})
	union := graphql.NewUnion(graphql.UnionConfig{Name: "Union", Types: []*graphql.Object{object1, object2}, ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { throw(with); return object1 }})
	pickyUnion := graphql.NewUnion(graphql.UnionConfig{Name: "PickyUnion", Types: []*graphql.Object{picky}})
	serializes := graphql.NewScalar(graphql.ScalarConfig{Name: "Serializes", Serialize: func(any) any { return throw(with) }})
	encodes := graphql.NewScalar(graphql.ScalarConfig{Name: "Encodes", Serialize: func(any) any { return throwsJSON{with} }})
	parses := graphql.NewScalar(graphql.ScalarConfig{
		Name: "Parses", Serialize: func(v any) any { return v },
		ParseValue: func(any) any { return throw(with) }, ParseLiteral: func(ast.Value) any { return throw(with) },
	})
	return graphql.Fields{
		"resolver":   {Type: graphql.Int, Resolve: func(graphql.ResolveParams) (any, error) { return throw(with), nil }},
		"thunk":      value(graphql.Int, func() (any, error) { return throw(with), nil }),
		"thunks":     value(graphql.NewList(graphql.Int), []any{func() (any, error) { return throw(with), nil }}),
		"function":   value(object1, map[string]any{"x": func() any { return throw(with) }}),
		"field":      value(object1, throwsField{with}),
		"isTypeOf":   value(picky, 1),
		"union":      value(union, 1),
		"pickyUnion": value(pickyUnion, 1),
		"serialize":  value(serializes, 1),
		"marshal":    value(encodes, 1),
		"text":       value(graphql.String, throwsText{with}),
		"stringer":   value(graphql.String, throwsJSON{with}),
		"literal":    {Type: graphql.Int, Args: graphql.FieldConfigArgument{"v": {Type: parses}}},
	}
}

// Whatever user code panics with, wherever it is called: its field is null, the
// client reads nothing of it, and the engine receives the error once.
func TestPanicsAreErrorsOfTheirField(t *testing.T) {
	for _, with := range panicValues() {
		schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", throwingFields(with))})
		for document, path := range map[string]string{
			`{f:resolver}`: `["f"]`, `{f:thunk}`: `["f"]`, `{f:thunks}`: `["f",0]`, `{f:function{x}}`: `["f","x"]`, `{f:field{x}}`: `["f","x"]`,
			`{f:isTypeOf{x}}`: `["f"]`, `{f:union{__typename}}`: `["f"]`, `{f:pickyUnion{__typename}}`: `["f"]`, `{f:serialize}`: `["f"]`,
			`{f:marshal}`: `["f"]`, `{f:text}`: `["f"]`, `{f:stringer}`: `["f"]`, `{f:literal(v:1)}`: `["f"]`, `{f:literal(v:[{a:1}])}`: `["f"]`,
		} {
			formatted := 0
			result := bind(t, schema, document, "").Execute(t.Context(), ports.Call{Format: func(ctx context.Context, err error) *ports.PublicError {
				formatted++
				return masked(ctx, err)
			}})
			var got struct {
				Data   json.RawMessage
				Errors []struct {
					Message string
					Path    json.RawMessage
				}
			}
			if err := json.Unmarshal(result.Body, &got); err != nil {
				t.Fatalf("%s of %s: %v", with, document, err)
			}
			if strings.Contains(string(result.Body), "dial") || formatted != 1 || len(got.Errors) != 1 || got.Errors[0].Message != "internal error" || string(got.Errors[0].Path) != path {
				t.Errorf("%s of %s: %s, formatted %d times", with, document, result.Body, formatted)
			}
		}
	}
}

// Errors whose methods panic, or that hold themselves, are as private as any.
func TestErrorsThatCannotBeReadAreErrorsOfTheirField(t *testing.T) {
	itself := &gqlerrors.Error{Message: "secret"}
	itself.OriginalError = itself
	for name, err := range map[string]error{
		"nil public error": (*ports.PublicError)(nil), "wrapped nil": fmt.Errorf("secret: %w", (*ports.PublicError)(nil)),
		"nil of graphql-go": (*gqlerrors.Error)(nil), "nil within graphql-go's": &gqlerrors.Error{OriginalError: (*ports.PublicError)(nil)},
		"within itself": itself, "text": panicsToo{},
	} {
		field := graphql.Fields{"f": failing(graphql.Int, err), "later": later(graphql.Int, nil, err)}
		schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", field)})
		for _, document := range []string{`{f}`, `{f:later}`} {
			const want = `{"data":{"f":null},"errors":[{"message":"internal error","locations":[{"line":1,"column":2}],"path":["f"]}]}`
			if got := execute(t, schema, document, "", nil); got != want {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

func TestPanicsOfParsersAreErrorsOfTheRequest(t *testing.T) {
	for _, with := range panicValues() {
		schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", throwingFields(with))})
		prepared, errs := schema.Prepare(`query($v:Parses){literal(v:$v)}`, ports.Limits{})
		if errs != nil {
			t.Fatal(errs)
		}
		operation, _ := prepared.Operation("")
		formatted := 0
		_, errs = operation.Bind(t.Context(), []byte(`{"v":1}`), func(ctx context.Context, err error) *ports.PublicError {
			formatted++
			return masked(ctx, err)
		})
		if len(errs) != 1 || formatted != 1 || strings.Contains(errs[0].Message, "dial") || !strings.Contains(errs[0].Message, "internal error") {
			t.Errorf("%s: %v, formatted %d times", with, errs, formatted)
		}
	}
}

func TestPanicsOfSubscribe(t *testing.T) {
	for _, with := range panicValues() {
		schema := newSchema(t, graphql.SchemaConfig{
			Query: object("Query", graphql.Fields{"a": value(graphql.Int, 1)}),
			Subscription: object("Subscription", graphql.Fields{"s": {
				Type: graphql.Int, Resolve: func(graphql.ResolveParams) (any, error) { return throw(with), nil },
				Subscribe: func(graphql.ResolveParams) (any, error) { return throw(with), nil },
			}}),
		})
		bound := bind(t, schema, `subscription{s}`, "")
		if errs := bound.Subscribe(t.Context(), masked); len(errs) != 1 || errs[0].Message != "internal error" || fmt.Sprint(errs[0].Path) != "[s]" {
			t.Errorf("%s: %v", with, errs)
		}
		result := bound.Execute(t.Context(), ports.Call{Format: masked})
		if want := `{"data":{"s":null},"errors":[{"message":"internal error","locations":[{"line":1,"column":14}],"path":["s"]}]}`; string(result.Body) != want {
			t.Errorf("%s: %+v %s", with, result, result.Body)
		}
	}
}
