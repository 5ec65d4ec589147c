package gqlgen_test

import (
	"context"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/adapters/gqlgen/internal/testschema"
	"github.com/fanql/fanql/ports"
)

const benchmarked = `subscription($r:String!){added(room:$r){id title checked author{name}}}`

var benchmarkedEvent = &testschema.Post{ID: "1", Title: "first"}

func addedFrom(ctx context.Context, _ string) (<-chan *testschema.Post, error) { return channel(ctx) }

// BenchmarkEvent executes a subscription for one event.
func BenchmarkEvent(b *testing.B) {
	bound := bind(b, newSchema(b, &testschema.Resolver{Added: addedFrom}), benchmarked, `{"r":"go"}`)
	call := ports.Call{Format: new(formatted).format}
	ctx := delivering(b.Context(), benchmarkedEvent)
	b.ReportAllocs()
	for b.Loop() {
		if result := bound.Execute(ctx, call); len(result.Body) == 0 {
			b.Fatal("no body")
		}
	}
}

// BenchmarkBind prepares and binds what BenchmarkEvent executes.
func BenchmarkBind(b *testing.B) {
	schema := newSchema(b, &testschema.Resolver{})
	b.ReportAllocs()
	for b.Loop() {
		bind(b, schema, benchmarked, `{"r":"go"}`)
	}
}

// BenchmarkEventOfGqlgen is one event of a subscription that gqlgen's own executor
// keeps open, without the transport.
func BenchmarkEventOfGqlgen(b *testing.B) {
	events := make(chan *testschema.Post, 1)
	e := newExecutor(&testschema.Resolver{Added: func(context.Context, string) (<-chan *testschema.Post, error) { return events, nil }})
	operation, errs := e.CreateOperationContext(graphql.StartOperationTrace(b.Context()), &graphql.RawParams{Query: benchmarked, Variables: map[string]any{"r": "go"}})
	if errs != nil {
		b.Fatal(errs)
	}
	next, ctx := e.DispatchOperation(b.Context(), operation)
	b.ReportAllocs()
	for b.Loop() {
		events <- benchmarkedEvent
		if response := next(ctx); len(response.Data) == 0 {
			b.Fatal("no data")
		}
	}
}

// BenchmarkOperationOfGqlgen is a subscription of gqlgen's own executor for one
// event, its document in the query cache.
func BenchmarkOperationOfGqlgen(b *testing.B) {
	e := newExecutor(&testschema.Resolver{Added: addedFrom})
	parent := graphql.StartOperationTrace(delivering(b.Context(), benchmarkedEvent))
	b.ReportAllocs()
	for b.Loop() {
		operation, errs := e.CreateOperationContext(parent, &graphql.RawParams{Query: benchmarked, Variables: map[string]any{"r": "go"}})
		if errs != nil {
			b.Fatal(errs)
		}
		next, ctx := e.DispatchOperation(parent, operation)
		if response := next(ctx); len(response.Data) == 0 {
			b.Fatal("no data")
		}
	}
}

func newExecutor(resolver *testschema.Resolver) *executor.Executor {
	e := executor.New(executable(resolver))
	e.SetQueryCache(graphql.MapCache[*ast.QueryDocument]{})
	return e
}
