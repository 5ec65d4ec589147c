package gqlgen

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

// bound is an operation with its variables.
type bound struct {
	*operation
	variables map[string]any
}

// Cost implements ports.BoundOperation.
func (b *bound) Cost() int { return input.Size(b.variables) }

// Subscribe implements ports.BoundOperation.
func (b *bound) Subscribe(ctx context.Context, format ports.ErrorFormat) ports.ResponseErrors {
	if b.Kind() != ports.OperationSubscription {
		return ports.NewResponseErrors("the operation is no subscription")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // also whatever the resolver has begun
	x := &execution{format: format, subscription: true, subscribing: true}
	response, rejected := x.run(ctx, b)
	if rejected != nil || response == nil {
		return rejected
	}
	errs := x.responseErrors(ctx, response.Errors)
	return errs[:min(len(errs), maxErrors)]
}

// maxErrors is how many errors of a request there may be (ports.Schema).
const maxErrors = 10

// Execute implements ports.BoundOperation. Call.Root is not used: resolvers get the
// event from the engine. A response is made as a whole before MaxBytes is asked
// about.
func (b *bound) Execute(ctx context.Context, call ports.Call) ports.Result {
	x := &execution{format: call.Format, subscription: b.definition.Operation == ast.Subscription}
	if x.subscription {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel() // for goroutines of its resolver
	}
	response, rejected := x.run(ctx, b)
	switch {
	case rejected != nil:
		return ports.Result{Rejected: rejected}
	case response == nil || x.skipped:
		return ports.Result{Skip: true}
	}
	return ports.Result{Body: x.encode(ctx, response, call)}
}

// newOperationContext is what gqlgen knows of an execution. It is a fresh one each
// time: extensions and resolvers may write into it.
func (b *bound) newOperationContext() *graphql.OperationContext {
	now := graphql.Now()
	at := graphql.TraceTiming{Start: now, End: now}
	return &graphql.OperationContext{
		RawQuery:      b.text,
		OperationName: b.definition.Name,
		Doc:           b.parsed,
		Operation:     b.definition,
		Variables:     input.Clone(b.variables).(map[string]any),
		Stats:         graphql.Stats{OperationStart: now, Read: at, Parsing: at, Validation: at},
	}
}
