package websocket

import (
	"encoding/binary"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/ports"
)

// keptFrames is the capacity that a queue begins with and keeps when it is
// empty: most pushes find room in it.
const keptFrames = 4

// outgoing is one WebSocket frame that waits to be written.
type outgoing struct {
	code  ws.OpCode
	frame ports.Frame
}

// queue holds frames without copying their payloads.
type queue struct {
	frames []outgoing
	bytes  int
}

func (q *queue) add(o outgoing) {
	if q.frames == nil {
		q.frames = make([]outgoing, 0, keptFrames)
	}
	q.frames = append(q.frames, o)
	q.bytes += o.frame.Len()
}

// clear drops everything.
func (q *queue) clear() { q.drop(len(q.frames)) }

// drop removes the first n frames.
func (q *queue) drop(n int) {
	for _, o := range q.frames[:n] {
		q.bytes -= o.frame.Len()
	}
	switch left := copy(q.frames, q.frames[n:]); {
	case left == 0 && cap(q.frames) > keptFrames:
		q.frames = nil
	default:
		clear(q.frames[left:])
		q.frames = q.frames[:left]
	}
}

// moveTo encodes the first frames onto b, at least one and then up to limit
// bytes, and removes them.
func (q *queue) moveTo(b []byte, limit int, encode func([]byte, outgoing) []byte) []byte {
	n := 0
	for n < len(q.frames) && (n == 0 || len(b)+q.frames[n].frame.Len() <= limit) {
		b = encode(b, q.frames[n])
		n++
	}
	q.drop(n)
	return b
}

// appendFrame encodes a final, unmasked frame (RFC 6455, section 5.2).
func appendFrame(b []byte, o outgoing) []byte {
	const final = 0x80
	b = append(b, final|byte(o.code))
	switch size := o.frame.Len(); {
	case size < 126:
		b = append(b, byte(size)) //nolint:gosec // below 126
	case size <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(size))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(size))
	}
	return o.frame.AppendTo(b)
}
