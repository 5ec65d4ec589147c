package redis

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

// FuzzEventCodec encodes any event, which comes back as it was or is refused.
func FuzzEventCodec(f *testing.F) {
	f.Add("1", "t", "data", []byte(`{"a":1}`), int64(1), "a,b", "c", "traceparent", "00-1-2-01")
	f.Add("", "☃", "complete", []byte(nil), int64(-62135596800), "", "", "", "")
	f.Add("\xff", "<&>", "", []byte("\x00"), int64(1<<40), "\u2028", "\xfe", "", "\xfd")
	f.Fuzz(func(t *testing.T, id, topic, kind string, payload []byte, seconds int64, only, except, name, value string) {
		want := ports.Event{
			ID: id, Topic: ports.Topic(topic), Kind: ports.EventKind(kind), Payload: payload, Time: time.Unix(seconds, 999).UTC(),
			Only: []ports.ConnectionID{ports.ConnectionID(only), "x"}, Except: []ports.ConnectionID{ports.ConnectionID(except)},
			Keep: ports.Retention{Count: len(payload), Age: time.Duration(seconds)}, Trace: map[string]string{name: value},
		}
		encoded, err := encodeEnvelope(want)
		if err != nil || topic == "" {
			return // refused
		}
		got, err := decodeEvent("5-7", map[string]string{
			topicField: topic, eventField: string(encoded), payloadField: string(payload),
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != want.ID || got.Topic != want.Topic || got.Kind != want.Kind || !bytes.Equal(got.Payload, want.Payload) ||
			!got.Time.Equal(want.Time) || got.Keep != want.Keep || !slices.Equal(got.Only, want.Only) || !slices.Equal(got.Except, want.Except) ||
			!maps.Equal(got.Trace, want.Trace) || got.Position != "0000000000000005-0000000000000007" {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// FuzzDecodeEvent reads any entry, and keeps what another program has written
// from doing harm.
func FuzzDecodeEvent(f *testing.F) {
	f.Add("1-1", "t", `{"id":"1","kind":"data","time":"1970-01-01T00:00:00Z"}`, "{}")
	f.Add("1-1", "t", `{"only":[1]}`, "")
	f.Add("1", "", "null", "")
	f.Fuzz(func(t *testing.T, id, topic, encoded, payload string) {
		event, err := decodeEvent(id, map[string]string{topicField: topic, eventField: encoded, payloadField: payload})
		if event.Topic != ports.Topic(topic) || string(event.Payload) != payload {
			t.Errorf("the event is %+v, want topic %q and payload %q", event, topic, payload)
		}
		if err == nil && (event.Topic == "" || event.Position == "") {
			t.Errorf("the event %+v lacks its topic or position", event)
		}
	})
}

// FuzzKeptCodec keeps any event in a history, which comes back as it was, but for its
// topic, position and trace; and reads anything.
func FuzzKeptCodec(f *testing.F) {
	f.Add("1", "data", []byte(`{"a":1}`), int64(1), "a,b")
	f.Add("", "complete", []byte(nil), int64(-62135596800), "")
	f.Add("\xff", "", []byte("\x05abc"), int64(1<<40), "\u2028")
	f.Fuzz(func(t *testing.T, id, kind string, payload []byte, seconds int64, only string) {
		_, _ = decodeKept(string(payload))
		want := ports.Event{
			ID: id, Kind: ports.EventKind(kind), Payload: payload, Time: time.Unix(seconds, 999).UTC(),
			Keep: ports.Retention{Count: 7, Age: time.Duration(seconds)}, Only: []ports.ConnectionID{ports.ConnectionID(only)},
		}
		encoded, err := encodeKept(want)
		if err != nil {
			return // refused
		}
		got, ok := decodeKept(string(encoded))
		if !ok || got.ID != want.ID || got.Kind != want.Kind || !bytes.Equal(got.Payload, want.Payload) || !got.Time.Equal(want.Time) ||
			got.Keep != want.Keep || !slices.Equal(got.Only, want.Only) {
			t.Errorf("got %+v, %t, want %+v", got, ok, want)
		}
	})
}

// FuzzPosition compares positions as the IDs of a stream compare.
func FuzzPosition(f *testing.F) {
	f.Add(uint64(1), uint64(10), uint64(1), uint64(9))
	f.Add(uint64(0), uint64(1<<64-1), uint64(1<<63), uint64(0))
	f.Fuzz(func(t *testing.T, milliseconds, sequence, otherMilliseconds, otherSequence uint64) {
		one, other := formatID(milliseconds, sequence), formatID(otherMilliseconds, otherSequence)
		p, err := position(one)
		q, otherErr := position(other)
		if err != nil || otherErr != nil {
			t.Fatal(err, otherErr)
		}
		want := milliseconds < otherMilliseconds || milliseconds == otherMilliseconds && sequence < otherSequence
		if (p < q) != want || (p == q) != (one == other) {
			t.Errorf("%s and %s have positions %s and %s", one, other, p, q)
		}
	})
}

func TestPositionOfNoID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "1", "-", "1-", "-1", "1-x", "x-1", "1-1-1", "18446744073709551616-0"} {
		if p, err := position(id); err == nil {
			t.Errorf("%q has position %q, want none", id, p)
		}
		if next, err := nextID(id); err == nil {
			t.Errorf("after %q comes %q, want an error", id, next)
		}
	}
}

func TestNextID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"0-0": "0-1", "5-7": "5-8", "5-18446744073709551615": "6-0"} {
		if got, err := nextID(id); got != want || err != nil {
			t.Errorf("after %s comes %s (%v), want %s", id, got, err, want)
		}
	}
}
