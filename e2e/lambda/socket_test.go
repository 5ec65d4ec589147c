//go:build e2e

package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/fanql/fanql/e2e/internal/program"
)

const (
	modern = "graphql-transport-ws"
	legacy = "graphql-ws"
)

// frame is a message from the server.
type frame struct {
	at       time.Time
	id, kind string
	// text is that of a room's message; history tells that there is one.
	text    string
	history bool
	raw     string
}

// isMessage says whether it has a room's message.
func (f frame) isMessage() bool { return f.text != "" }

// socket is a client that keeps all that it receives.
type socket struct {
	conn     net.Conn
	protocol string
	ended    chan struct{} // nothing more comes

	mu      sync.Mutex
	frames  []frame
	arrived chan struct{} // has a value when there may be more than before
}

// open connects a client and waits for the ack.
func (c *cloud) open(ctx context.Context, protocol string) (*socket, error) {
	conn, buffered, _, err := ws.Dialer{Protocols: []string{protocol}, Timeout: program.Patience}.Dial(ctx, c.url())
	if err != nil {
		return nil, err
	}
	if buffered != nil {
		return nil, errors.Join(errors.New("the server spoke first"), conn.Close())
	}
	s := &socket{conn: conn, protocol: protocol, ended: make(chan struct{}), arrived: make(chan struct{}, 1)}
	go s.read()
	if err := s.write(map[string]any{"type": "connection_init"}); err != nil {
		return nil, errors.Join(err, s.cut())
	}
	if _, err := s.await(ctx, func(f frame) bool { return f.kind == "connection_ack" }); err != nil {
		return nil, errors.Join(err, s.cut())
	}
	return s, nil
}

// mustOpen is open for the test's own goroutine. The socket is cut at the end.
func (c *cloud) mustOpen(t *testing.T, protocol string) *socket {
	t.Helper()
	s, err := c.open(t.Context(), protocol)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cut() })
	return s
}

// read keeps what comes until the socket ends.
func (s *socket) read() {
	defer close(s.ended)
	for {
		data, err := wsutil.ReadServerText(s.conn)
		if err != nil {
			return
		}
		f := parse(data)
		s.mu.Lock()
		s.frames = append(s.frames, f)
		s.mu.Unlock()
		select {
		case s.arrived <- struct{}{}:
		default:
		}
	}
}

func parse(data []byte) frame {
	var decoded struct {
		ID, Type string
		Payload  json.RawMessage
	}
	var payload struct {
		Data struct {
			Room struct {
				History []any
				Message struct{ Text string }
			}
		}
	}
	f := frame{at: time.Now(), raw: string(data)}
	if json.Unmarshal(data, &decoded) == nil && json.Unmarshal(decoded.Payload, &payload) == nil {
		f.text, f.history = payload.Data.Room.Message.Text, payload.Data.Room.History != nil
	}
	f.id, f.kind = decoded.ID, decoded.Type
	return f
}

func (s *socket) write(message any) error {
	data, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return wsutil.WriteClientText(s.conn, data)
}

// subscribe asks for what happens in a room: first its history.
func (s *socket) subscribe(id, room string) error {
	kind := "subscribe"
	if s.protocol == legacy {
		kind = "start"
	}
	return s.write(map[string]any{"id": id, "type": kind, "payload": map[string]any{
		"query":     `subscription($room: String!) { room(name: $room) { history { id } message { text } } }`,
		"variables": map[string]string{"room": room},
	}})
}

// subscribed asks and waits for the history, with which the subscription is in
// place.
func (s *socket) subscribed(ctx context.Context, id, room string) error {
	if err := s.subscribe(id, room); err != nil {
		return err
	}
	_, err := s.await(ctx, func(f frame) bool { return f.id == id && f.history })
	return err
}

func (s *socket) complete(id string) error {
	kind := "complete"
	if s.protocol == legacy {
		kind = "stop"
	}
	return s.write(map[string]any{"id": id, "type": kind})
}

// received is a copy of all that has come.
func (s *socket) received() []frame {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.frames)
}

// texts are the messages that an operation got.
func (s *socket) texts(id string) []string {
	var texts []string
	for _, f := range s.received() {
		if f.id == id && f.isMessage() {
			texts = append(texts, f.text)
		}
	}
	return texts
}

// await returns the first frame, past or to come, that is wanted. One caller at
// a time may wait.
func (s *socket) await(ctx context.Context, wanted func(frame) bool) (frame, error) {
	ctx, cancel := context.WithTimeout(ctx, program.Patience)
	defer cancel()
	for seen := 0; ; {
		s.mu.Lock()
		fresh := s.frames[seen:]
		seen = len(s.frames)
		s.mu.Unlock()
		if at := slices.IndexFunc(fresh, wanted); at >= 0 {
			return fresh[at], nil
		}
		select {
		case <-s.arrived:
		case <-s.ended:
			return frame{}, errors.New("the socket ended")
		case <-ctx.Done():
			return frame{}, fmt.Errorf("what was waited for does not come: %w", ctx.Err())
		}
	}
}

// mustAwait waits for a message of an operation.
func (s *socket) mustAwait(t *testing.T, id, text string) {
	t.Helper()
	if _, err := s.await(t.Context(), func(f frame) bool { return f.id == id && f.text == text }); err != nil {
		t.Fatalf("waiting for %q: %v", text, err)
	}
}

// leave ends the socket as a client does that takes its leave.
func (s *socket) leave() error {
	frame := ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))
	if err := ws.WriteFrame(s.conn, frame); err != nil {
		return err
	}
	<-s.ended
	return s.conn.Close()
}

// cut ends the socket without a word, as the death of a client does.
func (s *socket) cut() error {
	if tcp, ok := s.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset instead of an end; without it, an end will do
	}
	err := s.conn.Close()
	<-s.ended
	return err
}
