//go:build e2e

package stores

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/fanql/fanql/e2e/internal/program"
)

const patience = 2 * time.Minute

// Clients of two gateways are in one room: each receives what is said over the other
// gateway, all of it, in order. The gateways' schemas are in different libraries.
func TestAFleetIsOneChat(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	var gateways [2]string
	for i, library := range program.Libraries() {
		gateways[i] = program.StartWith(t, library.Tags, "examples/chat/redis", "-addr", "127.0.0.1:0", "-redis", redis).Base
	}
	listeners := [2]net.Conn{subscribe(t, gateways[0]), subscribe(t, gateways[1])}
	const messages = 100
	for i := range messages {
		say(t, gateways[i%2], fmt.Sprint(i))
	}
	for i, listener := range listeners {
		for want := range messages {
			if got := next(t, listener); got != fmt.Sprint(want) {
				t.Fatalf("the client of gateway %d received %q, want %d", i, got, want)
			}
		}
	}
}

// subscribe opens a socket and returns with its subscription in place.
func subscribe(t *testing.T, base string) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dialer := ws.Dialer{Protocols: []string{"graphql-transport-ws"}}
	socket, _, _, err := dialer.Dial(ctx, strings.Replace(base, "http", "ws", 1)+"/graphql")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	for _, message := range []string{
		`{"type":"connection_init"}`,
		`{"type":"subscribe","id":"1","payload":{"query":"subscription { room(name: \"fleet\") { history { text } message { text } } }"}}`,
	} {
		if err := wsutil.WriteClientText(socket, []byte(message)); err != nil {
			t.Fatal(err)
		}
		read(t, socket) // the ack, then the history
	}
	return socket
}

func say(t *testing.T, base, text string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"query":     `mutation($text: String!) { send(room: "fleet", text: $text, author: "Ada") { id } }`,
		"variables": map[string]string{"text": text},
	})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct{ Errors []struct{ Message string } }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || len(answer.Errors) > 0 {
		t.Fatalf("saying %s: %v %v", text, err, answer.Errors)
	}
}

func next(t *testing.T, socket net.Conn) string {
	t.Helper()
	var next struct {
		Payload struct {
			Data struct {
				Room struct{ Message struct{ Text string } }
			}
		}
	}
	if err := json.Unmarshal(read(t, socket), &next); err != nil {
		t.Fatal(err)
	}
	return next.Payload.Data.Room.Message.Text
}

func read(t *testing.T, socket net.Conn) []byte {
	t.Helper()
	if err := socket.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	data, err := wsutil.ReadServerText(socket)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
