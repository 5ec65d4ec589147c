package callback

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/fanql/fanql/ports"
)

// The actions of the protocol ("HTTP callback protocol for GraphQL subscriptions",
// Apollo GraphOS docs, Message types), and what frames have besides.
const (
	check    = "check"
	next     = "next"
	complete = "complete"
	nothing  = "" // an acknowledgement, say
)

// message is what a router receives.
type message struct {
	action string
	// payload is a GraphQL response if the action is next, and a list of errors, or
	// nil, if it is complete.
	payload []byte
}

// read makes a message of a frame of graphql-transport-ws, which is what the engine
// makes for callbacks. The frames of deliveries keep their payload as it is.
func read(frame ports.Frame) (message, error) {
	switch {
	case bytes.HasSuffix(frame.Head, []byte(`"type":"next","payload":`)) && string(frame.Tail) == "}":
		return message{next, frame.Payload}, nil
	case bytes.HasSuffix(frame.Head, []byte(`"type":"error","payload":`)) && string(frame.Tail) == "}":
		return message{complete, frame.Payload}, nil
	}
	var decoded struct {
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(frame.AppendTo(nil), &decoded); err != nil {
		return message{}, fmt.Errorf("frame: %w", err)
	}
	switch decoded.Type {
	case "next":
		return message{next, decoded.Payload}, nil
	case "error":
		return message{complete, decoded.Payload}, nil
	case "complete":
		return message{action: complete}, nil
	case "ping":
		return message{action: check}, nil
	default:
		return message{action: nothing}, nil
	}
}

// body is the message as it is posted.
func (t target) body(m message) []byte {
	b := make([]byte, 0, len(`{"kind":"subscription","action":"complete","id":"","verifier":"","payload":}`)+len(t.id)+len(t.verifier)+len(m.payload)+16)
	b = append(b, `{"kind":"subscription","action":"`...)
	b = append(b, m.action...)
	b = append(b, `","id":`...)
	b = append(b, quote(t.id)...)
	b = append(b, `,"verifier":`...)
	b = append(b, quote(t.verifier)...)
	switch {
	case m.payload == nil:
	case m.action == next:
		b = append(append(b, `,"payload":`...), m.payload...)
	default:
		b = append(append(b, `,"errors":`...), m.payload...)
	}
	return append(b, '}')
}

// quote is a string as JSON.
func quote(text string) []byte {
	quoted, _ := json.Marshal(text) // every string can be marshalled
	return quoted
}
