//go:build !race

package core_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/ports"
)

// The race detector itself crashes in bubbles where so many deadlines end
// (golang/go#78156). make test runs this package without it, too.

// One connection whose post never answers is closed, and costs the others neither an
// event nor the time.
func TestAPostThatNeverAnswersHoldsUpNobody(t *testing.T) {
	for _, timeout := range []time.Duration{5 * time.Second, 8 * time.Second, 30 * time.Second, 900 * time.Second, 0} {
		for _, pageSize := range []int{0, 100} {
			t.Run(fmt.Sprintf("%v, pages of %d", timeout, pageSize), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f, clients, transport := posting(t, 300, pageSize, 0)
					transport.hangs, transport.closes = clients[150].ID, true
					open := positioned(feedEvents(t, instruction{Text: "0"}, instruction{Text: "1"}, instruction{Text: "2"}))
					for range 4 {
						began := time.Now()
						if timeout > 0 {
							open = undelivered(t, open, f.invoke(timeout, open))
						} else {
							open = undelivered(t, open, f.Deliver(t.Context(), open))
						}
						if took := time.Since(began); took > 40*time.Second {
							t.Errorf("a delivery took %v", took)
						}
					}
					if len(open) > 0 {
						t.Errorf("%d events are left", len(open))
					}
					if code := f.pushed.closed[transport.hangs]; code != 1013 {
						t.Errorf("the connection that hangs was closed with %d", code)
					}
					for _, client := range clients {
						if client.ID != transport.hangs {
							equalFrames(t, f.pushed.take(client.ID), results("0", "1", "2"))
						}
					}
				})
			})
		}
	}
}

// One that cannot be closed either is put behind, in time, and the others get the
// event.
func TestAConnectionThatNeverAnswersAtAllLeavesTheVerdictInTime(t *testing.T) {
	for _, timeout := range []time.Duration{5 * time.Second, 30 * time.Second} {
		t.Run(timeout.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, clients, transport := posting(t, 300, 0, 0)
				transport.hangs = clients[150].ID
				events := positioned(feedEvents(t, instruction{Text: "0"}))
				if verdict := f.invoke(timeout, events)[0]; verdict != nil {
					t.Errorf("the verdict is %v", verdict)
				}
				row, err := f.store.GetSubscriber(t.Context(), "feed", ports.OperationRef{Connection: transport.hangs, ID: "1"})
				if err != nil || row.Place.Live() || row.Place.Version != 1 {
					t.Errorf("the place of the connection that hangs is %+v, %v", row.Place, err)
				}
				reached := slices.DeleteFunc(slices.Clone(clients), func(c ports.Address) bool { return len(f.pushed.take(c.ID)) == 0 })
				if len(reached) != 299 {
					t.Errorf("the event reached %d clients, want 299", len(reached))
				}
			})
		})
	}
}
