// Package chatgraphqlgo is the chat's schema as a graphql-go schema. It knows nothing
// of sockets or stores, so a server, a Lambda function and a test run the very same
// one.
package chatgraphqlgo

import (
	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/examples/chat/schema"
)

// New builds the schema on a history.
func New(history schema.History) (*graphqlgo.Schema, error) {
	c := resolvers{schema.Chat{History: history}}
	message := messageType()
	return graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: object("Query", graphql.Fields{
			"rooms": {
				Type:    listOf(roomType(message)),
				Resolve: c.rooms,
			},
			"messages": {
				Type:    listOf(message),
				Args:    graphql.FieldConfigArgument{"room": required(), "last": {Type: graphql.Int, DefaultValue: schema.HistoryLength}},
				Resolve: c.messages,
			},
		}),
		Mutation: object("Mutation", graphql.Fields{
			"send": {
				Type:    graphql.NewNonNull(message),
				Args:    graphql.FieldConfigArgument{"room": required(), "text": required(), "author": optional()},
				Resolve: c.send,
			},
			"typing": {
				Type:    graphql.NewNonNull(graphql.Boolean),
				Args:    graphql.FieldConfigArgument{"room": required(), "author": optional()},
				Resolve: c.typing,
			},
		}),
		Subscription: object("Subscription", graphql.Fields{
			"room": {
				Type:        graphql.NewNonNull(roomUpdateType(message)),
				Description: "What happens in a room: its history first, then messages and who is typing.",
				Args:        graphql.FieldConfigArgument{"name": required()},
				Subscribe:   c.subscribeRoom,
				Resolve:     func(p graphql.ResolveParams) (any, error) { return schema.RoomTopic("").Payload(p.Context) },
			},
			"activity": {
				Type:        graphql.NewNonNull(message),
				Description: "Every message of every room.",
				Subscribe:   func(p graphql.ResolveParams) (any, error) { return schema.ActivityTopic().Subscribe(p.Context) },
				Resolve:     func(p graphql.ResolveParams) (any, error) { return schema.ActivityTopic().Payload(p.Context) },
			},
		}),
	})
}

func messageType() *graphql.Object {
	return object("Message", graphql.Fields{
		"id":     {Type: graphql.NewNonNull(graphql.ID)},
		"room":   {Type: graphql.NewNonNull(graphql.String)},
		"author": {Type: graphql.NewNonNull(graphql.String)},
		"text":   {Type: graphql.NewNonNull(graphql.String)},
		"sentAt": {Type: graphql.NewNonNull(graphql.String), Description: "RFC 3339, UTC."},
	})
}

func roomType(message *graphql.Object) *graphql.Object {
	return object("Room", graphql.Fields{
		"name":        {Type: graphql.NewNonNull(graphql.String)},
		"lastMessage": {Type: message},
	})
}

func roomUpdateType(message *graphql.Object) *graphql.Object {
	return object("RoomUpdate", graphql.Fields{
		"history": {
			Type:        graphql.NewList(graphql.NewNonNull(message)),
			Description: "Set in the first update only.",
			Resolve:     historyOf,
		},
		"message": {Type: message},
		"typing":  {Type: graphql.String, Description: "Who is typing."},
	})
}

func object(name string, fields graphql.Fields) *graphql.Object {
	return graphql.NewObject(graphql.ObjectConfig{Name: name, Fields: fields})
}

func listOf(item *graphql.Object) graphql.Type {
	return graphql.NewNonNull(graphql.NewList(graphql.NewNonNull(item)))
}

func required() *graphql.ArgumentConfig {
	return &graphql.ArgumentConfig{Type: graphql.NewNonNull(graphql.String)}
}

func optional() *graphql.ArgumentConfig { return &graphql.ArgumentConfig{Type: graphql.String} }
