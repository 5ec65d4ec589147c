package wire

import "github.com/fanql/fanql/ports"

// Modern is graphql-transport-ws (PROTOCOL.md of graphql-ws).
type Modern struct{}

var _ Dialect = Modern{}

// Name implements Dialect.
func (Modern) Name() string { return modernName }

// Next implements Dialect.
func (Modern) Next(id string, response []byte) ports.Frame {
	return ports.Frame{Head: head(id, "next", true), Payload: response, Tail: tail}
}

// Error implements Dialect.
func (Modern) Error(id string, errs ports.ResponseErrors) ports.Frame {
	return ports.Frame{Head: head(id, "error", true), Payload: errs.AppendJSON(nil), Tail: tail}
}

// Probe is a ping.
func (Modern) Probe() ports.Frame { return ports.Frame{Head: []byte(`{"type":"ping"}`)} }

// KeepAlive has none: sockets are pinged by their transport.
func (Modern) KeepAlive() (ports.Frame, bool) { return ports.Frame{}, false }

// Refused closes (ConnectionInit).
func (Modern) Refused(code int, reason string) Answer { return Answer{Code: code, Reason: reason} }

// SecondInit closes (ConnectionInit).
func (Modern) SecondInit() Answer {
	return Answer{Code: ports.CloseTooManyInits, Reason: "Too many initialisation requests"}
}

// TooEarly closes (Subscribe).
func (Modern) TooEarly() Answer {
	return Answer{Code: ports.CloseUnauthorized, Reason: "Unauthorized"}
}

// Invalid closes (Invalid message).
func (Modern) Invalid(invalid *Invalid) Answer {
	return Answer{Code: ports.CloseBadRequest, Reason: invalid.Reason}
}

// Duplicate closes (Subscribe).
func (Modern) Duplicate(id string) Answer {
	return Answer{Code: ports.CloseDuplicate, Reason: "Subscriber for " + id + " already exists"}
}

// PipelinesInit is false: what comes before the acknowledgement is an error.
func (Modern) PipelinesInit() bool { return false }

// ReplacesOperations is false: an ID in use is an error.
func (Modern) ReplacesOperations() bool { return false }

// EchoesComplete is false (Complete).
func (Modern) EchoesComplete() bool { return false }

// EndsWithOperation is false.
func (Modern) EndsWithOperation() bool { return false }

func (Modern) typeOf(name string) (Type, bool) {
	switch name {
	case "connection_init":
		return Init, true
	case "ping":
		return Ping, true
	case "pong":
		return Pong, true
	case "subscribe":
		return Subscribe, true
	case "complete":
		return Complete, true
	}
	return 0, false
}
