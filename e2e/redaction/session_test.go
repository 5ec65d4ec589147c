//go:build e2e

package redaction

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// Every secret begins like this.
const secret = "secret-"

// errPlain is how hooks and resolvers fail: what they say in their errors is their
// own affair.
var errPlain = errors.New("a plain failure")

// fail fails as the mode says: not at all, with an error, with a refusal, or by a
// panic.
func fail(mode string) error {
	switch mode {
	case "error":
		return errPlain
	case "refusal":
		return core.Public("no")
	case "panic":
		panic("a plain panic")
	}
	return nil
}

// hooks fail at the place that is named.
func hooks(place, mode string, failed func(error)) core.Hooks {
	at := func(name string) error {
		if name != place {
			return nil
		}
		return fail(mode)
	}
	return core.Hooks{
		OnConnect: func(context.Context, ports.Handshake) (core.Session, error) {
			return core.Session{State: map[string]string{"token": secret + "state"}, Identity: secret + "identity"}, at("OnConnect")
		},
		OnInit: func(_ context.Context, payload json.RawMessage) (core.Session, error) {
			return core.Session{State: payload}, at("OnInit")
		},
		OnSubscribe: func(_ context.Context, request ports.Request) (ports.Request, error) {
			return request, at("OnSubscribe")
		},
		OnTooLarge: func(context.Context, ports.OperationRef, json.RawMessage) (json.RawMessage, error) {
			return nil, at("OnTooLarge")
		},
		OnComplete:   func(context.Context, core.Completed) { _ = at("OnComplete") },
		OnDisconnect: func(context.Context, core.Disconnected) { _ = at("OnDisconnect") },
		FormatError:  func(_ context.Context, err error) error { return errors.Join(err, at("FormatError")) },
		OnError:      func(_ context.Context, err error) { failed(err) },
	}
}

// newSchema has resolvers that fail at the place that is named.
func newSchema(t *testing.T, publisher *core.Publisher, place, mode string) *graphqlgo.Schema {
	t.Helper()
	resolve := func(name string) graphql.FieldResolveFn {
		return func(p graphql.ResolveParams) (any, error) {
			if name == "mutation" {
				if err := publisher.Publish(p.Context, core.NewTopic[any]("feed").Event(map[string]any{"text": secret + "payload"})); err != nil {
					return nil, err
				}
			}
			if name == place {
				return secret + "result", fail(mode)
			}
			return secret + "result", nil
		}
	}
	text := func() graphql.FieldConfigArgument {
		return graphql.FieldConfigArgument{"token": {Type: graphql.String}}
	}
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"whoAmI": {Type: graphql.String, Args: text(), Resolve: resolve("query")},
		}}),
		Mutation: graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{
			"send": {Type: graphql.String, Args: text(), Resolve: resolve("mutation")},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"feed": {
				Type: graphql.String, Args: text(), Resolve: resolve("delivery"),
				Subscribe: func(p graphql.ResolveParams) (any, error) {
					if place == "Subscribe" {
						if err := fail(mode); err != nil {
							return nil, err
						}
					}
					initial := func(context.Context) (any, error) {
						if place == "Initial" {
							return nil, fail(mode)
						}
						return map[string]any{"text": secret + "initial"}, nil
					}
					return core.Subscribe(p.Context, []string{"feed"}, core.Where("text", core.Ne, secret+"filter"), core.Initial(initial))
				},
			},
		}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// session is what a client does that keeps its secrets everywhere: on a socket and
// over HTTP, what is right and what is wrong.
func session(t *testing.T, address string) {
	t.Helper()
	header := http.Header{"Authorization": {"Bearer " + secret + "header"}, "Cookie": {"session=" + secret + "cookie"}}
	request(t, "http://"+address+"/graphql", header)
	socket := open(t, address, header)
	if socket == nil {
		return
	}
	defer func() { _ = socket.Close() }()
	for _, message := range []string{
		`{"type":"connection_init","payload":{"token":"secret-init"}}`,
		`{"id":"1","type":"subscribe","payload":{"query":"subscription($t: String) { feed(token: $t) }","variables":{"t":"secret-variable"}}}`,
		`{"id":"2","type":"subscribe","payload":{"query":"mutation { send(token: \"secret-literal\") }"}}`,
		`{"id":"3","type":"subscribe","payload":{"query":"{ whoAmI(token: \"secret-literal\" "}}`,
		`{"id":"4","type":"subscribe","payload":{"query":"query($t: Int) { whoAmI(token: $t) }","variables":{"t":"secret-variable"}}}`,
		`{"type":"secret-type","payload":"secret-message`,
	} {
		if err := wsutil.WriteClientText(socket, []byte(message)); err != nil {
			return // closed before
		}
		if _, err := wsutil.ReadServerText(socket); err != nil {
			return
		}
	}
	for { // until the server has closed, which the library answers
		if _, err := wsutil.ReadServerText(socket); err != nil {
			return
		}
	}
}

// open returns nil if the handshake was refused.
func open(t *testing.T, address string, header http.Header) net.Conn {
	t.Helper()
	dialer := ws.Dialer{Protocols: []string{"graphql-transport-ws"}, Header: ws.HandshakeHeaderHTTP(header), Timeout: 10 * time.Second}
	conn, early, _, err := dialer.Dial(t.Context(), "ws://"+address+"/graphql?ticket=secret-query")
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return nil
	}
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if early != nil { // nothing is sent before connection_init
		t.Fatal("the server wrote before it was asked")
	}
	return conn
}

// request asks over HTTP.
func request(t *testing.T, url string, header http.Header) {
	t.Helper()
	body := strings.NewReader(`{"query":"query($t: String) { whoAmI(token: $t) }","variables":{"t":"secret-variable"}}`)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
}
