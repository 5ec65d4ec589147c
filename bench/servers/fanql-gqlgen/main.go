// Fanql-gqlgen is a server of this project with the schema of the server gqlgen:
// the same generated code, on the engine.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/bench/internal/peer"
	"github.com/fanql/fanql/bench/servers/gqlgen/graph"
	"github.com/fanql/fanql/core"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "fanql-gqlgen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	messages := core.NewTopic[peer.Message]("message")
	schema, err := gqlgen.New(graph.NewExecutableSchema(graph.Config{Resolvers: resolvers{messages}}))
	if err != nil {
		return err
	}
	sockets, err := websocket.NewServer(websocket.Config{})
	if err != nil {
		return err
	}
	backend, err := memory.New(memory.Config{})
	if err != nil {
		return err
	}
	engine, err := core.New(core.Config{Schema: schema, Store: backend, Bus: backend, Pusher: sockets,
		Hooks: core.Hooks{OnInit: func(_ context.Context, payload json.RawMessage) (core.Session, error) {
			return core.Session{State: payload}, nil
		}}})
	if err != nil {
		return err
	}
	go func() { _ = backend.Consume(ctx, engine.Deliver) }()
	return peer.Serve(sockets.Handler(engine), func(published ...peer.Message) error {
		events := make([]core.Event, len(published))
		for i, message := range published {
			events[i] = messages.Event(message)
		}
		return engine.Publish(ctx, events...)
	})
}

type resolvers struct{ messages core.Topic[peer.Message] }

func (r resolvers) Query() graph.QueryResolver { return r }

func (r resolvers) Subscription() graph.SubscriptionResolver { return r }

func (resolvers) Ok(context.Context) (*bool, error) { return nil, nil }

func (r resolvers) Message(ctx context.Context, suffix *string) (<-chan *peer.Message, error) {
	return r.changed(ctx, func(message *peer.Message) error {
		if suffix != nil {
			message.Text += *suffix
		}
		return nil
	})
}

func (r resolvers) Personal(ctx context.Context) (<-chan *peer.Message, error) {
	return r.changed(ctx, func(message *peer.Message) error {
		state, err := core.StateAs[peer.State](ctx)
		message.Author = state.Name
		return err
	})
}

// changed changes the event that the topic's channel holds, if any.
func (r resolvers) changed(ctx context.Context, change func(*peer.Message) error) (<-chan *peer.Message, error) {
	events, err := r.messages.Channel(ctx)
	if err != nil {
		return nil, err
	}
	changed := make(chan *peer.Message, 1)
	defer close(changed)
	for event := range events {
		if err := change(&event); err != nil {
			return nil, err
		}
		changed <- &event
	}
	return changed, nil
}
