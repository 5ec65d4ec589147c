package core_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// frozenAt ends at a time: what its process calls after that does not happen.
type frozenAt struct{ ends time.Time }

type invocationKey struct{}

func frozen(ctx context.Context) bool {
	i, ok := ctx.Value(invocationKey{}).(*frozenAt)
	return ok && !time.Now().Before(i.ends)
}

type frozenStore struct{ ports.Store }

func (s frozenStore) MovePlace(ctx context.Context, topic ports.Topic, ref ports.OperationRef, receivedAt time.Time, was uint64, now ports.Place) error {
	if frozen(ctx) {
		return errAway
	}
	return s.Store.MovePlace(ctx, topic, ref, receivedAt, was, now)
}

func (s frozenStore) SaveCheckpoint(ctx context.Context, topic ports.Topic, c ports.Checkpoint) error {
	if frozen(ctx) {
		return errAway
	}
	return s.Store.SaveCheckpoint(ctx, topic, c)
}

func (s frozenStore) RemoveOperation(ctx context.Context, ref ports.OperationRef, at time.Time) (bool, error) {
	if frozen(ctx) {
		return false, errAway
	}
	return s.Store.RemoveOperation(ctx, ref, at)
}

type frozenBus struct{ *countedBus }

func (b frozenBus) Publish(ctx context.Context, events ...ports.Event) error {
	if frozen(ctx) {
		return errAway
	}
	return b.countedBus.Publish(ctx, events...)
}

type frozenPusher struct{ ports.Pusher }

func (p frozenPusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	if frozen(ctx) {
		return errAway
	}
	return p.Pusher.Push(ctx, to, frame)
}

func (p frozenPusher) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	if frozen(ctx) {
		return errAway
	}
	return p.Pusher.Close(ctx, to, code, reason)
}

type invocationCounts struct{ invocations, timedOut atomic.Int64 }

// invoked is an engine behind functions that are ended after a timeout.
func invoked(t *testing.T, timeout time.Duration, options ...func(*core.Config)) (*attack, *invocationCounts) {
	t.Helper()
	var bus *memory.Bus
	a := besieged(t, append(options, func(c *core.Config) {
		bus = must.Make(memory.New(memory.Config{MaxAttempts: 1_000_000})).Bus
		c.Bus.(*countedBus).Bus = bus
		c.Bus = frozenBus{c.Bus.(*countedBus)}
		c.Store, c.Pusher = frozenStore{c.Store}, frozenPusher{c.Pusher}
	})...)
	n := &invocationCounts{}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- bus.Consume(ctx, func(ctx context.Context, events []ports.Event) []error {
			ends := time.Now().Add(timeout)
			ctx, stop := context.WithDeadline(context.WithValue(ctx, invocationKey{}, &frozenAt{ends}), ends)
			defer stop()
			n.invocations.Add(1)
			verdicts := a.engine.Deliver(ctx, events)
			if !time.Now().Before(ends) {
				n.timedOut.Add(1)
				for i := range verdicts {
					verdicts[i] = errAway
				}
			}
			return verdicts
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return a, n
}

// A subscriber who catches up in short invocations gets further in each.
func TestCatchUpGetsFurtherInEveryInvocation(t *testing.T) {
	for _, test := range []struct {
		timeout, takes time.Duration
		missed         int
		later          bool
	}{
		{time.Second, 20 * time.Millisecond, 500, false},
		{time.Second, 20 * time.Millisecond, 500, true},
		{30 * time.Second, 20 * time.Millisecond, 3000, false},
		{30 * time.Second, 100 * time.Millisecond, 500, false},
		{30 * time.Second, 400 * time.Millisecond, 300, false},
		{30 * time.Second, 400 * time.Millisecond, 300, true},
	} {
		for _, pageSize := range []int{0, 1} {
			t.Run(fmt.Sprintf("%+v page %d", test, pageSize), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, n := invoked(t, test.timeout, func(c *core.Config) { c.PageSize = pageSize })
					live, c := a.dial(modern), a.dial(modern)
					live.subscribe("1", `subscription { tick }`)
					c.resume("1", `subscription { tick }`)
					start := c.ticked()
					a.leave(c)
					for i := range test.missed {
						a.tick(long("tick"), i)
					}
					live.ticked()
					again := a.dial(modern)
					a.pusher.slow(again.id(), test.takes)
					message := again.message(again.requesting("1", map[string]any{"query": `subscription { tick }`, "extensions": map[string]any{"resume": start.resume()}}))
					go func() {
						ends := time.Now().Add(4 * time.Second)
						ctx, cancel := context.WithDeadline(context.WithValue(t.Context(), invocationKey{}, &frozenAt{ends}), ends)
						defer cancel()
						_ = a.engine.Receive(ctx, message)
					}()
					want := test.missed
					if test.later {
						pause(5 * time.Second)
						for i := range 20 {
							a.tick(long("tick"), want+i)
							pause(100 * time.Millisecond)
						}
						want += 20
					}
					began := time.Now()
					var numbers []int
					for len(firsts(numbers)) < want && time.Since(began) < time.Hour {
						pause(5 * time.Second)
						numbers = append(numbers, again.ticked().numbers...)
					}
					took := time.Since(began)
					seen := firsts(numbers)
					if len(seen) != want || !slices.IsSorted(seen) {
						t.Errorf("%d of %d after %v, sorted %v, closed %v", len(seen), want, took, slices.IsSorted(seen), again.socket.Closed())
					}
					t.Logf("took %v for %d, with %d repeats, in %d invocations, %d of them timed out, %d catch-ups", took, want, len(numbers)-len(seen),
						n.invocations.Load(), n.timedOut.Load(), a.bus.count(ports.EventCatchUp))
					if n.timedOut.Load() > 0 {
						t.Errorf("%d of %d invocations timed out", n.timedOut.Load(), n.invocations.Load())
					}
					liveNumbers := live.ticked().numbers
					if test.later && len(firsts(liveNumbers)) != 20 {
						t.Errorf("the live subscriber got %v", liveNumbers)
					}
				})
			})
		}
	}
}
