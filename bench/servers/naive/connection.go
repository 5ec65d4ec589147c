package main

import (
	"context"
	"encoding/json"
	"net"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/bench/internal/peer"
)

// connection speaks as much graphql-transport-ws as the benchmark asks for.
type connection struct {
	schema graphql.Schema
	state  peer.State

	mu   sync.Mutex // one frame at a time
	conn net.Conn
}

func newConnection(schema graphql.Schema, conn net.Conn) *connection {
	return &connection{schema: schema, conn: conn}
}

type message struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type"`
	Payload any    `json:"payload,omitempty"`
}

type received struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

// serve reads until the socket ends, and with it every subscription.
func (c *connection) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer c.conn.Close()
	for {
		data, err := wsutil.ReadClientText(c.conn)
		if err != nil {
			return
		}
		var asked received
		if json.Unmarshal(data, &asked) != nil || c.handle(ctx, asked) != nil {
			return
		}
	}
}

func (c *connection) handle(ctx context.Context, asked received) error {
	switch asked.Type {
	case "connection_init":
		if err := json.Unmarshal(asked.Payload, &c.state); err != nil {
			return err
		}
		return c.send(message{Type: "connection_ack"})
	case "subscribe":
		go c.subscribe(context.WithValue(ctx, stateKey{}, c.state), asked)
	}
	return nil
}

func (c *connection) subscribe(ctx context.Context, asked received) {
	var request struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if json.Unmarshal(asked.Payload, &request) != nil {
		return
	}
	results := graphql.Subscribe(graphql.Params{
		Schema: c.schema, RequestString: request.Query, VariableValues: request.Variables, Context: ctx,
	})
	for result := range results {
		if c.send(message{ID: asked.ID, Type: "next", Payload: result}) != nil {
			return // the reader meets the same
		}
	}
}

// send writes a frame with one system call; wsutil would take two.
func (c *connection) send(m message) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	frame, err := ws.CompileFrame(ws.NewTextFrame(data))
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.conn.Write(frame)
	return err
}
