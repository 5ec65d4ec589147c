// Quickstart is the smallest whole server: one subscription, in memory.
package main

// docs:start imports
import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
)

// docs:end imports

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
			// docs:start subscription
			"messages": {
				Type:      message,
				Subscribe: func(p graphql.ResolveParams) (any, error) { return messages.Subscribe(p.Context) },
				Resolve:   func(p graphql.ResolveParams) (any, error) { return messages.Payload(p.Context) },
			},
			// docs:end subscription
		}}),
	})
}

// docs:end schema

// docs:start main
func main() {
	schema, err := newSchema()
	if err != nil {
		log.Fatal(err)
	}
	server, err := fanql.NewServer(fanql.Config{Schema: schema})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = server.ListenAndServe(ctx, "localhost:8080")
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// docs:end main
