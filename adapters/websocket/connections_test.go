package websocket_test

import (
	"slices"
	"testing"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

func TestConnectionsAreThoseThatAreOpen(t *testing.T) {
	engine := newFakeEngine()
	f := onSockets(t, websocket.Config{}, engine)
	wantConnections(t, f.server)
	first, second := f.dial(), f.dial()
	wantConnections(t, f.server, first.address.ID, second.address.ID)
	if err := f.server.Close(t.Context(), first.address, 4000, "bye"); err != nil {
		t.Fatal(err)
	}
	first.wantClose(4000, "bye")
	receive(t, engine.disconnected)
	wantConnections(t, f.server, second.address.ID)
}

func TestConnectionsMayBeClosedWhileTheyAreListed(t *testing.T) {
	f := onSockets(t, websocket.Config{}, newFakeEngine())
	clients := []*client{f.dial(), f.dial()}
	for id := range f.server.Connections() {
		if err := f.server.Close(t.Context(), ports.Address{ID: id}, 4000, "bye"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range clients {
		c.wantClose(4000, "bye")
	}
}

func wantConnections(t *testing.T, server *websocket.Server, want ...ports.ConnectionID) {
	t.Helper()
	got := slices.Sorted(server.Connections())
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("connections %q, want %q", got, want)
	}
}
