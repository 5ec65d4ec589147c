package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

func TestARequestWithoutASocketIsAnswered(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	for _, test := range []struct {
		request ports.Request
		outcome ports.Outcome
		body    string
	}{
		{ports.Request{Query: `{ hello }`}, ports.Executed, `{"data":{"hello":"world"}}`},
		{ports.Request{Query: `{ hello }`, ReadOnly: true}, ports.Executed, `{"data":{"hello":"world"}}`},
		{ports.Request{Query: `mutation { say(room: "r", text: "x") }`}, ports.Executed, `{"data":{"say":"x"}}`},
		{ports.Request{Query: `mutation { say(room: "r", text: "x") }`, ReadOnly: true}, ports.NotAllowed, `{"errors":[{"message":"a mutation needs POST"}]}`},
		{ports.Request{Query: `subscription { a }`}, ports.NeedsStream, `{"errors":[{"message":"a subscription needs a WebSocket"}]}`},
		{ports.Request{Query: `{ nothing }`}, ports.Rejected, `{"errors":[{"message":"Cannot query field`},
		{ports.Request{Query: `{ user }`}, ports.Executed, `{"data":{"user":null},"errors":[{"message":"internal error"`},
	} {
		response, err := h.engine.Execute(t.Context(), test.request)
		if err != nil || response.Outcome != test.outcome || !strings.HasPrefix(string(response.Body), test.body) {
			t.Errorf("%+v: got %v, %s (%v)", test.request, response.Outcome, response.Body, err)
		}
	}
}

// TestAReadOnlyMessageMutatesNothing: a page of another site may have sent it.
func TestAReadOnlyMessageMutatesNothing(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		c := newHarness(t).dial(protocol)
		ask := func(id, query string) {
			message := c.message(c.subscribing(id, query))
			message.ReadOnly = true
			if err := c.engine.Receive(t.Context(), message); err != nil {
				t.Fatal(err)
			}
		}
		ask("1", `mutation { say(room: "r", text: "x") }`)
		c.expectError("1", "a mutation needs POST")
		ask("2", `{ hello }`)
		c.expectNext("2", `{"data":{"hello":"world"}}`)
		c.expectComplete("2")
		ask("3", `subscription { a }`)
		c.expectNothing()
	})
}

func TestOnSubscribeRefusesARequestWithoutASocket(t *testing.T) {
	t.Parallel()
	secret := errors.New("password 1234")
	h := newHarness(t, func(c *core.Config) {
		c.Hooks.OnSubscribe = func(ctx context.Context, request ports.Request) (ports.Request, error) {
			switch _, ok := core.ConnectionFrom(ctx); {
			case ok:
				t.Error("there is a connection")
			case request.OperationName == "Refused":
				return request, &ports.PublicError{Message: "not today", Extensions: map[string]any{"code": "CLOSED"}}
			case request.OperationName == "Failed":
				return request, secret
			}
			return request, nil
		}
	})
	ask := func(name string) error {
		_, err := h.engine.Execute(t.Context(), ports.Request{Query: `query ` + name + ` { hello }`, OperationName: name})
		return err
	}
	var refusal *ports.Refusal
	if err := ask("Refused"); !errors.As(err, &refusal) || refusal.Reason != "not today" || refusal.Extensions["code"] != "CLOSED" {
		t.Errorf("refused: got %v", err)
	}
	if err := ask("Failed"); !errors.Is(err, secret) {
		t.Errorf("failed: got %v", err)
	}
	if err := ask("Allowed"); err != nil {
		t.Error(err)
	}
	h.expectErrors("OnSubscribe hook: password 1234")
}
