// Quickstart is the smallest whole server: one subscription, in memory.
package main

import (
	"context"
	"log"
	"net/http"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
)

// docs:start schema

// Message is what the subscription sends.
type Message struct {
	Text string `json:"text"`
}

func newSchema() (*graphqlgo.Schema, error) {
	messages := core.NewTopic[Message]("messages")
	message := graphql.NewObject(graphql.ObjectConfig{Name: "Message", Fields: graphql.Fields{
		"text": {Type: graphql.String},
	}})
	return graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"hello": {Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) { return "world", nil }},
		}}),
		Mutation: graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{
			"send": {
				Type: message,
				Args: graphql.FieldConfigArgument{"text": {Type: graphql.NewNonNull(graphql.String)}},
				Resolve: func(p graphql.ResolveParams) (any, error) {
					sent := Message{Text: p.Args["text"].(string)}
					return sent, messages.Publish(p.Context, sent)
				},
			},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"messages": {
				Type:      message,
				Subscribe: func(p graphql.ResolveParams) (any, error) { return messages.Subscribe(p.Context) },
				Resolve:   func(p graphql.ResolveParams) (any, error) { return messages.Payload(p.Context) },
			},
		}}),
	})
}

// docs:end schema

// docs:start main
func main() {
	sockets, err := websocket.NewServer(websocket.Config{})
	if err != nil {
		log.Fatal(err)
	}
	backend, err := memory.New(memory.Config{})
	if err != nil {
		log.Fatal(err)
	}

	schema, err := newSchema()
	if err != nil {
		log.Fatal(err)
	}
	engine, err := core.New(core.Config{
		Schema: schema, Store: backend, Bus: backend, Pusher: sockets,
	})
	if err != nil {
		log.Fatal(err)
	}
	requests, err := graphqlhttp.NewHandler(engine, graphqlhttp.Config{})
	if err != nil {
		log.Fatal(err)
	}

	go func() { log.Fatal(backend.Consume(context.Background(), engine.Deliver)) }()
	http.Handle("/subscriptions", sockets.Handler(engine))
	http.Handle("/graphql", requests)
	log.Println("GraphQL at http://localhost:8080/graphql, subscriptions at ws://localhost:8080/subscriptions")
	log.Fatal(http.ListenAndServe("localhost:8080", nil)) //nolint:gosec // the smallest server there is
}

// docs:end main
