//go:build e2e

package apigw

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// window is how long a client is watched after the end of its connection: in it a
// hot loop makes hundreds of connections.
const window = 3 * time.Second

// modern are the clients that speak graphql-transport-ws, and wrapped those that
// have one of them inside.
func modern() []string { return []string{"graphql-ws", "graphql-ws-5"} }

func wrapped() []string { return []string{"apollo", "apollo-3", "urql"} }

// refusing has an OnInit that says no.
func refusing() setup {
	return setup{hooks: core.Hooks{OnInit: func(context.Context, json.RawMessage) (core.Session, error) {
		return core.Session{}, core.Public("no entry")
	}}}
}

// kicking closes a connection with the code once it has its ack and has subscribed,
// which the gateway may hand to the engine in either order.
func kicking(code int) setup {
	var handled sync.Map // by connection: the message of the two that came first
	return setup{after: func(ctx context.Context, engine *core.Engine, message ports.Message) error {
		if !subscribes(message) && !bytes.Contains(message.Data, []byte(`"connection_init"`)) {
			return nil
		}
		if _, both := handled.LoadOrStore(message.Address.ID, true); !both {
			return nil
		}
		return engine.CloseConnection(ctx, message.Address.ID, code, "out you go")
	}}
}

// subscribes says whether a message begins an operation, in either subprotocol.
func subscribes(message ports.Message) bool {
	return bytes.Contains(message.Data, []byte(`"subscribe"`)) || bytes.Contains(message.Data, []byte(`"start"`))
}

// once is a setup that sees the first subscription only, besides the other messages.
func once(s setup) setup {
	var done atomic.Bool
	after := s.after
	s.after = func(ctx context.Context, engine *core.Engine, message ports.Message) error {
		if subscribes(message) && done.Swap(true) {
			return nil
		}
		return after(ctx, engine, message)
	}
	return s
}

// deleting is a pusher that only deletes, as one without a close notice does.
type deleting struct{ ports.Pusher }

// Close deletes the connection, whatever the code.
func (d deleting) Close(ctx context.Context, to ports.Address, _ int, reason string) error {
	return d.Pusher.Close(ctx, to, 1000, reason)
}

// TestDeletionAloneIsAHotLoop is why Pusher.Close is as it is, and what a broken
// one looks like to these tests: no backoff comes to so many sockets.
func TestDeletionAloneIsAHotLoop(t *testing.T) {
	t.Parallel()
	const loop = 50
	clients := map[string]client{}
	for _, name := range modern() {
		s := refusing()
		s.pusher = func(p ports.Pusher) ports.Pusher { return deleting{p} }
		clients[name] = client{Name: name, URL: start(t, s), Until: until{Sockets: loop}, Window: 1}
	}
	watch(t, clients, func(t *testing.T, got report) {
		if got.Sockets < loop {
			t.Errorf("%d sockets, want a hot loop", got.Sockets)
		}
	})
}

// TestRefusedClientsStop: one socket, an error, and silence.
func TestRefusedClientsStop(t *testing.T) {
	t.Parallel()
	clients := map[string]client{}
	for situation, s := range map[string]setup{
		"refused in OnInit":          refusing(),
		"disconnected after its ack": kicking(4403),
		"unauthorized after its ack": kicking(4401),
		"bad request":                kicking(4400),
		"too many inits":             kicking(4429),
		"an application's code":      kicking(4999),
	} {
		for _, name := range append(modern(), wrapped()...) {
			clients[situation+"/"+name] = client{Name: name, URL: start(t, s)}
		}
	}
	for _, name := range modern() {
		clients["operation ID in use/"+name] = client{Name: name, URL: start(t, setup{}) + "?twice"}
	}
	watch(t, clients, func(t *testing.T, got report) {
		if got.Sockets != 1 || len(got.Codes) != 1 {
			t.Errorf("%d sockets, closed with %v, want one", got.Sockets, got.Codes)
		}
		if len(got.Errors) == 0 {
			t.Error("its user got no error")
		}
	})
}

// TestEagerClientsBackOff: a user who retries on whatever error gets the client's
// own backoff, at least.
func TestEagerClientsBackOff(t *testing.T) {
	t.Parallel()
	clients := map[string]client{}
	for situation, s := range map[string]setup{"refused in OnInit": refusing(), "disconnected after its ack": kicking(4403)} {
		for _, name := range modern() {
			clients[situation+"/"+name] = client{Name: name, URL: start(t, s), Eager: true}
		}
	}
	watch(t, clients, func(t *testing.T, got report) {
		if got.Sockets > 3 {
			t.Errorf("%d sockets in %v, want its backoff of a second and more", got.Sockets, window)
		}
	})
}

func TestRefusedHandshakeStops(t *testing.T) {
	t.Parallel()
	s := setup{hooks: core.Hooks{OnConnect: func(context.Context, ports.Handshake) (core.Session, error) {
		return core.Session{}, core.Public("no entry")
	}}}
	clients := map[string]client{}
	for _, name := range modern() {
		clients[name] = client{Name: name, URL: start(t, s)}
	}
	watch(t, clients, func(t *testing.T, got report) {
		if got.Sockets != 1 || len(got.Errors) != 1 || !strings.Contains(got.Errors[0], "403") {
			t.Errorf("%d sockets, errors %q, want one of each, with 403", got.Sockets, got.Errors)
		}
	})
}

// TestClientsComeBack: after these codes a client connects and subscribes afresh.
func TestClientsComeBack(t *testing.T) {
	t.Parallel()
	clients := map[string]client{}
	for _, code := range []int{1000, 1001, 1012, 1013, 4408} {
		for _, name := range append(modern(), "subscriptions-transport-ws") {
			clients[strconv.Itoa(code)+"/"+name] = client{Name: name, URL: start(t, once(kicking(code))), Until: until{Results: 2}}
		}
	}
	watch(t, clients, func(t *testing.T, got report) {
		if got.Sockets != 2 || len(got.Results) != 2 || len(got.Errors) != 0 {
			t.Errorf("%d sockets, results %q, errors %q, want two sockets with a result each", got.Sockets, got.Results, got.Errors)
		}
	})
}

// TestLegacyClient: nothing stops one that is asked to reconnect. Its user receives the
// reason and, refused before its ack, it backs off.
func TestLegacyClient(t *testing.T) {
	t.Parallel()
	const name = "subscriptions-transport-ws"
	watch(t, map[string]client{
		"refused in OnInit":          {Name: name, URL: start(t, refusing())},
		"disconnected after its ack": {Name: name, URL: start(t, kicking(4403))},
	}, func(t *testing.T, got report) {
		want := "out you go"
		if strings.HasSuffix(t.Name(), "OnInit") {
			want = "no entry"
			if got.Sockets > 8 {
				t.Errorf("%d sockets in %v, want its backoff", got.Sockets, window)
			}
		}
		if len(got.Errors) == 0 || got.Errors[0] != want {
			t.Errorf("its user got %q, want the reason", got.Errors)
		}
	})
}
