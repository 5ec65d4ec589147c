package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/internal/protoclient"
	"github.com/fanql/fanql/ports"
)

// client is one socket, as its client sees it.
type client struct {
	*harness
	protocol string
	socket   *memory.Socket
	messages int
}

// open opens a socket and passes the handshake.
func (h *harness) open(protocol string) *client {
	h.t.Helper()
	h.sockets++
	address := ports.Address{ID: ports.ConnectionID(fmt.Sprintf("connection%d", h.sockets))}
	c := &client{harness: h, protocol: protocol, socket: h.pusher.Open(address)}
	accepted, err := h.engine.Connect(h.t.Context(), c.handshake())
	if err != nil {
		h.t.Fatal(err)
	}
	if accepted.Protocol != protocol {
		h.t.Fatalf("accepted %q, want %q", accepted.Protocol, protocol)
	}
	return c
}

func (c *client) handshake() ports.Handshake {
	return ports.Handshake{Address: c.socket.Address(), ReceivedAt: time.Now(), Protocols: []string{c.protocol}}
}

// dial opens a socket and brings it to its ack.
func (h *harness) dial(protocol string) *client {
	h.t.Helper()
	c := h.open(protocol)
	c.send(`{"type":"connection_init"}`)
	c.expect(`{"type":"connection_ack"}`)
	return c
}

func (c *client) id() ports.ConnectionID { return c.socket.Address().ID }

// message stamps data as the next message of the client.
func (c *client) message(data string) ports.Message {
	pause(time.Millisecond)
	c.messages++
	return ports.Message{Address: c.socket.Address(), RequestID: fmt.Sprintf("%s-%d", c.id(), c.messages),
		ReceivedAt: time.Now(), Data: []byte(data)}
}

// send has the engine handle one message, to its end.
func (c *client) send(data string) {
	c.t.Helper()
	if err := c.engine.Receive(c.t.Context(), c.message(data)); err != nil {
		c.t.Fatalf("%.200s: %v", data, err)
	}
}

// sendKeptAlive is send on a transport that calls KeepAlive.
func (c *client) sendKeptAlive(data string) {
	c.t.Helper()
	message := c.message(data)
	message.KeptAlive = true
	if err := c.engine.Receive(c.t.Context(), message); err != nil {
		c.t.Fatalf("%.200s: %v", data, err)
	}
}

// sendAside has the engine handle one message until it waits for something, and
// returns what waits for the rest.
func (c *client) sendAside(data string) (wait func()) {
	c.t.Helper()
	message := c.message(data)
	done := make(chan error, 1)
	go func() { done <- c.engine.Receive(c.t.Context(), message) }()
	synctest.Wait()
	return func() {
		c.t.Helper()
		if err := <-done; err != nil {
			c.t.Fatalf("%.200s: %v", data, err)
		}
	}
}

// pick returns the protocol's own word.
func (c *client) pick(modernWord, legacyWord string) string {
	return protoclient.Protocol(c.protocol).Pick(modernWord, legacyWord)
}

// subscribing is the message that asks for an operation.
func (c *client) subscribing(id, query string) string {
	return c.requesting(id, map[string]any{"query": query})
}

func (c *client) requesting(id string, payload map[string]any) string {
	data, err := protoclient.Protocol(c.protocol).Start(id, payload)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(data)
}

func (c *client) subscribe(id, query string) {
	c.t.Helper()
	c.send(c.subscribing(id, query))
}

// complete ends an operation, without looking at what the engine answers.
func (c *client) complete(id string) {
	c.t.Helper()
	c.send(c.completing(id))
}

func (c *client) completing(id string) string {
	return string(must.Make(protoclient.Protocol(c.protocol).Stop(id)))
}

// next is the next message for the client, which must be there already.
func (c *client) next() string {
	c.t.Helper()
	synctest.Wait()
	ended, cancel := context.WithCancel(c.t.Context())
	cancel()
	data, err := c.socket.Receive(ended)
	if err != nil {
		c.t.Fatalf("%s has no message: %v", c.id(), err)
	}
	return string(data)
}

// expect checks that these messages are there, in this order, to the letter.
func (c *client) expect(want ...string) {
	c.t.Helper()
	for _, message := range want {
		if got := c.next(); got != message {
			c.t.Fatalf("%s got %s, want %s", c.id(), got, message)
		}
	}
}

func (c *client) expectNext(id, payload string) {
	c.t.Helper()
	c.expect(fmt.Sprintf(`{"id":%q,"type":%q,"payload":%s}`, id, c.pick("next", "data"), payload))
}

func (c *client) expectComplete(id string) {
	c.t.Helper()
	c.expect(fmt.Sprintf(`{"id":%q,"type":"complete"}`, id))
}

// expectStopped is what follows the client's own complete: nothing where that is
// not echoed, a complete in the legacy protocol.
func (c *client) expectStopped(id string) {
	c.t.Helper()
	if c.protocol == legacy {
		c.expectComplete(id)
	}
	c.expectNothing()
}

// expectError checks that an error for the operation is there: a non-empty list,
// in the legacy protocol as errors beside the first one's message. The texts are
// parts of the messages.
func (c *client) expectError(id string, texts ...string) {
	c.t.Helper()
	data := c.next()
	list := []struct{ Message string }{}
	frame, err := protoclient.Parse([]byte(data))
	err = errors.Join(err, frame.Errors(&list))
	if c.protocol == legacy && len(list) > 0 {
		var payload struct{ Message string }
		err = errors.Join(err, json.Unmarshal(frame.Payload, &payload))
		if payload.Message != list[0].Message {
			c.t.Errorf("the message is not the first error's: %s", data)
		}
	}
	// The list is the payload in the one protocol, and inside it in the other.
	if isList := strings.HasPrefix(string(frame.Payload), "["); isList == (c.protocol == legacy) {
		c.t.Errorf("%s got %s, which is the other protocol's", c.id(), data)
	}
	if err != nil || frame.Type != protoclient.TypeError || !frame.Of(id) || len(list) == 0 {
		c.t.Fatalf("%s got %s, want an error for %q with a list of errors (%v)", c.id(), data, id, err)
	}
	for i, text := range texts {
		if i >= len(list) || !strings.Contains(list[i].Message, text) {
			c.t.Errorf("%s got %s, want an error with %q", c.id(), data, text)
		}
	}
}

func (c *client) expectConnectionError(text string) {
	c.t.Helper()
	c.expect(`{"type":"connection_error","payload":{"message":` + strconv.Quote(text) + `}}`)
}

// expectNothing checks that nothing has come and that the socket is open.
func (c *client) expectNothing() {
	c.t.Helper()
	synctest.Wait()
	if c.socket.Queued() > 0 {
		c.t.Fatalf("%s got %s, want nothing", c.id(), c.next())
	}
	if err := c.socket.Closed(); err != nil {
		c.t.Fatalf("%s was %v", c.id(), err)
	}
}

// expectClosed checks that nothing has come but the end of the socket, and that
// the connection is forgotten.
func (c *client) expectClosed(code int, reason string) {
	c.t.Helper()
	synctest.Wait()
	if c.socket.Queued() > 0 {
		c.t.Fatalf("%s got %s, want a close", c.id(), c.next())
	}
	var closed *memory.CloseError
	if !errors.As(c.socket.Closed(), &closed) {
		c.t.Fatalf("%s is open or gone (%v), want %d: %s", c.id(), c.socket.Closed(), code, reason)
	}
	if closed.Code != code || closed.Reason != reason {
		c.t.Errorf("%s was %v, want %d: %s", c.id(), closed, code, reason)
	}
	if _, err := c.store.Store.GetConnection(c.t.Context(), c.id()); !errors.Is(err, ports.ErrNotFound) {
		c.t.Errorf("%s is still kept: %v", c.id(), err)
	}
}

// expectWorking checks that the socket still does what it is for.
func (c *client) expectWorking() {
	c.t.Helper()
	c.subscribe("working", `{ hello }`)
	c.expectNext("working", `{"data":{"hello":"world"}}`)
	c.expectComplete("working")
	c.expectNothing()
}
