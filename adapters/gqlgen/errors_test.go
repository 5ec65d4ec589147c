package gqlgen_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/adapters/gqlgen/internal/testschema"
	"github.com/fanql/fanql/ports"
)

// errorsOf executes a field that fails.
func errorsOf(t *testing.T, fails func(context.Context) (*string, error), options ...gqlgen.Option) (string, string) {
	t.Helper()
	schema := newSchema(t, &testschema.Resolver{Fails: fails}, options...)
	body, formatted := executeIn(t.Context(), t, schema, `{fails}`, ``)
	return body, formatted.texts()
}

func failing(err error) func(context.Context) (*string, error) {
	return func(context.Context) (*string, error) { return nil, err }
}

func panicking(value any) func(context.Context) (*string, error) {
	return func(context.Context) (*string, error) { panic(value) }
}

const at = `"locations":[{"line":1,"column":2}],"path":["fails"]`

func TestErrorsWithoutAPresenterAreMasked(t *testing.T) {
	for name, test := range map[string]struct {
		fails           func(context.Context) (*string, error)
		want, formatted string
	}{
		"a failure":                          {failing(io.ErrUnexpectedEOF), `{"message":"masked",` + at + `}`, "unexpected EOF"},
		"a public error":                     {failing(&ports.PublicError{Message: "no", Extensions: map[string]any{"code": "NO"}}), `{"message":"no",` + at + `,"extensions":{"code":"NO"}}`, "no"},
		"a wrapped public error":             {failing(fmt.Errorf("secret: %w", &ports.PublicError{Message: "no"})), `{"message":"no",` + at + `}`, "secret: no"},
		"an error of gqlerror":               {failing(gqlerror.Errorf("secret")), `{"message":"masked",` + at + `}`, "input:1:2: fails secret"},
		"a public error that gqlerror wraps": {failing(gqlerror.Wrap(&ports.PublicError{Message: "no"})), `{"message":"no",` + at + `}`, "no"},
		"a list of gqlerror":                 {failing(gqlerror.List{gqlerror.Errorf("one"), {Message: "two", Path: nil, Err: &ports.PublicError{Message: "2"}}}), `{"message":"masked",` + at + `},{"message":"2","path":["fails"]}`, "2\ninput:1:2: fails one"},
		"an added error": {func(ctx context.Context) (*string, error) {
			graphql.AddErrorf(ctx, "secret %d", 1)
			return nil, nil
		}, `{"message":"masked","path":["fails"]}`, "secret 1"},
		"a panic":                     {panicking("secret"), `{"message":"masked","path":["fails"]}`, "panic: secret"},
		"a panic with an error":       {panicking(errors.New("secret")), `{"message":"masked","path":["fails"]}`, "panic: secret"},
		"a panic with a public error": {panicking(&ports.PublicError{Message: "secret"}), `{"message":"masked","path":["fails"]}`, "panic: secret"},
	} {
		t.Run(name, func(t *testing.T) {
			body, formatted := errorsOf(t, test.fails)
			wantEqual(t, "body", body, `{"data":{"fails":null},"errors":[`+test.want+`]}`)
			wantEqual(t, "formatted", formatted, test.formatted)
		})
	}
}

func TestErrorsThatCannotBeReadAreMasked(t *testing.T) {
	for name, err := range map[string]error{
		"nil": (*ports.PublicError)(nil), "wrapped nil": fmt.Errorf("secret: %w", (*ports.PublicError)(nil)), "nil of gqlerror": (*gqlerror.Error)(nil),
	} {
		body, _ := errorsOf(t, failing(err))
		wantEqual(t, name, body, `{"data":{"fails":null},"errors":[{"message":"masked","path":["fails"]}]}`)
	}
}

func TestPresenterDecides(t *testing.T) {
	hidden := gqlgen.ErrorPresenter(func(context.Context, error) *gqlerror.Error { return nil })
	coded := gqlgen.ErrorPresenter(func(ctx context.Context, err error) *gqlerror.Error {
		presented := graphql.DefaultErrorPresenter(ctx, err)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			presented.Message = "try again"
			presented.Extensions = map[string]any{"code": "RETRY"}
		}
		return presented
	})
	for name, test := range map[string]struct {
		presenter       gqlgen.Option
		fails           func(context.Context) (*string, error)
		want, formatted string
	}{
		"gqlgen's own": {gqlgen.ErrorPresenter(shown), failing(io.ErrUnexpectedEOF), `,"errors":[{"message":"unexpected EOF",` + at + `}]`, "unexpected EOF: unexpected EOF"},
		"a code":       {coded, failing(io.ErrUnexpectedEOF), `,"errors":[{"message":"try again",` + at + `,"extensions":{"code":"RETRY"}}]`, "try again: unexpected EOF"},
		"leaving out":  {hidden, failing(io.ErrUnexpectedEOF), ``, "unexpected EOF"},
		"of a panic":   {gqlgen.ErrorPresenter(shown), panicking("secret"), `,"errors":[{"message":"internal system error","path":["fails"]}]`, "internal system error: panic: secret"},
		"that panics":  {gqlgen.ErrorPresenter(func(context.Context, error) *gqlerror.Error { panic("presenter") }), failing(io.ErrUnexpectedEOF), `,"errors":[{"message":"masked",` + at + `}]`, "panic: presenter"},
	} {
		t.Run(name, func(t *testing.T) {
			body, formatted := errorsOf(t, test.fails, test.presenter)
			wantEqual(t, "body", body, `{"data":{"fails":null}`+test.want+`}`)
			wantEqual(t, "formatted", formatted, test.formatted)
		})
	}
}

func TestRecoverFunc(t *testing.T) {
	recovers := func(result error) gqlgen.Option {
		return gqlgen.RecoverFunc(func(_ context.Context, value any) error {
			if result == nil {
				panic(value)
			}
			return result
		})
	}
	for name, test := range map[string]struct {
		options         []gqlgen.Option
		want, formatted string
	}{
		"masked":                 {[]gqlgen.Option{recovers(errors.New("oops"))}, "masked", "panic: secret\nrecovered as oops"},
		"public":                 {[]gqlgen.Option{recovers(&ports.PublicError{Message: "oops"})}, "oops", "panic: secret\nrecovered as oops"},
		"of a presenter":         {[]gqlgen.Option{recovers(errors.New("oops")), gqlgen.ErrorPresenter(shown)}, "oops", "oops: panic: secret\nrecovered as oops"},
		"of gqlerror":            {[]gqlgen.Option{recovers(gqlerror.Errorf("oops")), gqlgen.ErrorPresenter(shown)}, "oops", "oops: panic: secret\nrecovered as input: oops"},
		"that panics":            {[]gqlgen.Option{recovers(nil)}, "masked", "panic: secret"},
		"that panics, presented": {[]gqlgen.Option{recovers(nil), gqlgen.ErrorPresenter(shown)}, "internal system error", "internal system error: panic: secret"},
	} {
		t.Run(name, func(t *testing.T) {
			body, formatted := errorsOf(t, panicking("secret"), test.options...)
			wantEqual(t, "body", body, `{"data":{"fails":null},"errors":[{"message":"`+test.want+`","path":["fails"]}]}`)
			wantEqual(t, "formatted", formatted, test.formatted)
		})
	}
}

func TestPanicsOfResolversSideBySide(t *testing.T) {
	schema := newSchema(t, &testschema.Resolver{Checked: func(_ context.Context, post *testschema.Post) (string, error) {
		if post.ID == "1" {
			panic("secret")
		}
		return post.Title, nil
	}})
	body, formatted := executeIn(t.Context(), t, schema, `{posts(first:3){checked author{id}}}`, ``)
	wantEqual(t, "body", body, `{"data":null,"errors":[{"message":"masked","path":["posts",1,"checked"]}]}`)
	wantEqual(t, "formatted", formatted.texts(), "panic: secret")
}

// TestAPanicIsLoggedWithWhereItWas: first the resolver, and not the whole stack.
func TestAPanicIsLoggedWithWhereItWas(t *testing.T) {
	var nothing *testschema.Post
	schema := newSchema(t, &testschema.Resolver{Checked: func(context.Context, *testschema.Post) (string, error) { return nothing.Title, nil }})
	_, formatted := executeIn(t.Context(), t, schema, `{posts(first:1){checked author{id}}}`, ``)
	lines := strings.Split(formatted.errs[0].Error(), "\n")
	if len(lines) != 6 || !strings.Contains(lines[1], "gqlgen_test.TestAPanicIsLoggedWithWhereItWas") || !strings.Contains(lines[1], "errors_test.go:") {
		t.Errorf("got %q, want the resolver first, and 5 calls", lines)
	}
}

func TestNullWhereThereMustBeNone(t *testing.T) {
	schema := newSchema(t, &testschema.Resolver{Checked: func(context.Context, *testschema.Post) (string, error) { return "", errors.New("broken") }})
	body, formatted := executeIn(t.Context(), t, schema, `{post{id checked}}`, ``)
	wantEqual(t, "body", body, `{"data":{"post":null},"errors":[{"message":"masked","locations":[{"line":1,"column":10}],"path":["post","checked"]}]}`)
	wantEqual(t, "formatted", formatted.texts(), "broken")
}
