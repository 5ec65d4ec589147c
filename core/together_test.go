package core_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// batcher is a ports.Batcher of a recorder, which counts its calls.
type batcher struct {
	*recorder
	calls, frames int
}

func (b *batcher) PushAll(ctx context.Context, pushes []ports.Push) []ports.Pushed {
	b.calls++
	results := make([]ports.Pushed, len(pushes))
	for i, push := range pushes {
		b.frames += len(push.Frames)
		for _, frame := range push.Frames {
			if results[i].Err = b.Push(ctx, push.To, frame); results[i].Err != nil {
				break
			}
			results[i].Accepted++
		}
	}
	return results
}

func newBatchingFan(t *testing.T) (*fan, *batcher) {
	b := &batcher{}
	f := newFan(t, func(c *core.Config) { c.Pusher = b })
	b.recorder = f.pushed
	return f, b
}

// Events for many connections are one call of a transport that takes them together.
func TestEventsLeaveTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, b := newBatchingFan(t)
		clients := f.crowd(100, "feed")
		f.subscribe(clients[0], "2", "feed")
		f.deliver(instruction{Text: "a"}, instruction{Text: "b"})
		if b.calls != 1 || b.frames != 202 {
			t.Errorf("%d calls with %d frames, want one with 202", b.calls, b.frames)
		}
		for _, client := range clients[1:] {
			equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", "a"), next("1", "feed", "b")})
		}
		equalFrames(t, f.pushed.take(clients[0].ID), []string{
			next("1", "feed", "a"), next("2", "feed", "a"), next("1", "feed", "b"), next("2", "feed", "b"),
		})
	})
}

// What one connection does not accept is tried again, or tells that it is gone, as where
// frames leave one by one.
func TestFramesThatLeaveTogetherHaveTheirOwnOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, _ := newBatchingFan(t)
		clients := f.crowd(4, "feed")
		refused := 0
		f.pushed.fail = func(to ports.ConnectionID, frame string) error {
			switch {
			case to == clients[1].ID && frame == next("1", "feed", "b") && refused < 2:
				refused++
				return errAway
			case to == clients[2].ID:
				return &ports.Error{Kind: ports.ErrGone}
			case to == clients[3].ID && frame == next("1", "feed", "b"):
				return &ports.Error{Kind: ports.ErrTooLarge}
			}
			return nil
		}
		f.deliver(instruction{Text: "a"}, instruction{Text: "b"}, instruction{Text: "c"})
		all := []string{next("1", "feed", "a"), next("1", "feed", "b"), next("1", "feed", "c")}
		equalFrames(t, f.pushed.take(clients[0].ID), all)
		equalFrames(t, f.pushed.take(clients[1].ID), all)
		if _, left := f.left.Load(clients[2].ID); !left {
			t.Error("a connection that is gone is kept")
		}
		equalFrames(t, f.pushed.take(clients[3].ID), []string{
			next("1", "feed", "a"), `{"id":"1","type":"error","payload":[{"message":"the result is too large to be sent"}]}`,
		})
	})
}

// Strangers choose how large results are: what is too much to be kept for all leaves by
// itself.
func TestLargeResultsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, b := newBatchingFan(t)
		clients := f.crowd(200, "feed")
		text := strings.Repeat("x", 100_000)
		f.deliver(instruction{Text: text})
		if b.frames == 0 || b.frames == len(clients) {
			t.Errorf("%d frames of 100 KB left together", b.frames)
		}
		for _, client := range clients {
			equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", text)})
		}
	})
}
