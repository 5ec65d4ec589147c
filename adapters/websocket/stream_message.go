package websocket

import (
	"bytes"
	"strconv"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/ports"
)

// What the engine receives for a stream, and sends to it, are the messages of this
// subprotocol.
const streamProtocol = "graphql-transport-ws"

// The messages of the engine about the one operation of a stream, as its wire package
// writes them.
const (
	ackHead         = `{"type":"connection_ack"`
	nextHead        = `{"id":"1","type":"next","payload":`
	errorHead       = `{"id":"1","type":"error","payload":`
	completeMessage = `{"id":"1","type":"complete"}`
	messageTail     = `}`
)

// answer is what a message of the engine is about.
type answer int

const (
	other answer = iota
	acknowledgement
	next
	failure
	completion
)

// readAnswer tells what a message is, and returns the payload of those that have
// one. A result keeps its bytes, which many frames share.
func readAnswer(frame ports.Frame) (kind answer, payload []byte) {
	if string(frame.Head) == nextHead && string(frame.Tail) == messageTail {
		return next, frame.Payload
	}
	message := frame.AppendTo(nil)
	switch {
	case bytes.HasPrefix(message, []byte(ackHead)):
		return acknowledgement, nil
	case string(message) == completeMessage:
		return completion, nil
	}
	if payload, ok := within(message, nextHead); ok {
		return next, payload
	}
	if payload, ok := within(message, errorHead); ok {
		return failure, payload
	}
	return other, nil
}

func within(message []byte, head string) (payload []byte, ok bool) {
	if payload, ok = bytes.CutPrefix(message, []byte(head)); !ok {
		return nil, false
	}
	return bytes.CutSuffix(payload, []byte(messageTail))
}

// stream is what a connection has that is no socket.
type stream struct {
	ports.Stream
	// chunked: the answer is written here, in the chunks of HTTP/1.1 (RFC 9112, section
	// 7.1).
	chunked bool
	// decided is closed once connection_init was acknowledged or the connection is
	// closing. The connection's mu guards what comes after it.
	decided      chan struct{}
	isDecided    bool
	acknowledged bool
	// cut: the client must not take the end of the connection for the operation's.
	cut bool
}

func newStream(what ports.Stream) *stream {
	return &stream{Stream: what, decided: make(chan struct{})}
}

// decide ends the wait for connection_init. The caller holds the connection's mu.
func (s *stream) decide() {
	if s == nil || s.isDecided {
		return
	}
	s.isDecided = true
	close(s.decided)
}

func (s *stream) initMessage() []byte {
	if len(s.Init) == 0 {
		return []byte(`{"type":"connection_init"}`)
	}
	return join(`{"type":"connection_init","payload":`, s.Init)
}

func (s *stream) subscribeMessage() []byte {
	return join(`{"id":"1","type":"subscribe","payload":`, s.Payload)
}

// forgetRequest frees what the rest of the stream's life has no use for.
func (s *stream) forgetRequest() { s.Header, s.Init, s.Payload = nil, nil, nil }

func join(head string, payload []byte) []byte {
	return append(append([]byte(head), payload...), messageTail...)
}

// ending is what a stream ends with, after a close with this code.
func (s *stream) ending(code int, reason string) (frame ports.Frame) {
	switch {
	case code == ports.CloseNormal:
		return s.Format.End()
	case ports.MayReconnect(code):
		s.cut = true
		return frame
	}
	frame.Head = s.Format.Refused(code, reason).AppendTo(nil)
	frame.Payload = s.Format.End().AppendTo(nil)
	return frame
}

// append encodes what waits in the queue of a stream.
func (s *stream) append(b []byte, o outgoing) []byte {
	frame := o.frame
	if o.code == ws.OpPing {
		frame = s.Format.KeepAlive()
	}
	if !s.chunked {
		return frame.AppendTo(b)
	}
	b = appendChunk(b, frame)
	if o.code == ws.OpClose && !s.cut {
		b = append(b, "0\r\n\r\n"...)
	}
	return b
}

// appendChunk encodes a chunk; an empty one would be the last.
func appendChunk(b []byte, frame ports.Frame) []byte {
	if frame.Len() == 0 {
		return b
	}
	b = strconv.AppendInt(b, int64(frame.Len()), 16)
	b = append(b, "\r\n"...)
	b = frame.AppendTo(b)
	return append(b, "\r\n"...)
}
