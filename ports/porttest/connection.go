package porttest

import (
	"fmt"
	"slices"
	"time"

	"github.com/fanql/fanql/ports"
)

func connectionChecks() []check[storeFixture] {
	return slices.Concat(createChecks(), getChecks(), initChecks(), touchChecks(), deleteChecks())
}

func createChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "CreateConnection: reads back as it was", run: func(t tester, f storeFixture) {
			f.holds(t, f.connect(t, "a"))
		}},
		{name: "CreateConnection: zero fields read back as zero", run: func(t tester, f storeFixture) {
			row := ports.Connection{Address: ports.Address{ID: f.row("a").Address.ID}, ExpiresAt: f.in(time.Hour)}
			success(t, "CreateConnection", f.CreateConnection(t.Context(), row))
			f.holds(t, row)
		}},
		{name: "CreateConnection: an ID in use is a conflict and stays as it was", run: createTaken},
		{name: "CreateConnection: a repetition succeeds", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			success(t, "CreateConnection again", f.CreateConnection(t.Context(), row))
			f.holds(t, row)
		}},
		{name: "CreateConnection: without an ID is invalid", run: func(t tester, f storeFixture) {
			row := f.row("a")
			row.Address.ID = ""
			refused(t, "CreateConnection", f.CreateConnection(t.Context(), row), ports.ErrInvalid)
		}},
		{name: "CreateConnection: without an expiry is invalid", run: func(t tester, f storeFixture) {
			row := f.row("a")
			row.ExpiresAt = time.Time{}
			refused(t, "CreateConnection", f.CreateConnection(t.Context(), row), ports.ErrInvalid)
			f.absent(t, row.Address.ID)
		}},
		{name: "CreateConnection: the ID of an expired connection is free", run: func(t tester, f storeFixture) {
			before := f.connect(t, "a")
			f.clock.Advance(2 * time.Hour)
			again := f.row("a")
			again.Identity, again.State = "another", nil
			success(t, "CreateConnection", f.CreateConnection(t.Context(), again))
			f.holds(t, again)
			if before.ExpiresAt.Equal(again.ExpiresAt) {
				t.Fatalf("the clock did not move")
			}
		}},
		{name: "CreateConnection: the ID of a deleted connection is free", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			f.disconnect(t, row.Address.ID)
			row.Identity = "another"
			success(t, "CreateConnection", f.CreateConnection(t.Context(), row))
			f.holds(t, row)
		}},
		{name: "CreateConnection: of several at once one wins", run: func(t tester, f storeFixture) {
			errs := make([]error, 8)
			together(len(errs), func(i int) {
				row := f.row("a")
				row.Identity = fmt.Sprint(i)
				errs[i] = f.CreateConnection(t.Context(), row)
			})
			exactlyOne(t, "CreateConnection", errs, ports.ErrConflict)
		}},
	}
}

func createTaken(t tester, f storeFixture) {
	row := f.connect(t, "a")
	for field, change := range map[string]func(*ports.Connection){
		"endpoint":       func(c *ports.Connection) { c.Address.Endpoint = "other" },
		"protocol":       func(c *ports.Connection) { c.Protocol = "other" },
		"state":          func(c *ports.Connection) { c.State = []byte(`{}`) },
		"identity":       func(c *ports.Connection) { c.Identity = "other" },
		"identity's end": func(c *ports.Connection) { c.NotAfter = c.NotAfter.Add(time.Minute) },
		"expiry":         func(c *ports.Connection) { c.ExpiresAt = c.ExpiresAt.Add(time.Minute) },
	} {
		other := row
		change(&other)
		refused(t, "CreateConnection with another "+field, f.CreateConnection(t.Context(), other), ports.ErrConflict)
	}
	f.holds(t, row)
}

func getChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "GetConnection: an unknown one is not found", run: func(t tester, f storeFixture) {
			f.absent(t, f.row("a").Address.ID)
		}},
		{name: "GetConnection: an expired one is not found", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			f.clock.Advance(2 * time.Hour)
			f.absent(t, row.Address.ID)
		}},
		{name: "GetConnection: the end of the identity is not expiry", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			f.clock.Advance(45 * time.Minute)
			f.holds(t, row)
		}},
		{name: "GetConnection: sees every acknowledged write", run: func(t tester, f storeFixture) {
			for i := range 10 {
				row := f.connect(t, fmt.Sprint(i))
				f.holds(t, row)
				after, err := f.InitConnection(t.Context(), row.Address.ID, ports.Init{RequestID: "r", Identity: "late"})
				success(t, "InitConnection", err)
				f.holds(t, after)
				after.ExpiresAt = f.in(2 * time.Hour)
				success(t, "TouchConnection", f.TouchConnection(t.Context(), row.Address.ID, after.ExpiresAt))
				f.holds(t, after)
				f.disconnect(t, row.Address.ID)
				f.absent(t, row.Address.ID)
			}
		}},
	}
}

func initChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "InitConnection: returns the connection as it is afterwards", run: func(t tester, f storeFixture) {
			want := f.connect(t, "a")
			init := ports.Init{RequestID: "r", State: []byte(`{"n":1}`), Identity: "late", NotAfter: f.in(10 * time.Minute)}
			got, err := f.InitConnection(t.Context(), want.Address.ID, init)
			success(t, "InitConnection", err)
			want.Initialized, want.State, want.Identity, want.NotAfter = true, init.State, init.Identity, init.NotAfter
			sameRow(t, got, want)
			f.holds(t, want)
		}},
		{name: "InitConnection: nil, empty and zero replace nothing", run: func(t tester, f storeFixture) {
			want := f.connect(t, "a")
			got, err := f.InitConnection(t.Context(), want.Address.ID, ports.Init{RequestID: "r"})
			success(t, "InitConnection", err)
			want.Initialized = true
			sameRow(t, got, want)
			f.holds(t, want)
		}},
		{name: "InitConnection: an unknown one is not found", run: func(t tester, f storeFixture) {
			id := f.row("a").Address.ID
			_, err := f.InitConnection(t.Context(), id, ports.Init{RequestID: "r"})
			refused(t, "InitConnection", err, ports.ErrNotFound)
			f.absent(t, id)
		}},
		{name: "InitConnection: an expired one is not found", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			f.clock.Advance(2 * time.Hour)
			_, err := f.InitConnection(t.Context(), row.Address.ID, ports.Init{RequestID: "r"})
			refused(t, "InitConnection", err, ports.ErrNotFound)
			f.absent(t, row.Address.ID)
		}},
		{name: "InitConnection: a second one is a conflict and changes nothing", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			want, err := f.InitConnection(t.Context(), row.Address.ID, ports.Init{RequestID: "r", Identity: "first"})
			success(t, "InitConnection", err)
			_, err = f.InitConnection(t.Context(), row.Address.ID, ports.Init{RequestID: "s", Identity: "second"})
			refused(t, "InitConnection", err, ports.ErrConflict)
			f.holds(t, want)
		}},
		{name: "InitConnection: a retry succeeds and changes nothing", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			want, err := f.InitConnection(t.Context(), row.Address.ID, ports.Init{RequestID: "r", Identity: "first"})
			success(t, "InitConnection", err)
			got, err := f.InitConnection(t.Context(), row.Address.ID, ports.Init{RequestID: "r", Identity: "second"})
			success(t, "InitConnection again", err)
			sameRow(t, got, want)
			f.holds(t, want)
		}},
		{name: "InitConnection: of several at once one wins", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			errs := make([]error, 8)
			together(len(errs), func(i int) {
				_, errs[i] = f.InitConnection(t.Context(), row.Address.ID, ports.Init{RequestID: fmt.Sprint(i)})
			})
			exactlyOne(t, "InitConnection", errs, ports.ErrConflict)
		}},
	}
}

func touchChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "TouchConnection: moves the expiry", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			row.ExpiresAt = f.in(3 * time.Hour)
			success(t, "TouchConnection", f.TouchConnection(t.Context(), row.Address.ID, row.ExpiresAt))
			f.holds(t, row)
			f.clock.Advance(2 * time.Hour)
			f.holds(t, row)
			f.clock.Advance(2 * time.Hour)
			f.absent(t, row.Address.ID)
		}},
		{name: "TouchConnection: moves the expiry of the operations", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			refs := f.addMany(t, row, 3, f.topic("t"), f.topic("u"))
			success(t, "TouchConnection", f.TouchConnection(t.Context(), row.Address.ID, f.in(3*time.Hour)))
			f.clock.Advance(2 * time.Hour)
			f.listed(t, f.topic("t"), refs...)
			f.listed(t, f.topic("u"), refs...)
			f.remove(t, refs[0], f.clock.Now(), true)
			f.clock.Advance(2 * time.Hour)
			f.listed(t, f.topic("t"))
		}},
		{name: "TouchConnection: never shortens a life", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			ref := f.add(t, row, "1", f.topic("t")).Ref
			success(t, "TouchConnection", f.TouchConnection(t.Context(), row.Address.ID, f.in(time.Minute)))
			f.holds(t, row)
			f.clock.Advance(30 * time.Minute)
			f.holds(t, row)
			f.listed(t, f.topic("t"), ref)
		}},
		{name: "TouchConnection: an unknown one is not found", run: func(t tester, f storeFixture) {
			id := f.row("a").Address.ID
			refused(t, "TouchConnection", f.TouchConnection(t.Context(), id, f.in(time.Hour)), ports.ErrNotFound)
			f.absent(t, id)
		}},
		{name: "TouchConnection: an expired one is not found", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			f.clock.Advance(2 * time.Hour)
			refused(t, "TouchConnection", f.TouchConnection(t.Context(), row.Address.ID, f.in(time.Hour)), ports.ErrNotFound)
			f.absent(t, row.Address.ID)
		}},
	}
}

func deleteChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "DeleteConnection: returns the connection and its operations", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			refs := []ports.OperationRef{f.add(t, row, "1", f.topic("t")).Ref, f.add(t, row, "2", f.topic("t"), f.topic("u")).Ref, f.add(t, row, "3").Ref}
			removed := f.disconnect(t, row.Address.ID)
			sameRow(t, removed.Connection, row)
			if !sameSet(removed.Operations, refs) {
				t.Errorf("DeleteConnection: operations %q, want %q", removed.Operations, refs)
			}
			f.absent(t, row.Address.ID)
		}},
		{name: "DeleteConnection: absent is not an error", run: func(t tester, f storeFixture) {
			deleted, expired := f.connect(t, "deleted"), f.connect(t, "expired")
			f.disconnect(t, deleted.Address.ID)
			f.clock.Advance(2 * time.Hour)
			for _, id := range []ports.ConnectionID{deleted.Address.ID, expired.Address.ID, f.row("unknown").Address.ID} {
				removed, err := f.DeleteConnection(t.Context(), id)
				success(t, "DeleteConnection", err)
				if removed.Found {
					t.Errorf("DeleteConnection: found what is absent")
				}
				sameRow(t, removed.Connection, ports.Connection{})
			}
		}},
		{name: "DeleteConnection: no later listing has its operations", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			f.add(t, row, "1", f.topic("t"), f.topic("u"))
			f.add(t, row, "2", f.topic("t"))
			f.disconnect(t, row.Address.ID)
			f.listed(t, f.topic("t"))
			f.listed(t, f.topic("u"))
		}},
		{name: "DeleteConnection: sixty operations are all gone", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			refs := f.addMany(t, row, 60, f.topic("t"), f.topic("u"))
			if removed := f.disconnect(t, row.Address.ID); !sameSet(removed.Operations, refs) {
				t.Errorf("DeleteConnection: %d operations, want %d", len(removed.Operations), len(refs))
			}
			f.listed(t, f.topic("t"))
			f.listed(t, f.topic("u"))
		}},
		{name: "DeleteConnection: leaves the others alone", run: func(t tester, f storeFixture) {
			row, other := f.connect(t, "a"), f.connect(t, "a2")
			f.add(t, row, "1", f.topic("t"))
			ref := f.add(t, other, "1", f.topic("t")).Ref
			f.disconnect(t, row.Address.ID)
			f.holds(t, other)
			f.listed(t, f.topic("t"), ref)
		}},
		{name: "DeleteConnection: of several at once one finds it", run: func(t tester, f storeFixture) {
			row := f.connect(t, "a")
			f.addMany(t, row, 3, f.topic("t"))
			removed, errs := make([]ports.Removed, 8), make([]error, 8)
			together(len(errs), func(i int) { removed[i], errs[i] = f.DeleteConnection(t.Context(), row.Address.ID) })
			found := 0
			for i := range errs {
				success(t, "DeleteConnection", errs[i])
				if removed[i].Found {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%d of %d calls at once found the connection, want 1", found, len(errs))
			}
			f.listed(t, f.topic("t"))
		}},
		{name: "DeleteConnection: no operation added meanwhile outlives it", run: deleteWhileAdding},
	}
}

// deleteWhileAdding lets operations and the end of their connection race, and
// looks for rows that both left behind.
func deleteWhileAdding(t tester, f storeFixture) {
	const rounds, adders = 10, 6
	for round := range rounds {
		row := f.connect(t, fmt.Sprint(round))
		errs := make([]error, adders+1)
		together(len(errs), func(i int) {
			if i == adders/2 {
				_, errs[i] = f.DeleteConnection(t.Context(), row.Address.ID)
				return
			}
			operation := f.operation(row, ports.OperationID(fmt.Sprint(i)), f.topic("t"), f.topic("u"))
			errs[i] = f.AddOperation(t.Context(), operation)
		})
		success(t, "DeleteConnection", errs[adders/2])
		for _, err := range errs {
			if err != nil {
				refused(t, "AddOperation beside DeleteConnection", err, ports.ErrNotFound)
			}
		}
		addRefused(t, f, f.operation(row, "late", f.topic("t")), ports.ErrNotFound)
		f.listed(t, f.topic("t"))
		f.listed(t, f.topic("u"))
	}
}
