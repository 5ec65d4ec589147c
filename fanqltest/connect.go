package fanqltest

import (
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
	return s.accepted(tb, s.dial(options))
}

// Refused connects like Connect a client that has to be refused, and returns
// what the client receives: in the handshake an HTTP status, a close code and a reason;
// after connection_init a close code and a reason, and 0 as the status.
func (s *Server) Refused(tb testing.TB, options ...Option) *ports.Refusal {
	tb.Helper()
	d := s.dial(options)
	c, err := s.handshake(tb, d)
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
	accepted, err := s.Engine.Connect(ctx, d.handshake)
	if err != nil {
		return nil, err
	}
	c := &Client{
		Address: d.handshake.Address,
		tb:      tb, server: s, socket: s.pusher.Open(d.handshake.Address),
		protocol:   protoclient.Protocol(strings.ToLower(accepted.Protocol)),
		operations: map[string]*Operation{},
	}
	tb.Cleanup(func() {
		if err := c.leave(); err != nil { // perhaps a port that was made to fail
			tb.Logf("fanqltest: leaving: %v", err)
		}
	})
	return c, nil
}
