// Fanql is a server of this project: the engine, the memory adapters,
// adapters/websocket, and adapters/graphqlhttp for streams.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/bench/internal/peer"
	"github.com/fanql/fanql/core"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "fanql:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	keep := flag.Bool("keep", false, "keep events, so that clients can resume")
	flag.Parse()
	var options []core.TopicOption
	if *keep {
		options = append(options, core.Keep(100, time.Minute))
	}
	messages := core.NewTopic[peer.Message]("message", options...)
	schema, err := newSchema(messages)
	if err != nil {
		return err
	}
	sockets, err := websocket.NewServer(websocket.Config{FramesPerSecond: 1 << 20}) // of the client that publishes
	if err != nil {
		return err
	}
	backend, err := memory.New(memory.Config{})
	if err != nil {
		return err
	}
	engine, err := core.New(core.Config{Schema: schema, Store: backend, Bus: backend, History: backend, Pusher: sockets,
		MaxMessagesPerSecond: 1 << 20, // of the client that publishes
		Hooks: core.Hooks{OnInit: func(_ context.Context, payload json.RawMessage) (core.Session, error) {
			return core.Session{State: payload}, nil
		}}})
	if err != nil {
		return err
	}
	requests, err := graphqlhttp.NewHandler(engine, graphqlhttp.Config{
		Streams: sockets.Streams(engine),
		ConnectionParams: func(r *http.Request) (map[string]any, error) {
			return map[string]any{"name": r.Header.Get("X-Name")}, nil
		},
	})
	if err != nil {
		return err
	}
	upgrades := sockets.Handler(engine)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			upgrades.ServeHTTP(w, r)
			return
		}
		requests.ServeHTTP(w, r)
	})
	go func() { _ = backend.Consume(ctx, engine.Deliver) }()
	return peer.Serve(handler, func(published ...peer.Message) error {
		events := make([]core.Event, len(published))
		for i, message := range published {
			events[i] = messages.Event(message)
		}
		return engine.Publish(ctx, events...)
	})
}

func newSchema(messages core.Topic[peer.Message]) (*graphqlgo.Schema, error) {
	text := &graphql.Field{Type: graphql.NewNonNull(graphql.String)}
	message := graphql.NewNonNull(graphql.NewObject(graphql.ObjectConfig{Name: "Message", Fields: graphql.Fields{
		"id": {Type: graphql.NewNonNull(graphql.ID)}, "text": text, "author": text, "sentAt": text,
	}}))
	id := &graphql.ArgumentConfig{Type: graphql.NewNonNull(graphql.ID)}
	argument := &graphql.ArgumentConfig{Type: graphql.NewNonNull(graphql.String)}
	subscribe := func(p graphql.ResolveParams) (any, error) { return messages.Subscribe(p.Context) }
	return graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"ok": {Type: graphql.Boolean}}}),
		Mutation: graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{
			"send": {
				Type: message,
				Args: graphql.FieldConfigArgument{"id": id, "text": argument, "author": argument, "sentAt": argument},
				Resolve: func(p graphql.ResolveParams) (any, error) {
					sent := peer.Message{}
					sent.ID, _ = p.Args["id"].(string)
					sent.Text, _ = p.Args["text"].(string)
					sent.Author, _ = p.Args["author"].(string)
					sent.SentAt, _ = p.Args["sentAt"].(string)
					return sent, messages.Publish(p.Context, sent)
				},
			},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"message": {
				Type:      message,
				Args:      graphql.FieldConfigArgument{"suffix": {Type: graphql.String}},
				Subscribe: subscribe,
				Resolve: func(p graphql.ResolveParams) (any, error) {
					payload, err := messages.Payload(p.Context)
					suffix, _ := p.Args["suffix"].(string)
					payload.Text += suffix
					return payload, err
				},
			},
			"personal": {
				Type:      message,
				Subscribe: subscribe,
				Resolve: func(p graphql.ResolveParams) (any, error) {
					state, err := core.StateAs[peer.State](p.Context)
					if err != nil {
						return nil, err
					}
					payload, err := messages.Payload(p.Context)
					payload.Author = state.Name
					return payload, err
				},
			},
		}}),
	})
}
