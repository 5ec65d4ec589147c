package gqlgen

import (
	"context"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/fanql/fanql/ports"
)

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
		switch {
		case err != nil:
		case x.subscribing:
			err = settled(ctx, &x.stream, resolved)
		case isNilChannel(resolved): // gqlgen would wait for it
			err = fmt.Errorf("gqlgen: resolver %s.%s: its channel is nil", x.stream.Object, x.stream.Field.Name)
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
