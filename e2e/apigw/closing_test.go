//go:build e2e

package apigw

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// window is how long a client is watched: in it a hot loop makes hundreds of
// connections.
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

// kicking closes a connection with the code once it has subscribed.
func kicking(code int) setup {
	return setup{after: func(ctx context.Context, engine *core.Engine, message ports.Message) error {
		if !subscribes(message) {
			return nil
		}
		return engine.CloseConnection(ctx, message.Address.ID, code, "out you go")
	}}
}

func subscribes(message ports.Message) bool {
	return bytes.Contains(message.Data, []byte(`"subscribe"`)) || bytes.Contains(message.Data, []byte(`"start"`))
}

// once is a setup that does what it does to the first subscription only.
func once(s setup) setup {
	var done atomic.Bool
	after := s.after
	s.after = func(ctx context.Context, engine *core.Engine, message ports.Message) error {
		if !subscribes(message) || done.Swap(true) {
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
// one looks like to these tests.
func TestDeletionAloneIsAHotLoop(t *testing.T) {
	for _, client := range modern() {
		t.Run(client, func(t *testing.T) {
			s := refusing()
			s.pusher = func(p ports.Pusher) ports.Pusher { return deleting{p} }
			if got := watch(t, client, start(t, s)); got.Sockets < 50 {
				t.Errorf("%d sockets, want a hot loop", got.Sockets)
			}
		})
	}
}

// TestRefusedClientsStop: one socket, an error, and silence.
func TestRefusedClientsStop(t *testing.T) {
	t.Parallel()
	situations := map[string]struct {
		setup setup
		query string
	}{
		"refused in OnInit":          {setup: refusing()},
		"disconnected after its ack": {setup: kicking(4403)},
		"unauthorized after its ack": {setup: kicking(4401)},
		"bad request":                {setup: kicking(4400)},
		"too many inits":             {setup: kicking(4429)},
		"an application's code":      {setup: kicking(4999)},
		"operation ID in use":        {query: "?twice"},
	}
	for name, situation := range situations {
		clients := modern()
		if situation.query == "" {
			clients = append(clients, wrapped()...)
		}
		for _, client := range clients {
			t.Run(name+"/"+client, func(t *testing.T) {
				t.Parallel()
				got := watch(t, client, start(t, situation.setup)+situation.query)
				if got.Sockets != 1 || len(got.Codes) != 1 {
					t.Errorf("%d sockets, closed with %v, want one", got.Sockets, got.Codes)
				}
				if len(got.Errors) == 0 {
					t.Error("its user got no error")
				}
			})
		}
	}
}

// TestEagerClientsBackOff: a user who retries on whatever error gets the client's
// own backoff, at least.
func TestEagerClientsBackOff(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]setup{"refused in OnInit": refusing(), "disconnected after its ack": kicking(4403)} {
		for _, client := range modern() {
			t.Run(name+"/"+client, func(t *testing.T) {
				t.Parallel()
				if got := watch(t, client, start(t, s), "eager"); got.Sockets > 3 {
					t.Errorf("%d sockets in %v, want its backoff of a second and more", got.Sockets, window)
				}
			})
		}
	}
}

func TestRefusedHandshakeStops(t *testing.T) {
	t.Parallel()
	s := setup{hooks: core.Hooks{OnConnect: func(context.Context, ports.Handshake) (core.Session, error) {
		return core.Session{}, core.Public("no entry")
	}}}
	for _, client := range modern() {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			got := watch(t, client, start(t, s))
			if got.Sockets != 1 || len(got.Errors) != 1 || !strings.Contains(got.Errors[0], "403") {
				t.Errorf("%d sockets, errors %q, want one of each, with 403", got.Sockets, got.Errors)
			}
		})
	}
}

// TestClientsComeBack: after these codes a client connects and subscribes afresh.
func TestClientsComeBack(t *testing.T) {
	t.Parallel()
	for _, code := range []int{1000, 1001, 1012, 1013, 4408} {
		for _, client := range append(modern(), "subscriptions-transport-ws") {
			t.Run(strconv.Itoa(code)+"/"+client, func(t *testing.T) {
				t.Parallel()
				got := watch(t, client, start(t, once(kicking(code))))
				if got.Sockets != 2 || len(got.Results) != 2 || len(got.Errors) != 0 {
					t.Errorf("%d sockets, results %q, errors %q, want two sockets with a result each", got.Sockets, got.Results, got.Errors)
				}
			})
		}
	}
}

// TestLegacyClient: nothing stops one that is told to reconnect; it hears the
// reason and, refused before its ack, backs off.
func TestLegacyClient(t *testing.T) {
	t.Parallel()
	const client = "subscriptions-transport-ws"
	t.Run("refused in OnInit", func(t *testing.T) {
		t.Parallel()
		got := watch(t, client, start(t, refusing()))
		if got.Sockets > 8 {
			t.Errorf("%d sockets in %v, want its backoff", got.Sockets, window)
		}
		if len(got.Errors) == 0 || got.Errors[0] != "no entry" {
			t.Errorf("its user got %q, want the reason", got.Errors)
		}
	})
	t.Run("disconnected after its ack", func(t *testing.T) {
		t.Parallel()
		if got := watch(t, client, start(t, kicking(4403))); len(got.Errors) == 0 || got.Errors[0] != "out you go" {
			t.Errorf("its user got %q, want the reason", got.Errors)
		}
	})
}
