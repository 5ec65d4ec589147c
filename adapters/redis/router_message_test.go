package redis

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/fanql/fanql/ports"
)

func messages() []message {
	shared := []byte("shared")
	return []message{
		{from: "a", instance: 1<<64 - 1},
		{from: "", answers: []answer{{instance: 1, sequence: 2}, {sequence: 3, exceptions: []exception{{0, gone, 2}, {300, failed, 0}}}}},
		{from: "b", sequence: 7, entries: []entry{
			{to: "1", frames: []ports.Frame{{Head: []byte("h"), Payload: shared, Tail: []byte("t")}, {Payload: []byte("second")}}},
			{to: "2", frames: []ports.Frame{{Payload: shared}}, fence: fence{scope{"a:", 3}, 1 << 50}},
			{to: "3", frames: []ports.Frame{{Payload: []byte("own")}}},
			{kind: closeEntry, to: "☃", code: 4403, reason: "Forbidden"},
		}},
	}
}

func TestMessageIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, want := range messages() {
		got, err := decodeMessage(want.encode())
		if err != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		if !equalMessages(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

// equalMessages takes nil and empty for the same.
func equalMessages(a, b message) bool {
	return bytes.Equal(a.encode(), b.encode()) && len(a.entries) == len(b.entries) &&
		(len(a.entries) == 0 || reflect.DeepEqual(contents(a.entries[0]), contents(b.entries[0])))
}

// contents are what the frames of an entry say.
func contents(e entry) (texts []string) {
	for _, frame := range e.frames {
		texts = append(texts, string(frame.AppendTo(nil)))
	}
	return texts
}

func TestMessageOfAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	m := messages()[0]
	data := m.encode()
	data[0]++
	if _, err := decodeMessage(data); err == nil {
		t.Error("it was read")
	}
}

func FuzzDecodeMessage(f *testing.F) {
	for _, m := range messages() {
		f.Add(m.encode())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decodeMessage(data)
		if err != nil {
			return
		}
		if _, err := decodeMessage(m.encode()); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
