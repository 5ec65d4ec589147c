// Package protoclient is the client's side of the two WebSocket subprotocols, for
// tests that call the engine in their own process: how a client's messages are
// written and the server's are read. It has no socket and keeps no state, so each
// test decides itself when a message is handled and what it waits for.
//
// Messages are those of graphql-transport-ws (PROTOCOL.md of graphql-ws) and of the
// legacy graphql-ws (PROTOCOL.md of subscriptions-transport-ws). The package knows
// nothing of the engine's own codec, so that a mistake in one is not in both.
package protoclient

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Protocol is a subprotocol, by the name that a handshake offers.
type Protocol string

// The subprotocols.
const (
	Modern Protocol = "graphql-transport-ws"
	Legacy Protocol = "graphql-ws"
)

// Types of messages in both subprotocols.
const (
	TypeAck      = "connection_ack"
	TypeError    = "error"
	TypeComplete = "complete"
)

// Pick returns the word of the protocol.
func (p Protocol) Pick(modern, legacy string) string {
	if p == Legacy {
		return legacy
	}
	return modern
}

// TypeNext is the type of a result.
func (p Protocol) TypeNext() string { return p.Pick("next", "data") }

// Request is the payload that starts an operation.
type Request struct {
	Query      string         `json:"query"`
	Variables  map[string]any `json:"variables,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

// outgoing is a message of a client.
type outgoing struct {
	ID      *string `json:"id,omitempty"`
	Type    string  `json:"type"`
	Payload any     `json:"payload,omitempty"`
}

func (o outgoing) encode() ([]byte, error) {
	data, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("a message of type %s: %w", o.Type, err)
	}
	return data, nil
}

// Init is connection_init, the first message. Payload may be nil: there is none
// then. The error is that of encoding/json, with the type of the message.
func Init(payload any) ([]byte, error) {
	return outgoing{Type: "connection_init", Payload: payload}.encode()
}

// Start is the message that starts an operation. Payload is a Request, or whatever
// else is sent in its place. The error is that of encoding/json, with the type of
// the message.
func (p Protocol) Start(id string, payload any) ([]byte, error) {
	return outgoing{ID: &id, Type: p.Pick("subscribe", "start"), Payload: payload}.encode()
}

// Stop is the message that ends an operation.
func (p Protocol) Stop(id string) ([]byte, error) {
	return outgoing{ID: &id, Type: p.Pick(TypeComplete, "stop")}.encode()
}

// Message is one of the server's.
type Message struct {
	// ID is nil in a message that belongs to no operation.
	ID      *string         `json:"id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
	// Raw is the message as it came.
	Raw string `json:"-"`
}

// Parse reads a message. The error is that of encoding/json.
func Parse(data []byte) (Message, error) {
	m := Message{Raw: string(data)}
	err := json.Unmarshal(data, &m)
	return m, err
}

// Of says whether the message belongs to the operation.
func (m Message) Of(id string) bool { return m.ID != nil && *m.ID == id }

// IsResult says whether the message has a result, in either subprotocol.
func (m Message) IsResult() bool { return m.Type == Modern.TypeNext() || m.Type == Legacy.TypeNext() }

// Errors decodes into list the errors of a message of type error: the list that is
// its payload or, in the legacy subprotocol, the list inside. The error is that of
// encoding/json.
func (m Message) Errors(list any) error {
	if bytes.HasPrefix(m.Payload, []byte("[")) {
		return json.Unmarshal(m.Payload, list)
	}
	var object struct{ Errors json.RawMessage }
	if err := json.Unmarshal(m.Payload, &object); err != nil {
		return err
	}
	return json.Unmarshal(object.Errors, list)
}
