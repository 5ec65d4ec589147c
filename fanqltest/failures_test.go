package fanqltest_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqltest"
	"github.com/fanql/fanql/ports"
)

// What does not go as expected has to fail the test, and say why. The bubble
// spares the tests the deadlines.
func TestExpectationsFail(t *testing.T) {
	for name, test := range map[string]struct {
		run  func(tb *recorder, server *fanqltest.Server, client *fanqltest.Client)
		want string
	}{
		"no result comes": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Send(`{"type":"ping"}`)
			fanqltest.Next[string](client.Subscribe("subscription {\n\tfeed(of: \"a\")\n}"))
		}, `expected a result of operation 1 (subscription { feed(of: "a") }), but nothing came within 5s; unread frames: {"type":"pong"}`},
		"the end comes in place of a result": {func(tb *recorder, server *fanqltest.Server, client *fanqltest.Client) {
			feed := client.Subscribe(feedOfA)
			if err := server.Engine.Publish(tb.Context(), core.NewTopic[any]("a").End()); err != nil {
				tb.Error(err)
			}
			feed.Result()
		}, `, got {"id":"1","type":"complete"}`},
		"a result has errors": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			fanqltest.Query[string](client, `{ broken }`)
		}, `expected a result of operation 1 ({ broken }) without errors, got [{Message:out of order Path:[broken] Extensions:map[]}]`},
		"a result has several fields": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			fanqltest.Query[string](client, `{ hello again: hello }`)
		}, `expected data of operation 1 ({ hello again: hello }) with one field, got {"hello":"world","again":"world"}`},
		"a result is of another type": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			fanqltest.Query[int](client, `{ hello }`)
		}, `that fits int, got "world": json: cannot unmarshal string`},
		"a result comes in place of errors": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Subscribe(`{ hello }`).Errors()
		}, `expected errors of operation 1 ({ hello }), got {"id":"1","type":"next","payload":{"data":{"hello":"world"}}}`},
		"a result with errors comes in place of errors": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Subscribe(`{ broken }`).Errors()
		}, `expected errors of operation 1 ({ broken }), got {"id":"1","type":"next"`},
		"errors come in place of a result": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Subscribe(`{ nonsense }`).Result()
		}, `expected a result of operation 1 ({ nonsense }), got {"id":"1","type":"error"`},
		"legacy errors come in place of a result": {func(tb *recorder, server *fanqltest.Server, _ *fanqltest.Client) {
			server.Connect(tb, fanqltest.Legacy()).Subscribe(`{ nonsense }`).Result()
		}, `expected a result of operation 1 ({ nonsense }), got {"id":"1","type":"error"`},
		"a query does not end": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			fanqltest.Query[string](client, `subscription { feed(of: "a topic with a long name", first: "1") }`)
		}, `expected the end of operation 1 (subscription { feed(of: "a topic with a long name", first: "…), but nothing came within 5s`},
		"a result comes in place of the end": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Subscribe(`{ hello }`).Completed()
		}, `expected the end of operation 1 ({ hello }), got {"id":"1","type":"next"`},
		"something comes in place of nothing": {func(tb *recorder, server *fanqltest.Server, client *fanqltest.Client) {
			feed := client.Subscribe(feedOfA)
			publish(tb, server, "a", "1", "2")
			feed.Nothing()
		}, `expected nothing more of operation 1 (subscription { feed(of: "a") }), got {"id":"1","type":"next","payload":{"data":{"feed":"1"}}} {"id":"1",`},
		"a frame comes in place of nothing": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Send(`{"type":"ping"}`)
			client.Nothing()
		}, `expected nothing for the connection, got {"type":"pong"}`},
		"nothing comes because the connection was closed": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			feed := client.Subscribe(feedOfA)
			client.Send(`{"type":"connection_init"}`)
			feed.Nothing()
		}, `but the server closed the connection with 4429: Too many initialisation requests`},
		"no frame comes": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Frame()
		}, `expected a frame, but nothing came within 5s`},
		"another close code": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Send(`nonsense`)
			client.Closed(4401)
		}, `expected the connection to be closed with 4401, but the server closed the connection with 4400: message is not a JSON object`},
		"no close": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Closed(4401)
		}, `expected the connection to be closed with 4401, but nothing came within 5s`},
		"sending after a close": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Send(`nonsense`)
			client.Send(`{"type":"ping"}`)
		}, `sending {"type":"ping"}: the server closed the connection with 4400`},
		"subscribing after leaving": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Disconnect()
			client.Subscribe(feedOfA)
		}, `sending a message of type subscribe: the client has disconnected`},
		"reading after leaving": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			feed := client.Subscribe(feedOfA)
			client.Disconnect()
			feed.Result()
		}, `but the client has disconnected`},
		"variables without JSON": {func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Subscribe(feedOfA, fanqltest.Variables{"x": func() {}})
		}, `sending a message of type subscribe: json: unsupported type: func()`},
		"somebody is let in": {func(tb *recorder, server *fanqltest.Server, _ *fanqltest.Client) {
			server.Refused(tb)
		}, `expected the client to be refused, got {"type":"connection_ack"}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := record(t, func(tb *recorder) {
					server := newServer(tb)
					test.run(tb, server, server.Connect(tb))
				})
				r.failed(t, "fanqltest: ")
				r.failed(t, test.want)
			})
		})
	}
}

func TestConnectingFails(t *testing.T) {
	onConnect := func(err error) core.Hooks {
		return core.Hooks{OnConnect: func(context.Context, ports.Handshake) (core.Session, error) { return core.Session{}, err }}
	}
	onInit := func(err error) core.Hooks {
		return core.Hooks{OnInit: func(context.Context, json.RawMessage) (core.Session, error) { return core.Session{}, err }}
	}
	connect := func(tb *recorder, server *fanqltest.Server) { server.Connect(tb) }
	for name, test := range map[string]struct {
		hooks core.Hooks
		run   func(tb *recorder, server *fanqltest.Server)
		want  string
	}{
		"a handshake is refused":           {onConnect(core.Public("no")), connect, "expected the handshake to be accepted, got: refused with status 403 and code 4403: no"},
		"connection_init is refused":       {onInit(core.Public("no")), connect, "expected connection_ack, but the server closed the connection with 4403: no"},
		"legacy connection_init":           {onInit(core.Public("no")), func(tb *recorder, server *fanqltest.Server) { server.Connect(tb, fanqltest.Legacy()) }, `expected connection_ack, got {"type":"connection_error"`},
		"a handshake fails":                {onConnect(errors.New("broken")), connect, "expected the handshake to be accepted, got: OnConnect hook: broken"},
		"a handshake fails, not a refusal": {onConnect(errors.New("broken")), func(tb *recorder, server *fanqltest.Server) { server.Refused(tb) }, "expected the client to be refused, but the handshake failed: OnConnect hook: broken"},
	} {
		t.Run(name, func(t *testing.T) {
			record(t, func(tb *recorder) {
				test.run(tb, fanqltest.New(tb, core.Config{Schema: feedSchema(tb), Hooks: test.hooks}))
			}).failed(t, test.want)
		})
	}
}

// stuckBus takes events and never delivers any.
type stuckBus struct{}

func (*stuckBus) Publish(context.Context, ...ports.Event) error { return nil }

func (*stuckBus) Flush(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestFlushFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		record(t, func(tb *recorder) {
			server := fanqltest.New(tb, core.Config{Schema: feedSchema(tb), Bus: &stuckBus{}})
			server.Timeout = time.Minute
			server.Flush(tb)
		}).failed(t, "expected everything that was published to be delivered within 1m0s: context deadline exceeded")
	})
}
