package dynamodb

import (
	"encoding/base64"
	"testing"

	"github.com/fanql/fanql/ports"
)

func TestCursorComesBack(t *testing.T) {
	for _, key := range []string{"connection#" + digest("1"), "☃\x00", "x"} {
		got, ok := parseCursor("topic", newCursor("topic", key))
		if !ok || got != key {
			t.Errorf("got %q, %v, want %q", got, ok, key)
		}
	}
}

func TestCursorOfAnotherTopicIsRefused(t *testing.T) {
	if _, ok := parseCursor("other", newCursor("topic", "connection#"+digest("1"))); ok {
		t.Errorf("the cursor of another topic was taken")
	}
}

func TestCursorThatWasTamperedWithIsRefused(t *testing.T) {
	cursor := []byte(newCursor("topic", "connection#"+digest("1")))
	for i := range cursor {
		changed := append([]byte(nil), cursor...)
		changed[i] ^= 1
		if _, ok := parseCursor("topic", ports.Cursor(changed)); ok {
			t.Errorf("byte %d was changed and the cursor taken", i)
		}
		if _, ok := parseCursor("topic", ports.Cursor(cursor[:i])); ok && i > 0 {
			t.Errorf("the cursor was cut to %d bytes and taken", i)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("topic", string(newCursor("topic", "connection#"+digest("1"))))
	f.Add("", "")
	f.Add("topic", base64.RawURLEncoding.EncodeToString([]byte("12345678")))
	f.Add("topic", "no store made this \x00\xff")
	f.Fuzz(func(t *testing.T, topic, cursor string) {
		key, ok := parseCursor(ports.Topic(topic), ports.Cursor(cursor))
		if ok && (key == "" || newCursor(ports.Topic(topic), key) != ports.Cursor(cursor)) {
			t.Errorf("cursor %q was read as %q", cursor, key)
		}
	})
}
