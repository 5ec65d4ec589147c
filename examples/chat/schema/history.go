package schema

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Message is one line of chat.
type Message struct {
	ID     string `json:"id"`
	Room   string `json:"room"`
	Author string `json:"author"`
	Text   string `json:"text"`
	// SentAt is a timestamp, in UTC; later ones sort behind.
	SentAt string `json:"sentAt"`
}

// timestamp is RFC 3339 with a fixed width.
func timestamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// Room is a room with what was said there last.
type Room struct {
	Name        string   `json:"name"`
	LastMessage *Message `json:"lastMessage"`
}

// History remembers what was said. Its methods may be called concurrently.
type History interface {
	// Append adds a message to its room, and makes the room if need be.
	Append(ctx context.Context, message Message) error
	// Last returns the last n messages of a room, the oldest first; never nil.
	Last(ctx context.Context, room string, n int) ([]Message, error)
	// Rooms returns all rooms by name.
	Rooms(ctx context.Context) ([]Room, error)
}

// RoomsOf are the rooms of these last messages and the default ones, by name.
func RoomsOf(last []Message) []Room {
	rooms := make([]Room, 0, len(last)+len(DefaultRooms()))
	for i := range last {
		rooms = append(rooms, Room{Name: last[i].Room, LastMessage: &last[i]})
	}
	for _, name := range DefaultRooms() {
		if !slices.ContainsFunc(rooms, func(r Room) bool { return r.Name == name }) {
			rooms = append(rooms, Room{Name: name})
		}
	}
	slices.SortFunc(rooms, func(a, b Room) int { return strings.Compare(a.Name, b.Name) })
	return rooms
}

// Wrap says what a history was doing when it failed.
func Wrap(doing string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

var _ History = (*MemoryHistory)(nil)

// MemoryHistory is a History in memory: the last messages of the rooms that were
// used last.
type MemoryHistory struct {
	mu    sync.Mutex
	rooms map[string][]Message
}

// Bounds of a MemoryHistory: a public demo must not grow for ever.
const (
	maxRooms           = 200
	maxMessagesPerRoom = 200
)

// DefaultRooms are there from the beginning.
func DefaultRooms() []string { return []string{"general", "go", "random"} }

// NewMemoryHistory makes a history with the given rooms, which it never forgets.
func NewMemoryHistory(rooms ...string) *MemoryHistory {
	h := &MemoryHistory{rooms: map[string][]Message{}}
	for _, room := range rooms {
		h.rooms[room] = nil
	}
	return h
}

// Append never fails.
func (h *MemoryHistory) Append(_ context.Context, message Message) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	messages := append(h.rooms[message.Room], message)
	if len(messages) > maxMessagesPerRoom {
		messages = slices.Clone(messages[len(messages)-maxMessagesPerRoom:])
	}
	h.rooms[message.Room] = messages
	if len(h.rooms) > maxRooms {
		h.forgetOldest()
	}
	return nil
}

func (h *MemoryHistory) forgetOldest() {
	oldest, since := "", ""
	for room, messages := range h.rooms {
		if len(messages) == 0 {
			continue
		}
		if at := messages[len(messages)-1].SentAt; oldest == "" || at < since {
			oldest, since = room, at
		}
	}
	delete(h.rooms, oldest)
}

// Last never fails.
func (h *MemoryHistory) Last(_ context.Context, room string, n int) ([]Message, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	messages := h.rooms[room]
	return append([]Message{}, messages[max(0, len(messages)-n):]...), nil
}

// Rooms never fails.
func (h *MemoryHistory) Rooms(context.Context) ([]Room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rooms := make([]Room, 0, len(h.rooms))
	for name, messages := range h.rooms {
		room := Room{Name: name}
		if len(messages) > 0 {
			last := messages[len(messages)-1]
			room.LastMessage = &last
		}
		rooms = append(rooms, room)
	}
	slices.SortFunc(rooms, func(a, b Room) int { return strings.Compare(a.Name, b.Name) })
	return rooms, nil
}
