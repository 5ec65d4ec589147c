// Resuming is a Go client whose socket is cut again and again, in a room of the chat, as
// resuming.mjs in e2e/clients is one of JavaScript:
//
//	resuming hasura|genqlient <url> <room>
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/gorilla/websocket"
)

const query = `subscription Room($room: String!) { room(name: $room) { history { id } message { text } } }`

// console prints what happens, and cuts the connection.
type console struct {
	mu   sync.Mutex
	conn *watched
}

func main() {
	var c console
	dialer := &websocket.Dialer{NetDialContext: c.dial}
	run := map[string]func(string, *websocket.Dialer, map[string]any, func([]byte, error)) error{"hasura": hasura, "genqlient": genqlient}[os.Args[1]]
	go func() {
		err := run(os.Args[2], dialer, map[string]any{"room": os.Args[3]}, c.said)
		c.say(map[string]any{"error": fmt.Sprint(err)})
	}()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		c.cut()
	}
}

func (c *console) say(what any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = json.NewEncoder(os.Stdout).Encode(what)
}

// said takes a result.
func (c *console) said(data []byte, err error) {
	var result struct {
		Room struct {
			History []any
			Message struct{ Text string }
		}
	}
	switch err = errors.Join(err, json.Unmarshal(data, &result)); {
	case err != nil:
		c.say(map[string]any{"error": err.Error()})
	case result.Room.Message.Text != "":
		c.say(map[string]any{"next": result.Room.Message.Text})
	case result.Room.History != nil:
		c.say(map[string]any{"history": len(result.Room.History)})
	}
}

// dial is a connection whose life is printed. The one before has ended, whether or not
// the client has closed it.
func (c *console) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	dialed := &watched{Conn: conn, console: c}
	c.mu.Lock()
	before := c.conn
	c.conn = dialed
	c.mu.Unlock()
	if before != nil {
		_ = before.Close()
	}
	return dialed, nil
}

func (c *console) cut() {
	c.mu.Lock()
	conn := c.conn
	c.mu.Unlock()
	if conn != nil {
		_ = conn.Conn.Close()
	}
}

// watched is a connection whose beginning and end are printed. It has begun when the
// server has answered: what stands between them knows it then, and can cut it.
type watched struct {
	net.Conn
	console    *console
	begin, end sync.Once
}

// Close implements net.Conn.
func (w *watched) Close() error {
	w.ended()
	return w.Conn.Close()
}

func (w *watched) ended() {
	w.end.Do(func() { w.console.say(map[string]any{"closed": 1006}) })
}

// Read implements net.Conn.
func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n > 0 {
		w.begin.Do(func() { w.console.say(map[string]any{"opened": true}) })
	}
	if err != nil {
		w.ended()
	}
	return n, err
}
