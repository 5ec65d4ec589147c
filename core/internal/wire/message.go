package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fanql/fanql/ports"
)

// Type is what a client's message asks for, whatever the subprotocol calls it.
type Type int

// The types of message that a client may send.
const (
	Init      Type = iota + 1 // connection_init
	Ping                      // ping (modern)
	Pong                      // pong (modern)
	Subscribe                 // subscribe (modern), start (legacy)
	Complete                  // complete (modern), stop (legacy)
	Terminate                 // connection_terminate (legacy)
)

// MaxIDBytes is how long the ID of an operation may be, in UTF-8. It is kept for each
// operation, and for a time after a Complete whether or not there was an operation.
// Clients use numbers and UUIDs, and a callback's ID has the same bound.
const MaxIDBytes = 512

// Message is one valid message of a client.
type Message struct {
	Type Type
	// ID is the operation's, of MaxIDBytes at most; only Subscribe and Complete have one.
	ID string
	// Payload is the JSON object of Init, Ping or Pong; nil where it is missing
	// or null.
	Payload json.RawMessage
	// Request belongs to Subscribe.
	Request ports.Request
}

// Invalid says what is wrong with a message, in words for its sender. They
// repeat nothing of the message but its type.
type Invalid struct {
	// ID is the operation that a legacy error can be addressed to; HasID tells
	// the empty ID from none.
	ID     string
	HasID  bool
	Reason string
}

// Error is the reason.
func (i *Invalid) Error() string { return i.Reason }

// Envelope is a message of which only the outer object has been read, because
// what it may hold depends on the connection's subprotocol.
type Envelope struct {
	Type        string
	id, payload json.RawMessage
}

// Parse reads the outer object of a message: UTF-8, one JSON object with nothing
// after it, and a type. Names count to the letter: "Type" is not "type". The
// error is an *Invalid.
func Parse(data []byte) (Envelope, error) {
	if !utf8.Valid(data) {
		return Envelope{}, &Invalid{Reason: "message is not valid UTF-8"}
	}
	fields, ok := object(bytes.Clone(data)) // what is read of it may be kept
	if !ok {
		return Envelope{}, &Invalid{Reason: "message is not a JSON object"}
	}
	envelope := Envelope{id: fields["id"], payload: fields["payload"]}
	kind, err := requiredString("type", fields["type"])
	if err != nil {
		return Envelope{}, envelope.invalid(err)
	}
	envelope.Type = kind
	return envelope, nil
}

// Decode reads the rest of the message as the subprotocol defines it. The error
// is an *Invalid.
func (e Envelope) Decode(dialect Dialect) (Message, error) {
	message, err := e.decode(dialect)
	if err != nil {
		return Message{}, e.invalid(err)
	}
	return message, nil
}

func (e Envelope) decode(dialect Dialect) (Message, error) {
	kind, ok := dialect.typeOf(e.Type)
	if !ok {
		return Message{}, unknownType(e.Type, dialect)
	}
	switch kind {
	case Subscribe:
		return e.subscribe()
	case Complete:
		id, err := e.operationID()
		return Message{Type: Complete, ID: id}, err
	case Terminate:
		return Message{Type: Terminate}, nil
	default:
		payload, err := optionalObject("payload", e.payload)
		return Message{Type: kind, Payload: payload}, err
	}
}

func (e Envelope) subscribe() (Message, error) {
	id, err := e.operationID()
	if err != nil {
		return Message{}, err
	}
	payload, ok := object(e.payload)
	if !ok {
		return Message{}, expected("payload", "an object")
	}
	request, err := request(payload)
	return Message{Type: Subscribe, ID: id, Request: request}, err
}

func (e Envelope) operationID() (string, error) {
	id, err := requiredString("id", e.id)
	if err == nil && len(id) > MaxIDBytes {
		return "", expected("id", fmt.Sprintf("a string of at most %d bytes", MaxIDBytes))
	}
	return id, err
}

func request(payload map[string]json.RawMessage) (ports.Request, error) {
	documentID, err := optionalString("payload.documentId", payload["documentId"])
	if err != nil {
		return ports.Request{}, err
	}
	// A document may be named instead, which PROTOCOL.md knows nothing of.
	named := documentID != "" || !absent(payload["extensions"])
	query := ""
	if !named || !absent(payload["query"]) {
		if query, err = requiredString("payload.query", payload["query"]); err != nil {
			return ports.Request{}, err
		}
	}
	operationName, err := optionalString("payload.operationName", payload["operationName"])
	if err != nil {
		return ports.Request{}, err
	}
	variables, err := optionalObject("payload.variables", payload["variables"])
	if err != nil {
		return ports.Request{}, err
	}
	extensions, err := optionalObject("payload.extensions", payload["extensions"])
	return ports.Request{
		Query: query, DocumentID: documentID, OperationName: operationName, Variables: variables, Extensions: extensions,
	}, err
}

// invalid names the operation, where there is one, beside what is wrong.
func (e Envelope) invalid(cause error) *Invalid {
	id, err := requiredString("id", e.id)
	return &Invalid{ID: id, HasID: err == nil, Reason: cause.Error()}
}

func absent(value json.RawMessage) bool {
	return len(value) == 0 || string(value) == "null"
}

func optionalObject(name string, value json.RawMessage) (json.RawMessage, error) {
	if absent(value) {
		return nil, nil
	}
	if value[0] != '{' {
		return nil, expected(name, "an object or null")
	}
	return value, nil
}

func optionalString(name string, value json.RawMessage) (string, error) {
	if absent(value) {
		return "", nil
	}
	return requiredString(name, value)
}

func requiredString(name string, value json.RawMessage) (string, error) {
	if len(value) == 0 || value[0] != '"' {
		return "", expected(name, "a string")
	}
	text, ok := unquote(value)
	if !ok {
		return "", expected(name, "a string")
	}
	if hasLoneSurrogate(value) {
		return "", expected(name, "Unicode text, without half a surrogate pair")
	}
	return text, nil
}

// hasLoneSurrogate reports whether a JSON string escapes half a surrogate pair.
// encoding/json puts U+FFFD in its place, so that two IDs would become one.
func hasLoneSurrogate(text json.RawMessage) bool {
	for i := 0; i+6 <= len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		first := unit(text[i:])
		if first < 0 {
			i++ // what the backslash escapes
			continue
		}
		if utf16.IsSurrogate(first) {
			if utf16.DecodeRune(first, unit(text[i+6:])) == utf8.RuneError {
				return true
			}
			i += 6
		}
		i += 5
	}
	return false
}

// unit is the UTF-16 code unit that an escape at the beginning of a text stands
// for; negative where there is none.
func unit(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	code, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(code)
}

func expected(name, what string) error {
	return fmt.Errorf("message expects %s to be %s", name, what)
}

// unknownType says whose the type is that a subprotocol does not have. The reason of a
// close frame has room for 123 bytes (RFC 6455, section 5.5).
func unknownType(name string, dialect Dialect) error {
	const most = 64
	quoted := strconv.QuoteToASCII(name[:min(len(name), most)])
	if len(name) > most || len(quoted) > most {
		quoted = quoted[:most] + "..."
	}
	for _, other := range Names() {
		if _, ok := Of(other).typeOf(name); ok {
			return fmt.Errorf("invalid message type %s of the subprotocol %s: this connection speaks %s", quoted, other, dialect.Name())
		}
	}
	return fmt.Errorf("invalid message type %s", quoted)
}

// IsType reports whether any subprotocol has a client's message of that type.
func IsType(name string) bool {
	_, modern := Modern{}.typeOf(name)
	_, legacy := Legacy{}.typeOf(name)
	return modern || legacy
}
