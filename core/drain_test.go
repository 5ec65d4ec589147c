package core_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// drain has a worker end after a time, with so long for what is under way.
func drain(t *testing.T, after, timeout time.Duration) context.Context {
	t.Helper()
	ctx, endIn, cancel := ports.Drainable(t.Context())
	t.Cleanup(cancel)
	time.AfterFunc(after, func() { endIn(timeout) })
	return ctx
}

// A worker that has to end while a page hangs keeps what the pages before have.
func TestDrainedWorkerKeepsThePagesBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pusher := &slowPusher{delay: map[ports.ConnectionID]time.Duration{}, posts: map[ports.ConnectionID]int{}}
		f := newFan(t, func(c *core.Config) {
			c.PageSize, c.PushConcurrency = 3, 1
			pusher.Pusher, c.Pusher = c.Pusher, pusher
		})
		clients := f.crowd(8, "feed")
		pusher.slow(clients[4].ID, time.Hour)
		events := positioned(feedEvents(t, instruction{Text: "a"}))
		began := time.Now()
		verdict := f.Deliver(drain(t, time.Minute, 10*time.Second), events)[0]
		if !errors.Is(verdict, ports.ErrUnfinished) {
			t.Errorf("the verdict is %v, want unfinished", verdict)
		}
		if took := time.Since(began); took > time.Minute+6*time.Second {
			t.Errorf("the delivery ended %v after its beginning, and had to keep 5s of 1m10s", took)
		}
		for _, client := range clients[:3] {
			equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", "a")})
		}
		f.pushed.take(clients[3].ID) // of the page that comes again
		pusher.slow(clients[4].ID, 0)
		f.deliverAgain(t, events)
		for i, client := range clients {
			want := []string{next("1", "feed", "a")}
			if i < 3 {
				want = nil
			}
			equalFrames(t, f.pushed.take(client.ID), want)
		}
	})
}

// A worker that has to end waits for slow connections only while there is time to
// settle them.
func TestDrainedWorkerSettlesSlowConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pusher := &slowPusher{delay: map[ports.ConnectionID]time.Duration{}, posts: map[ports.ConnectionID]int{}}
		f := newFan(t, func(c *core.Config) {
			c.PushConcurrency, c.PushAttempts, c.Random = 1, 1000, func() float64 { return 1 }
			pusher.Pusher, c.Pusher = c.Pusher, pusher
		})
		clients := f.crowd(2, "feed")
		pusher.slow(clients[1].ID, 3*time.Second)
		tries := 0
		f.pushed.fail = func(to ports.ConnectionID, _ string) error {
			if tries++; to != clients[0].ID || tries > 1 {
				return nil
			}
			pusher.slow(to, time.Hour) // the next push hangs, those that begin later do not
			time.AfterFunc(4*time.Second, func() { pusher.slow(to, 0) })
			return errAway
		}
		events := positioned(feedEvents(t, instruction{Text: "a"}))
		if verdict := f.Deliver(drain(t, time.Millisecond, 10*time.Second), events)[0]; verdict != nil {
			t.Errorf("the verdict is %v, want none", verdict)
		}
		for _, client := range clients {
			equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", "a")})
		}
	})
}
