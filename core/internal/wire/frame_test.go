package wire_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

func TestFrames(t *testing.T) {
	data, errs := []byte(`{"data":{"a":1}}`), ports.NewResponseErrors(`no "a"`, "b")
	for _, test := range []struct {
		name  string
		frame ports.Frame
		want  string
	}{
		{"connection_ack", wire.AckFrame(nil), `{"type":"connection_ack"}`},
		{"connection_ack with a payload", wire.AckFrame(json.RawMessage(`{"a":1}`)), `{"type":"connection_ack","payload":{"a":1}}`},
		{"pong", wire.PongFrame(nil), `{"type":"pong"}`},
		{"pong with a payload", wire.PongFrame(json.RawMessage(`{"a":1}`)), `{"type":"pong","payload":{"a":1}}`},
		{"pong with an empty payload", wire.PongFrame(json.RawMessage(`{}`)), `{"type":"pong","payload":{}}`},
		{"ka", wire.Legacy{}.Probe(), `{"type":"ka"}`},
		{"connection_error", wire.Legacy{}.Refused(4403, "no \"a\"\n").Frame, `{"type":"connection_error","payload":{"message":"no \"a\"\n"}}`},
		{"next", wire.Of(modern).Next("1", data), `{"id":"1","type":"next","payload":{"data":{"a":1}}}`},
		{"data", wire.Of(legacy).Next("1", data), `{"id":"1","type":"data","payload":{"data":{"a":1}}}`},
		{"next for the empty id", wire.Of(modern).Next("", data), `{"id":"","type":"next","payload":{"data":{"a":1}}}`},
		{"modern error", wire.Of(modern).Error("1", errs),
			`{"id":"1","type":"error","payload":[{"message":"no \"a\""},{"message":"b"}]}`},
		{"legacy error", wire.Of(legacy).Error("1", errs),
			`{"id":"1","type":"error","payload":{"message":"no \"a\"","errors":[{"message":"no \"a\""},{"message":"b"}]}}`},
		{"complete", wire.CompleteFrame("1"), `{"id":"1","type":"complete"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.frame.AppendTo(nil)
			if string(got) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if !json.Valid(got) {
				t.Errorf("not JSON: %s", got)
			}
			if test.frame.Len() != len(got) {
				t.Errorf("Len is %d, not %d", test.frame.Len(), len(got))
			}
		})
	}
}

// TestNextFrameSharesThePayload: a fan-out has one copy of a result.
func TestNextFrameSharesThePayload(t *testing.T) {
	payload := []byte(`{"data":null}`)
	for _, protocol := range []string{modern, legacy} {
		if frame := wire.Of(protocol).Next("1", payload); &frame.Payload[0] != &payload[0] {
			t.Errorf("%s: the payload was copied", protocol)
		}
	}
}

// FuzzFrames: whatever an ID or a message holds, the frame is one JSON object
// that says it.
func FuzzFrames(f *testing.F) {
	f.Add("1", "no")
	f.Fuzz(func(t *testing.T, id, message string) {
		if !utf8.ValidString(id) || !utf8.ValidString(message) {
			return // what comes from a client is UTF-8
		}
		errs := ports.NewResponseErrors(message)
		for _, protocol := range []string{modern, legacy} {
			for _, frame := range []ports.Frame{
				wire.Of(protocol).Next(id, []byte(`{"data":null}`)),
				wire.Of(protocol).Error(id, errs),
				wire.CompleteFrame(id),
			} {
				if got := read(t, frame); got["id"] != id {
					t.Errorf("got %q for the id %q", got["id"], id)
				}
			}
		}
		payload, _ := read(t, wire.Of(legacy).Error(id, errs))["payload"].(map[string]any)
		if payload["message"] != message {
			t.Errorf("a legacy error got %q for the message %q", payload["message"], message)
		}
		payload, _ = read(t, wire.Legacy{}.Refused(4403, message).Frame)["payload"].(map[string]any)
		if payload["message"] != message {
			t.Errorf("a connection_error got %q for the message %q", payload["message"], message)
		}
	})
}

func read(t *testing.T, frame ports.Frame) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(frame.AppendTo(nil), &fields); err != nil {
		t.Fatalf("%q: %v", frame.AppendTo(nil), err)
	}
	return fields
}

func BenchmarkNextFrame(b *testing.B) {
	payload := []byte(`{"data":{"messageFeed":{"id":"17","text":"hello world"}}}`)
	b.ReportAllocs()
	for b.Loop() {
		if frame := wire.Of(modern).Next("e1c3a7d0-6c0a-4f0e-9d6a-3a8a3b0f2a11", payload); frame.Len() == 0 {
			b.Fatal("empty")
		}
	}
}
