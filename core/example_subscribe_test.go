package core_test

import (
	"fmt"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// Events that a subscriber does not want cost no execution and no message.
func ExampleWhere() {
	schema := subscriptionSchema("score", scoreField(
		// docs:start where
		func(p graphql.ResolveParams) (any, error) {
			return scores.Subscribe(p.Context, core.Where("Home", core.Ge, 2), core.Where("Away", core.Eq, 0))
		},
		// docs:end where
	))

	p := newProgram(core.Config{Schema: schema})
	client := p.connect("c1")
	client.subscribe("subscription { score }")
	p.publish(scores.Event(Score{Home: 1}), scores.Event(Score{Home: 2, Away: 1}), scores.Event(Score{Home: 3}))
	fmt.Println(client.receive())
	// Output: {"id":"1","type":"next","payload":{"data":{"score":3}}}
}

// The subscribers of a topic with shards are spread over that many plain topics. The
// topic is used as any other.
func ExampleShards() {
	// docs:start shards
	final := core.NewTopic[Score]("final", core.Shards(16))
	// docs:end shards
	p := newProgram(core.Config{Schema: subscriptionSchema("score", scoreField(
		func(p graphql.ResolveParams) (any, error) { return final.Subscribe(p.Context) },
	))})

	received := map[string]int{}
	clients := make([]*exampleClient, 50)
	for i := range clients {
		clients[i] = p.connect(ports.ConnectionID(fmt.Sprint("c", i)))
		clients[i].subscribe("subscription { score }")
	}
	p.publish(final.Event(Score{Home: 1}))
	for _, client := range clients {
		received[client.receive()]++
	}
	fmt.Println(received)
	// Output: map[{"id":"1","type":"next","payload":{"data":{"score":1}}}:50]
}
