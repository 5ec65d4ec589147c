package gqlgen_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.uber.org/goleak"

	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/adapters/gqlgen/internal/testschema"
	"github.com/fanql/fanql/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type roleKey struct{}

// as is a context in which the directive @hasRole finds a role.
func as(ctx context.Context, role testschema.Role) context.Context {
	return context.WithValue(ctx, roleKey{}, role)
}

// executable is the test schema with its directives.
func executable(resolver *testschema.Resolver) graphql.ExecutableSchema {
	config := testschema.Config{Resolvers: resolver}
	config.Directives.HasRole = func(ctx context.Context, _ any, next graphql.Resolver, role testschema.Role) (any, error) {
		if has, _ := ctx.Value(roleKey{}).(testschema.Role); has != role {
			return nil, &ports.PublicError{Message: "this is for " + string(role)}
		}
		return next(ctx)
	}
	config.Directives.Longest = func(ctx context.Context, _ any, next graphql.Resolver, runes int) (any, error) {
		value, err := next(ctx)
		text, ok := value.(string)
		if pointer, isPointer := value.(*string); isPointer && pointer != nil {
			text, ok = *pointer, true
		}
		if ok && utf8.RuneCountInString(text) > runes {
			return nil, &ports.PublicError{Message: "too long"}
		}
		return value, err
	}
	config.Complexity.Query.Posts = func(childComplexity, first int) int { return childComplexity * first }
	return testschema.NewExecutableSchema(config)
}

func newSchema(t testing.TB, resolver *testschema.Resolver, options ...gqlgen.Option) *gqlgen.Schema {
	t.Helper()
	if resolver == nil {
		resolver = &testschema.Resolver{}
	}
	schema, err := gqlgen.New(executable(resolver), options...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// formatted are the errors that an ErrorFormat was asked about.
type formatted struct {
	mu   sync.Mutex
	errs []error
}

// format masks as the engine does.
func (t *formatted) format(_ context.Context, err error) *ports.PublicError {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errs = append(t.errs, err)
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return public
	}
	return &ports.PublicError{Message: "masked"}
}

func (t *formatted) texts() string {
	stack := regexp.MustCompile(`(\n\tat .+)+`)
	texts := make([]string, len(t.errs))
	for i, err := range t.errs {
		// Without the stack of a panic.
		texts[i] = stack.ReplaceAllString(err.Error(), "")
	}
	slices.Sort(texts)
	return strings.Join(texts, "\n")
}

// bind prepares a document that is valid with variables that are.
func bind(t testing.TB, schema ports.Schema, document, variables string) ports.BoundOperation {
	t.Helper()
	prepared, errs := schema.Prepare(document, ports.Limits{})
	if errs != nil {
		t.Fatalf("Prepare: %s", errs.AppendJSON(nil))
	}
	operation, errs := prepared.Operation("")
	if errs != nil {
		t.Fatalf("Operation: %s", errs.AppendJSON(nil))
	}
	bound, errs := operation.Bind(t.Context(), []byte(variables), new(formatted).format)
	if errs != nil {
		t.Fatalf("Bind: %s", errs.AppendJSON(nil))
	}
	return bound
}

// execute executes a query or mutation.
func execute(t testing.TB, schema ports.Schema, document, variables string) string {
	t.Helper()
	body, _ := executeIn(t.Context(), t, schema, document, variables)
	return body
}

func executeIn(ctx context.Context, t testing.TB, schema ports.Schema, document, variables string) (string, *formatted) {
	t.Helper()
	formatted := &formatted{}
	result := bind(t, schema, document, variables).Execute(ctx, ports.Call{Format: formatted.format})
	if result.Skip {
		t.Error("Skip is set")
	}
	if result.Rejected != nil {
		return "rejected " + string(result.Rejected.AppendJSON(nil)), formatted
	}
	return string(result.Body), formatted
}

// refusal is what Prepare and Bind say about a request that is refused.
func refusal(t testing.TB, schema ports.Schema, document, variables string, limits ports.Limits) string {
	t.Helper()
	prepared, errs := schema.Prepare(document, limits)
	if errs != nil {
		return string(errs.AppendJSON(nil))
	}
	operation, errs := prepared.Operation("")
	if errs != nil {
		return string(errs.AppendJSON(nil))
	}
	_, errs = operation.Bind(t.Context(), []byte(variables), new(formatted).format)
	return string(errs.AppendJSON(nil))
}

type eventKey struct{}

// delivering is the engine's context while an event is delivered.
func delivering(ctx context.Context, event *testschema.Post) context.Context {
	return context.WithValue(ctx, eventKey{}, event)
}

// channel is what the engine's topics have: a closed channel, which holds the event
// that is delivered, if one is.
func channel(ctx context.Context) (<-chan *testschema.Post, error) {
	events := make(chan *testschema.Post, 1)
	if event, ok := ctx.Value(eventKey{}).(*testschema.Post); ok {
		events <- event
	}
	close(events)
	return events, nil
}

func wantEqual(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

// shown is gqlgen's way to present errors.
func shown(ctx context.Context, err error) *gqlerror.Error {
	return graphql.DefaultErrorPresenter(ctx, err)
}
