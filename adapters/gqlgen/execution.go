package gqlgen

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/fanql/fanql/ports"
)

// execution is one execution of an operation. Resolvers' contexts hold it.
type execution struct {
	format ports.ErrorFormat
	// subscription is whether it is of a subscription, and subscribing whether the
	// client is only subscribing.
	subscription, subscribing bool
	// stream is the context of the subscription's own field, as its resolver began;
	// without a field before that.
	stream graphql.FieldContext
	// skipped is whether that field failed with ErrSkip.
	skipped bool
}

// executionKey is the key of the *execution in a context.
type executionKey struct{}

func executionFrom(ctx context.Context) *execution {
	x, _ := ctx.Value(executionKey{}).(*execution)
	return x
}

// errNoResponse is what an execution fails with when an extension has answered with
// nothing.
var errNoResponse = errors.New("gqlgen: an extension returned no response")

// run executes the operation of b once. The response is nil where a subscription
// has nothing to send.
func (x *execution) run(ctx context.Context, b *bound) (response *graphql.Response, rejected ports.ResponseErrors) {
	ctx = context.WithValue(ctx, executionKey{}, x)
	defer func() {
		if r := recover(); r != nil {
			response = &graphql.Response{Errors: x.failed(ctx, newPanicked(r))}
		}
	}()
	operation := b.newOperationContext()
	operation.RecoverFunc = b.schema.recovered
	operation.ResolverMiddleware, operation.RootResolverMiddleware = b.schema.fields, b.schema.rootFields
	if x.subscription {
		operation.ResolverMiddleware = x.aroundStream(b.schema.fields)
	}
	if rejected = x.reject(ctx, b.schema, operation); rejected != nil {
		return nil, rejected
	}
	next, ctx := b.schema.executor.DispatchOperation(ctx, operation)
	response = next(ctx)
	switch {
	case response != nil || x.skipped:
	case ctx.Err() != nil:
		response = &graphql.Response{Errors: x.failed(ctx, context.Cause(ctx))}
	case !x.subscription:
		response = &graphql.Response{Errors: x.failed(ctx, errNoResponse)}
	}
	return response, nil
}

// reject lets extensions change the operation or refuse it, before any resolver runs.
func (x *execution) reject(ctx context.Context, s *Schema, operation *graphql.OperationContext) ports.ResponseErrors {
	if len(s.mutators) == 0 {
		return nil
	}
	ctx = graphql.WithOperationContext(ctx, operation)
	for _, mutator := range s.mutators {
		if err := mutator.MutateOperationContext(ctx, operation); err != nil {
			return x.responseErrors(ctx, gqlerror.List{err})
		}
	}
	return nil
}

// guardRoot makes errors of panics of the middleware around the fields of queries and
// mutations, which gqlgen does only within it.
func guardRoot(around graphql.RootFieldMiddleware) graphql.RootFieldMiddleware {
	return func(ctx context.Context, next graphql.RootResolver) (marshaler graphql.Marshaler) {
		defer func() {
			if r := recover(); r != nil {
				graphql.AddError(ctx, graphql.Recover(ctx, r))
				marshaler = graphql.Null
			}
		}()
		return around(ctx, next)
	}
}
