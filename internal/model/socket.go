package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/fanql/fanql/internal/protoclient"
	"github.com/fanql/fanql/ports"
)

// sockets are the pusher of all processes: it notes what every client gets.
type sockets struct {
	world *world

	mu   sync.Mutex
	open map[ports.ConnectionID]*socket
	// away is until when the transport reaches a connection, or none at all ("").
	away map[ports.ConnectionID]time.Time
}

// errAway is the error of a transport that is away.
var errAway = errors.New("the transport is away")

// outage has the transport not reach a connection, or any if the ID is empty. No length
// ends all outages.
func (s *sockets) outage(id ports.ConnectionID, length time.Duration) {
	s.world.note("the transport to %q is away for %v", id, length)
	s.mu.Lock()
	defer s.mu.Unlock()
	if length == 0 {
		clear(s.away)
		return
	}
	s.away[id] = time.Now().Add(length)
}

func (s *sockets) isAway(id ports.ConnectionID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	return now.Before(s.away[id]) || now.Before(s.away[""])
}

var _ ports.Pusher = (*sockets)(nil)

// socket is one client's connection.
type socket struct {
	address ports.Address

	mu     sync.Mutex
	frames []frame
	// ended is when it was closed, by whomever; 0 while it is open. Code is 0
	// unless the engine did.
	ended int64
	code  int
}

// frame is a message to a client.
type frame struct {
	at       int64
	id, kind string
	// alias and number are those of a result.
	alias  string
	number int
	// positions are those that a client resumes by.
	positions []string
}

func (s *sockets) dial(id ports.ConnectionID) *socket {
	opened := &socket{address: ports.Address{ID: id, Endpoint: "here"}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[id] = opened
	return opened
}

func (s *sockets) find(id ports.ConnectionID) *socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id]
}

// Push implements ports.Pusher.
func (s *sockets) Push(ctx context.Context, to ports.Address, message ports.Frame) error {
	const op = "model.Push"
	if err := ctx.Err(); err != nil {
		return &ports.Error{Op: op, Err: err}
	}
	if s.isAway(to.ID) {
		return &ports.Error{Op: op, Err: errAway}
	}
	text := message.AppendTo(nil)
	got, err := readFrame(text)
	if err != nil {
		s.world.violated("%s was sent %s: %v", to.ID, text, err)
	}
	found := s.find(to.ID)
	if found == nil || !found.take(s.world, got) {
		return &ports.Error{Op: op, Kind: ports.ErrGone}
	}
	s.world.note("-> %s %s", to.ID, text)
	return nil
}

func (s *socket) take(w *world, got frame) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended > 0 {
		return false
	}
	got.at = w.tick()
	s.frames = append(s.frames, got)
	return true
}

// Close implements ports.Pusher.
func (s *sockets) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	if err := ctx.Err(); err != nil {
		return &ports.Error{Op: "model.Close", Err: err}
	}
	if s.isAway(to.ID) {
		return &ports.Error{Op: "model.Close", Err: errAway}
	}
	if found := s.find(to.ID); found != nil && found.end(s.world, code) {
		s.world.note("-> %s closed with %d: %s", to.ID, code, reason)
	}
	return nil
}

// end closes the socket, unless it is closed.
func (s *socket) end(w *world, code int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended > 0 {
		return false
	}
	s.ended, s.code = w.tick(), code
	return true
}

func (s *socket) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended > 0
}

// got says whether such a frame has come.
func (s *socket) got(kind, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.frames {
		if f.kind == kind && f.id == id {
			return true
		}
	}
	return false
}

func readFrame(text []byte) (frame, error) {
	message, err := protoclient.Parse(text)
	if err != nil {
		return frame{}, err
	}
	read := frame{kind: message.Type}
	if message.ID != nil {
		read.id = *message.ID
	}
	if !message.IsResult() {
		return read, nil
	}
	var result struct {
		Data       map[string]any
		Errors     []any
		Extensions struct {
			Event struct {
				Position string
				Start    []string
			}
		}
	}
	if err := json.Unmarshal(message.Payload, &result); err != nil {
		return frame{}, err
	}
	read.kind, read.positions = protoclient.Modern.TypeNext(), result.Extensions.Event.Start
	if position := result.Extensions.Event.Position; position != "" {
		read.positions = append(read.positions, position)
	}
	for alias, value := range result.Data {
		number, ok := value.(float64)
		if ok {
			read.alias, read.number = alias, int(number)
		}
	}
	if len(result.Errors) > 0 {
		return frame{}, fmt.Errorf("it has errors")
	}
	return read, nil
}
