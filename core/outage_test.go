package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// outage is a pusher whose transport accepts nothing for a while.
type outage struct {
	ports.Pusher

	mu    sync.Mutex
	until time.Time
	// only, unless empty, is the one connection that the transport refuses.
	only ports.ConnectionID
	// closes: sockets can be closed all the same.
	closes bool
	// complete: only the frames that end a topic are refused, because of a quota.
	complete bool
}

func (o *outage) begin(length time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.until = time.Now().Add(length)
}

func (o *outage) refuses(to ports.Address) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Now().Before(o.until) && (o.only == "" || o.only == to.ID)
}

func (o *outage) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	if !o.refuses(to) {
		return o.Pusher.Push(ctx, to, frame)
	}
	if o.complete {
		if !strings.Contains(string(frame.AppendTo(nil)), `"complete"`) {
			return o.Pusher.Push(ctx, to, frame)
		}
		return &ports.Error{Op: "test.Push", Kind: ports.ErrThrottled}
	}
	return errAway
}

func (o *outage) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	if o.refuses(to) && !o.closes {
		return errAway
	}
	return o.Pusher.Close(ctx, to, code, reason)
}

// newOutage is a harness whose transport can be away.
func newOutage(t *testing.T, options ...func(*core.Config)) (*harness, *outage) {
	t.Helper()
	away := &outage{}
	h := newHarness(t, append(options, func(config *core.Config) {
		away.Pusher = config.Pusher
		config.Pusher = away
		config.Random = func() float64 { return 0.5 }
	})...)
	return h, away
}

// received is what has come to a client: its frames, as far as they are there.
func (c *client) received() []string {
	c.t.Helper()
	synctest.Wait()
	var frames []string
	for c.socket.Queued() > 0 {
		frames = append(frames, c.next())
	}
	return frames
}

// hasEnded reports whether a client knows that it may lack events.
func (c *client) hasEnded(frames []string) bool {
	return c.socket.Closed() != nil || strings.Contains(strings.Join(frames, ""), `"type":"error"`)
}

// A transport that is away for a time costs no subscriber an event in silence, and
// where it is away as a whole hardly anyone the subscription.
func TestOutageOfTheTransportSilencesNobody(t *testing.T) {
	for _, length := range []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second, 30 * time.Second} {
		for _, pageSize := range []int{0, 6} {
			t.Run(fmt.Sprintf("%v, pages of %d", length, pageSize), func(t *testing.T) {
				both(t, func(t *testing.T, protocol string) {
					h, away := newOutage(t, func(c *core.Config) { c.PageSize = pageSize })
					clients := make([]*client, 20)
					for i := range clients {
						clients[i] = h.dial(protocol)
						clients[i].subscribe("1", `subscription { a }`)
					}
					away.begin(length)
					h.publish("a", "one")
					pause(length / 2)
					h.publish("a", "two")
					pause(length + 30*time.Second)
					h.publish("a", "three")
					ended := 0
					for _, c := range clients {
						switch frames := c.received(); {
						case c.hasEnded(frames):
							ended++
						case !strings.Contains(strings.Join(frames, ""), `one`) || !strings.Contains(strings.Join(frames, ""), `two`):
							t.Errorf("%s is silent: %q", c.id(), frames)
						}
					}
					if ended > 3 {
						t.Errorf("%d of %d subscriptions were ended", ended, len(clients))
					}
				})
			})
		}
	}
}

// A subscriber whose error the transport does not accept keeps its operation, and
// gets the event, or the error, when the transport is back.
func TestOperationStaysUntilItsLastFrameIsAccepted(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, away := newOutage(t)
		c := h.dial(protocol)
		c.subscribe("1", `subscription { a }`)
		away.begin(10 * time.Second)
		h.publish("a", "x")
		pause(5 * time.Second)
		if rows := h.listed("a"); len(rows) != 1 {
			t.Errorf("%d rows are left while nothing is accepted, want 1", len(rows))
		}
		h.expectCompletions()
		pause(60 * time.Second)
		if frames := c.received(); !c.hasEnded(frames) && !strings.Contains(strings.Join(frames, ""), `"x"`) {
			t.Errorf("got %q and no close, want the event, an error, or a close", frames)
		}
	})
}

// One connection that accepts neither events nor an error is closed, and costs the
// others nothing.
func TestConnectionThatAcceptsNothingIsClosed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, away := newOutage(t)
		c, other := h.dial(protocol), h.dial(protocol)
		c.subscribe("1", `subscription { a }`)
		other.subscribe("1", `subscription { a }`)
		away.only, away.closes = c.id(), true
		away.begin(time.Hour)
		h.publish("a", "x")
		pause(time.Minute)
		c.expectClosed(1013, "Events could not be delivered")
		other.expectNext("1", `{"data":{"a":"x"}}`)
		other.expectNothing()
	})
}

// The end of a topic that finds no slot costs nobody the connection, and reaches
// everybody in the end.
func TestEndOfATopicThatIsThrottledComesLater(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, away := newOutage(t)
		clients := make([]*client, 20)
		for i := range clients {
			clients[i] = h.dial(protocol)
			clients[i].subscribe("1", `subscription { a }`)
		}
		away.complete = true
		away.begin(5 * time.Second)
		h.publish("a", "last")
		if err := h.engine.Publish(t.Context(), core.NewTopic[any]("a").End()); err != nil {
			t.Fatal(err)
		}
		pause(time.Minute)
		for _, c := range clients {
			c.expectNext("1", `{"data":{"a":"last"}}`)
			c.expectComplete("1")
			c.expectNothing()
		}
		if got := len(h.completions()); got != len(clients) {
			t.Errorf("OnComplete was called %d times, want %d", got, len(clients))
		}
	})
}

// A subscribe that uses the ID again between the last frame and the removal waits
// for the removal.
func TestIDMayBeUsedAgainBeforeItsOperationIsRemoved(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		faults := portfault.New(portfault.Config{})
		h := newHarness(t, faulty(faults), func(config *core.Config) {
			config.Store = slowRemoval{config.Store, 500 * time.Millisecond}
		})
		c := h.dial(protocol)
		c.subscribe("1", `subscription { a }`)
		if err := h.engine.Publish(t.Context(), core.NewTopic[any]("a").End()); err != nil {
			t.Fatal(err)
		}
		c.expectComplete("1") // and the removal is under way
		c.subscribe("1", `subscription { onB }`)
		pause(time.Second)
		h.publish("b", "x")
		c.expectNext("1", `{"data":{"onB":"x"}}`)
		if got := len(h.completions()); got != 1 {
			t.Errorf("OnComplete was called with %q, want once", h.completions())
		}
	})
}

type slowRemoval struct {
	ports.Store
	length time.Duration
}

func (s slowRemoval) RemoveOperation(ctx context.Context, ref ports.OperationRef, receivedAt time.Time) (bool, error) {
	pause(s.length)
	return s.Store.RemoveOperation(ctx, ref, receivedAt)
}

// A last frame after which the operation cannot be removed is followed by nothing:
// the connection is closed.
func TestConnectionIsClosedWhoseEndedOperationCannotBeRemoved(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		faults := portfault.New(portfault.Config{})
		h := newHarness(t, faulty(faults))
		c := h.dial(protocol)
		c.subscribe("1", `subscription { a }`)
		faults.Plan("RemoveOperation", portfault.Timeout)
		if err := h.engine.Publish(t.Context(), core.NewTopic[any]("a").End()); err != nil {
			t.Fatal(err)
		}
		c.expectComplete("1")
		c.expectClosed(1013, "Events could not be delivered")
	})
}

// The events of a topic whose transport has accepted nothing are unfinished: the
// attempt does not count. Where it has accepted some, the others are behind, and the
// event is done with.
func TestVerdictOfAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, test := range map[string]struct {
			refused    int
			unfinished bool
		}{"as a whole": {5, true}, "in part": {4, false}} {
			h, away := newOutage(t)
			for i := range 5 {
				c := h.dial(modern)
				c.subscribe("1", `subscription { a }`)
				if i > 0 {
					away.only = c.id()
				}
			}
			if test.unfinished {
				away.only = ""
			}
			away.begin(time.Hour)
			verdict := h.engine.Deliver(t.Context(), []ports.Event{{ID: "1", Topic: "a", Kind: ports.EventData, Payload: []byte(`1`)}})[0]
			if (verdict != nil) != test.unfinished || errors.Is(verdict, ports.ErrUnfinished) != test.unfinished {
				t.Errorf("%s: the verdict is %v", name, verdict)
			}
		}
	})
}
