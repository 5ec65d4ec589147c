package porttest

import (
	"errors"
	"strings"

	"github.com/fanql/fanql/ports"
)

// errorChecks are about what holds for every method of a store.
func errorChecks() []check[storeFixture] {
	return []check[storeFixture]{
		{name: "errors: say which call failed and no secret", run: func(t tester, f storeFixture) {
			const secret = "SECRET"
			row := f.row("a")
			row.State = []byte(`{"token":"` + secret + `"}`)
			success(t, "CreateConnection", f.CreateConnection(t.Context(), row))
			row.Identity += secret
			created := f.CreateConnection(t.Context(), row)
			operation := f.add(t, row, "1", f.topic("t"))
			operation.Request = []byte(secret)
			added := f.AddOperation(t.Context(), operation)
			for _, err := range []error{created, added} {
				failed, ok := errors.AsType[*ports.Error](err)
				if !ok || failed.Op == "" {
					t.Fatalf("got error %v, want a *ports.Error that names the call", err)
				}
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error gives a secret away: %v", err)
				}
			}
		}},
		{name: "context: every call heeds its end", run: func(t tester, f storeFixture) {
			row, ctx := f.connect(t, "a"), endedContext(t)
			operation := f.add(t, row, "1", f.topic("t"))
			id, topic := row.Address.ID, f.topic("t")
			cancelled(t, "CreateConnection", f.CreateConnection(ctx, f.row("b")))
			_, err := f.GetConnection(ctx, id)
			cancelled(t, "GetConnection", err)
			_, err = f.InitConnection(ctx, id, ports.Init{RequestID: "r"})
			cancelled(t, "InitConnection", err)
			cancelled(t, "TouchConnection", f.TouchConnection(ctx, id, row.ExpiresAt))
			_, err = f.DeleteConnection(ctx, id)
			cancelled(t, "DeleteConnection", err)
			cancelled(t, "AddOperation", f.AddOperation(ctx, operation))
			_, err = f.RemoveOperation(ctx, operation.Ref, operation.ReceivedAt)
			cancelled(t, "RemoveOperation", err)
			_, err = f.ListSubscribers(ctx, topic, ports.PageRequest{})
			cancelled(t, "ListSubscribers", err)
			_, err = f.GetSubscriber(ctx, topic, operation.Ref)
			cancelled(t, "GetSubscriber", err)
			cancelled(t, "MovePlace", f.MovePlace(ctx, topic, operation.Ref, operation.ReceivedAt, 0, ports.Place{Version: 1}))
			cancelled(t, "RemoveSubscribers", f.RemoveSubscribers(ctx, topic, []ports.OperationRef{operation.Ref}))
			cancelled(t, "SaveCheckpoint", f.SaveCheckpoint(ctx, topic, ports.Checkpoint{ExpiresAt: row.ExpiresAt}))
			_, err = f.LoadCheckpoint(ctx, topic)
			cancelled(t, "LoadCheckpoint", err)
		}},
	}
}
