package porttest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fanql/fanql/ports"
)

func addChecks() []check[storeFixture] {
	return append(addedChecks(), addRefusedChecks()...)
}

// addedChecks are about operations that are put in place.
func addedChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "AddOperation: every topic lists it", run: func(t tester, f storeFixture) {
			topics := make([]ports.Topic, 12)
			for i := range topics {
				topics[i] = f.topic(fmt.Sprint(i))
			}
			ref := f.add(t, f.connect(t, "a"), "1", topics...).Ref
			for _, topic := range topics {
				f.listed(t, topic, ref)
			}
			f.listed(t, f.topic("other"))
		}},
		{name: "AddOperation: comes back unchanged", run: func(t tester, f storeFixture) {
			operation := f.operation(f.connect(t, "a"), "1", f.topic("t"))
			operation.Request = everyByte()
			operation.Filters = append(everyByte(), 0)
			operation.State = []byte(strings.Repeat("state ☃ ", 1000))
			success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			f.listedAs(t, f.topic("t"), operation)
		}},
		{name: "AddOperation: zero fields come back as zero", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			full := f.operation(row, "1", f.topic("t"))
			operation := ports.Operation{
				Ref: full.Ref, Topics: full.Topics, ReceivedAt: full.ReceivedAt, ExpiresAt: full.ExpiresAt,
			}
			success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			f.listedAs(t, f.topic("t"), operation)
		}},
		{name: "AddOperation: any topic", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			for i, name := range oddStrings() {
				topic := f.topic(name)
				topic += ports.Topic(strings.Repeat("x", max(0, 2000-len(topic))*(i%2)))
				ref := f.add(t, row, ports.OperationID(fmt.Sprint(i)), topic).Ref
				f.listed(t, topic, ref)
				f.remove(t, ref, f.clock.Now(), true)
				f.listed(t, topic)
			}
		}},
		{name: "AddOperation: topics of any characters do not mix", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			refs := make(map[ports.Topic]ports.OperationRef)
			for i, name := range oddStrings() {
				refs[f.topic(name)] = f.add(t, row, ports.OperationID(fmt.Sprint(i)), f.topic(name)).Ref
			}
			for topic, ref := range refs {
				f.listed(t, topic, ref)
			}
		}},
		{name: "AddOperation: any operation ID", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			var refs []ports.OperationRef
			for _, id := range append(oddStrings(), "", strings.Repeat("long ", 2000), strings.Repeat("long ", 2000)+"er") {
				refs = append(refs, f.add(t, row, ports.OperationID(id), f.topic("t")).Ref)
			}
			f.listed(t, f.topic("t"), refs...)
			for i, ref := range refs {
				f.remove(t, ref, f.clock.Now(), true)
				f.listed(t, f.topic("t"), refs[i+1:]...)
			}
		}},
		{name: "AddOperation: connection and operation IDs do not run together", run: func(t tester, f storeFixture) {
			one, other := f.connect(t, "a"), f.connect(t, "a#b")
			first := f.add(t, one, "b#1", f.topic("t")).Ref
			second := f.add(t, other, "1", f.topic("t")).Ref
			f.listed(t, f.topic("t"), first, second)
			f.disconnect(t, one.Address.ID)
			f.listed(t, f.topic("t"), second)
		}},
		{name: "AddOperation: several of one connection on one topic", run: func(t tester, f storeFixture) {
			refs := f.addMany(t, f.connect(t, "a"), 5, f.topic("t"))
			f.listed(t, f.topic("t"), refs...)
		}},
		{name: "AddOperation: one ID on several connections", run: func(t tester, f storeFixture) {
			first := f.add(t, f.connect(t, "a"), "1", f.topic("t")).Ref
			second := f.add(t, f.connect(t, "b"), "1", f.topic("t")).Ref
			f.listed(t, f.topic("t"), first, second)
		}},
		{name: "AddOperation: without topics it holds its ID", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			query := f.add(t, row, "1")
			other := f.operation(row, "1", f.topic("t"))
			other.ReceivedAt = query.ReceivedAt.Add(time.Second)
			refused(t, "AddOperation", f.AddOperation(t.Context(), other), ports.ErrConflict)
			f.remove(t, query.Ref, query.ReceivedAt, true)
			success(t, "AddOperation", f.AddOperation(t.Context(), other))
			f.listed(t, f.topic("t"), other.Ref)
		}},
		{name: "AddOperation: a repetition succeeds and is listed once", run: func(t tester, f storeFixture) {
			operation := f.operation(f.connect(t, "a"), "1", f.topic("t"), f.topic("u"))
			operation.Limit = 1
			for range 3 {
				success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			}
			f.listed(t, f.topic("t"), operation.Ref)
			f.listed(t, f.topic("u"), operation.Ref)
		}},
		{name: "AddOperation: the ID of an operation that ended is free", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			operation := f.add(t, row, "1", f.topic("t"))
			f.remove(t, operation.Ref, operation.ReceivedAt, true)
			operation.ReceivedAt = operation.ReceivedAt.Add(time.Millisecond)
			operation.Topics = []ports.Topic{f.topic("u")}
			success(t, "AddOperation", f.AddOperation(t.Context(), operation))
			f.listed(t, f.topic("t"))
			f.listed(t, f.topic("u"), operation.Ref)
		}},
		{name: "AddOperation: an expired one is absent", run: addExpired},
		{name: "AddOperation: the end of the identity is not expiry", run: func(t tester, f storeFixture) {
			operation := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
			f.clock.Advance(45 * time.Minute)
			f.listedAs(t, f.topic("t"), operation)
		}},
	}
}

// addExpired tries all that an expired operation must no longer hold.
func addExpired(t tester, f storeFixture) {
	row := f.connect(t, "a")
	short := f.operation(row, "1", f.topic("t"))
	short.ExpiresAt = f.in(time.Minute)
	success(t, "AddOperation", f.AddOperation(t.Context(), short))
	f.clock.Advance(2 * time.Minute)
	f.listed(t, f.topic("t"))
	again := f.operation(row, "1", f.topic("u"))
	again.Limit = 1
	success(t, "AddOperation with the ID and the place of an expired one", f.AddOperation(t.Context(), again))
	f.listed(t, f.topic("t"))
	f.listed(t, f.topic("u"), again.Ref)
}

// addRefusedChecks are about operations that are not put in place.
func addRefusedChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "AddOperation: another ReceivedAt is a conflict", run: func(t tester, f storeFixture) {
			addConflict(t, f, func(o *ports.Operation) { o.ReceivedAt = o.ReceivedAt.Add(time.Millisecond) })
		}},
		{name: "AddOperation: another Request is a conflict", run: func(t tester, f storeFixture) {
			addConflict(t, f, func(o *ports.Operation) { o.Request = []byte(`{"query":"subscription { b }"}`) })
		}},
		{name: "AddOperation: of several with one ID at once one wins", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			errs := make([]error, 8)
			together(len(errs), func(i int) {
				operation := f.operation(row, "1", f.topic("t"), f.topic(fmt.Sprint(i)))
				operation.Request = fmt.Append(nil, i)
				errs[i] = f.AddOperation(t.Context(), operation)
			})
			exactlyOne(t, "AddOperation", errs, ports.ErrConflict)
			ref := f.operation(row, "1").Ref
			f.listed(t, f.topic("t"), ref)
			for i, err := range errs {
				if err == nil {
					f.listed(t, f.topic(fmt.Sprint(i)), ref)
				} else {
					f.listed(t, f.topic(fmt.Sprint(i)))
				}
			}
		}},
		{name: "AddOperation: without a connection is not found", run: func(t tester, f storeFixture) {
			addRefused(t, f, f.operation(f.row("a"), "1", f.topic("t"), f.topic("u")), ports.ErrNotFound)
		}},
		{name: "AddOperation: on an expired connection is not found", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			f.clock.Advance(2 * time.Hour)
			row.ExpiresAt = f.in(time.Hour)
			addRefused(t, f, f.operation(row, "1", f.topic("t")), ports.ErrNotFound)
		}},
		{name: "AddOperation: on a deleted connection is not found", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			operation := f.add(t, row, "1", f.topic("t"))
			f.disconnect(t, row.Address.ID)
			addRefused(t, f, operation, ports.ErrNotFound)
		}},
		{name: "AddOperation: over the limit is too many", run: addOverLimit},
		{name: "AddOperation: without a limit there are many", run: func(t tester, f storeFixture) {
			refs := f.addMany(t, f.connect(t, "a"), 120, f.topic("t"))
			f.listed(t, f.topic("t"), refs...)
		}},
		{name: "AddOperation: the limit holds for many at once", run: func(t tester, f storeFixture) {
			const limit = 3
			row := f.connect(t, "a")
			errs := make([]error, 9)
			together(len(errs), func(i int) {
				operation := f.operation(row, ports.OperationID(fmt.Sprint(i)), f.topic("t"))
				operation.Limit = limit
				errs[i] = f.AddOperation(t.Context(), operation)
			})
			added := 0
			for _, err := range errs {
				if err == nil {
					added++
				} else if !errors.Is(err, ports.ErrTooMany) {
					t.Errorf("AddOperation: got error %v, want %v", err, ports.ErrTooMany)
				}
			}
			if got := len(f.follow(t, f.topic("t"), ports.PageRequest{})); added != limit || got != limit {
				t.Errorf("%d calls succeeded and %d operations are listed, limit %d", added, got, limit)
			}
		}},
		{name: "AddOperation: an empty topic is invalid", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			addRefused(t, f, f.operation(row, "1", f.topic("t"), "", f.topic("u")), ports.ErrInvalid)
			f.add(t, row, "1", f.topic("v")) // The ID is still free.
		}},
		{name: "AddOperation: without an expiry is invalid", run: func(t tester, f storeFixture) {
			operation := f.operation(f.connect(t, "a"), "1", f.topic("t"))
			operation.ExpiresAt = time.Time{}
			addRefused(t, f, operation, ports.ErrInvalid)
		}},
		{
			name:  "AddOperation: over what the backend keeps is too large",
			needs: []need[storeFixture]{{"TooLarge", func(f storeFixture) bool { return f.tooLarge > 0 }}},
			run: func(t tester, f storeFixture) {
				row := f.connect(t, "a")
				operation := f.operation(row, "1", f.topic("t"), f.topic("u"))
				operation.Request = make([]byte, f.tooLarge)
				addRefused(t, f, operation, ports.ErrTooLarge)
				f.add(t, row, "1", f.topic("v"))
			},
		},
	}
}

// addConflict adds an operation, and another one with its ID.
func addConflict(t tester, f storeFixture, change func(*ports.Operation)) {
	first := f.add(t, f.connect(t, "a"), "1", f.topic("t"))
	other := first
	other.Topics = []ports.Topic{f.topic("u")}
	change(&other)
	refused(t, "AddOperation", f.AddOperation(t.Context(), other), ports.ErrConflict)
	f.listed(t, f.topic("u"))
	f.listedAs(t, f.topic("t"), first)
}

// addRefused adds an operation that must be refused and listed nowhere.
func addRefused(t tester, f storeFixture, operation ports.Operation, kind error) {
	refused(t, "AddOperation", f.AddOperation(t.Context(), operation), kind)
	for _, topic := range operation.Topics {
		if topic != "" {
			f.listed(t, topic)
		}
	}
}

// addOverLimit counts operations with and without topics towards the limit.
func addOverLimit(t tester, f storeFixture) {
	row := f.connect(t, "a")
	query := f.add(t, row, "query")
	f.add(t, row, "1", f.topic("t"))
	third := f.operation(row, "2", f.topic("u"))
	third.Limit = 2
	addRefused(t, f, third, ports.ErrTooMany)
	f.remove(t, query.Ref, query.ReceivedAt, true)
	success(t, "AddOperation when there is room again", f.AddOperation(t.Context(), third))
	f.listed(t, f.topic("u"), third.Ref)
}

// listedAs reports a topic that does not list just this operation, whole.
func (f storeFixture) listedAs(t tester, topic ports.Topic, want ports.Operation) {
	t.Helper()
	got := f.follow(t, topic, ports.PageRequest{})
	if len(got) != 1 {
		t.Fatalf("the listing has %d operations, want 1", len(got))
	}
	sameSubscriber(t, got[0], want)
}

// everyByte is no UTF-8.
func everyByte() []byte {
	bytes := make([]byte, 256)
	for i := range bytes {
		bytes[i] = byte(i)
	}
	return bytes
}

// oddStrings are names that a store with separators, patterns, slots or
// normalisation of its own could take for something else.
func oddStrings() []string {
	return []string{
		"room/42", "room", "room/", "room#42", "#", "a b", " a", "a ", "A", "a", "😀", "é", "e\u0301", "{a}", "{b}", "*", "?",
		"[a]", "%2F", `"`, `\`, "'", "\x00", "\n", "a:b", "a::b", "a|b", "..", "0", "00", "null", "room/42#1",
	}
}
