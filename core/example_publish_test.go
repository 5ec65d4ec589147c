package core_test

import (
	"context"
	"fmt"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// subscribeToScores is the Subscribe resolver of the examples about publishing.
func subscribeToScores(p graphql.ResolveParams) (any, error) { return scores.Subscribe(p.Context) }

// An event may be for some of a topic's subscribers only.
func ExampleOnly() {
	p := newProgram(core.Config{Schema: subscriptionSchema("score", scoreField(subscribeToScores))})
	ann, bob := p.connect("ann"), p.connect("bob")
	ann.subscribe("subscription { score }")
	bob.subscribe("subscription { score }")

	p.publish(
		// docs:start only
		scores.Event(Score{Home: 1}, core.Only("ann")),
		scores.Event(Score{Home: 2}, core.Except("ann")),
		// docs:end only
	)
	fmt.Println("ann:", ann.receive())
	fmt.Println("bob:", bob.receive())
	// Output:
	// ann: {"id":"1","type":"next","payload":{"data":{"score":1}}}
	// bob: {"id":"1","type":"next","payload":{"data":{"score":2}}}
}

// The end of a topic ends the subscriptions on it, after the events that were
// published before.
func ExampleTopic_End() {
	p := newProgram(core.Config{Schema: subscriptionSchema("score", scoreField(subscribeToScores))})
	client := p.connect("c1")
	client.subscribe("subscription { score }")

	p.publish(scores.Event(Score{Home: 1}), scores.End())
	fmt.Println(client.receive())
	fmt.Println(client.receive())
	// Output:
	// {"id":"1","type":"next","payload":{"data":{"score":1}}}
	// {"id":"1","type":"complete"}
}

// A resolver publishes without being given a publisher: it uses that of the engine
// which runs it.
func ExampleTopic_Publish() {
	schema := must.Make(graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"version": {Type: graphql.Int}}}),
		Mutation: graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{
			// docs:start publish
			"goal": {Type: graphql.Int, Resolve: func(p graphql.ResolveParams) (any, error) {
				score := Score{Home: 1} // as it is in the database now
				return score.Home, scores.Publish(p.Context, score)
			}},
			// docs:end publish
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"score": scoreField(subscribeToScores)}}),
	}))

	p := newProgram(core.Config{Schema: schema})
	client := p.connect("c1")
	client.subscribe("subscription { score }")
	response, err := p.Execute(context.Background(), ports.Request{Query: "mutation { goal }"})
	fmt.Println(string(response.Body), err)
	p.deliver()
	fmt.Println(client.receive())
	// Output:
	// {"data":{"goal":1}} <nil>
	// {"id":"1","type":"next","payload":{"data":{"score":1}}}
}

// Whoever has the bus disconnects a user, wherever the user's sockets are.
func ExamplePublisher_CloseIdentity() {
	// docs:start identity
	hooks := core.Hooks{OnConnect: func(context.Context, ports.Handshake) (core.Session, error) {
		return core.Session{Identity: "ann"}, nil // as an authorizer says
	}}
	// docs:end identity
	p := newProgram(core.Config{Schema: subscriptionSchema("score", scoreField(subscribeToScores)), Hooks: hooks})
	phone, laptop := p.connect("phone"), p.connect("laptop")

	publisher := must.Make(core.NewPublisher(core.PublisherConfig{Bus: p.backend}))
	if err := publisher.CloseIdentity(context.Background(), "ann", ports.CloseForbidden, "signed out"); err != nil {
		fmt.Println(err)
	}
	p.deliver()
	fmt.Println("phone:", phone.receive())
	fmt.Println("laptop:", laptop.receive())
	// Output:
	// phone: closed with 4403: signed out
	// laptop: closed with 4403: signed out
}
