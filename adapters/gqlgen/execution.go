package gqlgen

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/fanql/fanql/internal/graphql/input"
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

// begun is whether the resolver of the subscription's own field has been called.
func (x *execution) begun() bool { return x.stream.Field.Field != nil }

// aroundStream notes what is known of the subscription's own field only while its
// resolver runs.
func (x *execution) aroundStream(around graphql.FieldMiddleware) graphql.FieldMiddleware {
	return func(ctx context.Context, next graphql.Resolver) (any, error) {
		if x.begun() { // below it
			return around(ctx, next)
		}
		x.stream = *graphql.GetFieldContext(ctx)
		resolved, err := around(ctx, next)
		if err == nil && x.subscribing {
			err = settled(ctx, &x.stream, resolved)
		}
		x.skipped = !x.subscribing && errors.Is(err, ports.ErrSkip)
		return resolved, err
	}
}

// nulled reports whether a subscription's data is null because its own field, which
// is not nullable, is (GraphQL, section 6.4.4); gqlgen leaves it at the field.
func (x *execution) nulled(data []byte) bool {
	if !x.begun() || !x.stream.Field.Definition.Type.NonNull {
		return false
	}
	return string(data) == `{"`+x.stream.Field.Alias+`":null}`
}

// streams is the innermost extension around responses.
type streams struct{}

var _ graphql.ResponseInterceptor = streams{}

func (streams) ExtensionName() string { return "FanQLStreams" }

func (streams) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptResponse puts the subscription's own field into the context that its
// value is executed in, which gqlgen does not: errors below it would lack it in
// their path. As a client subscribes, it puts an empty response in the place of
// none, which other extensions need not expect.
func (streams) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	x := executionFrom(ctx)
	if !x.begun() {
		return next(ctx)
	}
	response := next(graphql.WithFieldContext(ctx, &x.stream))
	if response == nil && x.subscribing {
		return &graphql.Response{Data: []byte("null"), Errors: graphql.GetErrors(ctx), Extensions: graphql.GetExtensions(ctx)}
	}
	return response
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

// bound is an operation with its variables.
type bound struct {
	*operation
	variables map[string]any
}

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
