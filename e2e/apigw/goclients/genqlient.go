package main

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/Khan/genqlient/graphql"
	"github.com/gorilla/websocket"
)

// dialer is the one that genqlient's documentation has, with a count.
type dialer struct {
	*websocket.Dialer
	seen *report
}

// DialContext implements graphql.Dialer.
func (d dialer) DialContext(ctx context.Context, url string, header http.Header) (graphql.WSConn, error) {
	d.seen.note(func(r *report) { r.Sockets++ })
	conn, response, err := d.Dialer.DialContext(ctx, url, header)
	if response != nil {
		_ = response.Body.Close()
	}
	return conn, err
}

// genqlient does what the code does that it generates, and ends with the client.
func genqlient(url string, seen *report) error {
	client := graphql.NewClientUsingWebSocket(url, dialer{websocket.DefaultDialer, seen})
	failed, err := client.Start(context.Background())
	if err != nil {
		return err
	}
	results := make(chan json.RawMessage)
	_, err = client.Subscribe(&graphql.Request{Query: query, OpName: ""}, results, func(_ any, payload json.RawMessage) error {
		seen.received(string(payload), nil)
		return nil
	})
	if err != nil {
		return err
	}
	return <-failed
}
