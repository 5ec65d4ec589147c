package apigw_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/ports"
)

var errEngine = errors.New("the store is down")

// invoke has a handler answer an event of a WebSocket API.
func invoke(t *testing.T, config apigw.HandlerConfig, event string) (response events.APIGatewayProxyResponse, err error) {
	t.Helper()
	answer, err := newHandler(t, config).Invoke(t.Context(), []byte(event))
	if err == nil {
		err = json.Unmarshal(answer, &response)
	}
	return response, err
}

func newHandler(t *testing.T, config apigw.HandlerConfig) apigw.Handler {
	t.Helper()
	handler, err := apigw.NewHandler(config)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func address() ports.Address {
	return ports.Address{ID: "DUxRLfQsvHcCIYw=", Endpoint: "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"}
}

func TestConnectEvent(t *testing.T) {
	var got ports.Handshake
	engine := newFakeEngine()
	engine.connect = func(_ context.Context, handshake ports.Handshake) (ports.Accepted, error) {
		got = handshake
		return ports.Accepted{Protocol: "graphql-transport-ws"}, nil
	}
	response, err := invoke(t, apigw.HandlerConfig{Engine: engine}, `{
		"headers": {"sec-websocket-protocol": "graphql-transport-ws", "Cookie": "a=1", "only-here": "yes"},
		"multiValueHeaders": {"sec-websocket-protocol": ["graphql-ws , graphql-transport-ws", "other"], "COOKIE": ["a=1"]},
		"queryStringParameters": {"token": "2", "single": "yes"}, "multiValueQueryStringParameters": {"token": ["1", "2"]},
		`+connectContext+`}`)
	if err != nil || response.StatusCode != http.StatusOK || !maps.Equal(response.Headers, map[string]string{"Sec-WebSocket-Protocol": "graphql-transport-ws"}) {
		t.Errorf("answered %+v (%v)", response, err)
	}
	want := ports.Handshake{
		Address:    address(),
		RequestID:  "DUy_jEwmvHcFbIg=",
		ReceivedAt: time.UnixMilli(1707503008941),
		Protocols:  []string{"graphql-ws", "graphql-transport-ws", "other"},
		Header: map[string][]string{
			"Sec-Websocket-Protocol": {"graphql-ws , graphql-transport-ws", "other"}, "Cookie": {"a=1"}, "Only-Here": {"yes"},
		},
		Query:      map[string][]string{"token": {"1", "2"}, "single": {"yes"}},
		RemoteAddr: "192.0.2.1",
		Authorizer: map[string]any{"principalId": "ada", "team": "red"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the engine got\n%+v\nwant\n%+v", got, want)
	}
}

const connectContext = `"requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "requestTimeEpoch": 1707503008941, "stage": "prod",
	"identity": {"sourceIp": "192.0.2.1"}, "requestId": "DUy_jEwmvHcFbIg=", "domainName": "abc123.execute-api.eu-west-1.amazonaws.com",
	"connectionId": "DUxRLfQsvHcCIYw=", "authorizer": {"principalId": "ada", "team": "red"}}`

func TestProtocolsFromSingleValueHeaders(t *testing.T) {
	for _, name := range []string{"Sec-WebSocket-Protocol", "sec-websocket-protocol", "SEC-WEBSOCKET-PROTOCOL"} {
		var got []string
		engine := newFakeEngine()
		engine.connect = func(_ context.Context, handshake ports.Handshake) (ports.Accepted, error) {
			got = handshake.Protocols
			return ports.Accepted{}, nil
		}
		response, err := invoke(t, apigw.HandlerConfig{Engine: engine}, `{"headers": {"`+name+`": "one,two"}, `+connectContext+`}`)
		if err != nil || response.StatusCode != http.StatusOK || len(response.Headers) != 0 {
			t.Errorf("answered %+v (%v)", response, err)
		}
		if !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("%s: protocols %q", name, got)
		}
	}
}

func TestConnectRefused(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"with a status":    {&ports.Refusal{Status: 401, Reason: "who are you"}, 401},
		"subprotocol":      {&ports.Refusal{Status: 400, Code: 4406, Reason: "subprotocol"}, 400},
		"without a status": {&ports.Refusal{Reason: "no"}, 403},
		"wrapped":          {errors.Join(errors.New("hook"), &ports.Refusal{Status: 429}), 429},
		"no error status":  {&ports.Refusal{Status: 200}, 403},
	} {
		engine := newFakeEngine()
		engine.connect = func(context.Context, ports.Handshake) (ports.Accepted, error) { return ports.Accepted{}, test.err }
		response, err := invoke(t, apigw.HandlerConfig{Engine: engine}, `{`+connectContext+`}`)
		if err != nil || response.StatusCode != test.want {
			t.Errorf("%s: answered %d (%v), want %d", name, response.StatusCode, err, test.want)
		}
	}
}

func TestMessageEvent(t *testing.T) {
	for _, route := range []string{"$default", "subscribe"} {
		for body, coded := range map[string]string{"hello": "false", "aGVsbG8=": "true"} {
			var got ports.Message
			engine := newFakeEngine()
			engine.receive = func(_ context.Context, message ports.Message) error {
				got = message
				return nil
			}
			response, err := invoke(t, apigw.HandlerConfig{Engine: engine}, `{"body": "`+body+`", "isBase64Encoded": `+coded+`,
				"requestContext": {"routeKey": "`+route+`", "eventType": "MESSAGE", "messageId": "DUy_jfXtCGwCHTQ=", "requestTimeEpoch": 1707503008941,
				"stage": "prod", "requestId": "DUy_jEwmvHcFbIg=", "domainName": "abc123.execute-api.eu-west-1.amazonaws.com", "connectionId": "DUxRLfQsvHcCIYw="}}`)
			if err != nil || response.StatusCode != http.StatusOK || response.Body != "" {
				t.Errorf("answered %+v (%v)", response, err)
			}
			want := ports.Message{Address: address(), RequestID: "DUy_jEwmvHcFbIg=", ReceivedAt: time.UnixMilli(1707503008941), Data: []byte("hello")}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the engine got\n%+v\nwant\n%+v", got, want)
			}
		}
	}
}

func TestDisconnectEvent(t *testing.T) {
	engine := newFakeEngine()
	response, err := invoke(t, apigw.HandlerConfig{Engine: engine}, `{
		"requestContext": {"routeKey": "$disconnect", "eventType": "DISCONNECT", "disconnectStatusCode": 1001, "disconnectReason": "Going away",
		"stage": "prod", "domainName": "abc123.execute-api.eu-west-1.amazonaws.com", "connectionId": "DUxRLfQsvHcCIYw="}}`)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("answered %+v (%v)", response, err)
	}
	if got, want := <-engine.disconnected, (ports.Disconnection{Address: address(), Code: 1001, Reason: "Going away"}); got != want {
		t.Errorf("the engine got %+v, want %+v", got, want)
	}
}

func TestEngineFails(t *testing.T) {
	engine := newFakeEngine()
	engine.connect = func(context.Context, ports.Handshake) (ports.Accepted, error) { return ports.Accepted{}, errEngine }
	engine.receive = func(context.Context, ports.Message) error { return errEngine }
	engine.disconnect = func(context.Context, ports.Disconnection) error { return errEngine }
	for _, eventType := range []string{"CONNECT", "MESSAGE", "DISCONNECT"} {
		_, err := invoke(t, apigw.HandlerConfig{Engine: engine}, `{"requestContext": {"eventType": "`+eventType+`"}}`)
		if !errors.Is(err, errEngine) {
			t.Errorf("%s: got error %v, want the engine's", eventType, err)
		}
	}
}

// A client that has left before its answer came is no failure.
func TestClientIsGone(t *testing.T) {
	engine := newFakeEngine()
	engine.receive = func(context.Context, ports.Message) error { return &ports.Error{Op: "apigw.Push", Kind: ports.ErrGone} }
	response, err := invoke(t, apigw.HandlerConfig{Engine: engine}, `{"requestContext": {"eventType": "MESSAGE"}}`)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("answered %+v (%v), want 200", response, err)
	}
}

func TestFixedEndpoint(t *testing.T) {
	engine := newFakeEngine()
	if _, err := invoke(t, apigw.HandlerConfig{Engine: engine, Endpoint: "https://chat.example.com/ws"}, `{`+connectContext+`}`); err != nil {
		t.Fatal(err)
	}
	if got := (<-engine.addresses).Endpoint; got != "https://chat.example.com/ws" {
		t.Errorf("endpoint %s", got)
	}
}

func TestABodyThatIsNotBase64(t *testing.T) {
	_, err := invoke(t, apigw.HandlerConfig{Engine: newFakeEngine()}, `{"body": "?", "isBase64Encoded": true, "requestContext": {"eventType": "MESSAGE"}}`)
	if err == nil {
		t.Error("no error")
	}
}
