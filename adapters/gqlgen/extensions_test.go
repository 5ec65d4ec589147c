package gqlgen_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/adapters/gqlgen/internal/testschema"
	"github.com/fanql/fanql/ports"
)

// calls are the names of what was called.
type calls struct {
	mu    sync.Mutex
	names []string
}

func (c *calls) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names = append(c.names, name)
}

// everywhere is an extension with all hooks that an operation has.
type everywhere struct {
	name  string
	calls *calls
}

var _ interface {
	graphql.OperationContextMutator
	graphql.OperationInterceptor
	graphql.ResponseInterceptor
	graphql.RootFieldInterceptor
	graphql.FieldInterceptor
} = everywhere{}

func (e everywhere) ExtensionName() string { return e.name }

func (e everywhere) Validate(graphql.ExecutableSchema) error { return nil }

func (e everywhere) MutateOperationContext(_ context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	operation.Stats.SetExtension(e.name, operation.OperationName)
	e.calls.add(e.name + " mutates")
	return nil
}

func (e everywhere) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	e.calls.add(e.name + " operation")
	return next(ctx)
}

func (e everywhere) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	e.calls.add(e.name + " response")
	graphql.RegisterExtension(ctx, e.name, graphql.GetOperationContext(ctx).Stats.GetExtension(e.name))
	return next(ctx)
}

func (e everywhere) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	e.calls.add(e.name + " root " + graphql.GetRootFieldContext(ctx).Field.Name)
	return next(ctx)
}

func (e everywhere) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	e.calls.add(e.name + " field " + graphql.GetFieldContext(ctx).Field.Name)
	return next(ctx)
}

func TestExtensionsAreCalledInOrder(t *testing.T) {
	seen := &calls{}
	schema := newSchema(t, &testschema.Resolver{Maybe: channel},
		gqlgen.Use(everywhere{"first", seen}),
		gqlgen.AroundFields(func(ctx context.Context, next graphql.Resolver) (any, error) {
			seen.add("then field " + graphql.GetFieldContext(ctx).Field.Name)
			return next(ctx)
		}),
		gqlgen.Use(everywhere{"last", seen}))

	body := execute(t, schema, `query Q{post{title}}`, ``)
	wantEqual(t, "body", body, `{"data":{"post":{"title":"first"}},"extensions":{"first":"Q","last":"Q"}}`)
	wantEqual(t, "calls", strings.Join(seen.names, ", "), "first mutates, last mutates, first operation, last operation, first response, last response, "+
		"first root post, last root post, first field post, then field post, last field post, first field title, then field title, last field title")

	seen.names = nil
	bound := bind(t, schema, `subscription S{maybe{title}}`, ``)
	refused, formatted := subscribe(t.Context(), bound)
	wantEqual(t, "refused with", refused, none)
	subscribing := "first mutates, last mutates, first operation, last operation, first field maybe, then field maybe, last field maybe, first response, last response"
	wantEqual(t, "calls", strings.Join(seen.names, ", "), subscribing)

	seen.names = nil
	result := bound.Execute(delivering(t.Context(), &testschema.Post{Title: "t"}), ports.Call{Format: formatted.format, Extensions: map[string]any{"last": "call"}})
	wantEqual(t, "body", string(result.Body), `{"data":{"maybe":{"title":"t"}},"extensions":{"first":"S","last":"call"}}`)
	wantEqual(t, "calls", strings.Join(seen.names, ", "), subscribing+", first field title, then field title, last field title")
}

func TestComplexityLimit(t *testing.T) {
	schema := newSchema(t, &testschema.Resolver{Maybe: channel}, gqlgen.Use(extension.FixedComplexityLimit(4)))
	const document = `query($n:Int!){posts(first:$n){id title}}`
	wantEqual(t, "body", execute(t, schema, document, `{"n":2}`), `{"data":{"posts":[{"id":"0","title":"post 0"},{"id":"1","title":"post 1"}]}}`)
	wantEqual(t, "body", execute(t, schema, document, `{"n":3}`), `rejected [{"message":"operation has complexity 6, which exceeds the limit of 4","extensions":{"code":"COMPLEXITY_LIMIT_EXCEEDED"}}]`)

	refused, _ := subscribe(t.Context(), bind(t, schema, `subscription{maybe{id title author{id name}}}`, ``))
	wantEqual(t, "refused with", refused, `[{"message":"operation has complexity 6, which exceeds the limit of 4","extensions":{"code":"COMPLEXITY_LIMIT_EXCEEDED"}}]`)
}

func TestComplexityLimitOfACaller(t *testing.T) {
	schema := newSchema(t, nil, gqlgen.Use(&extension.ComplexityLimit{Func: func(ctx context.Context, _ *graphql.OperationContext) int {
		if ctx.Value(roleKey{}) == testschema.RoleAdmin {
			return 10
		}
		return 1
	}}))
	for role, want := range map[testschema.Role]string{
		testschema.RoleAdmin: `{"data":{"post":{"id":"1"}}}`,
		testschema.RoleGuest: `rejected [{"message":"operation has complexity 2, which exceeds the limit of 1","extensions":{"code":"COMPLEXITY_LIMIT_EXCEEDED"}}]`,
	} {
		body, _ := executeIn(as(t.Context(), role), t, schema, `{post{id}}`, ``)
		wantEqual(t, "body", body, want)
	}
}

func TestIntrospectionDisabledForAnOperation(t *testing.T) {
	schema := newSchema(t, nil, gqlgen.Use(noIntrospection{}), gqlgen.ErrorPresenter(shown))
	wantEqual(t, "body", execute(t, schema, `{__type(name:"Color"){kind}}`, ``), `{"data":{"__type":null},"errors":[{"message":"introspection disabled","locations":[{"line":1,"column":2}],"path":["__type"]}]}`)
	schema = newSchema(t, nil, gqlgen.Use(noIntrospection{}, extension.Introspection{}))
	wantEqual(t, "body", execute(t, schema, `{__type(name:"Color"){kind}}`, ``), `{"data":{"__type":{"kind":"ENUM"}}}`)
}

type noIntrospection struct{}

func (noIntrospection) ExtensionName() string { return "NoIntrospection" }

func (noIntrospection) Validate(graphql.ExecutableSchema) error { return nil }

func (noIntrospection) MutateOperationContext(_ context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	operation.DisableIntrospection = true
	return nil
}

func TestExtensionsThatAnswer(t *testing.T) {
	denied := func(ctx context.Context, _ graphql.OperationHandler) graphql.ResponseHandler {
		return graphql.OneShot(graphql.ErrorResponse(ctx, "denied"))
	}
	afterwards := func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		next(ctx)
		return denied(ctx, next)
	}
	for name, test := range map[string]struct {
		option                   gqlgen.Option
		body, formatted, refused string
	}{
		"around operations":          {gqlgen.AroundOperations(denied), `{"data":null,"errors":[{"message":"denied"}]}`, "denied: input: denied", `[{"message":"denied"}]`},
		"around operations, at last": {gqlgen.AroundOperations(afterwards), `{"data":null,"errors":[{"message":"denied"}]}`, "denied: input: denied", `[{"message":"denied"}]`},
		"with nothing": {gqlgen.AroundOperations(func(context.Context, graphql.OperationHandler) graphql.ResponseHandler {
			return graphql.OneShot(nil)
		}), `{"data":null,"errors":[{"message":"masked"}]}`, "gqlgen: an extension returned no response", none},
		"with no handler": {gqlgen.AroundOperations(func(context.Context, graphql.OperationHandler) graphql.ResponseHandler {
			return nil
		}), `{"data":null,"errors":[{"message":"masked"}]}`, "panic: runtime error: invalid memory address or nil pointer dereference", `[{"message":"masked"}]`},
		"around responses": {gqlgen.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			return graphql.ErrorResponse(ctx, "denied")
		}), `{"data":null,"errors":[{"message":"denied"}]}`, "denied: input: denied", `[{"message":"denied"}]`},
		"by a panic": {gqlgen.AroundOperations(func(context.Context, graphql.OperationHandler) graphql.ResponseHandler {
			panic("secret")
		}), `{"data":null,"errors":[{"message":"masked"}]}`, "panic: secret", `[{"message":"masked"}]`},
		"by a panic around a root field": {gqlgen.AroundRootFields(func(context.Context, graphql.RootResolver) graphql.Marshaler {
			panic("secret")
		}), `{"data":null,"errors":[{"message":"masked"},{"message":"masked"}]}`, "panic: secret\npanic: secret", none},
		"by a panic around a field": {gqlgen.AroundFields(func(context.Context, graphql.Resolver) (any, error) {
			panic("secret")
		}), `{"data":null,"errors":[{"message":"masked","path":["echo"]},{"message":"masked","path":["items"]}]}`, "panic: secret\npanic: secret", `[{"message":"masked","path":["maybe"]}]`},
	} {
		t.Run(name, func(t *testing.T) {
			schema := newSchema(t, &testschema.Resolver{Maybe: channel}, test.option)
			formatted := &formatted{}
			result := bind(t, schema, `{echo items{__typename}}`, ``).Execute(t.Context(), ports.Call{Format: formatted.format, Extensions: map[string]any{"call": true}})
			body := strings.Replace(string(result.Body), `,"extensions":{"call":true}}`, "}", 1)
			if strings.Contains(body, "echo") && strings.Index(body, "items") < strings.Index(body, "echo") { // they fail side by side
				body = strings.NewReplacer("echo", "items", "items", "echo").Replace(body)
			}
			wantEqual(t, "body", body, test.body)
			wantEqual(t, "formatted", formatted.texts(), test.formatted)
			refused, _ := subscribe(t.Context(), bind(t, schema, `subscription{maybe{id}}`, ``))
			wantEqual(t, "refused with", refused, test.refused)
		})
	}
}

func TestExtensionsThatHaveNoJSONAreLeftOut(t *testing.T) {
	schema := newSchema(t, nil, gqlgen.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		graphql.RegisterExtension(ctx, "bad", func() {})
		graphql.RegisterExtension(ctx, "worse", unencodable{})
		graphql.RegisterExtension(ctx, "good", 1)
		return next(ctx)
	}))
	wantEqual(t, "body", execute(t, schema, `{short(text:"s")}`, ``), `{"data":{"short":"s"},"extensions":{"good":1}}`)
}

func TestExtensionsThatAllHaveNoJSON(t *testing.T) {
	result := bind(t, newSchema(t, nil), `{short(text:"s")}`, ``).Execute(t.Context(), ports.Call{Format: new(formatted).format, Extensions: map[string]any{"bad": func() {}}})
	wantEqual(t, "body", string(result.Body), `{"data":{"short":"s"}}`)
}

func TestAroundResponsesSeesTheErrorsOfResolvers(t *testing.T) {
	schema := newSchema(t, &testschema.Resolver{Fails: failing(io.ErrUnexpectedEOF)}, gqlgen.AroundResponses(func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		response := next(ctx)
		if errors.Is(response.Errors, io.ErrUnexpectedEOF) {
			response.Errors = append(response.Errors, nil, gqlerror.Errorf("try again"))
		}
		return response
	}))
	wantEqual(t, "body", execute(t, schema, `{fails}`, ``), `{"data":{"fails":null},"errors":[{"message":"masked",`+at+`},{"message":"try again"}]}`)
}

type unencodable struct{}

func (unencodable) MarshalJSON() ([]byte, error) { panic("never") }

func TestFieldMiddlewareSeesTheChannel(t *testing.T) {
	var results []any
	schema := newSchema(t, &testschema.Resolver{Maybe: channel}, gqlgen.AroundFields(func(ctx context.Context, next graphql.Resolver) (any, error) {
		result, err := next(ctx)
		results = append(results, result)
		return result, err
	}))
	bound := bind(t, schema, `subscription{maybe{id}}`, ``)
	bound.Execute(delivering(t.Context(), &testschema.Post{ID: "1"}), ports.Call{Format: new(formatted).format})
	if _, ok := results[0].(<-chan *testschema.Post); !ok || !slices.Contains(results, any("1")) {
		t.Errorf("results: %v", results)
	}
}
