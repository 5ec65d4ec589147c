package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/graphql-go/graphql"

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

// A program makes an engine of a schema and four ports. What a transport would do
// for a real socket is done by hand here.
func ExampleNew() {
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

	p := &program{engine, backend, pusher}
	client := p.connect("c1")
	client.subscribe("subscription { score }")

	// Publishing works from anywhere that has the bus; here it is the engine.
	if err := engine.Publish(context.Background(), scores.Event(Score{Home: 1, Away: 0})); err != nil {
		fmt.Println(err)
		return
	}
	p.deliver()
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

	p := newProgram(core.Config{Schema: schema, Hooks: hooks})
	client := p.connect("c1")
	client.subscribe("subscription { mine }")
	p.publish(core.NewTopic[any]("user/ann").Event("for you alone"), core.NewTopic[any]("everyone").Event("for everyone"))
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

	client := newProgram(core.Config{Schema: schema}).connect("c1")
	client.subscribe("subscription { score }")
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
