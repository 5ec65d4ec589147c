package porttest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

// HistoryAdapter is a history to try.
type HistoryAdapter struct {
	// New returns a history by whose clock events age. It is called once a subtest;
	// the histories may share their data.
	New func(t *testing.T, clock *Clock) ports.History
	// Reopen returns a second history on the data of the given one, as another process
	// would have it. Nil when data does not outlive its history.
	Reopen func(t *testing.T, clock *Clock, history ports.History) ports.History
	// Lose has the history of a topic expire, or be lost, as a whole.
	Lose func(t *testing.T, clock *Clock, history ports.History, topic ports.Topic)
	// TooLarge is a size in bytes of a payload that the backend cannot keep; 0 when it
	// keeps any.
	TooLarge int
	// Lacks names the fields of this type that are not set because the adapter has no
	// such thing: what needs them is not tried. A field that is both or neither fails.
	Lacks []string
}

// TestHistory tries a history. It is for an adapter whose backend has one.
func TestHistory(t *testing.T, adapter HistoryAdapter) {
	t.Helper()
	run(t, historyChecks(), adapter.Lacks, adapter.fixture)
}

func historyChecks() []check[historyFixture] {
	return slices.Concat(appendChecks(), retentionChecks(), readChecks(), headChecks(), epochChecks(), historyFailureChecks())
}

func (a HistoryAdapter) fixture(t *testing.T) historyFixture {
	clock := NewClock()
	f := historyFixture{History: a.New(t, clock), names: newNames(), clock: clock, tooLarge: a.TooLarge}
	f.lose = func(topic ports.Topic) { a.Lose(t, clock, f.History, topic) }
	if a.Reopen != nil {
		f.reopen = func() ports.History { return a.Reopen(t, clock, f.History) }
	}
	return f
}

// historyFixture is a history with what checks need to talk to it.
type historyFixture struct {
	ports.History
	names
	clock    *Clock
	reopen   func() ports.History
	lose     func(topic ports.Topic)
	tooLarge int
}

// keep is how long the events of checks are kept, unless it is about that.
func keep() ports.Retention { return ports.Retention{Count: 1000, Age: time.Hour} }

// appendChecks are about what is appended.
func appendChecks() []check[historyFixture] {
	return []check[historyFixture]{
		{name: "Append: reads back as it was", run: appendWhole},
		{name: "Append: a repetition changes nothing", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 3)
			epoch := f.append(t, "t", events)
			for range 2 {
				if again := f.append(t, "t", events); again != epoch {
					t.Errorf("the epoch is %q after a repetition, was %q", again, epoch)
				}
			}
			f.reads(t, "t", ports.Mark{Epoch: epoch}, events)
		}},
		{name: "Append: of batches that overlap each event is there once", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 6)
			epoch := f.append(t, "t", events[:2])
			for _, batch := range [][]ports.Event{events[:3], events[1:2], events[2:4], events[:4], events[:6]} {
				f.append(t, "t", batch)
			}
			f.reads(t, "t", ports.Mark{Epoch: epoch}, events)
		}},
		{name: "Append: an event before the last one is left out", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 3)
			epoch := f.append(t, "t", events[1:])
			f.append(t, "t", events[:1])
			f.reads(t, "t", ports.Mark{Epoch: epoch}, events[1:])
		}},
		{name: "Append: any topic has its own history", run: func(t tester, f historyFixture) {
			epochs := map[string]string{}
			for i, name := range oddStrings() {
				epochs[name] = f.append(t, name, f.events(name, i+1, i+2))
			}
			for i, name := range oddStrings() {
				f.reads(t, name, ports.Mark{Epoch: epochs[name]}, f.events(name, i+1, i+2))
			}
		}},
		{name: "Append: any positions", run: func(t tester, f historyFixture) {
			positions := oddStrings()
			slices.Sort(positions) // As bytes.
			events := f.events("t", 1, len(positions))
			for i := range events {
				events[i].Position = positions[i]
			}
			epoch := f.append(t, "t", events)
			f.reads(t, "t", ports.Mark{Epoch: epoch}, events)
			for i, event := range events {
				at := ports.Mark{Epoch: epoch, Position: event.Position}
				f.reads(t, "t", at, events[i:])
				f.reads(t, "t", at.After(), slices.DeleteFunc(slices.Clone(events), func(e ports.Event) bool {
					return e.Position <= event.Position
				}))
			}
		}},
		{name: "Append: from many at once, beside reads", run: appendTogether},
		{
			name:  "Append: another process goes on",
			needs: []need[historyFixture]{{"Reopen", func(f historyFixture) bool { return f.reopen != nil }}},
			run: func(t tester, f historyFixture) {
				events := f.events("t", 1, 4)
				epoch := f.append(t, "t", events[:2])
				f.History = f.reopen()
				if again := f.append(t, "t", events[1:]); again != epoch {
					t.Errorf("the epoch is %q in another process, was %q", again, epoch)
				}
				f.reads(t, "t", ports.Mark{Epoch: epoch}, events)
			},
		},
		{name: "Append: of no event is invalid", run: func(t tester, f historyFixture) {
			_, err := f.Append(t.Context(), f.topic("t"))
			refused(t, "Append", err, ports.ErrInvalid)
		}},
		{name: "Append: without a position is invalid", run: func(t tester, f historyFixture) {
			appendInvalid(t, f, func(bad *ports.Event) { bad.Position = "" })
		}},
		{name: "Append: an event that keeps nothing is invalid", run: func(t tester, f historyFixture) {
			appendInvalid(t, f, func(bad *ports.Event) { bad.Keep.Count = 0 })
			appendInvalid(t, f, func(bad *ports.Event) { bad.Keep.Age = 0 })
		}},
	}
}

func appendWhole(t tester, f historyFixture) {
	events := f.events("t", 1, 5)
	events[0].Payload = []byte(`{"text":"` + strings.Repeat("☃ <&>\\u0000", 500) + `"}`)
	events[0].Only, events[0].Except = []ports.ConnectionID{"a b", "c,d"}, []ports.ConnectionID{"e#f"}
	events[0].Trace = map[string]string{"traceparent": "00-1-2-01"}
	events[1].Kind, events[1].Payload = ports.EventComplete, nil
	events[2].Kind, events[2].Payload, events[2].Only = ports.EventComplete, nil, []ports.ConnectionID{"a"}
	events[3].Keep = ports.Retention{Count: 77, Age: 90*time.Minute + time.Second}
	events[4].Time = events[4].Time.Add(-48 * time.Hour) // It waited long for its delivery.
	events[4].Except = []ports.ConnectionID{"a", "b"}
	epoch := f.append(t, "t", events)
	f.reads(t, "t", ports.Mark{Epoch: epoch}, events)
}

// appendInvalid appends a good event and a bad one, and looks for either.
func appendInvalid(t tester, f historyFixture, spoil func(bad *ports.Event)) {
	t.Helper()
	epoch := f.head(t, "t").Epoch
	events := f.events("t", 1, 2)
	spoil(&events[1])
	_, err := f.Append(t.Context(), f.topic("t"), events...)
	refused(t, "Append", err, ports.ErrInvalid)
	f.reads(t, "t", ports.Mark{Epoch: epoch}, nil)
}

// appendTogether has several append the same events, in batches that overlap, while
// others read: a read has no hole, and all that was acknowledged before it.
func appendTogether(t tester, f historyFixture) {
	const last, appenders, readers = 40, 3, 2
	events := f.events("t", 1, last)
	from := f.head(t, "t").After()
	var acknowledged atomic.Int64
	var appending sync.WaitGroup
	appending.Add(appenders)
	done := make(chan struct{})
	go func() { appending.Wait(); close(done) }()
	together(appenders+readers, func(i int) {
		if i >= appenders {
			for more := true; more; {
				select {
				case <-done:
					more = false // Once more, for all of them.
				default:
				}
				f.readsAtLeast(t, "t", from, events, int(acknowledged.Load()))
			}
			return
		}
		defer appending.Done()
		for begun := 0; begun < last; begun += 2 + i {
			end := min(begun+5, last)
			if _, err := f.Append(t.Context(), f.topic("t"), events[begun:end]...); err != nil {
				t.Errorf("Append: %v", err)
				return
			}
			for {
				if have := acknowledged.Load(); have >= int64(end) || acknowledged.CompareAndSwap(have, int64(end)) {
					break
				}
			}
		}
	})
	f.reads(t, "t", from, events)
}

// retentionChecks are about how long events are kept.
func retentionChecks() []check[historyFixture] {
	return []check[historyFixture]{
		{name: "Append: keeps no more than Count", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 10)
			setKeep(events, ports.Retention{Count: 3, Age: time.Hour})
			epoch := f.append(t, "t", events[:2])
			f.reads(t, "t", ports.Mark{Epoch: epoch}, events[:2])
			f.append(t, "t", events[:4])
			f.readsFrom(t, "t", epoch, events[:4], 1)
			f.append(t, "t", events)
			f.readsFrom(t, "t", epoch, events, 7)
		}},
		{name: "Append: keeps no longer than Age", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 3)
			epoch := f.append(t, "t", events[:1])
			f.clock.Advance(40 * time.Minute)
			f.append(t, "t", f.now(events[1:2]))
			f.reads(t, "t", ports.Mark{Epoch: epoch}, events[:2])
			f.clock.Advance(30 * time.Minute)
			f.readsFrom(t, "t", epoch, events[:2], 1)
			f.append(t, "t", f.now(events[2:]))
			f.readsFrom(t, "t", epoch, events, 1)
			f.clock.Advance(2 * time.Hour)
			f.gap(t, "t", ports.Mark{Epoch: epoch, Position: events[2].Position})
		}},
		{name: "Append: keeps as the last event says", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 6)
			setKeep(events[3:4], ports.Retention{Count: 2, Age: time.Hour})
			epoch := f.append(t, "t", events[:3])
			f.append(t, "t", events[3:4])
			f.readsFrom(t, "t", epoch, events[:4], 2)
			f.append(t, "t", events[4:])
			f.readsFrom(t, "t", epoch, events, 2)
			again := slices.Clone(events[5:])
			setKeep(again, ports.Retention{Count: 1, Age: time.Hour})
			f.append(t, "t", again) // It is there already.
			f.readsFrom(t, "t", epoch, events, 2)
			f.clock.Advance(10 * time.Minute)
			later := f.events("t", 7, 7)
			setKeep(later, ports.Retention{Count: 1000, Age: time.Minute})
			f.append(t, "t", later)
			f.readsFrom(t, "t", epoch, append(events, later...), 6)
		}},
		{name: "Append: brings nothing back that was trimmed", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 10)
			setKeep(events, ports.Retention{Count: 3, Age: time.Hour})
			epoch := f.append(t, "t", events)
			for _, batch := range [][]ports.Event{events[:2], events[:7], events[5:9], events} {
				f.append(t, "t", batch)
				f.readsFrom(t, "t", epoch, events, 7)
			}
		}},
		{name: "Append: brings nothing back that has aged", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 3)
			epoch := f.append(t, "t", events[:2])
			f.clock.Advance(61 * time.Minute)
			f.append(t, "t", events[:2])
			f.readsFrom(t, "t", epoch, events[:2], 2)
			f.append(t, "t", events)
			f.readsFrom(t, "t", epoch, events, 2)
		}},
		{
			name:  "Append: an event that is too large leaves a gap and blocks nothing",
			needs: []need[historyFixture]{{"TooLarge", func(f historyFixture) bool { return f.tooLarge > 0 }}},
			run:   appendTooLarge,
		},
		{name: "Read: a history without events is complete", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 2)
			epoch := f.append(t, "t", events)
			f.clock.Advance(3 * time.Hour)
			f.readsFrom(t, "t", epoch, events, 2)
			if got, want := f.head(t, "t"), (ports.Mark{Epoch: epoch, Position: events[1].Position}); got != want {
				t.Errorf("Head: got %+q, want %+q", got.String(), want.String())
			}
		}},
	}
}

func appendTooLarge(t tester, f historyFixture) {
	events := f.events("t", 1, 7)
	for _, i := range []int{1, 4} {
		events[i].Payload = bytes.Repeat([]byte("1"), f.tooLarge)
	}
	epoch := f.append(t, "t", events[:1])
	f.append(t, "t", events[1:2])
	f.readsFrom(t, "t", epoch, events[:2], 2)
	f.append(t, "t", events[1:2])
	f.append(t, "t", events[2:3])
	f.readsFrom(t, "t", epoch, events[:3], 2)
	f.append(t, "t", events[3:])
	f.readsFrom(t, "t", epoch, events, 5)
	f.append(t, "t", events)
	f.readsFrom(t, "t", epoch, events, 5)
	if got := f.head(t, "t").Position; got != events[6].Position {
		t.Errorf("Head: got position %q, want %q", got, events[6].Position)
	}
}

func readChecks() []check[historyFixture] {
	return []check[historyFixture]{
		{name: "Read: the mark is included", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 5)
			epoch := f.append(t, "t", events)
			for i, event := range events {
				at := ports.Mark{Epoch: epoch, Position: event.Position}
				f.reads(t, "t", at, events[i:])
				f.reads(t, "t", at.After(), events[i+1:])
			}
		}},
		{name: "Read: a mark need not be that of an event", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 5)
			epoch := f.append(t, "t", append(slices.Clone(events[:1]), events[3:]...))
			f.reads(t, "t", ports.Mark{Epoch: epoch, Position: events[1].Position}, events[3:])
			f.reads(t, "t", ports.Mark{Epoch: epoch, Position: events[0].Position[:3]}, append(slices.Clone(events[:1]), events[3:]...))
		}},
		{name: "Read: a mark after the end is a gap", run: func(t tester, f historyFixture) {
			head := f.head(t, "empty")
			f.reads(t, "empty", head.After(), nil)
			f.gap(t, "empty", ports.Mark{Epoch: head.Epoch, Position: "1"})
			events := f.events("t", 1, 5)
			epoch := f.append(t, "t", events[:4])
			f.reads(t, "t", ports.Mark{Epoch: epoch, Position: events[3].Position}.After(), nil)
			for _, position := range []string{events[4].Position, events[3].Position + "\x00\x00", "~"} {
				f.gap(t, "t", ports.Mark{Epoch: epoch, Position: position})
			}
			f.append(t, "t", events)
			f.reads(t, "t", ports.Mark{Epoch: epoch, Position: events[4].Position}, events[4:])
		}},
		{name: "Read: from a made-up mark whatever is behind it, or a gap", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 10)
			epoch := f.append(t, "t", events)
			for _, position := range madeUp(events[4].Position) {
				for _, from := range []ports.Mark{{Epoch: epoch, Position: position}, ports.Mark{Epoch: epoch, Position: position}.After()} {
					later := slices.DeleteFunc(slices.Clone(events), func(e ports.Event) bool { return e.Position < from.Position })
					if _, _, err := f.Read(t.Context(), f.topic("t"), from, 0); len(later) == 0 || errors.Is(err, ports.ErrGap) {
						f.gap(t, "t", from)
						continue
					}
					f.reads(t, "t", from, later)
				}
			}
		}},
		{name: "Read: at most limit, and more until the end", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 12)
			epoch := f.append(t, "t", events)
			for _, limit := range []int{1, 5, 11, 12, 13} {
				f.same(t, f.follow(t, "t", ports.Mark{Epoch: epoch}, limit), events)
			}
		}},
		{name: "Read: large events in pieces", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 60)
			for i := range events {
				events[i].Payload = fmt.Appendf(nil, `{"n":%d,"text":%q}`, i, strings.Repeat("x", 30_000))
			}
			var epoch string
			for batch := range slices.Chunk(events, 10) {
				epoch = f.append(t, "t", batch)
			}
			f.reads(t, "t", ports.Mark{Epoch: epoch}, events)
		}},
		{name: "Read: has each Append that has returned", run: func(t tester, f historyFixture) {
			from := f.head(t, "t").After()
			events := f.events("t", 1, 20)
			for i := range events {
				f.append(t, "t", events[i:i+1])
				f.reads(t, "t", from, events[:i+1])
			}
		}},
		{name: "Read: without a history is a gap", run: func(t tester, f historyFixture) {
			epoch := f.append(t, "u", f.events("u", 1, 1))
			for _, from := range []ports.Mark{{}, {Epoch: epoch}, {Epoch: epoch, Position: "1"}, {Position: "1"}} {
				f.gap(t, "t", from)
			}
		}},
		{name: "Read: a mark of another epoch is a gap", run: func(t tester, f historyFixture) {
			epoch := f.append(t, "t", f.events("t", 1, 2))
			last := f.events("t", 1, 2)[1].Position
			for _, other := range []string{"", "another", epoch + "0", epoch[:len(epoch)-1], epoch[:1], "\x00", "a/b", strings.Repeat("x", 480), f.append(t, "u", f.events("u", 1, 2))} {
				f.gap(t, "t", ports.Mark{Epoch: other, Position: last})
				f.gap(t, "t", ports.Mark{Epoch: other, Position: last}.After())
				f.gap(t, "t", ports.Mark{Epoch: other})
			}
		}},
	}
}

func headChecks() []check[historyFixture] {
	return []check[historyFixture]{
		{name: "Head: opens a history at its beginning", run: func(t tester, f historyFixture) {
			head := f.head(t, "t")
			if head.Epoch == "" || head.Position != "" || strings.Contains(head.Epoch, ".") {
				t.Errorf("Head: got %+q, want the beginning of an epoch without a dot", head.String())
			}
			f.reads(t, "t", head, nil)
			f.reads(t, "t", head.After(), nil)
			events := f.events("t", 1, 3)
			if epoch := f.append(t, "t", events); epoch != head.Epoch {
				t.Errorf("Append: the epoch is %q, that of Head %q", epoch, head.Epoch)
			}
			f.reads(t, "t", head, events)
			f.reads(t, "t", head.After(), events)
		}},
		{name: "Head: is the mark of the last event", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 6)
			setKeep(events, ports.Retention{Count: 2, Age: time.Hour})
			for i := range events {
				epoch := f.append(t, "t", events[i:i+1])
				if got, want := f.head(t, "t"), (ports.Mark{Epoch: epoch, Position: events[i].Position}); got != want {
					t.Errorf("Head: got %+q, want %+q", got.String(), want.String())
				}
			}
			head := f.head(t, "t").After()
			f.reads(t, "t", head, nil)
			later := f.events("t", 7, 8)
			f.append(t, "t", later)
			f.reads(t, "t", head, later)
		}},
		{name: "Head: leaves the retention of a history", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 5)
			epoch := f.append(t, "t", events)
			if _, err := f.Head(t.Context(), f.topic("t"), ports.Retention{Count: 1, Age: time.Second}); err != nil {
				t.Fatalf("Head: %v", err)
			}
			f.clock.Advance(time.Minute)
			f.reads(t, "t", ports.Mark{Epoch: epoch}, events)
		}},
		{name: "Head: of several at once one opens", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 1)
			epochs, errs := make([]string, 9), make([]error, 9)
			together(len(epochs), func(i int) {
				if i == 0 {
					epochs[0], errs[0] = f.Append(t.Context(), f.topic("t"), events...)
					return
				}
				head, err := f.Head(t.Context(), f.topic("t"), keep())
				epochs[i], errs[i] = head.Epoch, err
			})
			success(t, "Head or Append", errors.Join(errs...))
			if slices.Sort(epochs); epochs[0] != epochs[8] {
				t.Errorf("there are the epochs %q, want one", slices.Compact(epochs))
			}
			f.reads(t, "t", ports.Mark{Epoch: epochs[0]}, events)
		}},
		{name: "Head: of what keeps nothing is invalid", run: func(t tester, f historyFixture) {
			for _, none := range []ports.Retention{{}, {Count: 1}, {Age: time.Hour}} {
				_, err := f.Head(t.Context(), f.topic("t"), none)
				refused(t, "Head", err, ports.ErrInvalid)
			}
		}},
	}
}

// epochChecks are about histories that were lost.
func epochChecks() []check[historyFixture] {
	return []check[historyFixture]{
		{name: "a lost history: is a gap", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 3)
			epoch := f.append(t, "t", events)
			f.lose(f.topic("t"))
			for _, at := range []string{"", events[0].Position, events[2].Position, events[2].Position + "\x00", "~"} {
				f.gap(t, "t", ports.Mark{Epoch: epoch, Position: at})
			}
		}},
		{name: "a lost history: Append begins anew with another epoch", run: func(t tester, f historyFixture) {
			events := f.events("t", 1, 5)
			former := f.append(t, "t", events[:3])
			f.lose(f.topic("t"))
			epoch := f.append(t, "t", f.now(events[1:4]))
			if epoch == former {
				t.Errorf("the epoch of a lost history came again")
			}
			f.append(t, "t", f.now(events[1:]))
			f.reads(t, "t", ports.Mark{Epoch: epoch}, events[1:])
			for _, at := range []string{"", events[0].Position, events[4].Position, "~"} {
				f.gap(t, "t", ports.Mark{Epoch: former, Position: at})
			}
		}},
		{name: "a lost history: Head begins anew with another epoch", run: func(t tester, f historyFixture) {
			former := f.append(t, "t", f.events("t", 1, 3))
			f.lose(f.topic("t"))
			head := f.head(t, "t")
			if head.Epoch == former || head.Position != "" {
				t.Errorf("Head: got %+q, want the beginning of another epoch than %q", head.String(), former)
			}
			events := f.now(f.events("t", 1, 1))
			f.append(t, "t", events)
			f.reads(t, "t", head.After(), events)
			f.gap(t, "t", ports.Mark{Epoch: former, Position: events[0].Position})
		}},
	}
}

func historyFailureChecks() []check[historyFixture] {
	return []check[historyFixture]{
		{name: "history: every call heeds the end of its context", run: func(t tester, f historyFixture) {
			ctx, events := endedContext(t), f.events("t", 1, 1)
			epoch := f.append(t, "t", events)
			_, err := f.Append(ctx, f.topic("t"), events...)
			cancelled(t, "Append", err)
			_, _, err = f.Read(ctx, f.topic("t"), ports.Mark{Epoch: epoch}, 0)
			cancelled(t, "Read", err)
			_, err = f.Head(ctx, f.topic("t"), keep())
			cancelled(t, "Head", err)
		}},
	}
}

// events are those of a topic with the numbers from first to last, published now.
func (f historyFixture) events(topic string, first, last int) []ports.Event {
	var events []ports.Event
	for n := first; n <= last; n++ {
		events = append(events, ports.Event{
			ID: fmt.Sprintf("%s%d", f.prefix, n), Position: fmt.Sprintf("%06d", n), Topic: f.topic(topic),
			Kind: ports.EventData, Payload: fmt.Appendf(nil, `{"n":%d}`, n), Keep: keep(), Time: f.clock.Now(),
		})
	}
	return events
}

// now has the events published now.
func (f historyFixture) now(events []ports.Event) []ports.Event {
	for i := range events {
		events[i].Time = f.clock.Now()
	}
	return events
}

func setKeep(events []ports.Event, keep ports.Retention) {
	for i := range events {
		events[i].Keep = keep
	}
}

func (f historyFixture) append(t tester, topic string, events []ports.Event) (epoch string) {
	t.Helper()
	epoch, err := f.Append(t.Context(), f.topic(topic), events...)
	success(t, "Append", err)
	if epoch == "" || strings.Contains(epoch, ".") {
		t.Fatalf("Append: the epoch is %q, want one without a dot", epoch)
	}
	return epoch
}

func (f historyFixture) head(t tester, topic string) ports.Mark {
	t.Helper()
	head, err := f.Head(t.Context(), f.topic(topic), keep())
	success(t, "Head", err)
	return head
}

// follow reads from a mark to the end, in pieces of at most limit.
func (f historyFixture) follow(t tester, topic string, from ports.Mark, limit int) (read []ports.Event) {
	t.Helper()
	for more := true; more; {
		var events []ports.Event
		var err error
		events, more, err = f.Read(t.Context(), f.topic(topic), from, limit)
		success(t, "Read", err)
		if limit > 0 && len(events) > limit {
			t.Errorf("Read: %d events, limit %d", len(events), limit)
		}
		if more && len(events) == 0 {
			t.Fatalf("Read: there is more, and no event")
		}
		if len(read) > 10_000 {
			t.Fatalf("Read: it does not end")
		}
		if read = append(read, events...); more {
			from = ports.Mark{Epoch: from.Epoch, Position: events[len(events)-1].Position}.After()
		}
	}
	return read
}

// reads reports a topic that from a mark on does not have exactly these events.
func (f historyFixture) reads(t tester, topic string, from ports.Mark, want []ports.Event) {
	t.Helper()
	f.same(t, f.follow(t, topic, from, 0), want)
}

// readsFrom reports a topic that is not complete from the event with the index, the
// first that is kept, or complete from one before.
func (f historyFixture) readsFrom(t tester, topic, epoch string, events []ports.Event, index int) {
	t.Helper()
	for i := range events {
		at := ports.Mark{Epoch: epoch, Position: events[i].Position}
		if i < index {
			f.gap(t, topic, at)
		} else {
			f.reads(t, topic, at, events[i:])
		}
	}
	f.gap(t, topic, ports.Mark{Epoch: epoch})
	last := ports.Mark{Epoch: epoch, Position: events[index-1].Position}
	f.reads(t, topic, last.After(), events[index:])
}

// readsAtLeast reports a topic that from a mark on does not have the first of these
// events, at least so many. It does not end the check.
func (f historyFixture) readsAtLeast(t tester, topic string, from ports.Mark, events []ports.Event, least int) {
	t.Helper()
	var got []ports.Event
	for more := true; more; {
		read, others, err := f.Read(t.Context(), f.topic(topic), from, 0)
		if err != nil || others && len(read) == 0 {
			t.Errorf("Read: %d events, %v", len(read), err)
			return
		}
		if got, more = append(got, read...), others; more {
			from = ports.Mark{Epoch: from.Epoch, Position: read[len(read)-1].Position}.After()
		}
	}
	if len(got) < least || len(got) > len(events) {
		t.Errorf("Read: %d events, want %d at least and %d at most", len(got), least, len(events))
		return
	}
	f.same(t, got, events[:len(got)])
}

// gap reports a Read that does not fail with ErrGap.
func (f historyFixture) gap(t tester, topic string, from ports.Mark) {
	t.Helper()
	_, _, err := f.Read(t.Context(), f.topic(topic), from, 0)
	refused(t, fmt.Sprintf("Read from %+q", from.String()), err, ports.ErrGap)
}

// same compares events but for their traces.
func (f historyFixture) same(t tester, got, want []ports.Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("Read: the positions are %s, want %s", brief(positions(got)), brief(positions(want)))
		return
	}
	for i := range want {
		got, want := got[i], want[i]
		got.Trace, want.Trace = nil, nil
		sameEvent(t, got, want)
		if got.Position != want.Position {
			t.Errorf("Read: event %d has position %q, want %q", i, got.Position, want.Position)
		}
	}
}

func positions(events []ports.Event) []string {
	all := make([]string, len(events))
	for i, event := range events {
		all[i] = event.Position
	}
	return all
}
