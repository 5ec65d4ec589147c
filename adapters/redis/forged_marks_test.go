package redis_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fanql/fanql/ports"
)

// Whatever position a client makes up, a history has what comes behind it, or says that
// there is a gap, and the place of a subscriber takes it.
func TestForgedMarks(t *testing.T) {
	f := newFixture(t)
	epoch, err := f.Append(t.Context(), "t", kept(1, 10)...)
	success(t, err)
	events := kept(1, 10)
	for name, position := range map[string]string{
		"far ahead": "9999", "letters": "zzzz", "zero bytes": "0005" + strings.Repeat("\x00", 400), "only zero bytes": strings.Repeat("\x00", 400),
		"high": strings.Repeat("\U0010ffff", 100), "long": strings.Repeat("z", 480), "none": "", "negative": "-1", "dots": "...", "percent": "%d%s",
		"two zeros": "0005\x00\x00", "cut": "00", "replacement": "\ufffd",
	} {
		mark := ports.Mark{Epoch: epoch, Position: position}.After()
		got, more, err := f.Read(t.Context(), "t", mark, 100)
		var want []string
		for _, e := range events {
			if e.Position >= mark.Position {
				want = append(want, e.Position)
			}
		}
		switch {
		case errors.Is(err, ports.ErrGap):
			t.Logf("%s: a gap", name)
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case len(got) != len(want) || more:
			t.Errorf("%s: got %d events, want %d, more %v", name, len(got), len(want), more)
		case len(want) == 0:
			t.Errorf("%s: a mark that nobody has given is no gap", name)
		}
		operation := ports.Operation{
			Ref: ports.OperationRef{Connection: "connection", ID: ports.OperationID(name)}, Address: f.connection.Address, Topics: []ports.Topic{"t"},
			ReceivedAt: f.clock.Now(), ExpiresAt: f.connection.ExpiresAt, From: map[ports.Topic]ports.Mark{"t": mark},
		}
		success(t, f.AddOperation(t.Context(), operation))
		placed, err := f.GetSubscriber(t.Context(), "t", operation.Ref)
		success(t, err)
		if placed.Place.From != mark {
			t.Errorf("%s: placed at %q", name, placed.Place.From)
		}
		success(t, f.MovePlace(t.Context(), "t", operation.Ref, operation.ReceivedAt, 0, ports.Place{Version: 1}))
	}
	for name, epoch := range map[string]string{"none": "", "long": strings.Repeat("x", 480), "zero": "\x00", "cut": epoch[:3], "more": epoch + "0", "slash": "a/b", "other": "00000000000000000000000000"} {
		if _, _, err := f.Read(t.Context(), "t", ports.Mark{Epoch: epoch, Position: "0001"}, 100); !errors.Is(err, ports.ErrGap) {
			t.Errorf("epoch %s: %v", name, err)
		}
	}
}
