package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

func TestErrorsOfResolversAreMaskedUnlessTheyArePublic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		for kind, want := range map[string]string{
			"":        `{"message":"internal error",`,
			"public":  `{"message":"no room \"x\"",`,
			"refusal": `{"message":"members only",`,
			"code":    `"extensions":{"code":"NOT_FOUND"}`,
		} {
			answer, err := h.engine.Execute(t.Context(), ports.Request{Query: `{ secret(of: "` + kind + `") }`})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(answer.Body); !strings.Contains(got, want) || strings.Contains(got, "1234") {
				t.Errorf("%q: got %s, want %s", kind, got, want)
			}
		}
		h.expectErrors("a resolver failed: password 1234")
		if at, ok := errors.AsType[*ports.FieldError](h.errors[0]); !ok || at.Field != "Query.secret" {
			t.Errorf("OnError received %#v, want it with the field", h.errors[0])
		}
	})
}

func TestErrorsAreMaskedWhereverTheyComeFrom(t *testing.T) {
	t.Parallel()
	for name, field := range map[string]string{
		"a Subscribe resolver": "secretly", "an Initial function": "initialSecret", "an event's resolver": "secretEvent",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				c := newHarness(t).dial(protocol)
				c.subscribe("1", "subscription { "+field+" }")
				c.publish("a", 1)
				if got := c.next(); !strings.Contains(got, "internal error") || strings.Contains(got, "1234") {
					t.Errorf("got %s", got)
				}
				c.expectTold("password 1234")
			})
		})
	}
}

func TestWhatGraphQLItselfComplainsOfIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		for query, want := range map[string]string{
			`{ required }`: "Cannot return null for non-nullable field Query.required.",
			`{ nothing }`:  `Cannot query field`,
			`{ greet }`:    `argument`,
		} {
			answer, err := h.engine.Execute(t.Context(), ports.Request{Query: query})
			if err != nil || !strings.Contains(string(answer.Body), want) {
				t.Errorf("%s: got %s (%v), want %s", query, answer.Body, err, want)
			}
		}
		h.expectErrors()
	})
}

func TestFormatErrorDecidesWhatIsShown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		format func(context.Context, error) error
		want   string
	}{
		"it translates":   {func(context.Context, error) error { return core.Public("translated") }, "translated"},
		"it hides":        {func(context.Context, error) error { return errors.New("else") }, "internal error"},
		"it says nothing": {func(context.Context, error) error { return nil }, "no such room"},
		"it panics":       {func(context.Context, error) error { panic("out of luck") }, "internal error"},
		"it sees who asks": {func(ctx context.Context, _ error) error {
			_, asked := core.ConnectionFrom(ctx)
			return core.Public("asked by a connection: %t", asked)
		}, "asked by a connection: true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				h := newHarness(t, func(c *core.Config) { c.Hooks.FormatError = test.format })
				c := h.dial(protocol)
				c.subscribe("1", `{ secret(of: "code") }`)
				if got := c.next(); !strings.Contains(got, `"message":"`+test.want+`"`) {
					t.Errorf("got %s, want %s", got, test.want)
				}
			})
		})
	}
}
