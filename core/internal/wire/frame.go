package wire

import (
	"encoding/json"

	"github.com/fanql/fanql/ports"
)

const (
	ackHead  = `{"type":"connection_ack"`
	pongHead = `{"type":"pong"`
)

// tail closes a message. It is shared by all frames, which never modify it: a
// conversion from a string would cost every delivery an allocation.
var tail = []byte("}") //nolint:gochecknoglobals // never modified

// AckFrame answers an accepted connection_init; payload may be nil.
func AckFrame(payload json.RawMessage) ports.Frame { return withPayload(ackHead, payload) }

// PongFrame answers a ping with the ping's own payload, which may be nil.
func PongFrame(payload json.RawMessage) ports.Frame { return withPayload(pongHead, payload) }

func withPayload(head string, payload json.RawMessage) ports.Frame {
	if payload == nil {
		return ports.Frame{Head: []byte(head + "}")}
	}
	return ports.Frame{Head: []byte(head + `,"payload":`), Payload: payload, Tail: tail}
}

// CompleteFrame tells the client that the operation has ended.
func CompleteFrame(id string) ports.Frame {
	return ports.Frame{Head: append(head(id, "complete", false), tail...)}
}

func head(id, kind string, payload bool) []byte {
	const most = len(`{"id":"","type":"complete","payload":`)
	b := make([]byte, 0, len(id)+most+2)
	b = append(b, `{"id":`...)
	b = appendQuoted(b, id)
	b = append(b, `,"type":"`...)
	b = append(b, kind...)
	b = append(b, '"')
	if payload {
		b = append(b, `,"payload":`...)
	}
	return b
}

// appendQuoted appends s as a JSON string. Nearly every ID is plain ASCII, and
// for those nothing is allocated: this runs once per delivery.
func appendQuoted(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			return append(b, quote(s)...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func quote(s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil { // cannot be: every string can be marshalled
		return []byte(`""`)
	}
	return quoted
}
