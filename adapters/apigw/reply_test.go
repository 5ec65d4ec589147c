package apigw_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/ports"
)

// replying answers one message with what do pushes, and returns the response.
func replying(t *testing.T, config apigw.HandlerConfig, do func(ctx context.Context) error) (events.APIGatewayProxyResponse, error) {
	t.Helper()
	engine := newFakeEngine()
	engine.receive = func(ctx context.Context, _ ports.Message) error { return do(ctx) }
	config.Engine = engine
	return invoke(t, config, `{"requestContext": {"eventType": "MESSAGE", "stage": "prod",
		"domainName": "abc123.execute-api.eu-west-1.amazonaws.com", "connectionId": "DUxRLfQsvHcCIYw="}}`)
}

func routeResponses() apigw.HandlerConfig { return apigw.HandlerConfig{RouteResponses: true} }

func TestRouteResponsesAreOffByDefault(t *testing.T) {
	sent := &requests{}
	pusher := newPusher(t, apigw.PusherConfig{Transport: sent})
	response, err := replying(t, apigw.HandlerConfig{}, func(ctx context.Context) error { return pusher.Push(ctx, address(), text("ack")) })
	if err != nil || response.Body != "" {
		t.Errorf("answered %+v (%v)", response, err)
	}
	sent.wants(t, "POST "+connectionURL+" ack")
}

func TestLastReplyIsTheResponse(t *testing.T) {
	sent := &requests{}
	pusher := newPusher(t, apigw.PusherConfig{Transport: sent})
	other := ports.Address{ID: "other", Endpoint: "https://example.com"}
	response, err := replying(t, routeResponses(), func(ctx context.Context) error {
		return errors.Join(
			pusher.Push(ctx, address(), text("next")), pusher.Push(ctx, other, text("to another")), pusher.Push(ctx, address(), text("complete")))
	})
	if err != nil || response.StatusCode != http.StatusOK || response.Body != "complete" {
		t.Errorf("answered %+v (%v), want the last reply", response, err)
	}
	sent.wants(t, "POST https://example.com/@connections/other to another", "POST "+connectionURL+" next")
}

func TestSingleReplyNeedsNoPost(t *testing.T) {
	sent := &requests{}
	pusher := newPusher(t, apigw.PusherConfig{Transport: sent})
	response, err := replying(t, routeResponses(), func(ctx context.Context) error { return pusher.Push(ctx, address(), text("ack")) })
	if err != nil || response.Body != "ack" {
		t.Errorf("answered %+v (%v)", response, err)
	}
	sent.wants(t)
}

// What is held goes before the close, as any frame does.
func TestCloseComesAfterTheReply(t *testing.T) {
	sent := &requests{}
	pusher := newPusher(t, apigw.PusherConfig{Transport: sent})
	response, err := replying(t, routeResponses(), func(ctx context.Context) error {
		return errors.Join(pusher.Push(ctx, address(), text("bye")), pusher.Close(ctx, address(), 4403, `no "entry"`))
	})
	if err != nil || response.Body != "" {
		t.Errorf("answered %+v (%v)", response, err)
	}
	sent.wants(t, "POST "+connectionURL+" bye", "POST "+connectionURL+closeNotice, "DELETE "+connectionURL)
}

// A post that fails is repeated with the frame after it, in order.
func TestReplyKeepsOrderWhenAPostFails(t *testing.T) {
	sent := &requests{answer: func(n int) (int, http.Header, error) {
		if n == 1 {
			return 429, http.Header{}, nil
		}
		return 200, http.Header{}, nil
	}}
	pusher := newPusher(t, apigw.PusherConfig{Transport: sent})
	response, err := replying(t, routeResponses(), func(ctx context.Context) error {
		if err := pusher.Push(ctx, address(), text("one")); err != nil {
			return err
		}
		if err := pusher.Push(ctx, address(), text("two")); !errors.Is(err, ports.ErrThrottled) {
			t.Errorf("got %v, want ErrThrottled", err)
		}
		return pusher.Push(ctx, address(), text("two"))
	})
	if err != nil || response.Body != "two" {
		t.Errorf("answered %+v (%v)", response, err)
	}
	sent.wants(t, "POST "+connectionURL+" one", "POST "+connectionURL+" one")
}

// The response of an invocation that fails is not the handler's.
func TestReplyOfAnInvocationThatFails(t *testing.T) {
	sent := &requests{}
	pusher := newPusher(t, apigw.PusherConfig{Transport: sent})
	_, err := replying(t, routeResponses(), func(ctx context.Context) error {
		return errors.Join(pusher.Push(ctx, address(), text("error")), errEngine)
	})
	if !errors.Is(err, errEngine) {
		t.Errorf("got %v, want the engine's error", err)
	}
	sent.wants(t, "POST "+connectionURL+" error")
}

func TestPushAfterTheInvocation(t *testing.T) {
	sent := &requests{}
	pusher := newPusher(t, apigw.PusherConfig{Transport: sent})
	contexts := make(chan context.Context, 1)
	if _, err := replying(t, routeResponses(), func(ctx context.Context) error {
		contexts <- ctx
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := pusher.Push(<-contexts, address(), text("late")); err != nil {
		t.Fatal(err)
	}
	sent.wants(t, "POST "+connectionURL+" late")
}

// On sockets: every message's replies arrive, the last of each as the response.
func TestRouteResponsesOnSockets(t *testing.T) {
	engine := newFakeEngine()
	f := newFixture(t, engine, routeResponses(), local.Config{RouteResponses: true})
	engine.receive = func(ctx context.Context, message ports.Message) error {
		for i := range 3 {
			if err := f.pusher.Push(ctx, message.Address, text(fmt.Sprintf("%s %d", message.Data, i))); err != nil {
				return err
			}
		}
		return nil
	}
	_, c := f.dial()
	for _, message := range []string{"a", "b"} {
		c.send(t, message)
		c.wants(t, message+" 0", message+" 1", message+" 2")
	}
}

func TestFarewellOnSockets(t *testing.T) {
	f := newFixture(t, newFakeEngine(), apigw.HandlerConfig{}, local.Config{})
	address, c := f.dial()
	if err := f.pusher.Close(t.Context(), address, 4403, `no "entry"`); err != nil {
		t.Fatal(err)
	}
	c.wants(t, closeNotice[1:])
	wantClosed(t, c, 1000)
}
