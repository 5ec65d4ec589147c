//go:build e2e

package outages

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// patience is how long anything but an outage may take before it counts as stuck.
const patience = 2 * time.Minute

// subscriber is a client with one subscription, which it does not begin anew.
type subscriber struct {
	conn  net.Conn
	ended chan struct{} // nothing more comes

	mu      sync.Mutex
	inPlace bool
	numbers []int // in the order in which they came
	// end is why the client knows that it may lack events; empty while it does not.
	end string
}

// dial opens a socket and subscribes to a topic; the test ends it.
func dial(t *testing.T, url, topic string) *subscriber {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, buffered, _, err := ws.Dialer{Protocols: []string{"graphql-transport-ws"}}.Dial(ctx, url)
	if err != nil {
		t.Fatalf("connecting a client: %v", err)
	}
	s := &subscriber{conn: conn, ended: make(chan struct{})}
	var reader io.Reader = conn
	if buffered != nil {
		reader = buffered
	}
	go s.read(bufio.NewReader(reader), topic)
	t.Cleanup(func() {
		_ = conn.Close()
		<-s.ended
	})
	if err := s.write(map[string]any{"type": "connection_init"}); err != nil {
		t.Fatalf("writing to the socket of a client: %v", err)
	}
	return s
}

func (s *subscriber) write(message any) error {
	data, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return wsutil.WriteClientText(s.conn, data)
}

// read keeps what comes until the socket ends.
func (s *subscriber) read(reader *bufio.Reader, topic string) {
	defer close(s.ended)
	for {
		frame, err := ws.ReadFrame(reader)
		if err == nil && frame.Header.OpCode == ws.OpClose {
			code, reason := ws.ParseCloseFrameData(frame.Payload)
			err = wsutil.ClosedError{Code: code, Reason: reason}
			_ = wsutil.WriteClientMessage(s.conn, ws.OpClose, frame.Payload)
		}
		if err == nil && frame.Header.OpCode == ws.OpPing {
			err = wsutil.WriteClientMessage(s.conn, ws.OpPong, frame.Payload)
		}
		if err == nil && frame.Header.OpCode == ws.OpText {
			err = s.take(frame.Payload, topic)
		}
		if err != nil {
			s.over(err.Error())
			return
		}
	}
}

func (s *subscriber) over(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == "" {
		s.end = why
	}
}

// take handles one message.
func (s *subscriber) take(data []byte, topic string) error {
	var message struct {
		Type    string
		Payload json.RawMessage
	}
	if err := json.Unmarshal(data, &message); err != nil {
		return err
	}
	switch message.Type {
	case "connection_ack":
		return s.write(map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{
			"query": "subscription ($topic: String!) { number(topic: $topic) }", "variables": map[string]string{"topic": topic},
		}})
	case "ping":
		return s.write(map[string]string{"type": "pong"})
	case "next":
		var result struct {
			Data   struct{ Number *int }
			Errors json.RawMessage
		}
		if err := json.Unmarshal(message.Payload, &result); err != nil || result.Data.Number == nil {
			return fmt.Errorf("got %s: %w", data, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if *result.Data.Number == 0 {
			s.inPlace = true
		} else {
			s.numbers = append(s.numbers, *result.Data.Number)
		}
	case "error", "complete":
		s.over(string(data))
	}
	return nil
}

// has reports whether a number has come.
func (s *subscriber) has(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.numbers, n)
}

// settled reports whether nothing is outstanding: the client has the last number, which
// comes after all others, or knows that it may lack events.
func (s *subscriber) settled(last int) bool { return s.isOver() || s.has(last) }

func (s *subscriber) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end != ""
}

func (s *subscriber) isInPlace() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inPlace
}

// follow goes through numbers that begin at 1, but for those that are lost. Latest is the
// last that came with all before it; missing says which came too early.
func follow(numbers []int, lost map[int]bool) (latest, repeats int, missing string) {
	for _, n := range numbers {
		for lost[latest+1] {
			latest++
		}
		switch {
		case n == latest+1:
			latest = n
		case n > latest:
			if missing == "" {
				missing = fmt.Sprintf("%d after %d", n, latest)
			}
		default:
			repeats++
		}
	}
	for lost[latest+1] {
		latest++
	}
	return latest, repeats, missing
}

// eventually waits until something holds, and reports whether it did in time.
func eventually(ctx context.Context, within time.Duration, holds func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-ctx.Done():
			return holds()
		}
	}
	return true
}
