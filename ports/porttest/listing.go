package porttest

import (
	"fmt"
	"time"

	"github.com/fanql/fanql/ports"
)

func listingChecks() []check[storeFixture] {
	return append(pagingChecks(), removeSubscribersChecks()...)
}

func pagingChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "ListSubscribers: a topic without subscribers is empty", run: func(t tester, f storeFixture) {
			f.listed(t, f.topic("t"))
			f.page(t, f.topic("t"), ports.PageRequest{Limit: 1})
		}},
		{name: "ListSubscribers: has all that was acknowledged", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			for i := range 20 {
				ref := f.add(t, row, ports.OperationID(fmt.Sprint(i)), f.topic("t")).Ref
				f.listed(t, f.topic("t"), ref)
				f.remove(t, ref, f.clock.Now(), true)
				f.listed(t, f.topic("t"))
			}
		}},
		{name: "ListSubscribers: the ReceivedAt it returns ends this operation and no later one", run: func(t tester, f storeFixture) {
			operation := f.operation(f.connect(t, "a"), "1", f.topic("t"))
			operation.ReceivedAt = operation.ReceivedAt.Add(1_234_567 * time.Nanosecond)
			success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			listed := f.follow(t, f.topic("t"), ports.PageRequest{})
			if len(listed) != 1 {
				t.Fatalf("the listing has %d operations, want 1", len(listed))
			}
			f.remove(t, operation.Ref, listed[0].ReceivedAt, true)
			f.listed(t, f.topic("t"))
			operation.ReceivedAt = operation.ReceivedAt.Add(time.Millisecond)
			success(t, "AddOperation with the ID again", f.AddOperation(t.Context(), operation))
			f.remove(t, operation.Ref, listed[0].ReceivedAt, false)
			f.listed(t, f.topic("t"), operation.Ref)
		}},
		{name: "ListSubscribers: a page is at most the limit", run: func(t tester, f storeFixture) {
			refs := f.addMany(t, f.connect(t, "a"), 12, f.topic("t"))
			for _, limit := range []int{1, 5, 12, 13} { // page reports what is over the limit.
				if got := refsOf(f.follow(t, f.topic("t"), ports.PageRequest{Limit: limit})); !sameSet(got, refs) {
					t.Errorf("with limit %d the listing has %d operations, want %d", limit, len(got), len(refs))
				}
			}
		}},
		{name: "ListSubscribers: over many pages each comes once", run: func(t tester, f storeFixture) {
			refs := f.addMany(t, f.connect(t, "a"), 60, f.topic("t"))
			refs = append(refs, f.addMany(t, f.connect(t, "b"), 60, f.topic("t"))...)
			for _, limit := range []int{0, 7, 50} {
				if got := refsOf(f.follow(t, f.topic("t"), ports.PageRequest{Limit: limit})); !sameSet(got, refs) {
					t.Errorf("with limit %d the listing has %d operations, want %d", limit, len(got), len(refs))
				}
			}
		}},
		{name: "ListSubscribers: a page may be asked for again", run: func(t tester, f storeFixture) {
			f.addMany(t, f.connect(t, "a"), 9, f.topic("t"))
			after := f.page(t, f.topic("t"), ports.PageRequest{Limit: 4}).Next
			one := refsOf(f.follow(t, f.topic("t"), ports.PageRequest{After: after, Limit: 4}))
			two := refsOf(f.follow(t, f.topic("t"), ports.PageRequest{After: after, Limit: 4}))
			if !sameSet(one, two) {
				t.Errorf("from one cursor the listing has %q, and then %q", one, two)
			}
		}},
		{name: "ListSubscribers: goes on when what it listed has left", run: listAfterRemoval},
		{name: "ListSubscribers: present throughout is listed once while others come and go", run: listWhileChanging},
		{name: "ListSubscribers: a cursor of nobody's is invalid", run: func(t tester, f storeFixture) {
			f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			for _, cursor := range []ports.Cursor{"no store made this: \x00\xff ☃", " "} {
				_, err := f.ListSubscribers(t.Context(), f.topic("t"), ports.PageRequest{After: cursor})
				refused(t, "ListSubscribers", err, ports.ErrInvalid)
			}
		}},
		{
			name:  "ListSubscribers: a cursor outlives its process",
			needs: []need[storeFixture]{{"Reopen", func(f storeFixture) bool { return f.reopen != nil }}},
			run: func(t tester, f storeFixture) {
				refs := f.addMany(t, f.connect(t, "a"), 9, f.topic("t"))
				first := f.page(t, f.topic("t"), ports.PageRequest{Limit: 4})
				f.Store = f.reopen()
				rest := f.follow(t, f.topic("t"), ports.PageRequest{After: first.Next, Limit: 4})
				if got := refsOf(append(first.Subscribers, rest...)); !sameSet(got, refs) {
					t.Errorf("the listing has %q, want %q", got, refs)
				}
			},
		},
	}
}

// listAfterRemoval removes every row as soon as a page had it, the row that the
// cursor stands on included.
func listAfterRemoval(t tester, f storeFixture) {
	refs := f.addMany(t, f.connect(t, "a"), 30, f.topic("t"))
	var got []ports.OperationRef
	request := ports.PageRequest{Limit: 4}
	for {
		page := f.page(t, f.topic("t"), request)
		for _, subscriber := range page.Subscribers {
			got = append(got, subscriber.Ref)
			f.remove(t, subscriber.Ref, f.clock.Now(), true)
		}
		if page.Next == "" || len(got) > len(refs) {
			break
		}
		request.After = page.Next
	}
	if !sameSet(got, refs) {
		t.Errorf("the listing had %d operations, want %d", len(got), len(refs))
	}
	f.listed(t, f.topic("t"))
}

// listWhileChanging pages through a topic on which others subscribe, leave and
// disconnect, by names that are never used again: one step beside each page.
func listWhileChanging(t tester, f storeFixture) {
	steady := f.addMany(t, f.connect(t, "steady"), 40, f.topic("t"))
	step := 0
	for range 3 {
		times, request := make(map[ports.OperationRef]int), ports.PageRequest{Limit: 6}
		for more := true; more; more = request.After != "" {
			var page ports.Page
			var listErr, changeErr error
			together(2, func(i int) {
				if i == 0 {
					page, listErr = f.ListSubscribers(t.Context(), f.topic("t"), request)
				} else {
					changeErr = f.change(t, step)
				}
			})
			success(t, "ListSubscribers", listErr)
			success(t, "a change beside it", changeErr)
			for _, ref := range refsOf(page.Subscribers) {
				if times[ref]++; times[ref] > 1 {
					t.Errorf("listed twice: %q", ref)
				}
			}
			request.After = page.Next
			step++
		}
		for _, ref := range steady {
			if times[ref] == 0 {
				t.Errorf("there throughout and not listed: %q", ref)
			}
		}
	}
}

// change adds a connection with five operations in an even step, and ends that
// of the step before in an odd one.
func (f storeFixture) change(t tester, step int) error {
	row := f.row(fmt.Sprint(step - step%2))
	if step%2 == 1 {
		removed, err := f.RemoveOperation(t.Context(), f.operation(row, "3").Ref, f.clock.Now())
		if err != nil || !removed {
			return fmt.Errorf("removed is %v: %w", removed, err)
		}
		_, err = f.DeleteConnection(t.Context(), row.Address.ID)
		return err
	}
	if err := f.CreateConnection(t.Context(), row); err != nil {
		return err
	}
	for n := range 5 {
		operation := f.operation(row, ports.OperationID(fmt.Sprint(n)), f.topic("t"))
		if err := f.AddOperation(t.Context(), operation); err != nil {
			return err
		}
	}
	return nil
}

func removeSubscribersChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "RemoveSubscribers: removes exactly these", run: func(t tester, f storeFixture) {
			refs := f.addMany(t, f.connect(t, "a"), 4, f.topic("t"))
			other := f.add(t, f.connect(t, "b"), "operation 1", f.topic("t")).Ref
			f.removeSubscribers(t, f.topic("t"), refs[1], refs[3])
			f.listed(t, f.topic("t"), refs[0], refs[2], other)
		}},
		{name: "RemoveSubscribers: leaves other topics alone", run: func(t tester, f storeFixture) {
			ref := f.add(t, f.connect(t, "a"), "1", f.topic("t"), f.topic("u")).Ref
			f.removeSubscribers(t, f.topic("t"), ref)
			f.listed(t, f.topic("t"))
			f.listed(t, f.topic("u"), ref)
		}},
		{name: "RemoveSubscribers: many at once", run: func(t tester, f storeFixture) {
			refs := f.addMany(t, f.connect(t, "a"), 60, f.topic("t"))
			f.removeSubscribers(t, f.topic("t"), refs[1:]...)
			f.listed(t, f.topic("t"), refs[0])
		}},
		{name: "RemoveSubscribers: one named twice", run: func(t tester, f storeFixture) {
			refs := f.addMany(t, f.connect(t, "a"), 2, f.topic("t"))
			f.removeSubscribers(t, f.topic("t"), refs[0], refs[0])
			f.listed(t, f.topic("t"), refs[1])
		}},
		{name: "RemoveSubscribers: absent is not an error", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			ref := f.add(t, row, "1", f.topic("t")).Ref
			f.removeSubscribers(t, f.topic("t"))
			f.removeSubscribers(t, f.topic("t"), f.operation(row, "2").Ref, f.operation(f.row("unknown"), "1").Ref)
			f.removeSubscribers(t, f.topic("u"), ref)
			f.listed(t, f.topic("t"), ref)
		}},
		{name: "RemoveSubscribers: needs no connection", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			operation := f.operation(row, "1", f.topic("t"))
			operation.ExpiresAt = f.in(3 * time.Hour)
			success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			f.clock.Advance(2 * time.Hour)
			f.absent(t, row.Address.ID)
			f.removeSubscribers(t, f.topic("t"), operation.Ref)
			f.listed(t, f.topic("t"))
		}},
	}
}

func (f storeFixture) removeSubscribers(t tester, topic ports.Topic, refs ...ports.OperationRef) {
	t.Helper()
	success(t, "RemoveSubscribers", f.RemoveSubscribers(t.Context(), topic, refs))
}
