package local_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/apigw/local"
)

func TestEvents(t *testing.T) {
	now := time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.FixedZone("", 3600))
	f := newFixture(t, local.Config{
		Stage: "local",
		Now:   func() time.Time { return now },
		Authorizer: func(r *http.Request) (map[string]any, bool) {
			return map[string]any{"principalId": "ada", "level": 7}, r.URL.Query().Get("token") == "good"
		},
	}, newFunction())
	dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP{
		"User-Agent": {"test"}, "X-Twice": {"a", "b"}, "Sec-Websocket-Protocol": {"one, two"},
	}}
	conn, _, _, err := dialer.Dial(t.Context(), "ws"+f.url[len("http"):]+"?token=good&x=1&x=2")
	if err != nil {
		t.Fatal(err)
	}
	connect := f.function.next(t, "CONNECT")
	c := &client{t: t, conn: conn, in: conn}
	c.sendText("hello")
	message := f.function.next(t, "MESSAGE")
	c.send(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "bye")))
	disconnect := f.function.next(t, "DISCONNECT")
	_ = conn.Close()

	id := regexp.MustCompile(`^[A-Za-z0-9_-]{15}=$`)
	for _, event := range []events.APIGatewayWebsocketProxyRequest{connect, message, disconnect} {
		at := event.RequestContext
		if !id.MatchString(at.ConnectionID) || !id.MatchString(at.RequestID) || at.RequestID != at.ExtendedRequestID {
			t.Errorf("connectionId %q, requestId %q, extendedRequestId %q", at.ConnectionID, at.RequestID, at.ExtendedRequestID)
		}
		if at.ConnectionID != connect.RequestContext.ConnectionID || at.ConnectedAt != now.UnixMilli() {
			t.Errorf("connection %q of %d, want %q of %d", at.ConnectionID, at.ConnectedAt, connect.RequestContext.ConnectionID, now.UnixMilli())
		}
		if at.RequestTime != "03/Feb/2026:03:05:06 +0000" || at.RequestTimeEpoch != now.UnixMilli() {
			t.Errorf("requestTime %q, requestTimeEpoch %d", at.RequestTime, at.RequestTimeEpoch)
		}
		if at.Stage != "local" || at.APIID == "" || at.MessageDirection != "IN" || "http://"+at.DomainName+"/local" != f.url {
			t.Errorf("stage %q, apiId %q, messageDirection %q, domainName %q", at.Stage, at.APIID, at.MessageDirection, at.DomainName)
		}
		if at.Identity.SourceIP != "127.0.0.1" || at.Identity.UserAgent != "test" {
			t.Errorf("identity %+v", at.Identity)
		}
		if authorizer, _ := at.Authorizer.(map[string]any); authorizer["principalId"] != "ada" || authorizer["level"] != "7" {
			t.Errorf("authorizer %v", at.Authorizer)
		}
	}
	if connect.RequestContext.RouteKey != "$connect" || connect.Headers["X-Twice"] != "b" || !slices.Equal(connect.MultiValueHeaders["X-Twice"], []string{"a", "b"}) ||
		connect.Headers["Host"] == "" || connect.Headers["X-Forwarded-For"] != "127.0.0.1" || connect.Headers["X-Forwarded-Proto"] != "https" || connect.Headers["X-Forwarded-Port"] != "443" {
		t.Errorf("$connect: route %q, headers %v, %v", connect.RequestContext.RouteKey, connect.Headers, connect.MultiValueHeaders)
	}
	if connect.Headers["Sec-WebSocket-Protocol"] != "one, two" || connect.Headers["Sec-Websocket-Protocol"] != "" {
		t.Errorf("$connect: headers %v", connect.Headers)
	}
	if connect.QueryStringParameters["x"] != "2" || !slices.Equal(connect.MultiValueQueryStringParameters["x"], []string{"1", "2"}) {
		t.Errorf("$connect: query %v, %v", connect.QueryStringParameters, connect.MultiValueQueryStringParameters)
	}
	if message.RequestContext.RouteKey != "$default" || message.Body != "hello" || message.IsBase64Encoded || message.RequestContext.MessageID == nil ||
		message.Headers != nil || message.MultiValueHeaders != nil || message.QueryStringParameters != nil {
		t.Errorf("message: %+v", message)
	}
	if at := disconnect.RequestContext; at.RouteKey != "$disconnect" || at.DisconnectStatusCode != 1000 || at.DisconnectReason == nil || *at.DisconnectReason != "bye" {
		t.Errorf("$disconnect: %+v", at)
	}
}

func TestRouteSelection(t *testing.T) {
	f := newFixture(t, local.Config{Routes: []string{"send", "7"}, RouteSelection: "$request.body.meta.action"}, newFunction())
	c := f.dial()
	for message, want := range map[string]string{
		`{"meta":{"action":"send"}}`:  "send",
		`{"meta":{"action":7}}`:       "7",
		`{"meta":{"action":"other"}}`: "$default",
		`{"meta":"send"}`:             "$default",
		`{"action":"send"}`:           "$default",
		`"send"`:                      "$default",
		`not JSON`:                    "$default",
	} {
		c.sendText(message)
		if got := f.function.next(t, "MESSAGE").RequestContext.RouteKey; got != want {
			t.Errorf("%s went to %s, want %s", message, got, want)
		}
	}
}

func TestConnectDecides(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		err    error
		want   int
	}{
		"accepted":        {answer: `{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"two"}}`, want: 101},
		"refused":         {answer: `{"statusCode":403,"body":"no"}`, want: 403},
		"no subprotocol":  {answer: `{"statusCode":400}`, want: 400},
		"failed":          {err: errFunction, want: 500},
		"no proxy answer": {answer: `{"hello":"world"}`, want: 500},
	} {
		t.Run(name, func(t *testing.T) {
			function := newFunction()
			function.answer = func(_ context.Context, event events.APIGatewayWebsocketProxyRequest) (string, error) {
				if event.RequestContext.EventType == "CONNECT" {
					return test.answer, test.err
				}
				return `{"statusCode":200}`, nil
			}
			f := newFixture(t, local.Config{}, function)
			status := 101
			dialer := ws.Dialer{Protocols: []string{"one", "two"}, OnStatusError: func(code int, _ []byte, _ io.Reader) { status = code }}
			conn, _, handshake, err := dialer.Dial(t.Context(), "ws"+f.url[len("http"):])
			if conn != nil {
				defer func() { _ = conn.Close() }()
			}
			if status != test.want || (err == nil) != (test.want == 101) {
				t.Errorf("answered %d (%v), want %d", status, err, test.want)
			}
			if err == nil && handshake.Protocol != "two" {
				t.Errorf("subprotocol %q, want two", handshake.Protocol)
			}
		})
	}
}

func TestAuthorizerRefuses(t *testing.T) {
	f := newFixture(t, local.Config{Authorizer: func(*http.Request) (map[string]any, bool) { return nil, false }}, newFunction())
	if _, _, _, err := (ws.Dialer{}).Dial(t.Context(), "ws"+f.url[len("http"):]); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("dial: %v, want 403", err)
	}
	if len(f.function.events) != 0 {
		t.Error("$connect was invoked for a client that the authorizer refused")
	}
}

func TestNotAHandshake(t *testing.T) {
	f := newFixture(t, local.Config{}, newFunction())
	for target, want := range map[string]int{f.url: 426, f.url + "/nothing": 403, strings.TrimSuffix(f.url, "/local"): 403} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if status, _, _ := do(t, request); status != want {
			t.Errorf("GET %s: %d, want %d", target, status, want)
		}
	}
}

func TestFunctionFailsOnMessage(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		err    error
		config local.Config
		wait   bool
		want   string
	}{
		"error":          {err: errFunction, want: "Internal server error"},
		"not 200":        {answer: `{"statusCode":400}`, want: "Internal server error"},
		"no proxy":       {answer: `null`, want: "Internal server error"},
		"timeout":        {config: local.Config{IntegrationTimeout: 50 * time.Millisecond}, wait: true, want: "Endpoint request timed out"},
		"no route reply": {answer: `{"statusCode":200,"body":"dropped"}`},
	} {
		t.Run(name, func(t *testing.T) {
			function := newFunction()
			function.answer = func(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (string, error) {
				if event.RequestContext.EventType != "MESSAGE" {
					return `{"statusCode":200}`, nil
				}
				if test.wait {
					<-ctx.Done()
					return "", ctx.Err()
				}
				return test.answer, test.err
			}
			f := newFixture(t, test.config, function)
			c := f.dial()
			c.sendText("hello")
			event := function.next(t, "MESSAGE")
			if test.want == "" {
				f.manage(http.MethodPost, c.id, "after")
				c.wantText("after")
				return
			}
			var got struct{ Message, ConnectionID, RequestID string }
			if err := json.Unmarshal(c.read(ws.OpText), &got); err != nil {
				t.Fatal(err)
			}
			if got.Message != test.want || got.ConnectionID != c.id || got.RequestID != event.RequestContext.RequestID {
				t.Errorf("the client reads %+v, want %q", got, test.want)
			}
		})
	}
}

func TestRouteResponse(t *testing.T) {
	function := newFunction()
	function.answer = func(_ context.Context, event events.APIGatewayWebsocketProxyRequest) (string, error) {
		if event.Body == "coded" {
			return `{"statusCode":200,"body":"aGVsbG8=","isBase64Encoded":true}`, nil
		}
		return `{"statusCode":200,"body":"answer to ` + event.Body + `"}`, nil
	}
	f := newFixture(t, local.Config{RouteResponses: true}, function)
	c := f.dial()
	c.sendText("one")
	c.wantText("answer to one")
	c.sendText("coded")
	c.wantText("hello")
}

// Both invocations are under way at once, or the first never ends.
func TestMessagesAreConcurrent(t *testing.T) {
	function := newFunction()
	second := make(chan struct{})
	function.answer = func(_ context.Context, event events.APIGatewayWebsocketProxyRequest) (string, error) {
		switch event.Body {
		case "first":
			<-second
		case "second":
			close(second)
		}
		return `{"statusCode":200}`, nil
	}
	f := newFixture(t, local.Config{}, function)
	c := f.dial()
	c.sendText("first")
	c.sendText("second")
	receive(t, second)
}

func TestConcurrencyIsBounded(t *testing.T) {
	function := newFunction()
	release := make(chan struct{})
	function.answer = func(_ context.Context, event events.APIGatewayWebsocketProxyRequest) (string, error) {
		if event.RequestContext.EventType == "MESSAGE" {
			<-release
		}
		return `{"statusCode":200}`, nil
	}
	f := newFixture(t, local.Config{Concurrency: 1}, function)
	c := f.dial()
	c.sendText("first")
	function.next(t, "MESSAGE")
	c.sendText("second")
	c.send(ws.NewPingFrame(nil))
	c.read(ws.OpPong) // so the second message is read too
	if len(function.events) != 0 {
		t.Error("a second invocation runs beside the only one allowed")
	}
	close(release)
	function.next(t, "MESSAGE")
}

// The order of messages depends on the seed, and on nothing else.
func TestReordering(t *testing.T) {
	order := func(seed uint64) string {
		f := newFixture(t, local.Config{ReorderWithin: 200 * time.Millisecond, Seed: seed}, newFunction())
		c := f.dial()
		var order []byte
		for i := range byte(4) {
			c.sendText(string('a' + i))
		}
		for range 4 {
			order = append(order, f.function.next(t, "MESSAGE").Body...)
		}
		return string(order)
	}
	for seed := range uint64(100) {
		if got := order(seed); got != "abcd" {
			return
		}
	}
	t.Error("100 seeds, and never another order")
}

func TestDisconnectCanBeLost(t *testing.T) {
	f := newFixture(t, local.Config{NoDisconnect: true}, newFunction())
	c := f.dial()
	_ = c.conn.Close()
	if err := f.gateway.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(f.function.events) != 0 {
		t.Errorf("got a %s event", f.function.next(t, "DISCONNECT").RequestContext.EventType)
	}
}

func TestShutdown(t *testing.T) {
	f := newFixture(t, local.Config{}, newFunction())
	c := f.dial()
	done := make(chan error)
	go func() { done <- f.gateway.Shutdown(context.WithoutCancel(t.Context())) }()
	c.wantClose(1001)
	if err := receive(t, done); err != nil {
		t.Error(err)
	}
	if got := f.function.next(t, "DISCONNECT").RequestContext.DisconnectStatusCode; got != 1001 {
		t.Errorf("disconnectStatusCode %d, want 1001", got)
	}
	if _, _, _, err := (ws.Dialer{}).Dial(t.Context(), "ws"+f.url[len("http"):]); err == nil {
		t.Error("a handshake was accepted after Shutdown")
	}
}

// A client that does not answer the close frame is cut off with Shutdown's context.
func TestShutdownLosesPatience(t *testing.T) {
	f := newFixture(t, local.Config{CloseTimeout: patience}, newFunction())
	f.dial()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.gateway.Shutdown(ctx); err == nil {
		t.Error("no error, want the context's")
	}
}
