package core_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// notebook is an Observer that remembers.
type notebook struct {
	mu     sync.Mutex
	steps  []ports.Step
	open   int
	counts ports.Counts
}

type stepKey struct{}

func (r *notebook) Begin(ctx context.Context, step ports.Step) (context.Context, func(error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, step)
	r.open++
	return context.WithValue(ctx, stepKey{}, step.Name), func(error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.open--
	}
}

func (r *notebook) Trace(ctx context.Context) map[string]string {
	name, _ := ctx.Value(stepKey{}).(ports.StepName)
	return map[string]string{"step": string(name)}
}

func (r *notebook) Count(_ context.Context, c ports.Counts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Connections += c.Connections
	r.counts.Operations += c.Operations
	r.counts.Pushed += c.Pushed
	r.counts.Executed += c.Executed
	r.counts.Gone += c.Gone
	r.counts.Lost += c.Lost
	r.counts.Listed += c.Listed
	r.counts.Slow += c.Slow
	r.counts.PutBehind += c.PutBehind
	r.counts.CaughtUp += c.CaughtUp
	r.counts.Throttled += c.Throttled
	r.counts.Retried += c.Retried
	r.counts.Lags = append(r.counts.Lags, c.Lags...)
}

// sum is what has been counted.
func (r *notebook) sum() ports.Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

// named are the steps of that name.
func (r *notebook) named(name ports.StepName) []ports.Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.steps), func(s ports.Step) bool { return s.Name != name })
}

func TestObserverFollowsAnEventFromMutationToPush(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		notes := &notebook{}
		h := newHarness(t, func(c *core.Config) { c.Observer = notes })
		a, b, gone := h.dial(modern), h.dial(modern), h.dial(modern)
		for _, c := range []*client{a, b, gone} {
			c.subscribe("1", `subscription { said(room: "1") }`)
		}
		gone.socket.HangUp()
		a.subscribe("2", `mutation Say { say(room: "1", text: "hello") }`)
		synctest.Wait()
		if notes.open != 0 {
			t.Errorf("%d steps have no end", notes.open)
		}
		for name, want := range map[ports.StepName]int{
			ports.StepConnect: 3, ports.StepReceive: 7, ports.StepPublish: 1, ports.StepDeliver: 1,
			ports.StepExecute: 2, ports.StepPush: 3 + 2 + 3, ports.StepDisconnect: 0,
		} {
			if got := len(notes.named(name)); got != want {
				t.Errorf("%d steps named %s, want %d", got, name, want)
			}
		}
		if mutation := notes.named(ports.StepExecute)[0]; mutation.Operation != "mutation" || mutation.OperationName != "Say" {
			t.Errorf("executed %+v", mutation)
		}
		delivery := notes.named(ports.StepDeliver)[0]
		wantTrace := map[string]string{"step": "publish"}
		if delivery.Topic != "room/1" || delivery.Events != 1 || len(delivery.Traces) != 1 || !maps.Equal(delivery.Traces[0], wantTrace) {
			t.Errorf("delivered %+v", delivery)
		}
		if len(notes.counts.Lags) != 1 {
			t.Errorf("lags %v, want one", notes.counts.Lags)
		}
		notes.counts.Lags = nil
		// The mutation's own place is given up again; one connection went with its subscription.
		if got, want := fmt.Sprint(notes.counts), fmt.Sprint(ports.Counts{Connections: 2, Operations: 2, Pushed: 2, Executed: 1, Gone: 1, Listed: 3}); got != want {
			t.Errorf("counted %s, want %s", got, want)
		}
	})
}

func TestObserverHearsOfTroubleWithPushes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		notes := &notebook{}
		h := newHarness(t, func(c *core.Config) {
			c.Observer = notes
			c.Pusher = throttledPusher{c.Pusher}
		})
		c := &client{harness: h, protocol: modern, socket: h.pusher.Open(ports.Address{ID: "1"})}
		if _, err := h.engine.Connect(t.Context(), c.handshake()); err != nil {
			t.Fatal(err)
		}
		err := h.engine.Receive(t.Context(), c.message(`{"type":"ping"}`))
		if !errors.Is(err, ports.ErrThrottled) {
			t.Fatalf("got %v, want that the pong was throttled", err)
		}
		if notes.counts.Throttled != 4 || notes.counts.Retried != 3 {
			t.Errorf("counted %+v, want 4 throttled and 3 retried", notes.counts)
		}
	})
}

// A subscriber counts once when it is put behind, however often it is tried, and once
// when it is live again.
func TestObserverHearsWhoIsBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		notes := &notebook{}
		h, away := kept(t, func(c *core.Config) { c.Observer = notes })
		c, other := h.dial(modern), h.dial(modern)
		c.subscribe("1", `subscription { tick }`)
		other.subscribe("1", `subscription { tick }`)
		away.only = c.id()
		away.begin(40 * time.Second)
		h.tick(ticks("tick"), 1, 2)
		pause(20 * time.Second)
		if got := notes.sum(); got.PutBehind != 1 || got.CaughtUp != 0 || got.Slow == 0 {
			t.Errorf("in the outage counted %+v, want one subscriber behind", got)
		}
		pause(time.Minute)
		if got := notes.sum(); got.PutBehind != 1 || got.CaughtUp != 1 {
			t.Errorf("after the outage counted %+v, want one subscriber who has caught up", got)
		}
	})
}

// throttledPusher takes nothing.
type throttledPusher struct{ ports.Pusher }

func (throttledPusher) Push(context.Context, ports.Address, ports.Frame) error {
	return &ports.Error{Op: "test.Push", Kind: ports.ErrThrottled}
}
