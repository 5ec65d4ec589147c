package fanql_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// TestHangingResolversKeepNobodyOut: neither who opens many connections for queries
// that never end, nor many clients that each have one.
func TestHangingResolversKeepNobodyOut(t *testing.T) {
	t.Parallel()
	const places = 64
	for name, attack := range map[string]struct {
		connections, operations int
		identity                func(connection int) string
		hooks                   core.Hooks
	}{
		"of one identity":               {60, 2, func(int) string { return "greedy" }, core.Hooks{OnInit: identityOfInit}},
		"of one, as the handshake says": {60, 2, func(int) string { return "greedy" }, core.Hooks{OnConnect: identityOfHandshake}},
		"of many":                       {20, 8, strconv.Itoa, core.Hooks{OnInit: identityOfInit}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schema, hanging := hangingSchema()
			p := start(t, fanql.Config{
				Schema: schema, Hooks: attack.hooks, Logger: slog.New(slog.DiscardHandler), // of those that hang
				WebSocket: func(c *websocket.Config) {
					c.MaxConcurrentTotal, c.HandleTimeout, c.DrainTime = places, time.Hour, time.Millisecond
				},
			})
			for connection := range attack.connections {
				conn := p.open(t, attack.identity(connection))
				for id := range attack.operations {
					write(t, conn, `{"type":"subscribe","id":"`+strconv.Itoa(id)+`","payload":{"query":"{ hang }"}}`)
				}
			}
			for deadline := time.Now().Add(patience); hanging.Load() < places/4; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d resolvers hang", hanging.Load())
				}
			}
			newcomer := p.open(t, "modest")
			write(t, newcomer, `{"type":"subscribe","id":"1","payload":{"query":"{ hello }"}}`)
			if got := read(t, newcomer); got != `{"id":"1","type":"next","payload":{"data":{"hello":"world"}}}` {
				t.Errorf("the newcomer got %s", got)
			}
		})
	}
}

// hangingSchema has a field that ends with its context, and counts those that hang.
func hangingSchema() (*graphqlgo.Schema, *atomic.Int64) {
	hanging := new(atomic.Int64)
	return must.Make(graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"hello": {Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) { return "world", nil }},
			"hang": {Type: graphql.String, Resolve: func(p graphql.ResolveParams) (any, error) {
				hanging.Add(1)
				<-p.Context.Done()
				return nil, p.Context.Err()
			}},
		}}),
	})), hanging
}

func identityOfInit(_ context.Context, payload json.RawMessage) (core.Session, error) {
	var identity string
	err := json.Unmarshal(payload, &struct{ Name *string }{&identity})
	return core.Session{Identity: identity}, err
}

func identityOfHandshake(_ context.Context, handshake ports.Handshake) (core.Session, error) {
	return core.Session{Identity: handshake.Query.Get("name")}, nil
}

// open is a socket whose connection_init was accepted.
func (p *process) open(t *testing.T, identity string) net.Conn {
	t.Helper()
	conn, _, _, err := ws.Dialer{Protocols: []string{"graphql-transport-ws"}, Timeout: patience}.Dial(t.Context(), "ws://"+p.address+"/graphql?name="+identity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	write(t, conn, `{"type":"connection_init","payload":{"name":"`+identity+`"}}`)
	read(t, conn) // the ack
	return conn
}
