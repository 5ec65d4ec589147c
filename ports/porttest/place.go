package porttest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fanql/fanql/ports"
)

func placeChecks() []check[storeFixture] {
	return slices.Concat(placedChecks(), movePlaceChecks(), moveRefusedChecks(), moveBesideChecks(), getSubscriberChecks())
}

// placedChecks are about the place that an operation begins with.
func placedChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "AddOperation: without From it is live", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"), f.topic("u"))
			f.placed(t, f.topic("t"), operation, ports.Place{})
			f.placed(t, f.topic("u"), operation, ports.Place{})
		}},
		{name: "AddOperation: From is its place on that topic", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			for i, from := range marks() {
				operation := f.operation(row, ports.OperationID(fmt.Sprint(i)), f.topic("t"), f.topic("u"), f.topic("v"))
				operation.From = map[ports.Topic]ports.Mark{f.topic("u"): from, f.topic("v"): mark("other")}
				success(t, "AddOperation", f.AddOperation(t.Context(), operation))
				f.placed(t, f.topic("t"), operation, ports.Place{})
				f.placed(t, f.topic("u"), operation, ports.Place{From: from})
				f.placed(t, f.topic("v"), operation, ports.Place{From: mark("other")})
			}
		}},
		{name: "AddOperation: a repetition leaves the places", run: func(t tester, f storeFixture) {
			operation := f.operation(f.connect(t, "a"), "1", f.topic("t"), f.topic("u"))
			operation.From = map[ports.Topic]ports.Mark{f.topic("u"): mark("0")}
			success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			marked, cleared := ports.Place{From: mark("1"), Version: 1}, ports.Place{Version: 2}
			f.move(t, f.topic("t"), operation, 0, marked)
			f.move(t, f.topic("u"), operation, 0, cleared)
			success(t, "AddOperation again", f.AddOperation(t.Context(), operation))
			f.placed(t, f.topic("t"), operation, marked)
			f.placed(t, f.topic("u"), operation, cleared)
		}},
		{name: "AddOperation: an ID that is free again has no place", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			f.move(t, f.topic("t"), operation, 0, ports.Place{From: mark("1"), Version: 1})
			f.remove(t, operation.Ref, operation.ReceivedAt, true)
			operation.ReceivedAt = operation.ReceivedAt.Add(time.Millisecond)
			success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			f.placed(t, f.topic("t"), operation, ports.Place{})
		}},
	}
}

// movePlaceChecks are about places that are moved.
func movePlaceChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "MovePlace: moves the place", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			was := uint64(0)
			for _, now := range []ports.Place{
				{From: mark("1"), Version: 1}, {From: mark("2"), Version: 1}, {Version: 2}, {From: mark("1"), Version: 5}, {Version: 6},
			} {
				f.move(t, f.topic("t"), operation, was, now)
				f.placed(t, f.topic("t"), operation, now)
				was = now.Version
			}
		}},
		{name: "MovePlace: to any mark", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			for i, from := range marks() {
				now := ports.Place{From: from, Version: uint64(i) + 1}
				f.move(t, f.topic("t"), operation, now.Version-1, now)
				f.placed(t, f.topic("t"), operation, now)
			}
		}},
		{name: "MovePlace: a version keeps all its digits", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			const large = 1<<62 + 1
			now := ports.Place{From: mark("1"), Version: large}
			f.move(t, f.topic("t"), operation, 0, now)
			f.notMoved(t, f.topic("t"), operation, large-1, ports.ErrConflict)
			f.placed(t, f.topic("t"), operation, now)
			f.move(t, f.topic("t"), operation, large, ports.Place{Version: large + 1})
			f.placed(t, f.topic("t"), operation, ports.Place{Version: large + 1})
		}},
		{name: "MovePlace: leaves other topics and operations alone", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			operation := f.add(t, row, "1", f.topic("t"), f.topic("u"))
			other := f.add(t, row, "11", f.topic("t"))
			f.move(t, f.topic("t"), operation, 0, ports.Place{From: mark("1"), Version: 1})
			f.placed(t, f.topic("u"), operation, ports.Place{})
			f.placed(t, f.topic("t"), other, ports.Place{})
			f.move(t, f.topic("u"), operation, 0, ports.Place{From: mark("2"), Version: 1})
			f.placed(t, f.topic("t"), operation, ports.Place{From: mark("1"), Version: 1})
		}},
		{name: "MovePlace: on any topic and of any operation ID", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			for i, name := range oddStrings() {
				operation := f.add(t, row, ports.OperationID(name), f.topic(name))
				now := ports.Place{From: mark(fmt.Sprint(i)), Version: 1}
				f.move(t, f.topic(name), operation, 0, now)
				f.placed(t, f.topic(name), operation, now)
			}
		}},
		{name: "MovePlace: leaves the expiry", run: func(t tester, f storeFixture) {
			operation := f.operation(f.connect(t, "a"), "1", f.topic("t"))
			operation.ExpiresAt = f.in(10 * time.Minute)
			success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			f.clock.Advance(5 * time.Minute)
			f.move(t, f.topic("t"), operation, 0, ports.Place{From: mark("1"), Version: 1})
			f.clock.Advance(6 * time.Minute)
			f.listed(t, f.topic("t"))
			f.unsubscribed(t, f.topic("t"), operation.Ref)
		}},
	}
}

// moveRefusedChecks are about places that are not moved.
func moveRefusedChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "MovePlace: another version is a conflict", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			f.notMoved(t, f.topic("t"), operation, 1, ports.ErrConflict)
			f.placed(t, f.topic("t"), operation, ports.Place{})
			now := ports.Place{From: mark("1"), Version: 2}
			f.move(t, f.topic("t"), operation, 0, now)
			for _, was := range []uint64{0, 1, 3, 20} {
				f.notMoved(t, f.topic("t"), operation, was, ports.ErrConflict)
				f.placed(t, f.topic("t"), operation, now)
			}
		}},
		{name: "MovePlace: the version survives a clear", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			f.move(t, f.topic("t"), operation, 0, ports.Place{From: mark("1"), Version: 1})
			f.move(t, f.topic("t"), operation, 1, ports.Place{Version: 2})
			for _, was := range []uint64{0, 1} {
				f.notMoved(t, f.topic("t"), operation, was, ports.ErrConflict)
			}
			f.placed(t, f.topic("t"), operation, ports.Place{Version: 2})
		}},
		{name: "MovePlace: another ReceivedAt is not found", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			for _, by := range []time.Duration{-time.Millisecond, time.Millisecond} {
				other := operation
				other.ReceivedAt = operation.ReceivedAt.Add(by)
				f.notMoved(t, f.topic("t"), other, 0, ports.ErrNotFound)
			}
			f.placed(t, f.topic("t"), operation, ports.Place{})
		}},
		{name: "MovePlace: never creates a row", run: moveAbsent},
	}
}

// moveAbsent moves the place of what is not there, for whatever reason.
func moveAbsent(t tester, f storeFixture) {
	row := f.connect(t, "a")
	f.notMoved(t, f.topic("t"), f.operation(row, "never"), 0, ports.ErrNotFound)
	f.notMoved(t, f.topic("t"), f.operation(f.row("unknown"), "1"), 0, ports.ErrNotFound)
	f.notMoved(t, f.topic("t"), f.add(t, row, "elsewhere", f.topic("u")), 0, ports.ErrNotFound)
	removed := f.add(t, row, "removed", f.topic("t"))
	f.remove(t, removed.Ref, removed.ReceivedAt, true)
	f.notMoved(t, f.topic("t"), removed, 0, ports.ErrNotFound)
	cleared := f.add(t, row, "cleared", f.topic("t"))
	f.removeSubscribers(t, f.topic("t"), cleared.Ref)
	f.notMoved(t, f.topic("t"), cleared, 0, ports.ErrNotFound)
	gone := f.add(t, f.connect(t, "gone"), "1", f.topic("t"))
	f.disconnect(t, gone.Ref.Connection)
	f.notMoved(t, f.topic("t"), gone, 0, ports.ErrNotFound)
	short := f.operation(row, "short", f.topic("t"))
	short.ExpiresAt = f.in(time.Minute)
	success(t, "AddOperation", f.AddOperation(t.Context(), short))
	f.clock.Advance(2 * time.Minute)
	f.notMoved(t, f.topic("t"), short, 0, ports.ErrNotFound)
	f.listed(t, f.topic("t"))
	for _, operation := range []ports.Operation{removed, cleared, gone, short} {
		f.unsubscribed(t, f.topic("t"), operation.Ref)
	}
	f.disconnect(t, row.Address.ID)
	f.listed(t, f.topic("t"))
}

// moveBesideChecks are about places that are moved while something else happens.
func moveBesideChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "MovePlace: of several at once one wins", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			for version := range uint64(5) {
				errs := make([]error, 8)
				place := func(i int) ports.Place { return ports.Place{From: mark(fmt.Sprint(i)), Version: version + 1} }
				together(len(errs), func(i int) {
					errs[i] = f.MovePlace(t.Context(), f.topic("t"), operation.Ref, operation.ReceivedAt, version, place(i))
				})
				exactlyOne(t, "MovePlace", errs, ports.ErrConflict)
				f.placed(t, f.topic("t"), operation, place(max(slices.Index(errs, nil), 0)))
			}
		}},
		{name: "MovePlace: beside TouchConnection neither is lost", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"), f.topic("u"))
			var last ports.Place
			for i := range 10 {
				now := ports.Place{From: mark(fmt.Sprint(i)), Version: last.Version + 1}
				errs := make([]error, 3)
				together(len(errs), func(caller int) {
					switch caller {
					case 0:
						errs[0] = f.MovePlace(t.Context(), f.topic("t"), operation.Ref, operation.ReceivedAt, last.Version, now)
					case 1:
						errs[1] = f.MovePlace(t.Context(), f.topic("u"), operation.Ref, operation.ReceivedAt, last.Version, now)
					default:
						errs[2] = f.TouchConnection(t.Context(), operation.Ref.Connection, f.in(time.Hour))
					}
				})
				for _, err := range errs {
					success(t, "MovePlace beside TouchConnection", err)
				}
				last = now
				f.clock.Advance(45 * time.Minute) // Past the expiry of the round before.
				f.placed(t, f.topic("t"), operation, last)
				f.placed(t, f.topic("u"), operation, last)
			}
		}},
		{name: "MovePlace: beside a removal brings nothing back", run: moveBesideRemoval},
	}
}

// moveBesideRemoval moves places while their rows are removed in each of the ways.
func moveBesideRemoval(t tester, f storeFixture) {
	for i := range 30 {
		row := f.connect(t, fmt.Sprint(i))
		operation := f.add(t, row, "1", f.topic("t"))
		var moved, removed error
		together(2, func(caller int) {
			switch {
			case caller == 0:
				moved = f.MovePlace(t.Context(), f.topic("t"), operation.Ref, operation.ReceivedAt, 0, ports.Place{From: mark("1"), Version: 1})
			case i%3 == 0:
				_, removed = f.RemoveOperation(t.Context(), operation.Ref, operation.ReceivedAt)
			case i%3 == 1:
				_, removed = f.DeleteConnection(t.Context(), row.Address.ID)
			default:
				removed = f.RemoveSubscribers(t.Context(), f.topic("t"), []ports.OperationRef{operation.Ref})
			}
		})
		success(t, "the removal", removed)
		if moved != nil {
			refused(t, "MovePlace", moved, ports.ErrNotFound)
		}
		f.unsubscribed(t, f.topic("t"), operation.Ref)
	}
	f.listed(t, f.topic("t"))
}

func getSubscriberChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "GetSubscriber: is what a listing of the topic has", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			topics := []ports.Topic{f.topic("t")}
			for _, name := range oddStrings() {
				topics = append(topics, f.topic(name))
			}
			whole := f.operation(row, "1", topics...)
			whole.Request, whole.State = everyByte(), []byte(strings.Repeat("state ☃ ", 1000))
			bare := ports.Operation{
				Ref: f.operation(row, "2").Ref, Topics: topics, ReceivedAt: whole.ReceivedAt, ExpiresAt: whole.ExpiresAt,
			}
			for _, operation := range []ports.Operation{whole, bare} {
				operation.From = map[ports.Topic]ports.Mark{topics[0]: mark("0"), topics[1]: mark("1")}
				success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			}
			for _, topic := range topics {
				for _, operation := range []ports.Operation{whole, bare} {
					f.placed(t, topic, operation, ports.Place{From: map[ports.Topic]ports.Mark{topics[0]: mark("0"), topics[1]: mark("1")}[topic]})
				}
			}
		}},
		{name: "GetSubscriber: what is not on the topic is not found", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			operation := f.add(t, row, "1", f.topic("t"), f.topic("u"))
			f.unsubscribed(t, f.topic("v"), operation.Ref)
			f.unsubscribed(t, f.topic("t"), f.add(t, row, "query").Ref)
			f.unsubscribed(t, f.topic("t"), f.operation(row, "unknown").Ref)
			f.unsubscribed(t, f.topic("t"), f.operation(f.row("unknown"), "1").Ref)
			f.removeSubscribers(t, f.topic("t"), operation.Ref)
			f.unsubscribed(t, f.topic("t"), operation.Ref)
			f.placed(t, f.topic("u"), operation, ports.Place{})
		}},
		{name: "GetSubscriber: an expired one is not found", run: func(t tester, f storeFixture) {
			operation := f.operation(f.connect(t, "a"), "1", f.topic("t"))
			operation.ExpiresAt = f.in(time.Minute)
			success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			f.clock.Advance(2 * time.Minute)
			f.unsubscribed(t, f.topic("t"), operation.Ref)
		}},
		{name: "GetSubscriber: sees all that was acknowledged", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			for i := range 20 {
				operation := f.operation(row, "1", f.topic("t"))
				operation.ReceivedAt = operation.ReceivedAt.Add(time.Duration(i) * time.Millisecond)
				success(t, "AddOperation", f.AddOperation(t.Context(), operation))
				f.placed(t, f.topic("t"), operation, ports.Place{})
				now := ports.Place{From: mark(fmt.Sprint(i)), Version: 1}
				f.move(t, f.topic("t"), operation, 0, now)
				f.placed(t, f.topic("t"), operation, now)
				f.remove(t, operation.Ref, operation.ReceivedAt, true)
				f.unsubscribed(t, f.topic("t"), operation.Ref)
			}
		}},
	}
}

// mark is one of an epoch, right after a position.
func mark(position string) ports.Mark { return ports.Mark{Epoch: "epoch", Position: position}.After() }

// marks are those that a store could take for something else.
func marks() []ports.Mark {
	var made []ports.Mark
	for _, position := range madeUp("0005") {
		made = append(made, ports.Mark{Epoch: "e", Position: position}.After())
	}
	return append(made,
		ports.Mark{Epoch: "e"}, ports.Mark{Epoch: "e"}.After(), mark("1"), ports.Mark{Epoch: "e", Position: "a.b\x00c"},
		ports.Mark{Position: "of an event that no history has"}, ports.Mark{Epoch: "0", Position: "0"},
	)
}

// madeUp are positions that no event has, around one that some event has: a client may
// send any.
func madeUp(position string) []string {
	return []string{
		"9999", "zzzz", "-1", "...", "%d%s", " ☃ \n", "\ufffd", "\U0010ffff", position[:2], position + "\x00\x00", strings.Repeat("\x00", 400),
		position + strings.Repeat("\x00", 400), strings.Repeat("z", 480), strings.Repeat("\U0010ffff", 100),
	}
}

// move moves a place.
func (f storeFixture) move(t tester, topic ports.Topic, operation ports.Operation, was uint64, now ports.Place) {
	t.Helper()
	success(t, "MovePlace", f.MovePlace(t.Context(), topic, operation.Ref, operation.ReceivedAt, was, now))
}

// notMoved reports a move that did not fail with the kind.
func (f storeFixture) notMoved(t tester, topic ports.Topic, operation ports.Operation, was uint64, kind error) {
	t.Helper()
	now := ports.Place{From: mark("wrong"), Version: was + 1}
	err := f.MovePlace(t.Context(), topic, operation.Ref, operation.ReceivedAt, was, now)
	refused(t, fmt.Sprintf("MovePlace of %.20q from version %d", operation.Ref.ID, was), err, kind)
}

// placed reports an operation that its topic does not list, or that GetSubscriber does
// not return, whole and with this place.
func (f storeFixture) placed(t tester, topic ports.Topic, operation ports.Operation, want ports.Place) {
	t.Helper()
	got, err := f.GetSubscriber(t.Context(), topic, operation.Ref)
	success(t, "GetSubscriber", err)
	listed := slices.DeleteFunc(f.follow(t, topic, ports.PageRequest{}), func(s ports.Subscriber) bool { return s.Ref != operation.Ref })
	if len(listed) != 1 {
		t.Fatalf("the listing has the operation %d times, want once", len(listed))
	}
	for call, subscriber := range map[string]ports.Subscriber{"GetSubscriber": got, "ListSubscribers": listed[0]} {
		sameSubscriber(t, subscriber, operation)
		if subscriber.Place != want {
			t.Errorf("%s: the place is %+q, want %+q", call, fmt.Sprint(subscriber.Place), fmt.Sprint(want))
		}
	}
}

// unsubscribed reports an operation that GetSubscriber returns.
func (f storeFixture) unsubscribed(t tester, topic ports.Topic, ref ports.OperationRef) {
	t.Helper()
	_, err := f.GetSubscriber(t.Context(), topic, ref)
	refused(t, "GetSubscriber", err, ports.ErrNotFound)
}
