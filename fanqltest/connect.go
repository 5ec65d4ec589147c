package fanqltest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/fanql/fanql/internal/protoclient"
	"github.com/fanql/fanql/ports"
)

// Option shapes a connection.
type Option func(*dial)

// dial is what a client comes with.
type dial struct {
	handshake ports.Handshake
	payload   any
	transport Transport
}

// Payload is the payload of connection_init, marshalled by encoding/json. There
// is none by default.
func Payload(payload any) Option {
	return func(d *dial) { d.payload = payload }
}

// Header adds a header to the handshake.
func Header(key, value string) Option {
	return Handshake(func(handshake *ports.Handshake) { handshake.Header.Add(key, value) })
}

// Legacy has the client speak the legacy subprotocol, graphql-ws, in place of
// graphql-transport-ws.
func Legacy() Option {
	return Handshake(func(handshake *ports.Handshake) { handshake.Protocols = []string{string(protoclient.Legacy)} })
}

// Handshake changes anything else of the handshake: the query, what an
// authorizer said, the subprotocols on offer. Header and Query are not nil.
func Handshake(change func(*ports.Handshake)) Option {
	return func(d *dial) { change(&d.handshake) }
}

// Connect connects a client as far as connection_ack. Being refused on the way
// fails the test. The client leaves when the test tb ends.
func (s *Server) Connect(tb testing.TB, options ...Option) *Client {
	tb.Helper()
	d := s.dial(options)
	c := s.accepted(tb, d)
	if !d.transport.hasMessages() {
		return c
	}
	if d.transport == WebSocket {
		c.ignores = "ka" // which the legacy subprotocol has in place of pings
	}
	c.write(protoclient.Init(d.payload))
	c.wait(protoclient.TypeAck, func() bool { return len(c.frames) > 0 })
	ack := c.frames[0]
	if ack.Type != protoclient.TypeAck {
		tb.Fatalf("fanqltest: expected %s, got %s", protoclient.TypeAck, ack.Raw)
	}
	c.frames, c.Ack = c.frames[1:], ack.Payload
	return c
}

// Open connects a client no further than the handshake, for tests that go on
// with messages of their own: Send and Frame. A Payload is not used.
func (s *Server) Open(tb testing.TB, options ...Option) *Client {
	tb.Helper()
	c := s.accepted(tb, s.dial(options))
	c.needsMessages("Open")
	return c
}

// Refused connects like Connect a client that has to be refused, and returns
// what the client receives: in the handshake an HTTP status, a close code, a reason and
// extensions; after connection_init a close code and a reason, and 0 as the status. Over
// a transport what was answered is what there is, a status or a code; where each
// operation is a request, it is one that asks for __typename.
func (s *Server) Refused(tb testing.TB, options ...Option) *ports.Refusal {
	tb.Helper()
	d := s.dial(options)
	c, err := s.handshake(tb, d)
	if err == nil && !d.transport.hasMessages() {
		err = c.request(tb)
	}
	if err != nil {
		refusal, ok := errors.AsType[*ports.Refusal](err)
		if !ok {
			tb.Fatalf("fanqltest: expected the client to be refused, but the handshake failed: %v", err)
		}
		return refusal
	}
	c.write(protoclient.Init(d.payload))
	c.drain()
	for _, frame := range c.frames {
		if frame.Type == protoclient.TypeAck {
			tb.Fatalf("fanqltest: expected the client to be refused, got %s", frame.Raw)
		}
	}
	closed := c.untilClosed("the client to be refused")
	return &ports.Refusal{Code: closed.Code, Reason: closed.Reason}
}

func (s *Server) dial(options []Option) *dial {
	d := &dial{handshake: ports.Handshake{
		Address:    ports.Address{ID: ports.ConnectionID(s.name("connection"))},
		RequestID:  s.name("request"),
		ReceivedAt: s.received.now(),
		Protocols:  []string{string(protoclient.Modern)},
		Header:     http.Header{},
		Query:      url.Values{},
		RemoteAddr: "192.0.2.1:1234", // reserved for examples (RFC 5737)
	}}
	for _, option := range options {
		option(d)
	}
	return d
}

// name is unique on this server.
func (s *Server) name(of string) string {
	return of + "-" + strconv.FormatInt(s.names.Add(1), 10)
}

// accepted is a client whose handshake must succeed.
func (s *Server) accepted(tb testing.TB, d *dial) *Client {
	tb.Helper()
	c, err := s.handshake(tb, d)
	if refusal, ok := errors.AsType[*ports.Refusal](err); ok {
		err = fmt.Errorf("refused with status %d and code %d: %s", refusal.Status, refusal.Code, refusal.Reason)
	}
	if err != nil {
		tb.Fatalf("fanqltest: expected the handshake to be accepted, got: %v", err)
	}
	return c
}

func (s *Server) handshake(tb testing.TB, d *dial) (*Client, error) {
	tb.Helper()
	ctx, cancel := s.context(tb)
	defer cancel()
	c := &Client{
		Address: d.handshake.Address,
		tb:      tb, server: s, transport: d.transport,
		protocol:   protoclient.Modern,
		operations: map[string]*Operation{},
	}
	if d.transport != "" {
		c.inbox = s.newInbox()
	}
	if err := c.connect(ctx, d); err != nil {
		return nil, err
	}
	tb.Cleanup(func() {
		if err := c.leave(); err != nil { // perhaps a port that was made to fail
			tb.Logf("fanqltest: leaving: %v", err)
		}
	})
	return c, nil
}

// connect makes the client's link, and does the handshake if there is one.
func (c *Client) connect(ctx context.Context, d *dial) error {
	c.tb.Helper()
	s := c.server
	if d.transport != "" {
		c.Address = ports.Address{} // the adapter makes it
	}
	if d.payload != nil && !d.transport.hasMessages() {
		c.tb.Fatalf("fanqltest: Payload is for sockets: %s has no connection_init", d.transport)
	}
	switch d.transport {
	case "":
		accepted, err := s.Engine.Connect(ctx, d.handshake)
		if err != nil {
			return err
		}
		c.protocol = protoclient.Protocol(strings.ToLower(accepted.Protocol))
		c.inbox.socket = s.pusher.Open(d.handshake.Address)
		c.link = direct{s, d.handshake.Address}
	case WebSocket:
		opened, protocol, err := s.host.openSocket(ctx, d.handshake, c.inbox)
		if err != nil {
			return err
		}
		c.link, c.protocol = opened, protoclient.Protocol(strings.ToLower(protocol))
		opened.update(func(s *state) { c.Address = s.address })
		if protocol == "" {
			closed := c.untilClosed("the connection to be closed for its subprotocol") //nolint:contextcheck // it has a deadline of its own
			return errors.Join(opened.leave(ctx), &ports.Refusal{Code: closed.Code, Reason: closed.Reason})
		}
	case ServerSentEvents, Multipart:
		c.link = &streams{client: c, handshake: d.handshake, transport: d.transport, lines: map[string]*line{}}
	case Callback:
		c.link = &callbacks{client: c, handshake: d.handshake, ids: map[string]string{}}
	default:
		c.tb.Fatalf("fanqltest: there is no transport %q", d.transport)
	}
	return nil
}

// request has a request of the client's answered that asks for nothing.
func (c *Client) request(tb testing.TB) error {
	tb.Helper()
	data, err := c.protocol.Start("1", protoclient.Request{Query: "{ __typename }"})
	if err != nil {
		return err
	}
	ctx, cancel := c.server.context(tb)
	defer cancel()
	if err := c.link.send(ctx, data); err != nil {
		return err
	}
	c.drain()
	tb.Fatalf("fanqltest: expected the client to be refused, got %s", unread(c.frames))
	return nil
}
