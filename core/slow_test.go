package core_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

var errAway = errors.New("the network is away")

// A slow client is tried again while everyone else, on later pages too, is
// served, and gets its own events in order in the end.
func TestNobodyWaitsForASlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFan(t, func(c *core.Config) {
			c.PageSize, c.PushConcurrency, c.PushAttempts = 2, 2, 20
			c.Random = func() float64 { return 1 }
		})
		clients := f.crowd(9, "feed")
		f.subscribe(clients[0], "2", "feed") // on the last page
		began := time.Now()
		awake := began.Add(5 * time.Second)
		last := map[ports.ConnectionID]time.Duration{}
		f.pushed.fail = func(to ports.ConnectionID, _ string) error {
			last[to] = time.Since(began)
			if to == clients[0].ID && time.Now().Before(awake) {
				return errAway
			}
			return nil
		}
		f.deliver(instruction{Text: "a"}, instruction{Text: "b"})
		for _, client := range clients[1:] {
			if last[client.ID] != 0 {
				t.Errorf("%s was served after %v, want at once", client.ID, last[client.ID])
			}
			equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", "a"), next("1", "feed", "b")})
		}
		equalFrames(t, f.pushed.take(clients[0].ID), []string{
			next("1", "feed", "a"), next("1", "feed", "b"), next("2", "feed", "a"), next("2", "feed", "b"),
		})
	})
}

// More slow connections than go on by themselves are waited for.
func TestSlowConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFan(t, func(c *core.Config) { c.PageSize, c.PushConcurrency = 3, 2 })
		clients := f.crowd(12, "feed")
		tries := map[ports.ConnectionID]int{}
		f.pushed.fail = func(to ports.ConnectionID, _ string) error {
			if tries[to]++; tries[to] < 3 {
				return errAway
			}
			return nil
		}
		f.deliver(instruction{Text: "a"})
		for _, client := range clients {
			equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", "a")})
		}
	})
}

func TestASlowConnectionThatIsGoneIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFan(t, func(c *core.Config) { c.PageSize, c.Random = 1, func() float64 { return 1 } })
		clients := f.crowd(3, "feed")
		f.subscribe(clients[0], "2", "feed")
		tries := 0
		f.pushed.fail = func(to ports.ConnectionID, _ string) error {
			if to != clients[0].ID {
				return nil
			}
			if tries++; tries == 1 {
				return errAway
			}
			return &ports.Error{Op: "test.Push", Kind: ports.ErrGone}
		}
		f.deliver(instruction{Text: "a"}, instruction{Text: "b"})
		if tries != 2 {
			t.Errorf("the gone client was tried %d times, want 2", tries)
		}
		page, _ := f.store.Store.ListSubscribers(t.Context(), "feed", ports.PageRequest{Limit: 10})
		if len(page.Subscribers) != 2 {
			t.Errorf("%d rows are left, want 2", len(page.Subscribers))
		}
	})
}
