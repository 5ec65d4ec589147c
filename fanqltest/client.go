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
	// Address.ID. Where each operation has a connection of its own, it is that of the
	// latest.
	Address ports.Address
	// Ack is the payload of connection_ack; nil if it had none, or there was none.
	Ack json.RawMessage

	tb        testing.TB
	server    *Server
	transport Transport
	link      link
	inbox     inbox
	// protocol is what the handshake chose.
	protocol protoclient.Protocol
	left     bool
	// closed is set once the test knows of the server's close.
	closed bool

	operations map[string]*Operation
	// ignores is the type of frames that nobody wants to read; may be empty.
	ignores string
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
	return c.start(&Operation{request: protoclient.Request{Query: query, Variables: all}})
}

// Resume subscribes once more, as a client does that has lost its connection: to what
// the operation was, which may be one of another client and over another transport, from
// where it was. That is after the last result of each topic that was read from it. Its
// topics keep their events (core.Keep).
//
// The position is sent as Last-Event-ID over ServerSentEvents if the operation has one
// topic, and otherwise in the extension "resume". Callback carries neither: nothing
// resumes over it, and the test fails.
func (c *Client) Resume(o *Operation) *Operation {
	c.tb.Helper()
	if c.transport == Callback {
		c.tb.Fatalf("fanqltest: %s cannot be resumed over %s, which carries no position", o, Callback)
	}
	if len(o.positions) == 0 {
		c.tb.Fatalf("fanqltest: %s cannot be resumed: no result with a position was read from it", o)
	}
	request := o.request
	request.Extensions = map[string]any{"resume": o.resume(c.transport)}
	return c.start(&Operation{request: request, positions: maps.Clone(o.positions), lastEventID: o.lastEventID})
}

func (c *Client) start(o *Operation) *Operation {
	c.tb.Helper()
	o.client, o.id = c, strconv.Itoa(len(c.operations)+1)
	c.operations[o.id] = o
	c.write(c.protocol.Start(o.id, o.request))
	return o
}

// Send sends one message, as it stands, and returns when the engine has handled
// it: all answers are then with the client. It may be called from any goroutine,
// to have several messages handled at once.
func (c *Client) Send(text string) {
	c.tb.Helper()
	c.needsMessages("Send")
	if err := c.send([]byte(text)); err != nil {
		c.tb.Errorf("fanqltest: sending %s: %v", text, err)
	}
}

// Frame waits for the next message that belongs to no operation of Subscribe,
// and returns it as it came.
func (c *Client) Frame() string {
	c.tb.Helper()
	c.needsMessages("Frame")
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
// and returns the reason. A stream and a callback have no close code: Operation.Errors
// and Operation.Cut wait for what they have.
func (c *Client) Closed(code int) (reason string) {
	c.tb.Helper()
	c.needsMessages("Closed")
	expected := fmt.Sprintf("the connection to be closed with %d", code)
	closed := c.untilClosed(expected)
	if closed.Code != code {
		c.tb.Fatalf("fanqltest: expected %s, but %s", expected, c.because(closed))
	}
	return closed.Reason
}

// Disconnect leaves, as a client does that closes its socket, or all of its streams:
// what it has not read is lost. When it returns the engine has ended the connection's
// operations and called the hooks; but over Callback it learns only from the answer to the
// next event that the client has left. Again is harmless.
func (c *Client) Disconnect() {
	c.tb.Helper()
	if err := c.leave(); err != nil {
		c.tb.Errorf("fanqltest: leaving: %v", err)
	}
}

func (c *Client) leave() error {
	c.left = true
	c.inbox.socket.HangUp()
	ctx, cancel := c.server.context(c.tb)
	defer cancel()
	return c.link.leave(ctx)
}

// needsMessages fails the test of a client that sends no messages.
func (c *Client) needsMessages(method string) {
	c.tb.Helper()
	if !c.transport.hasMessages() {
		c.tb.Fatalf("fanqltest: %s is for sockets: over %s a client has no messages of its own", method, c.transport)
	}
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
	if err := c.inbox.socket.Closed(); err != nil {
		return errors.New(c.because(err))
	}
	ctx, cancel := c.server.context(c.tb)
	defer cancel()
	err := c.link.send(ctx, data)
	if refused, ok := errors.AsType[*ports.Refusal](err); ok {
		return fmt.Errorf("answered with the status %d: %w", refused.Status, err)
	}
	return err
}

// receive takes the next message and puts it where it belongs.
func (c *Client) receive(ctx context.Context) error {
	data, err := c.inbox.socket.Receive(ctx)
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
	if c.ignores == "" || m.Type != c.ignores {
		c.frames = append(c.frames, m)
	}
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
	for c.inbox.socket.Queued() > 0 {
		if err := c.receive(c.tb.Context()); err != nil {
			c.tb.Fatalf("fanqltest: %s", c.because(err))
		}
	}
}

func (c *Client) nothing(where string, queue *[]protoclient.Message) {
	c.tb.Helper()
	c.server.Flush(c.tb)
	c.settle()
	c.drain()
	if len(*queue) > 0 {
		c.tb.Fatalf("fanqltest: expected nothing %s, got %s", where, unread(*queue))
	}
	if closed := c.inbox.socket.Closed(); closed != nil && !c.closed && !c.left {
		c.tb.Fatalf("fanqltest: expected nothing %s, but %s", where, c.because(closed))
	}
}

// settle waits until all that the engine has sent is in the inbox.
func (c *Client) settle() {
	c.tb.Helper()
	ctx, cancel := c.server.context(c.tb)
	defer cancel()
	if err := c.link.settle(ctx); err != nil && !c.left {
		c.tb.Fatalf("fanqltest: what the engine has sent did not come within %v: %v", c.server.Timeout, err)
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
