package core_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
)

// A client that comes back gets what it missed: it names the position of the last
// result that it has, and the topic keeps what came since.
func ExampleKeep() {
	// docs:start keep
	kept := core.NewTopic[Score]("kept scores", core.Keep(100, time.Hour))
	// docs:end keep
	schema := subscriptionSchema("score", &graphql.Field{
		Type:      graphql.Int,
		Subscribe: func(p graphql.ResolveParams) (any, error) { return kept.Subscribe(p.Context) },
		Resolve: func(p graphql.ResolveParams) (any, error) {
			score, err := kept.Payload(p.Context)
			return score.Home, err
		},
	})
	p := newProgram(core.Config{Schema: schema, History: must.Make(memory.New(memory.Config{}))})

	client := p.connect("c1")
	client.subscribe("subscription { score }")
	p.publish(kept.Event(Score{Home: 1}))
	position := positionOf(client.receive())
	p.publish(kept.Event(Score{Home: 2}), kept.Event(Score{Home: 3})) // which the client loses

	again := p.connect("c2")
	again.send(`{"type":"subscribe","id":"1","payload":{"query":"subscription { score }","extensions":{"resume":"` + position + `"}}}`)
	for range 2 {
		var message struct {
			Payload struct{ Data json.RawMessage }
		}
		_ = json.Unmarshal([]byte(again.receive()), &message)
		fmt.Println(string(message.Payload.Data))
	}
	// Output:
	// {"score":2}
	// {"score":3}
}

// Where the schema has cursors of its own, a resolver says where a subscription begins.
func ExampleAfter() {
	kept := core.NewTopic[Score]("kept scores", core.Keep(100, time.Hour))
	// docs:start after
	subscribe := func(p graphql.ResolveParams) (any, error) {
		if cursor, ok := p.Args["after"].(string); ok {
			return kept.Subscribe(p.Context, core.After(cursor))
		}
		return kept.Subscribe(p.Context)
	}
	cursor := func(p graphql.ResolveParams) (any, error) {
		position, _ := core.PositionFrom(p.Context)
		return position, nil
	}
	// docs:end after
	schema := subscriptionSchema("score", &graphql.Field{
		Type: graphql.String, Args: graphql.FieldConfigArgument{"after": {Type: graphql.String}}, Subscribe: subscribe, Resolve: cursor,
	})
	p := newProgram(core.Config{Schema: schema, History: must.Make(memory.New(memory.Config{}))})
	client := p.connect("c1")
	client.subscribe("subscription { score }")
	p.publish(kept.Event(Score{Home: 1}), kept.Event(Score{Home: 2}))
	first, second := positionOf(client.receive()), positionOf(client.receive())

	again := p.connect("c2")
	again.subscribe(`subscription { score(after: "` + first + `") }`)
	fmt.Println(positionOf(again.receive()) == second)
	// Output: true
}

// positionOf is the position that a result has in its extensions.
func positionOf(message string) string {
	var result struct {
		Payload struct {
			Extensions struct{ Event struct{ Position string } }
		}
	}
	_ = json.Unmarshal([]byte(message), &result)
	return result.Payload.Extensions.Event.Position
}
