package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gorilla/websocket"
	"github.com/hasura/go-graphql-client"
)

// docs:start hasura

// hasuraConn is a connection for graphql.SubscriptionClient.WithWebSocket.
type hasuraConn struct {
	*websocket.Conn
	resumption *Resumption
}

// WriteJSON implements graphql.WebsocketConn.
func (c hasuraConn) WriteJSON(v any) error {
	message, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.WriteMessage(websocket.TextMessage, c.resumption.Outgoing(message))
}

// ReadJSON implements graphql.WebsocketConn.
func (c hasuraConn) ReadJSON(v any) error {
	for {
		_, message, err := c.ReadMessage()
		if err != nil {
			return err
		}
		if c.resumption.Incoming(message) {
			return json.Unmarshal(message, v)
		}
	}
}

// Ping implements graphql.WebsocketConn.
func (c hasuraConn) Ping() error {
	return c.WriteControl(websocket.PingMessage, nil, time.Now().Add(5*time.Second))
}

// GetCloseStatus implements graphql.WebsocketConn.
func (hasuraConn) GetCloseStatus(err error) int32 {
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		return int32(closed.Code)
	}
	return -1
}

// hasuraClient is a client whose subscriptions resume.
func hasuraClient(url string, dialer *websocket.Dialer) *graphql.SubscriptionClient {
	resumption := NewResumption()
	return graphql.NewSubscriptionClient(url).WithProtocol(graphql.GraphQLWS).
		WithSyncMode(true). // or else results are handled in any order
		WithWebSocket(func(ctx context.Context, endpoint string, options graphql.WebsocketOptions) (graphql.WebsocketConn, error) {
			dialer := *dialer
			dialer.Subprotocols = options.Subprotocols
			conn, _, err := dialer.DialContext(ctx, endpoint, nil)
			return hasuraConn{conn, resumption}, err
		})
}

// docs:end hasura

// hasura runs until the client gives up.
func hasura(url string, dialer *websocket.Dialer, variables map[string]any, said func(data []byte, err error)) error {
	client := hasuraClient(url, dialer).WithRetryDelay(50 * time.Millisecond).
		OnError(func(*graphql.SubscriptionClient, error) error { return nil }) // it connects again
	if _, err := client.Exec(query, variables, func(data []byte, err error) error {
		said(data, err)
		return nil
	}); err != nil {
		return err
	}
	return client.Run()
}
