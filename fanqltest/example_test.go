package fanqltest_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqltest"
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
	return core.NewTopic[Message]("room/" + room)
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
