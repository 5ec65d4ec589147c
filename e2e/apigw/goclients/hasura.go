package main

import (
	"net/http"

	"github.com/hasura/go-graphql-client"
)

// hasura runs until the client gives up.
func hasura(subprotocol, url string, seen *report) error {
	client := graphql.NewSubscriptionClient(url).
		WithProtocol(graphql.SubscriptionProtocolType(subprotocol)).
		WithWebSocketOptions(graphql.WebsocketOptions{HTTPClient: &http.Client{Transport: seen}}).
		OnError(func(_ *graphql.SubscriptionClient, err error) error {
			seen.received("", err)
			return nil // the client goes on, as without this hook
		})
	_, err := client.Exec(query, nil, func(data []byte, err error) error {
		seen.received(string(data), err)
		return nil
	})
	if err != nil {
		return err
	}
	return client.Run()
}
