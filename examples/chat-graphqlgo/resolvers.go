package chatgraphqlgo

import (
	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/examples/chat/schema"
)

// resolvers are the chat for graphql-go.
type resolvers struct{ schema.Chat }

func (r resolvers) rooms(p graphql.ResolveParams) (any, error) { return r.History.Rooms(p.Context) }

func (r resolvers) messages(p graphql.ResolveParams) (any, error) {
	last, _ := p.Args["last"].(int)
	return r.Messages(p.Context, text(p, "room"), last)
}

func (r resolvers) send(p graphql.ResolveParams) (any, error) {
	return r.Send(p.Context, text(p, "room"), text(p, "text"), text(p, "author"))
}

func (r resolvers) typing(p graphql.ResolveParams) (any, error) {
	return r.Typing(p.Context, text(p, "room"), text(p, "author"))
}

func (r resolvers) subscribeRoom(p graphql.ResolveParams) (any, error) {
	topic, history, err := r.Enter(text(p, "name"))
	if err != nil {
		return nil, err
	}
	return topic.Subscribe(p.Context, history)
}

// historyOf is null where there is none; graphql-go makes an empty list of nil.
func historyOf(p graphql.ResolveParams) (any, error) {
	if update, ok := p.Source.(schema.RoomUpdate); ok && update.History != nil {
		return update.History, nil
	}
	return nil, nil
}

func text(p graphql.ResolveParams, argument string) string {
	value, _ := p.Args[argument].(string)
	return value
}
