package core_test

import (
	"context"
	"fmt"
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

// A client whose many operations have long IDs, and that then does not answer, holds up no
// topic, whatever the characters are: together the IDs are more than the 400 KB that a bus
// carries in an event. The client catches up like everybody else, also when nothing comes
// on the topic any more.
func TestLongOperationIDsStopNoTopic(t *testing.T) {
	for name, of := range map[string]struct {
		fill string
		n    int
	}{
		"a thousand":              {"a", 1000},
		"those that JSON escapes": {"<", 200},
	} {
		ids := make([]string, of.n)
		for i := range ids {
			ids[i] = fmt.Sprintf("%s%04d", strings.Repeat(of.fill, 508), i)
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { longOperationIDs(t, ids) })
		})
	}
}

func longOperationIDs(t *testing.T, ids []string) {
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
	live, c := a.dial(modern), a.dial(modern)
	live.subscribe("1", `subscription { tick }`)
	for _, id := range ids {
		c.send(`{"id":"` + id + `","type":"subscribe","payload":{"query":"subscription { tick }"}}`)
	}
	c.expectNothing()
	a.pusher.slow(c.id(), -1)
	for n := range 20 {
		a.tick(long("tick"), n)
	}
	pause(20 * time.Second)
	got := live.ticked()
	if repeats := len(got.numbers) - len(firsts(got.numbers)); dropped.Load() > 0 || repeats > 0 || len(got.numbers) < 20 {
		t.Errorf("%d events were given up, %d of 20 reached the live client, %d repeated", dropped.Load(), len(got.numbers), repeats)
	}
	a.pusher.slow(c.id(), 0)
	pause(time.Minute)
	if caughtUp := c.ticked(); len(firsts(caughtUp.numbers)) != 20 || len(caughtUp.numbers) < 20*len(ids) {
		t.Errorf("after it answers again the client got %d results of %d", len(caughtUp.numbers), 20*len(ids))
	}
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
