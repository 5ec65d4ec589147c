// Package redishistory keeps what was said in Redis, where several processes find
// it.
package redishistory

import (
	"context"
	"encoding/json"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/examples/chat/schema"
)

var _ schema.History = (*History)(nil)

// History is a schema.History in Redis: a list of the last messages for each room,
// and the rooms in the order of their last message.
type History struct{ client goredis.UniversalClient }

// New makes a history. It does no I/O.
func New(client goredis.UniversalClient) *History { return &History{client} }

const (
	roomsKey    = "chat:rooms"
	mostRooms   = 200
	mostPerRoom = 200
)

func roomKey(room string) string { return "chat:room:" + room }

// Append writes the message, and its room to the front.
func (h *History) Append(ctx context.Context, message schema.Message) error {
	encoded, err := json.Marshal(message)
	if err != nil {
		return err
	}
	at := float64(time.Now().UnixMilli())
	_, err = h.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		pipe.RPush(ctx, roomKey(message.Room), encoded)
		pipe.LTrim(ctx, roomKey(message.Room), -mostPerRoom, -1)
		pipe.ZAddArgs(ctx, roomsKey, goredis.ZAddArgs{Members: []goredis.Z{{Score: at, Member: message.Room}}})
		return nil
	})
	return schema.Wrap("saying", err)
}

// Last reads the end of the room's list.
func (h *History) Last(ctx context.Context, room string, n int) ([]schema.Message, error) {
	if n <= 0 {
		return []schema.Message{}, nil
	}
	lines, err := h.client.LRange(ctx, roomKey(room), int64(-n), -1).Result()
	if err != nil {
		return []schema.Message{}, schema.Wrap("reading a room", err)
	}
	return decode(lines)
}

// Rooms are those that were used last, and the default ones.
func (h *History) Rooms(ctx context.Context) ([]schema.Room, error) {
	names, err := h.client.ZRevRange(ctx, roomsKey, 0, mostRooms-1).Result()
	if err != nil {
		return nil, schema.Wrap("reading the rooms", err)
	}
	last := make([]*goredis.StringSliceCmd, len(names))
	if _, err := h.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for i, name := range names {
			last[i] = pipe.LRange(ctx, roomKey(name), -1, -1)
		}
		return nil
	}); err != nil {
		return nil, schema.Wrap("reading the rooms", err)
	}
	var lines []string
	for _, line := range last {
		lines = append(lines, line.Val()...)
	}
	messages, err := decode(lines)
	return schema.RoomsOf(messages), err
}

func decode(lines []string) ([]schema.Message, error) {
	messages := make([]schema.Message, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal([]byte(line), &messages[i]); err != nil {
			return nil, schema.Wrap("reading a message", err)
		}
	}
	return messages, nil
}
