package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// Clients name the documents that the program knows by their SHA-256, and with
// OnlyTrusted can run no others.
func ExampleConfig_trustedDocuments() {
	p := newProgram(core.Config{
		Schema: subscriptionSchema("score", scoreField(subscribeToScores)),
		// docs:start trusted
		TrustedDocuments: core.ByHash("{ version }", "subscription { score }"),
		OnlyTrusted:      true,
		// docs:end trusted
	})
	for _, request := range []ports.Request{
		{DocumentID: "1dee97279832c351624025387be36873845c282288b1f0a51ccf63e6b5f7549f"},
		{Query: "{ version }"},
		{Query: "{ sameThing: version }"},
	} {
		response, err := p.Execute(context.Background(), request)
		fmt.Println(string(response.Body), err)
	}
	// Output:
	// {"data":{"version":3}} <nil>
	// {"data":{"version":3}} <nil>
	// {"errors":[{"message":"only trusted documents are executed here"}]} <nil>
}

// OnTooLarge puts a response in the place of one that the transport cannot carry,
// with which the client can fetch the rest.
func ExampleHooks_onTooLarge() {
	hooks := core.Hooks{
		// docs:start too-large
		OnTooLarge: func(ctx context.Context, _ ports.OperationRef, _ json.RawMessage) (json.RawMessage, error) {
			event, _ := core.EventFrom(ctx)
			return json.Marshal(map[string]any{"data": nil, "extensions": map[string]any{"fetch": event.ID}})
		},
		// docs:end too-large
	}
	articles := core.NewTopic[string]("articles")
	schema := subscriptionSchema("article", &graphql.Field{
		Type:      graphql.String,
		Subscribe: func(p graphql.ResolveParams) (any, error) { return articles.Subscribe(p.Context) },
		Resolve:   func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
	})

	p := newProgram(core.Config{Schema: schema, Hooks: hooks, NewID: func() string { return "event1" }})
	client := p.connect("c1")
	client.subscribe("subscription { article }")
	p.publish(articles.Event("a short one"), articles.Event(strings.Repeat("a long one ", 1000)))
	fmt.Println(client.receive())
	fmt.Println(client.receive())
	// Output:
	// {"id":"1","type":"next","payload":{"data":{"article":"a short one"}}}
	// {"id":"1","type":"next","payload":{"data":null,"extensions":{"fetch":"event1"}}}
}
