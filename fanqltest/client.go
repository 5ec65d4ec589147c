package fanqltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/protoclient"
	"github.com/fanql/fanql/ports"
)

// Client is one connection. It fails the test that it was made with, and is used
// by that test's goroutine, except for Send.
type Client struct {
	// Address is what the engine knows the connection by: core.Only, say, takes
	// Address.ID.
	Address ports.Address
	// Ack is the payload of connection_ack; nil if it had none.
	Ack json.RawMessage

	tb     testing.TB
	server *Server
	socket *memory.Socket
	// protocol is what the handshake chose.
	protocol protoclient.Protocol
	left     bool
	// closed is set once the test knows of the server's close.
	closed bool

	operations map[string]*Operation
	// frames are those of no operation, unread.
	frames []protoclient.Message
}

// Variables are the variables of a request, marshalled by encoding/json.
type Variables map[string]any

// Subscribe starts an operation, and returns when the engine has done its part:
// a subscription is in place, so that it gets whatever is published from then
// on, and a query or a mutation has its result. A request that came to nothing
// has its error waiting; see Operation.Errors. Of several Variables the last to
// name one counts. Operations are named "1", "2" and so on.
func (c *Client) Subscribe(query string, variables ...Variables) *Operation {
	c.tb.Helper()
	all := Variables{}
	for _, some := range variables {
		maps.Copy(all, some)
	}
	o := &Operation{client: c, id: strconv.Itoa(len(c.operations) + 1), query: query}
	c.operations[o.id] = o
	c.write(c.protocol.Start(o.id, protoclient.Request{Query: query, Variables: all}))
	return o
}

// Send sends one message, as it stands, and returns when the engine has handled
// it: all answers are then with the client. It may be called from any goroutine,
// to have several messages handled at once.
func (c *Client) Send(text string) {
	c.tb.Helper()
	if err := c.send([]byte(text)); err != nil {
		c.tb.Errorf("fanqltest: sending %s: %v", text, err)
	}
}

// Frame waits for the next message that belongs to no operation of Subscribe,
// and returns it as it came.
func (c *Client) Frame() string {
	c.tb.Helper()
	c.wait("a frame", func() bool { return len(c.frames) > 0 })
	frame := c.frames[0]
	c.frames = c.frames[1:]
	return frame.Raw
}

// Nothing waits until everything that has been published is delivered, and
// expects that nothing is left for Frame and that the connection is open.
func (c *Client) Nothing() {
	c.tb.Helper()
	c.nothing("for the connection", &c.frames)
}

// Closed waits for the server to close the connection, expects the close code,
// and returns the reason.
func (c *Client) Closed(code int) (reason string) {
	c.tb.Helper()
	expected := fmt.Sprintf("the connection to be closed with %d", code)
	closed := c.untilClosed(expected)
	if closed.Code != code {
		c.tb.Fatalf("fanqltest: expected %s, but %s", expected, c.because(closed))
	}
	return closed.Reason
}

// Disconnect leaves, as a client does that closes its socket: what it has not
// read is lost. When it returns the engine has ended the connection's operations
// and called the hooks. Again is harmless.
func (c *Client) Disconnect() {
	c.tb.Helper()
	if err := c.leave(); err != nil {
		c.tb.Errorf("fanqltest: leaving: %v", err)
	}
}

func (c *Client) leave() error {
	c.left = true
	c.socket.HangUp()
	ctx, cancel := c.server.context(c.tb)
	defer cancel()
	return c.server.Engine.Disconnect(ctx, ports.Disconnection{Address: c.Address, Code: 1000})
}

// write sends a message of the client's own, as protoclient writes it. The client
// cannot go on without it.
func (c *Client) write(text []byte, err error) {
	c.tb.Helper()
	if err != nil {
		c.tb.Fatalf("fanqltest: sending %v", err)
	}
	if err := c.send(text); err != nil {
		message, _ := protoclient.Parse(text) // which protoclient wrote
		c.tb.Fatalf("fanqltest: sending a message of type %s: %v", message.Type, err)
	}
}

func (c *Client) send(data []byte) error {
	if err := c.socket.Closed(); err != nil {
		return errors.New(c.because(err))
	}
	ctx, cancel := c.server.context(c.tb)
	defer cancel()
	return c.server.Engine.Receive(ctx, ports.Message{
		Address:    c.Address,
		RequestID:  c.server.name("request"),
		ReceivedAt: c.server.received.now(),
		Data:       data,
	})
}

// receive takes the next message and puts it where it belongs.
func (c *Client) receive(ctx context.Context) error {
	data, err := c.socket.Receive(ctx)
	if err != nil {
		return err
	}
	m, err := protoclient.Parse(data)
	if err != nil {
		return fmt.Errorf("the server sent %s: %w", data, err)
	}
	if m.ID != nil && c.operations[*m.ID] != nil {
		o := c.operations[*m.ID]
		o.messages = append(o.messages, m)
		return nil
	}
	c.frames = append(c.frames, m)
	return nil
}

// wait receives until what is expected has arrived.
func (c *Client) wait(expected string, arrived func() bool) {
	c.tb.Helper()
	ctx, cancel := c.server.context(c.tb)
	defer cancel()
	for !arrived() {
		if err := c.receive(ctx); err != nil {
			c.tb.Fatalf("fanqltest: expected %s, but %s", expected, c.because(err))
		}
	}
}

// drain receives what is there already.
func (c *Client) drain() {
	c.tb.Helper()
	for c.socket.Queued() > 0 {
		if err := c.receive(c.tb.Context()); err != nil {
			c.tb.Fatalf("fanqltest: %s", c.because(err))
		}
	}
}

func (c *Client) nothing(where string, queue *[]protoclient.Message) {
	c.tb.Helper()
	c.server.Flush(c.tb)
	c.drain()
	if len(*queue) > 0 {
		c.tb.Fatalf("fanqltest: expected nothing %s, got %s", where, unread(*queue))
	}
	if closed := c.socket.Closed(); closed != nil && !c.closed && !c.left {
		c.tb.Fatalf("fanqltest: expected nothing %s, but %s", where, c.because(closed))
	}
}

// untilClosed receives until the server closes the connection.
func (c *Client) untilClosed(expected string) *memory.CloseError {
	c.tb.Helper()
	ctx, cancel := c.server.context(c.tb)
	defer cancel()
	for {
		err := c.receive(ctx)
		if closed, ok := errors.AsType[*memory.CloseError](err); ok {
			c.closed = true
			return closed
		}
		if err != nil {
			c.tb.Fatalf("fanqltest: expected %s, but %s", expected, c.because(err))
		}
	}
}

// because says why a client receives nothing more.
func (c *Client) because(err error) string {
	if closed, ok := errors.AsType[*memory.CloseError](err); ok {
		return fmt.Sprintf("the server closed the connection with %d: %s", closed.Code, closed.Reason)
	}
	switch {
	case errors.Is(err, ports.ErrGone):
		return "the client has disconnected"
	case errors.Is(err, context.DeadlineExceeded):
		text := fmt.Sprintf("nothing came within %v", c.server.Timeout)
		if len(c.frames) > 0 {
			text += "; unread frames: " + unread(c.frames)
		}
		return text
	}
	return err.Error()
}

// unread lists messages as they came.
func unread(messages []protoclient.Message) string {
	raw := make([]string, len(messages))
	for i, m := range messages {
		raw[i] = m.Raw
	}
	return strings.Join(raw, " ")
}
