package schema

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/core"
)

// historyLength is how many messages a room shows to whoever enters.
const historyLength = 50

// roomUpdate is the payload of a room's topic; exactly one field is set.
type roomUpdate struct {
	History []Message `json:"history,omitzero"`
	Message *Message  `json:"message,omitempty"`
	Typing  *string   `json:"typing,omitempty"`
}

// roomTopic is what happens in one room.
func roomTopic(name string) core.Topic[roomUpdate] {
	return core.NewTopic[roomUpdate]("room/" + name)
}

// activityTopic is every message of every room.
func activityTopic() core.Topic[Message] { return core.NewTopic[Message]("activity") }

// chat holds what the resolvers work on.
type chat struct{ history History }

func (c *chat) rooms(p graphql.ResolveParams) (any, error) { return c.history.Rooms(p.Context) }

func (c *chat) messages(p graphql.ResolveParams) (any, error) {
	last, _ := p.Args["last"].(int)
	return c.history.Last(p.Context, text(p, "room"), min(max(last, 0), maxMessagesPerRoom))
}

func (c *chat) send(p graphql.ResolveParams) (any, error) {
	room, err := given("room", text(p, "room"), maxName)
	if err != nil {
		return nil, err
	}
	said, err := given("text", text(p, "text"), maxText)
	if err != nil {
		return nil, err
	}
	by, err := author(p.Context, text(p, "author"))
	if err != nil {
		return nil, err
	}
	message := Message{ID: rand.Text(), Room: room, Author: by, Text: said, SentAt: timestamp(time.Now())}
	if err := c.history.Append(p.Context, message); err != nil {
		return nil, err
	}
	return message, core.Publish(p.Context, roomTopic(room).Event(roomUpdate{Message: &message}), activityTopic().Event(message))
}

func (c *chat) typing(p graphql.ResolveParams) (any, error) {
	room, err := given("room", text(p, "room"), maxName)
	if err != nil {
		return nil, err
	}
	by, err := author(p.Context, text(p, "author"))
	if err != nil {
		return nil, err
	}
	return true, roomTopic(room).Publish(p.Context, roomUpdate{Typing: &by}, exceptSender(p.Context)...)
}

// exceptSender spares whoever types the news of it.
func exceptSender(ctx context.Context) []core.EventOption {
	if connection, ok := core.ConnectionFrom(ctx); ok {
		return []core.EventOption{core.Except(connection.ID())}
	}
	return nil
}

func (c *chat) subscribeRoom(p graphql.ResolveParams) (any, error) {
	room, err := given("name", text(p, "name"), maxName)
	if err != nil {
		return nil, err
	}
	return roomTopic(room).Subscribe(p.Context, core.Initial(func(ctx context.Context) (any, error) {
		messages, err := c.history.Last(ctx, room, historyLength)
		return roomUpdate{History: messages}, err
	}))
}

// historyOf is null where there is none; of a nil slice a list would be made.
func historyOf(p graphql.ResolveParams) (any, error) {
	if update, ok := p.Source.(roomUpdate); ok && update.History != nil {
		return update.History, nil
	}
	return nil, nil
}

func text(p graphql.ResolveParams, argument string) string {
	value, _ := p.Args[argument].(string)
	return value
}
