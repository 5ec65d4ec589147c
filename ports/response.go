package ports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// CodeMissed is the extension "code" of the error of a client that lacks events which no
// history has: it goes on without its position.
const CodeMissed = "EVENTS_MISSED"

// ErrSkip is what a resolver of a subscription's own field returns to send nothing
// for an event.
var ErrSkip = errors.New("skip this event")

// Public is an error that clients may read, formatted as by fmt.Sprintf.
func Public(format string, args ...any) error {
	return &PublicError{Message: fmt.Sprintf(format, args...)}
}

// PublicError is an error that a client may read: of all other errors that
// resolvers and hooks return, and of panics, it reads "internal error", and they
// go to OnError and the log. It counts wherever errors.As finds it; what is wrapped
// around it stays private.
type PublicError struct {
	// Message is what the client reads.
	Message string
	// Extensions, if any, are those of the GraphQL error, a code for programs say.
	Extensions map[string]any
	// Status is the HTTP status with which a hook refuses a handshake or a request, and
	// Code the code with which it closes a socket. Default: 403 and 4403.
	Status, Code int
	// Err is the cause, which the client does not read; may be nil.
	Err error
}

// Error is the message, and the cause.
func (e *PublicError) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap is the cause.
func (e *PublicError) Unwrap() error { return e.Err }

// ResponseError is an error as the client reads it (GraphQL, section 7.1.2).
type ResponseError struct {
	Message   string
	Locations []Location
	// Path leads to the field that the error is about: response keys (string) and
	// indexes of lists (int). Empty for errors of the request.
	Path       []any
	Extensions map[string]any
}

// Location is a place in a document; both numbers begin with 1. The column counts
// Unicode code points.
type Location struct{ Line, Column int }

// ResponseErrors is a list of them.
type ResponseErrors []ResponseError

// NewResponseErrors makes errors that have a message only.
func NewResponseErrors(messages ...string) ResponseErrors {
	list := make(ResponseErrors, len(messages))
	for i, message := range messages {
		list[i].Message = message
	}
	return list
}

// AppendJSON appends the list as JSON. Extensions that have no JSON (user code may
// put anything there) are left out, and nothing else.
func (list ResponseErrors) AppendJSON(b []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = list[i].appendJSON(b)
	}
	return append(b, ']')
}

func (e *ResponseError) appendJSON(b []byte) []byte {
	b = append(b, `{"message":`...)
	b, _ = appendJSON(b, e.Message) // a string always has a JSON
	if len(e.Locations) > 0 {
		b = append(b, `,"locations":[`...)
		for i, at := range e.Locations {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(append(b, `{"line":`...), int64(at.Line), 10)
			b = strconv.AppendInt(append(b, `,"column":`...), int64(at.Column), 10)
			b = append(b, '}')
		}
		b = append(b, ']')
	}
	if len(e.Path) > 0 {
		if with, err := appendJSON(append(b, `,"path":`...), e.Path); err == nil {
			b = with
		}
	}
	if len(e.Extensions) > 0 {
		if with, err := appendJSON(append(b, `,"extensions":`...), e.Extensions); err == nil {
			b = with
		}
	}
	return append(b, '}')
}

// appendJSON fails as encoding/json does, and with the panics of user code.
func appendJSON(b []byte, value any) (_ []byte, err error) {
	defer Recover(&err)
	buffer := bytes.NewBuffer(b)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(value)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}
