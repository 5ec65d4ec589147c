package redis

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/fanql/fanql/ports"
)

// message is what one router publishes to another: answers to batches that it
// got, and a batch of its own. Its form is this package's own and begins with a
// version, so that a process drops what another release of it means otherwise.
type message struct {
	// from is the process that sends, instance the life of it.
	from     string
	instance uint64
	answers  []answer
	// sequence numbers the batches of an instance, upwards; 0 without entries.
	sequence uint64
	entries  []entry
}

// answer says what became of a batch.
type answer struct {
	instance, sequence uint64
	// exceptions are the entries that were not delivered.
	exceptions []exception
}

// exception is an entry that was not delivered: of whose frames so many were, and then
// one was not.
type exception struct {
	index    int
	status   status
	accepted int
}

// status is what became of an entry, on its way back.
type status byte

const (
	delivered status = iota
	gone
	throttled
	tooLarge
	failed
	late // its lease was lost
)

// entry is one call of a Pusher on its way to the process that can do it.
type entry struct {
	kind  entryKind
	to    ports.ConnectionID
	fence fence
	// frames are what to push, in their order: none after one that is not accepted.
	frames []ports.Frame
	// code and reason are what to close with.
	code   int
	reason string
}

// size is what the entry's frames come to.
func (e *entry) size() (n int) {
	for i := range e.frames {
		n += e.frames[i].Len()
	}
	return n
}

type entryKind byte

const (
	pushEntry entryKind = iota
	closeEntry
)

const messageVersion = 2

// payloadKey tells payloads apart by where they are: frames that share one have
// the very same bytes.
type payloadKey struct {
	data *byte
	size int
}

func keyOf(payload []byte) payloadKey {
	return payloadKey{unsafe.SliceData(payload), len(payload)} //nolint:gosec // to compare it, not to follow it
}

// encode writes the message. A payload that several frames share is in it once.
func (m *message) encode() []byte {
	b := append(make([]byte, 0, m.size()), messageVersion)
	b = appendBytes(b, m.from)
	b = binary.AppendUvarint(b, m.instance)
	b = appendInt(b, len(m.answers))
	for _, a := range m.answers {
		b = a.appendTo(b)
	}
	b = binary.AppendUvarint(b, m.sequence)
	payloads, indexes := sharedPayloads(m.entries)
	b = appendInt(b, len(payloads))
	for _, payload := range payloads {
		b = appendBytes(b, payload)
	}
	b = appendInt(b, len(m.entries))
	for i := range m.entries {
		b = m.entries[i].appendTo(b, indexes)
	}
	return b
}

// size is about how long the message is, without its answers.
func (m *message) size() int {
	n := 256
	for i := range m.entries {
		n += entryBytes
		for _, frame := range m.entries[i].frames {
			n += len(frame.Head) + len(frame.Tail)
		}
	}
	if len(m.entries) > 0 && len(m.entries[0].frames) > 0 {
		n += len(m.entries[0].frames[0].Payload)
	}
	return n
}

func sharedPayloads(entries []entry) (payloads [][]byte, indexes map[payloadKey]int) {
	indexes = make(map[payloadKey]int)
	for i := range entries {
		for _, frame := range entries[i].frames {
			key := keyOf(frame.Payload)
			if _, known := indexes[key]; !known {
				indexes[key] = len(payloads)
				payloads = append(payloads, frame.Payload)
			}
		}
	}
	return payloads, indexes
}

func (a *answer) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, a.instance)
	b = binary.AppendUvarint(b, a.sequence)
	b = appendInt(b, len(a.exceptions))
	for _, e := range a.exceptions {
		b = appendInt(append(appendInt(b, e.index), byte(e.status)), e.accepted)
	}
	return b
}

func (e *entry) appendTo(b []byte, payloads map[payloadKey]int) []byte {
	b = append(b, byte(e.kind))
	b = appendBytes(b, e.to)
	b = appendBytes(b, e.fence.bus)
	b = appendInt(b, e.fence.partition)
	b = appendInt(b, int(e.fence.token))
	b = appendInt(b, len(e.frames))
	for _, frame := range e.frames {
		b = appendBytes(b, frame.Head)
		b = appendInt(b, payloads[keyOf(frame.Payload)])
		b = appendBytes(b, frame.Tail)
	}
	b = appendInt(b, e.code)
	return appendBytes(b, e.reason)
}

func appendInt(b []byte, n int) []byte {
	return binary.AppendVarint(b, int64(n))
}

func appendBytes[T ~string | ~[]byte](b []byte, text T) []byte {
	return append(appendInt(b, len(text)), text...)
}

var errMessage = errors.New("a message from another process cannot be read")

// decodeMessage reads what encode wrote. The frames are parts of data.
func decodeMessage(data []byte) (message, error) {
	r := reader{rest: data}
	if r.byte() != messageVersion {
		return message{}, errMessage
	}
	m := message{from: string(r.bytes()), instance: r.uint()}
	m.answers = list(&r, readAnswer)
	m.sequence = r.uint()
	payloads := list(&r, func(r *reader) []byte { return r.bytes() })
	m.entries = list(&r, func(r *reader) entry { return readEntry(r, payloads) })
	if r.broken || len(r.rest) > 0 {
		return message{}, errMessage
	}
	return m, nil
}

func readAnswer(r *reader) answer {
	return answer{instance: r.uint(), sequence: r.uint(), exceptions: list(r, func(r *reader) exception {
		return exception{index: r.int(), status: status(r.byte()), accepted: r.int()}
	})}
}

func readEntry(r *reader, payloads [][]byte) entry {
	e := entry{kind: entryKind(r.byte()), to: ports.ConnectionID(r.bytes())}
	e.fence = fence{scope{string(r.bytes()), r.int()}, int64(r.int())}
	e.frames = list(r, func(r *reader) ports.Frame { return readFrame(r, payloads) })
	e.code, e.reason = r.int(), string(r.bytes())
	return e
}

func readFrame(r *reader, payloads [][]byte) (frame ports.Frame) {
	frame.Head = r.bytes()
	if index := r.int(); index >= 0 && index < len(payloads) {
		frame.Payload = payloads[index]
	} else {
		r.broken = true
	}
	frame.Tail = r.bytes()
	return frame
}

// reader takes a message apart. What it returns once it is broken is of no use.
type reader struct {
	rest   []byte
	broken bool
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.broken = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uint() uint64 {
	n, size := binary.Uvarint(r.rest)
	return advance(r, n, size)
}

func (r *reader) int() int {
	n, size := binary.Varint(r.rest)
	return int(advance(r, n, size))
}

func advance[N int64 | uint64](r *reader, n N, size int) N {
	if size <= 0 {
		r.broken, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) bytes() []byte {
	size := r.int()
	if size < 0 || size > len(r.rest) {
		r.broken, r.rest = true, nil
		return nil
	}
	b := r.rest[:size:size]
	r.rest = r.rest[size:]
	return b
}

// list reads a number and then as many items. An item takes a byte at least, so
// that the number cannot ask for more than the message could hold.
func list[T any](r *reader, item func(*reader) T) []T {
	count := r.int()
	if count < 0 || count > len(r.rest) {
		r.broken, r.rest = true, nil
		return nil
	}
	items := make([]T, 0, count)
	for len(items) < count && !r.broken {
		items = append(items, item(r))
	}
	return items
}
