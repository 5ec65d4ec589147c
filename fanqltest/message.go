package fanqltest

import (
	"encoding/json"
	"strings"
)

// outgoing is a message of a client.
type outgoing struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type"`
	Payload any    `json:"payload,omitempty"`
}

// request is the payload that starts an operation.
type request struct {
	Query     string    `json:"query"`
	Variables Variables `json:"variables,omitempty"`
}

// message is one of the server's.
type message struct {
	ID      *string         `json:"id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`

	raw string
}

// isResult tells whether the message carries a result, in either subprotocol.
func (m message) isResult() bool { return m.Type == "next" || m.Type == "data" }

// errors are those of a message of type error: the list that is its payload or,
// in the legacy subprotocol, the list inside.
func (m message) errors() ([]Error, error) {
	var list []Error
	if strings.HasPrefix(string(m.Payload), "[") {
		err := json.Unmarshal(m.Payload, &list)
		return list, err
	}
	var object struct{ Errors []Error }
	err := json.Unmarshal(m.Payload, &object)
	return object.Errors, err
}

// unread lists messages as they came.
func unread(messages []message) string {
	raw := make([]string, len(messages))
	for i, m := range messages {
		raw[i] = m.raw
	}
	return strings.Join(raw, " ")
}
