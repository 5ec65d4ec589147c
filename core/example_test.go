package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// Score is the payload of the examples' topic.
type Score struct {
	Home, Away int
}

// User is the connection state of the examples.
type User struct {
	Name string
}

var scores = core.NewTopic[Score]("scores")

// subscriptionSchema is a schema with one subscription field.
func subscriptionSchema(name string, field *graphql.Field) *graphqlgo.Schema {
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"version": {Type: graphql.Int},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{name: field}}),
	})
	if err != nil {
		panic(err)
	}
	return schema
}

// A program makes an engine of a schema and four ports. What a transport would do
// for a real socket is done by hand here.
func ExampleNew() {
	ctx := context.Background()
	backend, pusher := must.Make(memory.New(memory.Config{})), must.Make(memory.NewPusher(memory.PusherConfig{}))
	engine, err := core.New(core.Config{
		Schema: subscriptionSchema("score", &graphql.Field{
			Type:      graphql.String,
			Subscribe: func(p graphql.ResolveParams) (any, error) { return scores.Subscribe(p.Context) },
			Resolve: func(p graphql.ResolveParams) (any, error) {
				score, err := scores.Payload(p.Context)
				return fmt.Sprintf("%d:%d", score.Home, score.Away), err
			},
		}),
		Store: backend, Bus: backend, Pusher: pusher,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	client := connect(ctx, engine, pusher)
	client.send(`{"type":"subscribe","id":"1","payload":{"query":"subscription { score }"}}`)

	// Publishing works from anywhere that has the bus; here it is the engine.
	if err := engine.Publish(ctx, scores.Event(Score{Home: 1, Away: 0})); err != nil {
		fmt.Println(err)
		return
	}
	deliver(ctx, backend, engine)
	fmt.Println(client.receive())
	// Output: {"id":"1","type":"next","payload":{"data":{"score":"1:0"}}}
}

// A hook decides who may connect, and what it returns as state is what resolvers
// read.
func ExampleHooks() {
	// docs:start hooks
	hooks := core.Hooks{
		OnInit: func(_ context.Context, payload json.RawMessage) (core.Session, error) {
			var credentials struct{ Token string }
			if err := json.Unmarshal(payload, &credentials); err != nil || credentials.Token != "secret" {
				return core.Session{}, core.Public("wrong token")
			}
			return core.Session{State: User{Name: "ann"}}, nil
		},
	}
	// docs:end hooks
	schema := subscriptionSchema("mine", &graphql.Field{
		Type: graphql.String,
		// docs:start state
		Subscribe: func(p graphql.ResolveParams) (any, error) {
			user, err := core.StateAs[User](p.Context)
			if err != nil {
				return nil, err
			}
			return core.Subscribe(p.Context, []string{"user/" + user.Name, "everyone"})
		},
		// docs:end state
		Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
	})

	ctx := context.Background()
	backend, pusher := must.Make(memory.New(memory.Config{})), must.Make(memory.NewPusher(memory.PusherConfig{}))
	engine, err := core.New(core.Config{
		Schema: schema, Store: backend, Bus: backend, Pusher: pusher, Hooks: hooks,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := connect(ctx, engine, pusher)
	client.send(`{"type":"subscribe","id":"1","payload":{"query":"subscription { mine }"}}`)
	_ = engine.Publish(ctx, core.NewTopic[any]("user/ann").Event("for you alone"))
	_ = engine.Publish(ctx, core.NewTopic[any]("everyone").Event("for everyone"))
	deliver(ctx, backend, engine)
	fmt.Println(client.receive())
	fmt.Println(client.receive())
	// Unordered output:
	// {"id":"1","type":"next","payload":{"data":{"mine":"for you alone"}}}
	// {"id":"1","type":"next","payload":{"data":{"mine":"for everyone"}}}
}

// The initial result is made once the subscription is in place, so nothing that
// is published meanwhile is lost.
func ExampleInitial() {
	schema := subscriptionSchema("score", &graphql.Field{
		Type: graphql.Int,
		// docs:start initial
		Subscribe: func(p graphql.ResolveParams) (any, error) {
			return scores.Subscribe(p.Context, core.Initial(func(context.Context) (any, error) {
				return Score{Home: 2}, nil // from a database, say
			}))
		},
		// docs:end initial
		Resolve: func(p graphql.ResolveParams) (any, error) {
			score, err := scores.Payload(p.Context)
			return score.Home, err
		},
	})

	ctx := context.Background()
	backend, pusher := must.Make(memory.New(memory.Config{})), must.Make(memory.NewPusher(memory.PusherConfig{}))
	engine, err := core.New(core.Config{Schema: schema, Store: backend, Bus: backend, Pusher: pusher})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := connect(ctx, engine, pusher)
	client.send(`{"type":"subscribe","id":"1","payload":{"query":"subscription { score }"}}`)
	fmt.Println(client.receive())
	// Output: {"id":"1","type":"next","payload":{"data":{"score":2}}}
}

// A program that only publishes has a bus and nothing else.
func ExampleNewPublisher() {
	backend, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: backend})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = publisher.Publish(context.Background(), scores.Event(Score{Home: 3, Away: 2}))
	fmt.Println(err)
	// Output: <nil>
}

// exampleClient does by hand what a transport does for a socket.
type exampleClient struct {
	ctx    context.Context //nolint:containedctx // for the length of one example
	engine *core.Engine
	socket *memory.Socket
	sent   time.Time
}

func connect(ctx context.Context, engine *core.Engine, pusher *memory.Pusher) *exampleClient {
	client := &exampleClient{ctx: ctx, engine: engine, socket: pusher.Open(ports.Address{ID: "c1"}), sent: time.Now()}
	if _, err := engine.Connect(ctx, ports.Handshake{Address: client.socket.Address(), Protocols: []string{"graphql-transport-ws"}}); err != nil {
		panic(err)
	}
	client.send(`{"type":"connection_init","payload":{"token":"secret"}}`)
	client.receive() // connection_ack
	return client
}

func (c *exampleClient) send(message string) {
	c.sent = c.sent.Add(1)
	err := c.engine.Receive(c.ctx, ports.Message{Address: c.socket.Address(), ReceivedAt: c.sent, Data: []byte(message)})
	if err != nil {
		panic(err)
	}
}

func (c *exampleClient) receive() string {
	frame, err := c.socket.Receive(c.ctx)
	if err != nil {
		panic(err)
	}
	return string(frame)
}

// deliver delivers what was published so far; a server leaves Consume running.
func deliver(ctx context.Context, backend *memory.Backend, engine *core.Engine) {
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); _ = backend.Consume(ctx, engine.Deliver) }()
	_ = backend.Flush(ctx)
	stop()
	<-done
}

func ExamplePublic() {
	findRoom := func(name string) (string, error) {
		if name != "general" {
			return "", core.Public("there is no room %q", name)
		}
		return "", errors.New("connecting to 10.0.0.7: connection refused")
	}
	for _, name := range []string{"kitchen", "general"} {
		_, err := findRoom(name)
		var public *ports.PublicError
		fmt.Println(errors.As(err, &public))
	}
	// Output:
	// true
	// false
}
