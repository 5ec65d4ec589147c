package redis

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/fanql/fanql/ports"
)

// instant is a time as it is kept: nanoseconds in 20 digits, so that instants
// compare as texts, which scripts do. Zero is no time. What does not fit, in the
// years 1677 and 2262, is moved to the nearest that does.
type instant string

const (
	instantLength = 20
	noInstant     = instant("00000000000000000000")
	epoch         = uint64(1) << 63
)

func newInstant(n uint64) instant { return instant(fmt.Sprintf("%020d", n)) }

func instantOf(t time.Time) instant {
	switch {
	case t.IsZero():
		return noInstant
	case t.After(time.Unix(0, math.MaxInt64)):
		return newInstant(math.MaxUint64)
	case t.Before(time.Unix(0, math.MinInt64+1)):
		return newInstant(1)
	}
	return newInstant(uint64(t.UnixNano()) + epoch) // 1970 is in the middle, and the sum wraps around before it.
}

func (i instant) number() uint64 {
	n, err := strconv.ParseUint(string(i), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (i instant) time() time.Time {
	n := i.number()
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(n-epoch)).UTC() //nolint:gosec // It wraps around back.
}

// before is one nanosecond earlier.
func (i instant) before() instant { return newInstant(max(i.number(), 1) - 1) }

// encoder writes fields one after the other, each with its length.
type encoder []byte

func appendField[T ~string | ~[]byte](e encoder, field T) encoder {
	return append(binary.AppendUvarint(e, uint64(len(field))), field...)
}

// decoder reads what an encoder wrote. At the first mistake it becomes broken, and
// all that it reads from then on is empty.
type decoder struct {
	rest   string
	broken bool
}

func (d *decoder) field() string {
	length, n := uvarint(d.rest)
	if n <= 0 || length > math.MaxInt32 || n+int(length) > len(d.rest) {
		d.rest, d.broken = "", true
		return ""
	}
	field := d.rest[n : n+int(length)]
	d.rest = d.rest[n+int(length):]
	return field
}

// bytes is a field that may be nil.
func (d *decoder) bytes() []byte {
	if field := d.field(); field != "" {
		return []byte(field)
	}
	return nil
}

// whole says whether everything was read and nothing was wrong.
func (d *decoder) whole() bool { return !d.broken && d.rest == "" }

// uvarint is binary.Uvarint of a string.
func uvarint(s string) (uint64, int) {
	return binary.Uvarint([]byte(s[:min(len(s), binary.MaxVarintLen64)]))
}

// encodePlace is a place as rows have it, after the instant at which the operation was
// received: the version, the length of the mark and the call that moved it, which
// scripts read, and the mark.
func encodePlace(place ports.Place, call string) string {
	var mark string
	if !place.Live() {
		mark = place.From.Epoch + "." + place.From.Position
	}
	return fmt.Sprintf("%d,%d,%s:%s", place.Version, len(mark), call, mark)
}

// decodePlace returns false for what encodePlace did not write, and the rest after it.
func decodePlace(text string) (place ports.Place, rest string, ok bool) {
	version, text, _ := strings.Cut(text, ",")
	length, text, _ := strings.Cut(text, ",")
	_, text, ok = strings.Cut(text, ":")
	var err error
	if place.Version, err = strconv.ParseUint(version, 10, 64); err != nil || !ok {
		return ports.Place{}, "", false
	}
	size, err := strconv.ParseUint(length, 10, 31)
	if err != nil || int(size) > len(text) {
		return ports.Place{}, "", false
	}
	if size > 0 {
		place.From.Epoch, place.From.Position, ok = strings.Cut(text[:size], ".")
	}
	return place, text[size:], ok
}

// encodeSubscriber is an operation as the listing of a topic returns it. An address
// that is the connection's own is not written twice.
func encodeSubscriber(o ports.Operation, topic ports.Topic) []byte {
	place := encodePlace(ports.Place{From: o.From[topic]}, "")
	size := len(place) + len(o.Request) + len(o.State) + len(o.Filters) + len(o.Ref.Connection) + len(o.Ref.ID) +
		len(o.Address.ID) + len(o.Address.Endpoint) + len(o.Protocol) + 2*instantLength + 10*binary.MaxVarintLen32
	e := append(make(encoder, 0, size), instantOf(o.ReceivedAt)...)
	e = append(e, place...)
	e = appendField(e, o.Ref.Connection)
	e = appendField(e, o.Ref.ID)
	if o.Address.ID == o.Ref.Connection {
		e = appendField(e, "")
	} else {
		e = appendField(e, "="+o.Address.ID)
	}
	e = appendField(e, o.Address.Endpoint)
	e = appendField(e, o.Protocol)
	e = appendField(e, o.Request)
	e = appendField(e, o.State)
	e = appendField(e, o.Filters)
	return appendField(e, instantOf(o.NotAfter))
}

// decodeSubscriber returns false for what encodeSubscriber did not write.
func decodeSubscriber(text string) (ports.Subscriber, bool) {
	if len(text) < instantLength {
		return ports.Subscriber{}, false
	}
	place, rest, ok := decodePlace(text[instantLength:])
	d := decoder{rest: rest, broken: !ok}
	s := ports.Subscriber{ReceivedAt: instant(text[:instantLength]).time(), Place: place, Ref: ports.OperationRef{
		Connection: ports.ConnectionID(d.field()), ID: ports.OperationID(d.field()),
	}}
	s.Address.ID = s.Ref.Connection
	if other := d.field(); other != "" {
		s.Address.ID = ports.ConnectionID(other[1:])
	}
	s.Address.Endpoint = d.field()
	s.Protocol = d.field()
	s.Request, s.State, s.Filters = d.bytes(), d.bytes(), d.bytes()
	s.NotAfter = instant(d.field()).time()
	return s, d.whole()
}
