package porttest

import (
	"fmt"
	"time"

	"github.com/fanql/fanql/ports"
)

func removeChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "RemoveOperation: no later listing has it", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"), f.topic("u"))
			f.remove(t, operation.Ref, operation.ReceivedAt.Add(time.Second), true)
			f.listed(t, f.topic("t"))
			f.listed(t, f.topic("u"))
		}},
		{name: "RemoveOperation: ends one of the same instant", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			f.remove(t, operation.Ref, operation.ReceivedAt, true)
			f.listed(t, f.topic("t"))
		}},
		{name: "RemoveOperation: leaves one that was received later", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			f.remove(t, operation.Ref, operation.ReceivedAt.Add(-time.Millisecond), false)
			f.listedAs(t, f.topic("t"), operation)
		}},
		{name: "RemoveOperation: absent is not an error", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			operation := f.add(t, row, "1", f.topic("t"))
			f.remove(t, operation.Ref, operation.ReceivedAt, true)
			f.remove(t, operation.Ref, operation.ReceivedAt, false)
			f.remove(t, f.operation(row, "unknown").Ref, f.clock.Now(), false)
			f.remove(t, f.operation(f.row("unknown"), "1").Ref, f.clock.Now(), false)
		}},
		{name: "RemoveOperation: an expired one is absent", run: func(t tester, f storeFixture) {
			operation := f.operation(f.connect(t, "a"), "1", f.topic("t"))
			operation.ExpiresAt = f.in(time.Minute)
			success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			f.clock.Advance(2 * time.Minute)
			f.remove(t, operation.Ref, f.clock.Now(), false)
		}},
		{name: "RemoveOperation: leaves the others alone", run: func(t tester, f storeFixture) {
			row, other := f.connect(t, "a"), f.connect(t, "b")
			operation := f.add(t, row, "1", f.topic("t"))
			f.add(t, row, "11", f.topic("t"))
			refs := []ports.OperationRef{f.operation(row, "11").Ref, f.add(t, other, "1", f.topic("t")).Ref}
			f.remove(t, operation.Ref, f.clock.Now(), true)
			f.listed(t, f.topic("t"), refs...)
		}},
		{name: "RemoveOperation: of several at once one removes", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			removed, errs := make([]bool, 8), make([]error, 8)
			together(len(errs), func(i int) {
				removed[i], errs[i] = f.RemoveOperation(t.Context(), operation.Ref, operation.ReceivedAt)
			})
			count := 0
			for i := range errs {
				success(t, "RemoveOperation", errs[i])
				if removed[i] {
					count++
				}
			}
			if count != 1 {
				t.Errorf("%d of %d calls at once removed the operation, want 1", count, len(errs))
			}
		}},
	}
}

// tombstoneChecks are about a complete that overtakes its subscribe.
func tombstoneChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "tombstone: cancels an operation received before", run: func(t tester, f storeFixture) {
			tombstone(t, f, f.connect(t, "a"), time.Millisecond, ports.ErrCancelled)
		}},
		{name: "tombstone: cancels an operation of the same instant", run: func(t tester, f storeFixture) {
			tombstone(t, f, f.connect(t, "a"), 0, ports.ErrCancelled)
		}},
		{name: "tombstone: does not cancel an operation received later", run: func(t tester, f storeFixture) {
			tombstone(t, f, f.connect(t, "a"), -time.Millisecond, nil)
		}},
		{name: "tombstone: cancels what was received between an operation and its removal", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			f.remove(t, operation.Ref, operation.ReceivedAt.Add(2*time.Millisecond), true)
			overtaken := operation
			overtaken.ReceivedAt = operation.ReceivedAt.Add(time.Millisecond)
			addRefused(t, f, overtaken, ports.ErrCancelled)
		}},
		{name: "tombstone: of an operation that was removed spares the same instant", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			again := operation
			again.ReceivedAt = operation.ReceivedAt.Add(time.Millisecond)
			f.remove(t, operation.Ref, again.ReceivedAt, true)
			success(t, "AddOperation", f.AddOperation(t.Context(), again))
			f.listedAs(t, f.topic("t"), again)
		}},
		{name: "tombstone: is looked for before the limit", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			f.add(t, row, "other")
			operation := f.operation(row, "1", f.topic("t"))
			operation.Limit = 1
			f.remove(t, operation.Ref, operation.ReceivedAt, false)
			addRefused(t, f, operation, ports.ErrCancelled)
		}},
		{name: "tombstone: lasts a minute", run: func(t tester, f storeFixture) {
			operation := f.operation(f.connect(t, "a"), "1", f.topic("t"))
			f.remove(t, operation.Ref, operation.ReceivedAt, false)
			f.clock.Advance(59 * time.Second)
			addRefused(t, f, operation, ports.ErrCancelled)
		}},
		{name: "tombstone: lasts a minute from the last removal", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			// One gap falls into the life of any tombstone that lasts up to five minutes.
			for gap := 50 * time.Second; gap <= 5*time.Minute; gap += 50 * time.Second {
				operation := f.operation(row, ports.OperationID(gap.String()), f.topic("t"))
				f.remove(t, operation.Ref, operation.ReceivedAt, false)
				f.clock.Advance(gap)
				f.remove(t, operation.Ref, operation.ReceivedAt, false)
				f.clock.Advance(59 * time.Second)
				addRefused(t, f, operation, ports.ErrCancelled)
			}
		}},
		{name: "tombstone: never moves back", run: func(t tester, f storeFixture) {
			operation := f.operation(f.connect(t, "a"), "1", f.topic("t"))
			f.remove(t, operation.Ref, operation.ReceivedAt.Add(time.Second), false)
			f.remove(t, operation.Ref, operation.ReceivedAt.Add(-time.Second), false)
			addRefused(t, f, operation, ports.ErrCancelled)
		}},
		{name: "tombstone: moves forward", run: func(t tester, f storeFixture) {
			operation := f.operation(f.connect(t, "a"), "1", f.topic("t"))
			f.remove(t, operation.Ref, operation.ReceivedAt.Add(-time.Second), false)
			f.remove(t, operation.Ref, operation.ReceivedAt.Add(time.Second), false)
			addRefused(t, f, operation, ports.ErrCancelled)
		}},
		{name: "tombstone: stands beside an operation received later", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			f.remove(t, operation.Ref, operation.ReceivedAt.Add(-time.Second), false)
			overtaken := operation
			overtaken.ReceivedAt = operation.ReceivedAt.Add(-2 * time.Second)
			overtaken.Topics = []ports.Topic{f.topic("u")}
			addRefused(t, f, overtaken, ports.ErrCancelled)
			f.listedAs(t, f.topic("t"), operation)
			success(t, "AddOperation again", f.AddOperation(t.Context(), operation))
		}},
		{name: "tombstone: is for one operation of one connection", run: func(t tester, f storeFixture) {
			row, other := f.connect(t, "a"), f.connect(t, "b")
			f.remove(t, f.operation(row, "1").Ref, f.in(time.Second), false)
			refs := []ports.OperationRef{f.add(t, row, "2", f.topic("t")).Ref, f.add(t, other, "1", f.topic("t")).Ref}
			f.listed(t, f.topic("t"), refs...)
		}},
		{name: "tombstone: of a subscribe and its complete at once nothing stays", run: addWhileRemoving},
	}
}

// tombstone ends an operation before it is added, and adds it.
func tombstone(t tester, f storeFixture, on ports.Connection, later time.Duration, kind error) {
	operation := f.operation(on, "1", f.topic("t"))
	f.remove(t, operation.Ref, operation.ReceivedAt.Add(later), false)
	if kind != nil {
		addRefused(t, f, operation, kind)
		return
	}
	success(t, "AddOperation", f.AddOperation(t.Context(), operation))
	f.listedAs(t, f.topic("t"), operation)
}

// addWhileRemoving lets a subscribe and its complete race: whichever comes
// first, the operation has ended afterwards.
func addWhileRemoving(t tester, f storeFixture) {
	row := f.connect(t, "a")
	for round := range 20 {
		operation := f.operation(row, ports.OperationID(fmt.Sprint(round)), f.topic("t"))
		var removed bool
		var addErr, removeErr error
		together(2, func(i int) {
			if i == 0 {
				addErr = f.AddOperation(t.Context(), operation)
			} else {
				removed, removeErr = f.RemoveOperation(t.Context(), operation.Ref, operation.ReceivedAt.Add(time.Millisecond))
			}
		})
		success(t, "RemoveOperation", removeErr)
		if removed {
			success(t, "AddOperation of what was removed", addErr)
		} else {
			refused(t, "AddOperation of what was not removed", addErr, ports.ErrCancelled)
		}
	}
	f.listed(t, f.topic("t"))
}
