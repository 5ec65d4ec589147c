// Naive is the server that one writes first with graphql-go: graphql.Subscribe
// for every subscriber, which executes every event for each of them, on gobwas/ws.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/gobwas/ws"
	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/bench/internal/peer"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "naive:", err)
		os.Exit(1)
	}
}

func run() error {
	broker := peer.NewBroker[any]()
	schema, err := newSchema(broker)
	if err != nil {
		return err
	}
	upgrader := ws.HTTPUpgrader{Protocol: func(protocol string) bool { return protocol == "graphql-transport-ws" }}
	handler := func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := upgrader.Upgrade(r, w)
		if err != nil {
			return // the client has its answer
		}
		go newConnection(schema, conn).serve(context.WithoutCancel(r.Context()))
	}
	return peer.Serve(http.HandlerFunc(handler), func(published ...peer.Message) error {
		for _, message := range published {
			broker.Publish(message)
		}
		return nil
	})
}

type stateKey struct{}

func newSchema(broker *peer.Broker[any]) (graphql.Schema, error) {
	text := &graphql.Field{Type: graphql.NewNonNull(graphql.String)}
	message := graphql.NewNonNull(graphql.NewObject(graphql.ObjectConfig{Name: "Message", Fields: graphql.Fields{
		"id": {Type: graphql.NewNonNull(graphql.ID)}, "text": text, "author": text, "sentAt": text,
	}}))
	subscribe := func(p graphql.ResolveParams) (any, error) { return broker.Subscribe(p.Context, nil), nil }
	return graphql.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"ok": {Type: graphql.Boolean}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"message": {
				Type:      message,
				Args:      graphql.FieldConfigArgument{"suffix": {Type: graphql.String}},
				Subscribe: subscribe,
				Resolve: func(p graphql.ResolveParams) (any, error) {
					published, _ := p.Source.(peer.Message)
					suffix, _ := p.Args["suffix"].(string)
					published.Text += suffix
					return published, nil
				},
			},
			"personal": {
				Type:      message,
				Subscribe: subscribe,
				Resolve: func(p graphql.ResolveParams) (any, error) {
					published, _ := p.Source.(peer.Message)
					state, _ := p.Context.Value(stateKey{}).(peer.State)
					published.Author = state.Name
					return published, nil
				},
			},
		}}),
	})
}
