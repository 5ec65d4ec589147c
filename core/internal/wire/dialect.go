package wire

import (
	"strings"

	"github.com/fanql/fanql/ports"
)

// Dialect is one of the two subprotocols, or what posts to callbacks use in their
// place: nowhere else are they compared.
type Dialect interface {
	// Name is the subprotocol's, as a handshake offers it and a connection keeps it.
	Name() string

	// Next carries one GraphQL response to an operation. The response is put between
	// head and tail as it is, so that any number of frames can share it.
	Next(id string, response []byte) ports.Frame
	// Error ends an operation with errors, at least one. No complete may follow.
	Error(id string, errs ports.ResponseErrors) ports.Frame
	// Probe asks nothing of a client; sending it shows whether there is a socket.
	Probe() ports.Frame
	// KeepAlive is the server's sign of life, if the subprotocol has one.
	KeepAlive() (frame ports.Frame, ok bool)

	// Refused answers a connection_init that was refused with this reason and code.
	Refused(code int, reason string) Answer
	// SecondInit answers a connection_init after the first.
	SecondInit() Answer
	// TooEarly answers an operation before connection_init.
	TooEarly() Answer
	// Invalid answers a message that is none.
	Invalid(invalid *Invalid) Answer
	// Duplicate answers an operation whose ID is in use.
	Duplicate(id string) Answer

	// PipelinesInit is true where a client sends operations right after its
	// connection_init without waiting: they wait for what becomes of it.
	PipelinesInit() bool
	// ReplacesOperations is true where an operation takes the place of one that has
	// its ID.
	ReplacesOperations() bool
	// EchoesComplete is true where a client that ends an operation is answered.
	EchoesComplete() bool
	// EndsWithOperation is true where a connection has one operation, and is removed
	// when that ends.
	EndsWithOperation() bool

	typeOf(name string) (Type, bool)
}

// Answer is what a client gets for something that was wrong: a frame, or a close,
// or both, or nothing.
type Answer struct {
	Frame ports.Frame
	// Code is the close code; 0 where the socket stays open.
	Code   int
	Reason string
}

// The names of the subprotocols. Beware: the name graphql-ws is the legacy one; the
// npm package graphql-ws speaks the modern.
const (
	modernName = "graphql-transport-ws"
	legacyName = "graphql-ws"
)

// Names are the subprotocols that a handshake may offer, the preferred one first.
func Names() []string { return []string{modernName, legacyName} }

// Of finds a dialect by the name that a connection keeps.
func Of(name string) Dialect {
	switch name {
	case legacyName:
		return Legacy{}
	case callbackName:
		return Callback{}
	}
	return Modern{}
}

// Select chooses among the subprotocols that a handshake offers, whatever their
// case and order: the modern one where it is offered, else the legacy one. The
// answer to the handshake must repeat the client's own spelling (RFC 6455,
// section 4.1), which is offered[i] with surrounding space removed.
func Select(offered []string) (dialect Dialect, spelling string, ok bool) {
	for _, candidate := range Names() {
		for _, name := range offered {
			if name = strings.TrimSpace(name); strings.EqualFold(name, candidate) {
				return Of(candidate), name, true
			}
		}
	}
	return nil, "", false
}
