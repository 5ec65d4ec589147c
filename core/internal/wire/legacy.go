package wire

import "github.com/fanql/fanql/ports"

// Legacy is the subprotocol of the package subscriptions-transport-ws (its
// PROTOCOL.md), whose name is graphql-ws.
type Legacy struct{}

var _ Dialect = Legacy{}

// Name implements Dialect.
func (Legacy) Name() string { return legacyName }

// Next is GQL_DATA.
func (Legacy) Next(id string, response []byte) ports.Frame {
	return ports.Frame{Head: head(id, "data", true), Payload: response, Tail: tail}
}

// Error is GQL_ERROR. Its payload is one error object; its client also reads a list
// under "errors", which is how the others are not lost.
func (Legacy) Error(id string, errs ports.ResponseErrors) ports.Frame {
	start := append(head(id, "error", true), `{"message":`...)
	start = append(append(start, quote(errs[0].Message)...), `,"errors":`...)
	return ports.Frame{Head: start, Payload: errs.AppendJSON(nil), Tail: []byte("}}")}
}

// Probe is GQL_CONNECTION_KEEP_ALIVE.
func (Legacy) Probe() ports.Frame { return ports.Frame{Head: []byte(`{"type":"ka"}`)} }

// KeepAlive is GQL_CONNECTION_KEEP_ALIVE.
func (l Legacy) KeepAlive() (ports.Frame, bool) { return l.Probe(), true }

// Refused is GQL_CONNECTION_ERROR, and then the end of the socket.
func (Legacy) Refused(code int, reason string) Answer {
	return Answer{Frame: connectionError(reason), Code: code, Reason: reason}
}

// SecondInit is nothing: the subprotocol says nothing of it.
func (Legacy) SecondInit() Answer { return Answer{} }

// TooEarly is GQL_CONNECTION_ERROR; the socket stays open.
func (Legacy) TooEarly() Answer {
	return Answer{Frame: connectionError("connection_init must come first")}
}

// Invalid is GQL_ERROR of the operation, if the message names one, and otherwise
// GQL_CONNECTION_ERROR. The socket stays open.
func (l Legacy) Invalid(invalid *Invalid) Answer {
	if invalid.HasID {
		return Answer{Frame: l.Error(invalid.ID, ports.NewResponseErrors(invalid.Reason))}
	}
	return Answer{Frame: connectionError(invalid.Reason)}
}

// Duplicate is nothing: the operation takes the other's place.
func (Legacy) Duplicate(string) Answer { return Answer{} }

// PipelinesInit is true: its client sends GQL_START without waiting for the
// acknowledgement.
func (Legacy) PipelinesInit() bool { return true }

// ReplacesOperations is true, as its reference server does it.
func (Legacy) ReplacesOperations() bool { return true }

// EchoesComplete is true: GQL_STOP is answered by GQL_COMPLETE.
func (Legacy) EchoesComplete() bool { return true }

// EndsWithOperation is false.
func (Legacy) EndsWithOperation() bool { return false }

func (Legacy) typeOf(name string) (Type, bool) {
	switch name {
	case "connection_init":
		return Init, true
	case "start":
		return Subscribe, true
	case "stop":
		return Complete, true
	case "connection_terminate":
		return Terminate, true
	}
	return 0, false
}

func connectionError(message string) ports.Frame {
	frame := append([]byte(`{"type":"connection_error","payload":{"message":`), quote(message)...)
	return ports.Frame{Head: append(frame, "}}"...)}
}
