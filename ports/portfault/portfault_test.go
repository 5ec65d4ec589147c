package portfault_test

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

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
	"github.com/fanql/fanql/ports/porttest"
)

// TestContracts: what the wrappers do to a call its contract lets happen, so with
// faults after which a call succeeds the contracts hold.
func TestContracts(t *testing.T) {
	for _, kind := range []portfault.Kind{"", portfault.Latency, portfault.Duplicate} {
		t.Run("store "+string(kind), func(t *testing.T) {
			porttest.TestStore(t, porttest.StoreAdapter{Lacks: []string{"Reopen", "TooLarge"}, New: func(_ *testing.T, clock *porttest.Clock) porttest.Store {
				inner := must.Make(memory.New(memory.Config{Now: clock.Now})).Store
				if kind == portfault.Duplicate {
					return calmMoves{always(kind).Store(inner), inner}
				}
				return always(kind).Store(inner)
			}})
		})
		t.Run("history "+string(kind), func(t *testing.T) {
			porttest.TestHistory(t, porttest.HistoryAdapter{
				Lacks: []string{"Reopen", "TooLarge"},
				New: func(_ *testing.T, clock *porttest.Clock) ports.History {
					return always(kind).History(must.Make(memory.New(memory.Config{Now: clock.Now})))
				},
				Lose: func(_ *testing.T, clock *porttest.Clock, _ ports.History, _ ports.Topic) {
					clock.Advance(48 * time.Hour)
				},
			})
		})
	}
	for _, kind := range []portfault.Kind{"", portfault.Latency} {
		t.Run("bus "+string(kind), func(t *testing.T) {
			adapter := porttest.BusAdapter{Lacks: []string{"Capacity", "TooLarge"}, New: func(*testing.T) (ports.EventBus, ports.EventSource) {
				bus := must.Make(memory.New(memory.Config{Backoff: func(int) time.Duration { return time.Millisecond }})).Bus
				process := always(kind)
				return process.Bus(bus), process.Source(bus)
			}}
			porttest.TestBus(t, adapter)
			porttest.TestEventSource(t, adapter)
		})
	}
}

// calmMoves is a store whose places move without faults: the answer to the second of
// two moves is a conflict.
type calmMoves struct {
	*portfault.Store
	inner *memory.Store
}

func (s calmMoves) MovePlace(
	ctx context.Context, topic ports.Topic, ref ports.OperationRef, receivedAt time.Time, was uint64, now ports.Place,
) error {
	return s.inner.MovePlace(ctx, topic, ref, receivedAt, was, now)
}

// always is a process with one kind of fault at every call.
func always(kind portfault.Kind) *portfault.Process {
	return portfault.New(portfault.Config{
		Rates: map[portfault.Kind]float64{kind: 1}, MaxLatency: 100 * time.Microsecond,
	}).Process()
}

// fixture is a process on a store with a connection and an operation on a topic.
type fixture struct {
	*portfault.Faults
	*portfault.Process
	inner *memory.Store
	store *portfault.Store
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	f := fixture{Faults: portfault.New(portfault.Config{}), inner: must.Make(memory.New(memory.Config{})).Store}
	f.Process = f.Faults.Process()
	f.store = f.Store(f.inner)
	success(t, f.inner.CreateConnection(t.Context(), ports.Connection{
		Address: ports.Address{ID: "c"}, ExpiresAt: time.Now().Add(time.Hour),
	}))
	return f
}

func operation(id ports.OperationID) ports.Operation {
	return ports.Operation{
		Ref: ports.OperationRef{Connection: "c", ID: id}, Topics: []ports.Topic{"t"},
		ReceivedAt: time.Unix(1, 0), ExpiresAt: time.Now().Add(time.Hour),
	}
}

func (f fixture) listed(t *testing.T) int {
	t.Helper()
	page, err := f.inner.ListSubscribers(t.Context(), "t", ports.PageRequest{})
	success(t, err)
	return len(page.Subscribers)
}

func success(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryKindAtAStore(t *testing.T) {
	for kind, test := range map[portfault.Kind]struct {
		// is what the error is, done whether the call has its effect.
		is   error
		done bool
	}{
		portfault.Latency:    {nil, true},
		portfault.Throttled:  {ports.ErrThrottled, false},
		portfault.Timeout:    {portfault.ErrInjected, false},
		portfault.LostAnswer: {portfault.ErrInjected, true},
		portfault.Partial:    {nil, true}, // it has no parts
		portfault.Duplicate:  {nil, true},
	} {
		t.Run(string(kind), func(t *testing.T) {
			f := newFixture(t)
			f.Plan("AddOperation", kind)
			err := f.store.AddOperation(t.Context(), operation("1"))
			if !errors.Is(err, test.is) || test.is == nil && err != nil {
				t.Errorf("got error %v, want %v", err, test.is)
			}
			if kind == portfault.Timeout && errors.Is(err, ports.ErrThrottled) {
				t.Errorf("got error %v, whose kind tells the outcome", err)
			}
			if done := f.listed(t) == 1; done != test.done {
				t.Errorf("done is %t, want %t", done, test.done)
			}
			want := map[portfault.Fault]int{{Call: "AddOperation", Kind: kind}: 1}
			if kind == portfault.Partial {
				want = map[portfault.Fault]int{}
			}
			if got := f.Injected(); !maps.Equal(got, want) {
				t.Errorf("injected %v, want %v", got, want)
			}
			if err := f.store.AddOperation(t.Context(), operation("2")); err != nil {
				t.Errorf("the call after: %v", err)
			}
		})
	}
}

func TestPartOfAStore(t *testing.T) {
	f := newFixture(t)
	var refs []ports.OperationRef
	for i := range 20 {
		added := operation(ports.OperationID(fmt.Sprint(i)))
		refs = append(refs, added.Ref)
		success(t, f.store.AddOperation(t.Context(), added))
	}
	f.Plan("ListSubscribers", portfault.Partial)
	page, err := f.store.ListSubscribers(t.Context(), "t", ports.PageRequest{})
	success(t, err)
	rest, err := f.store.ListSubscribers(t.Context(), "t", ports.PageRequest{After: page.Next})
	success(t, err)
	if len(page.Subscribers) != 1 || len(rest.Subscribers) != 19 {
		t.Errorf("the pages have %d and %d, want 1 and 19", len(page.Subscribers), len(rest.Subscribers))
	}
	f.Plan("RemoveSubscribers", portfault.Partial)
	if err := f.store.RemoveSubscribers(t.Context(), "t", refs); !errors.Is(err, portfault.ErrInjected) {
		t.Errorf("got error %v, want an injected one", err)
	}
	if left := f.listed(t); left == 0 || left == 20 {
		t.Errorf("%d of 20 are left", left)
	}
}

func TestDuplicateAnswersAsTheFirst(t *testing.T) {
	f := newFixture(t)
	f.Plan("DeleteConnection", portfault.Duplicate)
	if removed, err := f.store.DeleteConnection(t.Context(), "c"); !removed.Found || err != nil {
		t.Errorf("got %+v, %v", removed, err)
	}
}

// TestEveryKindAtAMove: a move whose client asks again by itself has moved the place,
// and is a conflict.
func TestEveryKindAtAMove(t *testing.T) {
	for kind, test := range map[portfault.Kind]struct {
		is   error
		done bool
	}{
		portfault.Throttled:  {ports.ErrThrottled, false},
		portfault.Timeout:    {portfault.ErrInjected, false},
		portfault.LostAnswer: {portfault.ErrInjected, true},
		portfault.Duplicate:  {ports.ErrConflict, true},
	} {
		f := newFixture(t)
		added := operation("1")
		success(t, f.store.AddOperation(t.Context(), added))
		f.Plan("MovePlace", kind)
		now := ports.Place{From: ports.Mark{Epoch: "e", Position: "1"}, Version: 1}
		if err := f.store.MovePlace(t.Context(), "t", added.Ref, added.ReceivedAt, 0, now); !errors.Is(err, test.is) {
			t.Errorf("%s: got error %v, want %v", kind, err, test.is)
		}
		subscriber, err := f.store.GetSubscriber(t.Context(), "t", added.Ref)
		success(t, err)
		if done := subscriber.Place == now; done != test.done {
			t.Errorf("%s: done is %t, want %t", kind, done, test.done)
		}
		f.Plan("GetSubscriber", portfault.Timeout)
		if _, err := f.store.GetSubscriber(t.Context(), "t", added.Ref); !errors.Is(err, portfault.ErrInjected) {
			t.Errorf("GetSubscriber: got error %v", err)
		}
	}
}

func TestEveryKindAtAHistory(t *testing.T) {
	keep := ports.Retention{Count: 10, Age: time.Hour}
	events := []ports.Event{{ID: "1", Position: "1", Keep: keep}, {ID: "2", Position: "2", Keep: keep}, {ID: "3", Position: "3", Keep: keep}}
	for kind, want := range map[portfault.Kind]struct {
		least, most int
		failed      bool
	}{
		portfault.Throttled:  {0, 0, true},
		portfault.Timeout:    {0, 0, true},
		portfault.LostAnswer: {3, 3, true},
		portfault.Partial:    {0, 3, true},
		portfault.Duplicate:  {3, 3, false},
	} {
		inner := must.Make(memory.New(memory.Config{}))
		head, err := inner.Head(t.Context(), "t", keep)
		success(t, err)
		faults := portfault.New(portfault.Config{})
		history := faults.Process().History(inner)
		faults.Plan("Append", kind)
		if _, err := history.Append(t.Context(), "t", events...); (err != nil) != want.failed {
			t.Errorf("%s: got error %v", kind, err)
		}
		read, _, err := history.Read(t.Context(), "t", head, 0)
		success(t, err)
		if n := len(read); n < want.least || n > want.most {
			t.Errorf("%s: %d were appended", kind, n)
		}
		for _, call := range []string{"Read", "Head"} {
			faults.Plan(call, portfault.Timeout)
		}
		if _, _, err := history.Read(t.Context(), "t", head, 0); !errors.Is(err, portfault.ErrInjected) {
			t.Errorf("Read: got error %v", err)
		}
		if _, err := history.Head(t.Context(), "t", keep); !errors.Is(err, portfault.ErrInjected) {
			t.Errorf("Head: got error %v", err)
		}
	}
}

func TestPartOfAHistory(t *testing.T) {
	keep := ports.Retention{Count: 10, Age: time.Hour}
	inner := must.Make(memory.New(memory.Config{}))
	epoch, err := inner.Append(t.Context(), "t", ports.Event{Position: "1", Keep: keep}, ports.Event{Position: "2", Keep: keep})
	success(t, err)
	faults := portfault.New(portfault.Config{})
	faults.Plan("Read", portfault.Partial)
	events, more, err := faults.Process().History(inner).Read(t.Context(), "t", ports.Mark{Epoch: epoch}, 0)
	success(t, err)
	if len(events) != 1 || !more {
		t.Errorf("got %d events, more is %t; want one and more", len(events), more)
	}
}

// TestCrash: of a call with a crash it is open whether it had its effect, and no
// later one has any; other processes live on.
func TestCrash(t *testing.T) {
	effects := map[bool]int{}
	for seed := range uint64(50) {
		inner := must.Make(memory.New(memory.Config{})).Store
		faults := portfault.New(portfault.Config{Seed: seed})
		process := faults.Process()
		store := process.Store(inner)
		faults.Plan("CreateConnection", portfault.Crash)
		row := ports.Connection{Address: ports.Address{ID: "c"}, ExpiresAt: time.Now().Add(time.Hour)}
		if err := store.CreateConnection(t.Context(), row); !errors.Is(err, portfault.ErrCrashed) {
			t.Fatalf("got error %v", err)
		}
		_, err := inner.GetConnection(t.Context(), "c")
		effects[err == nil]++
		row.Address.ID = "later"
		if err := store.CreateConnection(t.Context(), row); !errors.Is(err, portfault.ErrCrashed) {
			t.Fatalf("got error %v", err)
		}
		if _, err := inner.GetConnection(t.Context(), "later"); err == nil {
			t.Fatal("a process that has crashed has written")
		}
		success(t, faults.Process().Store(inner).CreateConnection(t.Context(), row))
		select {
		case <-process.Crashed():
		default:
			t.Fatal("it has not crashed")
		}
	}
	if effects[true] < 10 || effects[false] < 10 {
		t.Errorf("the call had its effect: %v", effects)
	}
}

// TestCrashUnderWay: a call that is under way when the process ends has no answer.
func TestCrashUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := portfault.New(portfault.Config{})
		process := faults.Process()
		err := process.Do(t.Context(), "request", "", func(context.Context) error {
			process.Crash()
			return nil
		})
		if !errors.Is(err, portfault.ErrCrashed) {
			t.Errorf("got error %v", err)
		}
		late := faults.Process()
		faults.Plan("request", portfault.Latency)
		time.AfterFunc(0, late.Crash)
		if err := late.Do(t.Context(), "request", "", func(context.Context) error { return nil }); !errors.Is(err, portfault.ErrCrashed) {
			t.Errorf("got error %v", err)
		}
	})
}

func TestLatencyHeedsTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := portfault.New(portfault.Config{
			Rates: map[portfault.Kind]float64{portfault.Latency: 1}, MaxLatency: time.Hour,
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		err := faults.Process().Do(ctx, "request", "", func(context.Context) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v", err)
		}
	})
}

func TestEveryKindAtABus(t *testing.T) {
	events := []ports.Event{{ID: "1", Topic: "t"}, {ID: "2", Topic: "t"}, {ID: "3", Topic: "t"}}
	for kind, want := range map[portfault.Kind]struct {
		least, most int
		failed      bool
	}{
		portfault.Throttled:  {0, 0, true},
		portfault.Timeout:    {0, 0, true},
		portfault.LostAnswer: {3, 3, true},
		portfault.Partial:    {0, 3, true},
		portfault.Duplicate:  {6, 6, false},
	} {
		faults := portfault.New(portfault.Config{})
		bus := &noted{}
		faults.Plan("Publish", kind)
		err := faults.Process().Bus(bus).Publish(t.Context(), events...)
		if (err != nil) != want.failed {
			t.Errorf("%s: got error %v", kind, err)
		}
		if n := len(bus.ids); n < want.least || n > want.most {
			t.Errorf("%s: %q were taken", kind, bus.ids)
		}
	}
}

// noted is a bus that notes what it is given.
type noted struct{ ids []string }

func (b *noted) Publish(_ context.Context, events ...ports.Event) error {
	for _, event := range events {
		b.ids = append(b.ids, event.ID)
	}
	return nil
}

func TestEveryKindAtADelivery(t *testing.T) {
	events := []ports.Event{{ID: "1", Topic: "t"}, {ID: "2", Topic: "t"}, {ID: "3", Topic: "t"}}
	for kind, want := range map[portfault.Kind]struct {
		delivered []string
		failed    int
	}{
		portfault.Latency:    {[]string{"1", "2", "3"}, 0},
		portfault.Throttled:  {nil, 3},
		portfault.Timeout:    {nil, 3},
		portfault.LostAnswer: {[]string{"1", "2", "3"}, 3},
		portfault.Duplicate:  {[]string{"1", "2", "3", "1", "2", "3"}, 0},
	} {
		faults := portfault.New(portfault.Config{})
		var got []string
		deliver := faults.Process().Deliver(func(_ context.Context, events []ports.Event) []error {
			for _, event := range events {
				got = append(got, event.ID)
			}
			return make([]error, len(events))
		})
		faults.Plan("Deliver", kind)
		verdicts := deliver(t.Context(), events)
		failed := 0
		for _, verdict := range verdicts {
			if verdict != nil {
				failed++
			}
		}
		if !slices.Equal(got, want.delivered) || failed != want.failed || len(verdicts) != len(events) {
			t.Errorf("%s: delivered %q with the verdicts %v", kind, got, verdicts)
		}
	}
}

// TestPartOfADelivery: what was not delivered has an error verdict.
func TestPartOfADelivery(t *testing.T) {
	events := []ports.Event{{ID: "1", Topic: "t"}, {ID: "2", Topic: "t"}, {ID: "3", Topic: "t"}}
	lost := 0
	for seed := range uint64(100) {
		faults := portfault.New(portfault.Config{Seed: seed})
		delivered := 0
		deliver := faults.Process().Deliver(func(_ context.Context, events []ports.Event) []error {
			delivered = len(events)
			return make([]error, len(events))
		})
		faults.Plan("Deliver", portfault.Partial)
		for i, verdict := range deliver(t.Context(), events) {
			if i >= delivered && verdict == nil {
				t.Fatalf("event %d of %d that were delivered is done with", i, delivered)
			}
			if i < delivered && verdict != nil {
				lost++
			}
		}
	}
	if lost == 0 {
		t.Error("no verdict was lost on an event that was delivered")
	}
}

// TestSourceEndsWithItsProcess: another one gets what had no verdict.
func TestSourceEndsWithItsProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := must.Make(memory.New(memory.Config{})).Bus
		success(t, bus.Publish(t.Context(), ports.Event{ID: "1", Topic: "t"}))
		faults := portfault.New(portfault.Config{})
		process := faults.Process()
		err := process.Source(bus).Consume(t.Context(), func(context.Context, []ports.Event) []error {
			process.Crash()
			return []error{nil}
		})
		if !errors.Is(err, portfault.ErrCrashed) {
			t.Errorf("got error %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var again []ports.Event
		success(t, faults.Process().Source(bus).Consume(ctx, func(_ context.Context, events []ports.Event) []error {
			again = append(again, events...)
			cancel()
			return make([]error, len(events))
		}))
		if len(again) != 1 {
			t.Errorf("delivered again: %v", again)
		}
	})
}

func TestPusher(t *testing.T) {
	inner := must.Make(memory.NewPusher(memory.PusherConfig{}))
	socket := inner.Open(ports.Address{ID: "c"})
	faults := portfault.New(portfault.Config{})
	pusher := faults.Process().Pusher(inner)
	faults.Plan("Push", portfault.Throttled, portfault.LostAnswer, portfault.Duplicate)
	faults.Plan("Close", portfault.Timeout)
	frame := ports.Frame{Payload: []byte(`{}`)}
	if err := pusher.Push(t.Context(), socket.Address(), frame); !errors.Is(err, ports.ErrThrottled) || socket.Queued() != 0 {
		t.Errorf("throttled: %v, %d frames", err, socket.Queued())
	}
	if err := pusher.Push(t.Context(), socket.Address(), frame); !errors.Is(err, portfault.ErrInjected) || socket.Queued() != 1 {
		t.Errorf("lost answer: %v, %d frames", err, socket.Queued())
	}
	if err := pusher.Push(t.Context(), socket.Address(), frame); err != nil || socket.Queued() != 2 {
		t.Errorf("no push is duplicated: %v, %d frames", err, socket.Queued())
	}
	if err := pusher.Close(t.Context(), socket.Address(), 1000, ""); !errors.Is(err, portfault.ErrInjected) || socket.Closed() != nil {
		t.Errorf("close: %v, %v", err, socket.Closed())
	}
	if err := pusher.Close(t.Context(), socket.Address(), 1000, ""); err != nil || socket.Closed() == nil {
		t.Errorf("close: %v, %v", err, socket.Closed())
	}
}

// TestSeed: a seed decides the same whatever the order of calls, and another one
// something else.
func TestSeed(t *testing.T) {
	outcomes := func(seed uint64, parallel bool) map[string]bool {
		rates := map[portfault.Kind]float64{portfault.Timeout: 0.5}
		process := portfault.New(portfault.Config{Seed: seed, Rates: rates}).Process()
		var mu sync.Mutex
		failed := map[string]bool{}
		call := func(subject string) {
			for i := range 10 {
				err := process.Do(t.Context(), "request", subject, func(context.Context) error { return nil })
				mu.Lock()
				failed[fmt.Sprint(subject, i)] = err != nil
				mu.Unlock()
			}
		}
		var done sync.WaitGroup
		for _, subject := range []string{"a", "b", "c", "d"} {
			if parallel {
				done.Go(func() { call(subject) })
			} else {
				call(subject)
			}
		}
		done.Wait()
		return failed
	}
	if !maps.Equal(outcomes(1, false), outcomes(1, true)) {
		t.Error("a seed decides twice in two ways")
	}
	if maps.Equal(outcomes(1, false), outcomes(2, false)) {
		t.Error("two seeds decide the same")
	}
}

func TestStop(t *testing.T) {
	faults := portfault.New(portfault.Config{Rates: map[portfault.Kind]float64{portfault.Timeout: 1}})
	request := func() error {
		return faults.Process().Do(t.Context(), "request", "", func(context.Context) error { return nil })
	}
	if request() == nil {
		t.Error("no fault before Stop")
	}
	faults.Stop()
	success(t, request())
}
