// Package schema is the chat behind its GraphQL schema: the types, the topics and what
// the resolvers do, whatever library the schema is written in.
package schema

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/fanql/fanql/core"
)

// HistoryLength is how many messages a room shows to whoever enters.
const HistoryLength = 50

// RoomUpdate is the payload of a room's topic; exactly one field is set.
type RoomUpdate struct {
	History []Message `json:"history,omitzero"`
	Message *Message  `json:"message,omitempty"`
	Typing  *string   `json:"typing,omitempty"`
}

// docs:start topics

// RoomTopic is what happens in one room.
func RoomTopic(name string) core.Topic[RoomUpdate] {
	return core.NewTopic[RoomUpdate]("room/"+name, kept())
}

// ActivityTopic is every message of every room.
func ActivityTopic() core.Topic[Message] { return core.NewTopic[Message]("activity", kept()) }

// kept is for whoever loses the connection for a while.
func kept() core.TopicOption { return core.Keep(1000, time.Hour) }

// docs:end topics

// Chat is what the resolvers do, whatever library the schema is written in.
type Chat struct{ History History }

// Messages are the last ones of a room.
func (c Chat) Messages(ctx context.Context, room string, last int) ([]Message, error) {
	return c.History.Last(ctx, room, min(max(last, 0), maxMessagesPerRoom))
}

// Send says something in a room.
func (c Chat) Send(ctx context.Context, room, text, by string) (Message, error) {
	room, err := given("room", room, maxName)
	if err != nil {
		return Message{}, err
	}
	if text, err = given("text", text, maxText); err != nil {
		return Message{}, err
	}
	if by, err = author(ctx, by); err != nil {
		return Message{}, err
	}
	message := Message{ID: rand.Text(), Room: room, Author: by, Text: text, SentAt: timestamp(time.Now())}
	if err := c.History.Append(ctx, message); err != nil {
		return Message{}, err
	}
	return message, core.Publish(ctx, RoomTopic(room).Event(RoomUpdate{Message: &message}), ActivityTopic().Event(message))
}

// Typing tells the others in a room who is typing.
func (c Chat) Typing(ctx context.Context, room, by string) (bool, error) {
	room, err := given("room", room, maxName)
	if err != nil {
		return false, err
	}
	if by, err = author(ctx, by); err != nil {
		return false, err
	}
	return true, RoomTopic(room).Publish(ctx, RoomUpdate{Typing: &by}, exceptSender(ctx)...)
}

// exceptSender spares whoever types the news of it.
func exceptSender(ctx context.Context) []core.EventOption {
	if connection, ok := core.ConnectionFrom(ctx); ok {
		return []core.EventOption{core.Except(connection.ID())}
	}
	return nil
}

// Enter is the topic of a room, with its history for whoever subscribes.
func (c Chat) Enter(name string) (core.Topic[RoomUpdate], core.SubscribeOption, error) {
	room, err := given("name", name, maxName)
	return RoomTopic(room), core.Initial(func(ctx context.Context) (any, error) {
		messages, err := c.History.Last(ctx, room, HistoryLength)
		return RoomUpdate{History: messages}, err
	}), err
}
