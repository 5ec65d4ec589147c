package fanqltest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqltest"
	"github.com/fanql/fanql/ports"
)

// In a test, t is its *testing.T. An example has none, and uses this one.
var t = &exampleT{}

// docs:start sign-in
type User struct {
	Name string `json:"name"`
}

type Message struct {
	From string `json:"from"`
	Text string `json:"text"`
}

// messages are those of one room.
func messages(room string) core.Topic[Message] {
	return core.NewTopic[Message]("room/"+room, core.Keep(100, time.Hour))
}

// signIn keeps the user's name, which connection_init has to bring.
func signIn(_ context.Context, payload json.RawMessage) (core.Session, error) {
	var user User
	if err := json.Unmarshal(payload, &user); err != nil || user.Name == "" {
		return core.Session{}, core.Public("say who you are")
	}
	return core.Session{State: user}, nil
}

// docs:end sign-in

// docs:start authorize
// authorize keeps the user's name, which every request and handshake has to bring.
func authorize(_ context.Context, handshake ports.Handshake) (core.Session, error) {
	name := handshake.Header.Get("Authorization")
	if name == "" {
		return core.Session{}, core.Public("say who you are")
	}
	return core.Session{State: User{Name: name}}, nil
}

// docs:end authorize

// newSchema has one subscription: to the messages in a room from others.
func newSchema() *graphqlgo.Schema {
	room := func(p graphql.ResolveParams) core.Topic[Message] {
		name, _ := p.Args["room"].(string)
		return messages(name)
	}
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"me": &graphql.Field{
				Type: graphql.String,
				Resolve: func(p graphql.ResolveParams) (any, error) {
					user, err := core.StateAs[User](p.Context)
					return user.Name, err
				},
			},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"messageFeed": &graphql.Field{
				Args: graphql.FieldConfigArgument{"room": &graphql.ArgumentConfig{Type: graphql.NewNonNull(graphql.ID)}},
				Type: graphql.NewObject(graphql.ObjectConfig{Name: "Message", Fields: graphql.Fields{
					"from": &graphql.Field{Type: graphql.String},
					"text": &graphql.Field{Type: graphql.String},
				}}),
				Subscribe: func(p graphql.ResolveParams) (any, error) { return room(p).Subscribe(p.Context) },
				Resolve: func(p graphql.ResolveParams) (any, error) {
					message, err := room(p).Payload(p.Context)
					if user, _ := core.StateAs[User](p.Context); message.From == user.Name {
						return nil, core.ErrSkip
					}
					return message, err
				},
			},
		}}),
	})
	if err != nil {
		t.Fatalf("the schema: %v", err)
	}
	return schema
}

// The whole life of a test: a schema and a hook, two clients, an event.
func ExampleNew() {
	server := fanqltest.New(t, core.Config{Schema: newSchema(), Hooks: core.Hooks{OnInit: signIn}})
	ada := server.Connect(t, fanqltest.Payload(User{Name: "Ada"}))
	bob := server.Connect(t, fanqltest.Payload(User{Name: "Bob"}))

	const feed = `subscription ($room: ID!) { messageFeed(room: $room) { from text } }`
	toAda := ada.Subscribe(feed, fanqltest.Variables{"room": "42"})
	toBob := bob.Subscribe(feed, fanqltest.Variables{"room": "42"})

	hello := Message{From: "Ada", Text: "hello world"}
	if err := server.Engine.Publish(t.Context(), messages("42").Event(hello)); err != nil {
		t.Fatalf("publishing: %v", err)
	}
	message := fanqltest.Next[Message](toBob)
	fmt.Println(message.From, "says", message.Text)
	toAda.Nothing() // nobody is sent what they said

	fmt.Println("I am", fanqltest.Query[string](bob, `{ me }`))

	refusal := server.Refused(t, fanqltest.Payload(User{}))
	fmt.Println(refusal.Code, refusal.Reason)
	// Output:
	// Ada says hello world
	// I am Bob
	// 4403 say who you are
}

// One test over a socket, server-sent events, multipart and the callbacks of a federated
// router, each through its adapter.
func ExampleOver() {
	server := fanqltest.New(t, core.Config{Schema: newSchema(), Hooks: core.Hooks{OnConnect: authorize}})
	for _, transport := range fanqltest.Transports() {
		over := fanqltest.Over(transport)
		bob := server.Connect(t, over, fanqltest.Header("Authorization", "Bob"))
		feed := bob.Subscribe(`subscription { messageFeed(room: "42") { from text } }`)
		hello := Message{From: "Ada", Text: "hello over " + string(transport)}
		if err := server.Engine.Publish(t.Context(), messages("42").Event(hello)); err != nil {
			t.Fatalf("publishing: %v", err)
		}
		fmt.Println(fanqltest.Next[Message](feed).Text)
		feed.Complete()

		refusal := server.Refused(t, over)
		fmt.Println(refusal.Status, refusal.Reason)
	}
	// Output:
	// hello over websocket
	// 403 say who you are
	// hello over server-sent events
	// 403 say who you are
	// hello over multipart
	// 403 say who you are
	// hello over callback
	// 403 say who you are
}

// A client that lost its connection gets what it missed. Over server-sent events it says
// where it was by Last-Event-ID.
func ExampleClient_Resume() {
	server := fanqltest.New(t, core.Config{Schema: newSchema()})
	over := fanqltest.Over(fanqltest.ServerSentEvents)
	say := func(texts ...string) {
		for _, text := range texts {
			if err := server.Engine.Publish(t.Context(), messages("42").Event(Message{From: "Ada", Text: text})); err != nil {
				t.Fatalf("publishing: %v", err)
			}
		}
	}
	client := server.Connect(t, over)
	feed := client.Subscribe(`subscription { messageFeed(room: "42") { text } }`)
	say("one")
	fmt.Println(fanqltest.Next[Message](feed).Text)
	client.Disconnect()

	say("two", "three")
	feed = server.Connect(t, over).Resume(feed)
	fmt.Println(fanqltest.Next[Message](feed).Text, fanqltest.Next[Message](feed).Text)
	feed.Nothing()
	// Output:
	// one
	// two three
}
