package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/Khan/genqlient/graphql"
	"github.com/gorilla/websocket"
)

// docs:start genqlient

// genqlientDialer is one for graphql.NewClientUsingWebSocket. The client does not connect
// again by itself: make another with the same dialer, and subscribe again.
type genqlientDialer struct {
	*websocket.Dialer
	resumption *Resumption
}

// DialContext implements graphql.Dialer.
func (d genqlientDialer) DialContext(ctx context.Context, url string, header http.Header) (graphql.WSConn, error) {
	conn, _, err := d.Dialer.DialContext(ctx, url, header)
	return genqlientConn{conn, d.resumption}, err
}

type genqlientConn struct {
	*websocket.Conn
	resumption *Resumption
}

// WriteMessage implements graphql.WSConn.
func (c genqlientConn) WriteMessage(kind int, message []byte) error {
	return c.Conn.WriteMessage(kind, c.resumption.Outgoing(message))
}

// ReadMessage implements graphql.WSConn.
func (c genqlientConn) ReadMessage() (kind int, message []byte, err error) {
	for {
		if kind, message, err = c.Conn.ReadMessage(); err != nil || c.resumption.Incoming(message) {
			return kind, message, err
		}
	}
}

// docs:end genqlient

// genqlient does what the code does that it generates, again whenever its connection is
// lost.
func genqlient(url string, dialer *websocket.Dialer, variables map[string]any, said func(data []byte, err error)) error {
	resuming := genqlientDialer{dialer, NewResumption()}
	for {
		client := graphql.NewClientUsingWebSocket(url, resuming)
		failed, err := client.Start(context.Background())
		if err == nil {
			results := make(chan json.RawMessage)
			_, err = client.Subscribe(&graphql.Request{Query: query, Variables: variables}, results, func(_ any, payload json.RawMessage) error {
				var result struct{ Data json.RawMessage }
				err := json.Unmarshal(payload, &result)
				said(result.Data, err)
				return nil
			})
		}
		if err == nil {
			<-failed
		}
		time.Sleep(50 * time.Millisecond)
	}
}
