package core_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// Clients that give their operations long IDs, and then do not answer, hold up no topic: a
// bus carries no more than 400 KB an event.
func TestLongOperationIDsStopNoTopic(t *testing.T) {
	for name, ids := range map[string][]string{
		"five": {strings.Repeat("a", 100_000), strings.Repeat("b", 100_000), strings.Repeat("c", 100_000), strings.Repeat("d", 100_000), strings.Repeat("e", 100_000)},
	} {
		t.Run(name, func(t *testing.T) { longOperationIDs(t, ids) })
	}
}

func longOperationIDs(t *testing.T, ids []string) {
	synctest.Test(t, func(t *testing.T) {
		var dropped atomic.Int64
		var bus *memory.Bus
		a := besieged(t, func(c *core.Config) {
			bus = must.Make(memory.New(memory.Config{MaxPayloadBytes: 350_000, OnDropped: func(ports.Event, error) { dropped.Add(1) }})).Bus
			c.Bus.(*countedBus).Bus = bus
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- bus.Consume(ctx, a.engine.Deliver) }()
		defer func() { cancel(); <-done }()
		live := a.dial(modern)
		live.subscribe("1", `subscription { tick }`)
		c := a.dial(modern)
		for _, id := range ids {
			c.subscribe(id, `subscription { tick }`)
		}
		c.expectNothing()
		a.pusher.slow(c.id(), -1)
		began := time.Now()
		for n := range 20 {
			a.tick(long("tick"), n)
		}
		pause(10 * time.Minute)
		got := live.ticked()
		seen := firsts(got.numbers)
		t.Logf("live: %d events, %d repeats; %d dropped, flushed after %v, rows %d", len(seen), len(got.numbers)-len(seen), dropped.Load(), time.Since(began), len(a.listed("tick")))
		if dropped.Load() > 0 || len(got.numbers) > len(seen) {
			t.Errorf("%d events were given up, and %d repeated", dropped.Load(), len(got.numbers)-len(seen))
		}
	})
}

// A history that is slow delays, and loses nothing.
func TestSlowHistory(t *testing.T) {
	both(t, func(t *testing.T, protocol string) {
		slow := &slowHistory{}
		a := besieged(t, func(c *core.Config) {
			slow.History = c.History
			c.History = slow
		})
		c := a.dial(protocol)
		c.resume("1", `subscription { tick }`)
		start := c.ticked()
		a.leave(c)
		live := a.dial(protocol)
		live.subscribe("1", `subscription { tick }`)
		slow.mu.Lock()
		slow.every = 3 * time.Second
		slow.mu.Unlock()
		a.tick(long("tick"), 1, 2, 3)
		pause(10 * time.Second)
		again := a.dial(protocol)
		message := again.message(again.requesting("1", map[string]any{"query": `subscription { tick }`, "extensions": map[string]any{"resume": start.resume()}}))
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			_ = a.engine.Receive(ctx, message)
		}()
		var worst time.Duration
		for n := range 10 {
			began := time.Now()
			a.tick(long("tick"), 4+n)
			for live.socket.Queued() == 0 || !slices.Contains(live.ticked().numbers, 4+n) {
				pause(10 * time.Millisecond)
				if time.Since(began) > 10*time.Minute {
					t.Fatal("never")
				}
			}
			worst = max(worst, time.Since(began))
			pause(time.Second)
		}
		pause(5 * time.Minute)
		got := again.ticked()
		want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
		if !slices.Equal(firsts(got.numbers), want) {
			t.Errorf("got %v, ended %q, closed %v", got.numbers, got.ended, again.socket.Closed())
		}
		t.Logf("worst wait of the live %v; catch-ups %d; repeats %d", worst, a.bus.count(ports.EventCatchUp), len(got.numbers)-13)
	})
}
