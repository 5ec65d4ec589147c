package graphqlgo_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

// masked formats errors as the engine does: only public ones may be read.
func masked(_ context.Context, err error) *ports.PublicError {
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return public
	}
	return &ports.PublicError{Message: "internal error", Err: err}
}

func newSchema(t testing.TB, config graphql.SchemaConfig) *graphqlgo.Schema {
	t.Helper()
	source, err := graphql.NewSchema(config)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := graphqlgo.New(source)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// object makes an object type.
func object(name string, fields graphql.Fields) *graphql.Object {
	return graphql.NewObject(graphql.ObjectConfig{Name: name, Fields: fields})
}

// value is a field with a fixed value.
func value(of graphql.Output, v any) *graphql.Field {
	return &graphql.Field{Type: of, Resolve: func(graphql.ResolveParams) (any, error) { return v, nil }}
}

// failing is a field whose resolver fails.
func failing(of graphql.Output, err error) *graphql.Field {
	return &graphql.Field{Type: of, Resolve: func(graphql.ResolveParams) (any, error) { return nil, err }}
}

// later is a field whose value a thunk returns.
func later(of graphql.Output, v any, err error) *graphql.Field {
	return value(of, func() (any, error) { return v, err })
}

func required(of graphql.Type) graphql.Output { return graphql.NewNonNull(of) }

func bind(t testing.TB, schema *graphqlgo.Schema, document, variables string) ports.BoundOperation {
	t.Helper()
	prepared, errs := schema.Prepare(document, ports.Limits{})
	if errs != nil {
		t.Fatalf("%s: %s", document, errs.AppendJSON(nil))
	}
	operation, errs := prepared.Operation("")
	if errs != nil {
		t.Fatalf("%s: %s", document, errs.AppendJSON(nil))
	}
	bound, errs := operation.Bind(t.Context(), []byte(variables), masked)
	if errs != nil {
		t.Fatalf("%s %s: %s", document, variables, errs.AppendJSON(nil))
	}
	return bound
}

// execute executes a document, and returns the response.
func execute(t testing.TB, schema *graphqlgo.Schema, document, variables string, root any) string {
	t.Helper()
	result := bind(t, schema, document, variables).Execute(t.Context(), ports.Call{Root: root, Format: masked})
	if result.Skip || result.Rejected != nil {
		t.Fatalf("%s: %+v", document, result)
	}
	return string(result.Body)
}

// query executes a query on a type with the fields.
func query(t testing.TB, fields graphql.Fields, document, want string) {
	t.Helper()
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", fields)})
	if got := execute(t, schema, document, "", nil); got != want {
		t.Errorf("%s\ngot  %s\nwant %s", document, got, want)
	}
}

// heap is how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
