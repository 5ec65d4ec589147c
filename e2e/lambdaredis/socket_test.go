//go:build e2e

package lambdaredis

import (
	"encoding/json"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/fanql/fanql/e2e/internal/program"
)

// socket is a subscriber that keeps the texts that it receives.
type socket struct {
	conn    net.Conn
	mu      sync.Mutex
	kept    []string
	arrived chan struct{} // has a value when there may be more than before
}

// subscribe opens a socket and returns with its subscription in place.
func (c *cloud) subscribe(t *testing.T, room string) *socket {
	t.Helper()
	dialer := ws.Dialer{Protocols: []string{"graphql-transport-ws"}, Timeout: program.Patience}
	conn, _, _, err := dialer.Dial(t.Context(), strings.Replace(c.base, "http", "ws", 1)+"/graphql")
	if err != nil {
		t.Fatal(err)
	}
	s := &socket{conn: conn, arrived: make(chan struct{}, 1)}
	for _, message := range []string{
		`{"type":"connection_init"}`,
		`{"type":"subscribe","id":"1","payload":{"query":"subscription { room(name: \"` + room + `\") { history { id } message { text } } }"}}`,
	} {
		if err := wsutil.WriteClientText(conn, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(program.Patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := wsutil.ReadServerText(conn); err != nil { // the ack, then the history
			t.Fatal(err)
		}
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(s.read)
	t.Cleanup(func() {
		_ = conn.Close()
		reading.Wait()
	})
	return s
}

// read keeps what comes until the socket ends.
func (s *socket) read() {
	for {
		data, err := wsutil.ReadServerText(s.conn)
		if err != nil {
			return
		}
		var next struct {
			Payload struct {
				Data struct {
					Room struct{ Message struct{ Text string } }
				}
			}
		}
		text := string(data) // which no test expects
		if json.Unmarshal(data, &next) == nil && next.Payload.Data.Room.Message.Text != "" {
			text = next.Payload.Data.Room.Message.Text
		}
		s.mu.Lock()
		s.kept = append(s.kept, text)
		s.mu.Unlock()
		select {
		case s.arrived <- struct{}{}:
		default:
		}
	}
}

// texts are those that have come.
func (s *socket) texts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.kept)
}

// await waits for a text.
func (s *socket) await(t *testing.T, text string) {
	t.Helper()
	s.until(t, func(texts []string) bool { return slices.Contains(texts, text) })
}

// awaitMore waits until there are more texts than so many.
func (s *socket) awaitMore(t *testing.T, than int) {
	t.Helper()
	s.until(t, func(texts []string) bool { return len(texts) > than })
}

func (s *socket) until(t *testing.T, enough func(texts []string) bool) {
	t.Helper()
	stuck := time.After(program.Patience)
	for !enough(s.texts()) {
		select {
		case <-s.arrived:
		case <-stuck:
			t.Fatalf("what was waited for did not come: there are %d texts", len(s.texts()))
		}
	}
}
