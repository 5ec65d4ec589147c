package core_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// faulty has the ports of a harness fail as planned.
func faulty(faults *portfault.Faults) func(*core.Config) {
	return func(config *core.Config) {
		process := faults.Process()
		config.Store = process.Store(config.Store.(*tappedStore))
		config.Pusher = process.Pusher(config.Pusher)
	}
}

// What comes after the end of a topic is a batch of its own, and must not
// overtake a batch that failed.
func TestWhatComesBehindAFailedBatchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := portfault.New(portfault.Config{})
		h := newHarness(t, faulty(faults))
		c := h.dial(modern)
		c.subscribe("1", `subscription { a }`)
		synctest.Wait()
		faults.Plan("ListSubscribers", portfault.Timeout)
		verdicts := h.engine.Deliver(t.Context(), []ports.Event{
			{ID: "1", Topic: "a", Kind: ports.EventData, Payload: []byte(`"first"`)},
			{ID: "2", Topic: "a", Kind: ports.EventComplete},
			{ID: "3", Topic: "a", Kind: ports.EventData, Payload: []byte(`"second"`)},
		})
		for i, verdict := range verdicts {
			if verdict == nil {
				t.Errorf("event %d is done with", i)
			}
		}
		c.expectNothing()
	})
}

func TestSocketThatCannotBeClosedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := portfault.New(portfault.Config{})
		c := newHarness(t, faulty(faults)).dial(modern)
		faults.Plan("Close", portfault.Throttled, portfault.Timeout)
		c.send(`no JSON`)
		c.expectClosed(4400, "message is not a JSON object")
	})
}

// A client whose connection is deleted although its socket is open would wait for
// events for ever.
func TestSocketThatCannotBeClosedKeepsItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := portfault.New(portfault.Config{})
		h := newHarness(t, faulty(faults), func(config *core.Config) { config.PushAttempts = 3 })
		c := h.dial(modern)
		c.subscribe("1", `subscription { a }`)
		for range 2 * 3 { // Receive tries to close it when the answer has failed
			faults.Plan("Close", portfault.Throttled)
		}
		if err := h.engine.Receive(t.Context(), c.message(`no JSON`)); !errors.Is(err, ports.ErrThrottled) {
			t.Errorf("got error %v", err)
		}
		h.publish("a", "still there")
		c.expectNext("1", `{"data":{"a":"still there"}}`)
	})
}

// An operation that is in place although its client received an error would be
// sent results after it.
func TestOperationOfUnknownOutcomeIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := portfault.New(portfault.Config{})
		h := newHarness(t, faulty(faults))
		c := h.dial(modern)
		faults.Plan("AddOperation", portfault.LostAnswer)
		c.subscribe("1", `subscription { a }`)
		c.expectError("1", "internal error")
		h.publish("a", "later")
		c.expectNothing()
	})
}

// lateStore creates connections, and says so when nobody waits any more.
type lateStore struct{ ports.Store }

func (s lateStore) CreateConnection(ctx context.Context, connection ports.Connection) error {
	if err := s.Store.CreateConnection(ctx, connection); err != nil {
		return err
	}
	<-ctx.Done()
	return &ports.Error{Op: "late.CreateConnection", Err: ctx.Err()}
}

// The client of a handshake that failed never says that it has gone.
func TestConnectionOfUnknownOutcomeIsRemoved(t *testing.T) {
	for name, option := range map[string]func(*core.Config){
		"the answer is lost": func(config *core.Config) {
			faults := portfault.New(portfault.Config{})
			faults.Plan("CreateConnection", portfault.LostAnswer)
			faulty(faults)(config)
		},
		"the answer is late": func(config *core.Config) { config.Store = lateStore{config.Store} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, option)
				handshake := ports.Handshake{Address: ports.Address{ID: "c"}, ReceivedAt: time.Now(), Protocols: []string{modern}}
				invocation, cancel := context.WithTimeout(t.Context(), 29*time.Second)
				defer cancel()
				if _, err := h.engine.Connect(invocation, handshake); err == nil || invocation.Err() != nil {
					t.Errorf("got error %v, with %v", err, invocation.Err())
				}
				if _, err := h.store.GetConnection(t.Context(), "c"); !errors.Is(err, ports.ErrNotFound) {
					t.Errorf("the connection's row: %v", err)
				}
			})
		})
	}
}

// In tests the engine's clock may stand still, or be put on; deadlines are the system's.
func TestConnectionIsAcceptedWhateverTheEnginesClock(t *testing.T) {
	for _, off := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, func(config *core.Config) {
				config.Now = func() time.Time { return time.Now().Add(off) }
			})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			handshake := ports.Handshake{Address: ports.Address{ID: "c"}, Protocols: []string{modern}}
			if _, err := h.engine.Connect(ctx, handshake); err != nil {
				t.Errorf("off by %v: %v", off, err)
			}
		})
	}
}

// A topic that uses up the time leaves what comes after it to the next delivery,
// in which it is the first.
func TestTopicsAfterOneThatUsedUpTheTimeAreUnfinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		h.store.afterNext("ListSubscribers", func() { pause(600 * time.Millisecond) })
		verdicts := h.engine.Deliver(late, []ports.Event{
			{ID: "1", Topic: "a", Kind: ports.EventData, Payload: []byte(`1`)},
			{ID: "2", Topic: "b", Kind: ports.EventData, Payload: []byte(`2`)},
		})
		if verdicts[0] != nil || !errors.Is(verdicts[1], ports.ErrUnfinished) {
			t.Errorf("got %v", verdicts)
		}
	})
}

// A delivery that is cancelled must not end what it cannot say has ended.
func TestCancelledDeliveryEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		c := h.dial(modern)
		c.subscribe("1", `subscription { a }`)
		ctx, cancel := context.WithCancel(t.Context())
		h.store.afterNext("ListSubscribers", cancel)
		verdicts := h.engine.Deliver(ctx, []ports.Event{{ID: "1", Topic: "a", Kind: ports.EventComplete}})
		if verdicts[0] == nil {
			t.Error("the event is done with")
		}
		c.expectNothing()
		h.expectCompletions()
	})
}
