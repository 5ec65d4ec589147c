package porttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

func TestStoreChecks(t *testing.T) {
	faults := slices.Concat(createFaults(), getFaults(), initFaults(), touchFaults(), deleteFaults(), addedFaults(),
		addRefusedFaults(), removeFaults(), tombstoneFaults(), pagingFaults(), removeSubscribersFaults(), placeFaults(), checkpointFaults(), errorFaults())
	prove(t, storeChecks(), faults, brokenStoreFixture)
}

type storeFaults = []fault[*brokenStore]

func createFaults() storeFaults {
	// Refuses an ID that was ever in use by another row.
	refusesUsed := func(b *brokenStore) {
		had := newTable[ports.ConnectionID, string]()
		b.create = func(ctx context.Context, row ports.Connection) error {
			if former, ok := had.get(row.Address.ID); ok && former != fmt.Sprint(row) {
				return broken(ports.ErrConflict)
			}
			had.put(row.Address.ID, fmt.Sprint(row))
			return b.Store.CreateConnection(ctx, row)
		}
	}
	return storeFaults{
		{"CreateConnection: reads back as it was", getEdits(func(_ *brokenStore, row *ports.Connection) { row.Identity = "" })},
		{"CreateConnection: reads back as it was", getEdits(func(_ *brokenStore, row *ports.Connection) {
			row.State = bytes.ReplaceAll(row.State, []byte("☃"), []byte("?"))
		})},
		{"CreateConnection: zero fields read back as zero", getEdits(func(_ *brokenStore, row *ports.Connection) {
			if row.NotAfter.IsZero() {
				row.NotAfter = time.Unix(0, 0)
			}
		})},
		{"CreateConnection: an ID in use is a conflict and stays as it was", createForgives(ports.ErrConflict)},
		{"CreateConnection: an ID in use is a conflict and stays as it was", func(b *brokenStore) { // Compares some fields.
			b.create = func(ctx context.Context, row ports.Connection) error {
				if former, err := b.Store.GetConnection(ctx, row.Address.ID); err == nil && former.Identity == row.Identity {
					return nil
				}
				return b.Store.CreateConnection(ctx, row)
			}
		}},
		{"CreateConnection: an ID in use is a conflict and stays as it was", func(b *brokenStore) { // Overwrites.
			b.create = func(ctx context.Context, row ports.Connection) error {
				err := b.Store.CreateConnection(ctx, row)
				if err != nil {
					_, _ = b.Store.DeleteConnection(ctx, row.Address.ID)
					_ = b.Store.CreateConnection(ctx, row)
				}
				return err
			}
		}},
		{"CreateConnection: a repetition succeeds", func(b *brokenStore) {
			b.create = func(ctx context.Context, row ports.Connection) error {
				if _, err := b.Store.GetConnection(ctx, row.Address.ID); err == nil {
					return broken(ports.ErrConflict)
				}
				return b.Store.CreateConnection(ctx, row)
			}
		}},
		{"CreateConnection: without an ID is invalid", createForgives(ports.ErrInvalid)},
		{"CreateConnection: without an ID is invalid", func(b *brokenStore) { // An error of another form.
			b.create = func(context.Context, ports.Connection) error { return ports.ErrInvalid }
		}},
		{"CreateConnection: without an expiry is invalid", func(b *brokenStore) {
			b.create = func(ctx context.Context, row ports.Connection) error {
				row.ExpiresAt = b.clock.Now().Add(time.Hour)
				return b.Store.CreateConnection(ctx, row)
			}
		}},
		{"CreateConnection: the ID of an expired connection is free", refusesUsed},
		{"CreateConnection: the ID of a deleted connection is free", refusesUsed},
		{"CreateConnection: of several at once one wins", createForgives(ports.ErrConflict)},
	}
}

func getFaults() storeFaults {
	// Knows every connection for ever.
	forever := func(b *brokenStore) {
		rows := newTable[ports.ConnectionID, ports.Connection]()
		b.create = func(ctx context.Context, row ports.Connection) error {
			rows.put(row.Address.ID, row)
			return b.Store.CreateConnection(ctx, row)
		}
		b.get = func(_ context.Context, id ports.ConnectionID) (ports.Connection, error) {
			row, _ := rows.get(id)
			return row, nil
		}
	}
	return storeFaults{
		{"GetConnection: an unknown one is not found", forever},
		{"GetConnection: an expired one is not found", forever},
		{"GetConnection: the end of the identity is not expiry", func(b *brokenStore) {
			b.get = func(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
				row, err := b.Store.GetConnection(ctx, id)
				if err == nil && row.NotAfter.Before(b.clock.Now()) {
					return row, broken(ports.ErrNotFound)
				}
				return row, err
			}
		}},
		{"GetConnection: sees every acknowledged write", func(b *brokenStore) { // Reads a cache.
			cache := newTable[ports.ConnectionID, ports.Connection]()
			b.get = func(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
				if row, ok := cache.get(id); ok {
					return row, nil
				}
				row, err := b.Store.GetConnection(ctx, id)
				cache.put(id, row)
				return row, err
			}
		}},
	}
}

func initFaults() storeFaults {
	return storeFaults{
		{"InitConnection: returns the connection as it is afterwards", func(b *brokenStore) {
			b.init = func(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
				before, _ := b.Store.GetConnection(ctx, id)
				_, err := b.Store.InitConnection(ctx, id, init)
				return before, err
			}
		}},
		{"InitConnection: returns the connection as it is afterwards", initEdits(func(_ *brokenStore, init *ports.Init) { init.NotAfter = time.Time{} })},
		{"InitConnection: nil, empty and zero replace nothing", initEdits(func(_ *brokenStore, init *ports.Init) { init.State = []byte{} })},
		{"InitConnection: nil, empty and zero replace nothing", initEdits(func(b *brokenStore, init *ports.Init) { init.NotAfter = b.clock.Now() })},
		{"InitConnection: an unknown one is not found", initForgives(ports.ErrNotFound)},
		{"InitConnection: an expired one is not found", initForgives(ports.ErrNotFound)},
		{"InitConnection: a second one is a conflict and changes nothing", initForgives(ports.ErrConflict)},
		{"InitConnection: a second one is a conflict and changes nothing", func(b *brokenStore) { // Changes the row first.
			identity := newTable[ports.ConnectionID, string]()
			b.init = func(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
				identity.put(id, init.Identity)
				return b.Store.InitConnection(ctx, id, init)
			}
			b.get = func(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
				row, err := b.Store.GetConnection(ctx, id)
				row.Identity, _ = identity.get(id)
				return row, err
			}
		}},
		{"InitConnection: a retry succeeds and changes nothing", func(b *brokenStore) { // Takes a retry for a second one.
			had := newSet[ports.ConnectionID]()
			b.init = func(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
				if !had.put(id) {
					return ports.Connection{}, broken(ports.ErrConflict)
				}
				return b.Store.InitConnection(ctx, id, init)
			}
		}},
		{"InitConnection: a retry succeeds and changes nothing", func(b *brokenStore) { // Does it again.
			b.init = func(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
				row, err := b.Store.InitConnection(ctx, id, init)
				row.Identity = init.Identity
				return row, err
			}
		}},
		{"InitConnection: of several at once one wins", initForgives(ports.ErrConflict)},
	}
}

func touchFaults() storeFaults {
	return storeFaults{
		{"TouchConnection: moves the expiry", func(b *brokenStore) {
			b.touch = func(context.Context, ports.ConnectionID, time.Time) error { return nil }
		}},
		{"TouchConnection: moves the expiry of the operations", func(b *brokenStore) {
			expiry := newTable[ports.OperationRef, time.Time]()
			b.add = func(ctx context.Context, operation ports.Operation) error {
				expiry.put(operation.Ref, operation.ExpiresAt)
				return b.Store.AddOperation(ctx, operation)
			}
			pageDrops(func(b *brokenStore, s ports.Subscriber) bool {
				at, _ := expiry.get(s.Ref)
				return at.Before(b.clock.Now())
			})(b)
		}},
		{"TouchConnection: never shortens a life", func(b *brokenStore) {
			expiry := newTable[ports.ConnectionID, time.Time]()
			b.touch = func(ctx context.Context, id ports.ConnectionID, at time.Time) error {
				expiry.put(id, at)
				return b.Store.TouchConnection(ctx, id, at)
			}
			getEdits(func(_ *brokenStore, row *ports.Connection) {
				if at, ok := expiry.get(row.Address.ID); ok {
					row.ExpiresAt = at
				}
			})(b)
		}},
		{"TouchConnection: never shortens a life", func(b *brokenStore) { // Of the operations.
			touched := newTable[ports.ConnectionID, time.Time]()
			b.touch = func(ctx context.Context, id ports.ConnectionID, at time.Time) error {
				touched.put(id, at)
				return b.Store.TouchConnection(ctx, id, at)
			}
			pageDrops(func(b *brokenStore, s ports.Subscriber) bool {
				at, _ := touched.get(s.Ref.Connection)
				return at.Before(b.clock.Now())
			})(b)
		}},
		{"TouchConnection: an unknown one is not found", touchForgives(ports.ErrNotFound)},
		{"TouchConnection: an expired one is not found", touchForgives(ports.ErrNotFound)},
	}
}

func deleteFaults() storeFaults {
	alwaysFound := disconnectEdits(func(removed *ports.Removed) { removed.Found = true })
	return storeFaults{
		{"DeleteConnection: returns the connection and its operations", disconnectEdits(func(removed *ports.Removed) { removed.Connection.State = nil })},
		{"DeleteConnection: returns the connection and its operations", disconnectEdits(func(removed *ports.Removed) { removed.Operations = removed.Operations[1:] })},
		{"DeleteConnection: absent is not an error", alwaysFound},
		{"DeleteConnection: absent is not an error", func(b *brokenStore) {
			b.disconnect = func(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
				removed, err := b.Store.DeleteConnection(ctx, id)
				if err == nil && !removed.Found {
					err = broken(ports.ErrNotFound)
				}
				return removed, err
			}
		}},
		{"DeleteConnection: no later listing has its operations", haunted(nil, func(int) bool { return true })},
		{"DeleteConnection: no later listing has its operations", haunted(nil, func(nth int) bool { return nth == 1 })},
		{"DeleteConnection: sixty operations are all gone", haunted(nil, func(nth int) bool { return nth >= 50 })},
		{"DeleteConnection: sixty operations are all gone", disconnectEdits(func(removed *ports.Removed) { removed.Operations = removed.Operations[:50] })},
		{"DeleteConnection: leaves the others alone", func(b *brokenStore) { // Deletes by prefix.
			had := newSet[ports.ConnectionID]()
			b.create = func(ctx context.Context, row ports.Connection) error {
				had.put(row.Address.ID)
				return b.Store.CreateConnection(ctx, row)
			}
			b.disconnect = func(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
				for _, other := range slices.Collect(maps.Keys(had.keys)) {
					if other != id && strings.HasPrefix(string(other), string(id)) {
						_, _ = b.Store.DeleteConnection(ctx, other)
					}
				}
				return b.Store.DeleteConnection(ctx, id)
			}
		}},
		{"DeleteConnection: of several at once one finds it", alwaysFound},
		{"DeleteConnection: no operation added meanwhile outlives it", haunted(onError, func(int) bool { return true })},
		{"DeleteConnection: no operation added meanwhile outlives it", addForgives(ports.ErrNotFound)},
	}
}

func addedFaults() storeFaults {
	return storeFaults{
		{"AddOperation: every topic lists it", addEdits(func(o *ports.Operation) { o.Topics = o.Topics[:min(len(o.Topics), 10)] })},
		{"AddOperation: comes back unchanged", addEdits(func(o *ports.Operation) { o.Request = bytes.ToValidUTF8(o.Request, nil) })},
		{"AddOperation: comes back unchanged", addEdits(func(o *ports.Operation) { o.Filters = bytes.TrimRight(o.Filters, "\x00") })},
		{"AddOperation: comes back unchanged", addEdits(func(o *ports.Operation) { o.Address.Endpoint = "" })},
		{"AddOperation: zero fields come back as zero", addEdits(func(o *ports.Operation) {
			if o.State == nil {
				o.State = []byte("null")
			}
		})},
		{"AddOperation: any topic", addEdits(func(o *ports.Operation) {
			for i, topic := range o.Topics {
				o.Topics[i] = topic[:min(len(topic), 1024)]
			}
		})},
		{"AddOperation: topics of any characters do not mix", func(b *brokenStore) { // Heeds no case.
			addEdits(func(o *ports.Operation) {
				for i, topic := range o.Topics {
					o.Topics[i] = ports.Topic(strings.ToLower(string(topic)))
				}
			})(b)
			b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
				return b.Store.ListSubscribers(ctx, ports.Topic(strings.ToLower(string(topic))), request)
			}
		}},
		{"AddOperation: any operation ID", func(b *brokenStore) {
			b.add = func(ctx context.Context, operation ports.Operation) error {
				if operation.Ref.ID == "" {
					return broken(ports.ErrInvalid)
				}
				return b.Store.AddOperation(ctx, operation)
			}
		}},
		{"AddOperation: any operation ID", keyed(func(ref ports.OperationRef) string { return string(ref.ID[:min(len(ref.ID), 500)]) })},
		{"AddOperation: connection and operation IDs do not run together", keyed(func(ref ports.OperationRef) string {
			return string(ref.Connection) + "#" + string(ref.ID)
		})},
		{"AddOperation: several of one connection on one topic", keyed(func(ref ports.OperationRef) string { return string(ref.Connection) })},
		{"AddOperation: one ID on several connections", keyed(func(ref ports.OperationRef) string { return string(ref.ID) })},
		{"AddOperation: without topics it holds its ID", func(b *brokenStore) {
			b.add = func(ctx context.Context, operation ports.Operation) error {
				if len(operation.Topics) == 0 {
					return nil
				}
				return b.Store.AddOperation(ctx, operation)
			}
		}},
		{"AddOperation: a repetition succeeds and is listed once", addRefusesAgain},
		{"AddOperation: a repetition succeeds and is listed once", func(b *brokenStore) { // Counts it twice.
			had := newSet[ports.OperationRef]()
			b.add = func(ctx context.Context, operation ports.Operation) error {
				if !had.put(operation.Ref) && len(had.keys) >= operation.Limit {
					return broken(ports.ErrTooMany)
				}
				return b.Store.AddOperation(ctx, operation)
			}
		}},
		{"AddOperation: the ID of an operation that ended is free", addRefusesAgain},
		{"AddOperation: an expired one is absent", haunted(onSuccess, nil)},
		{"AddOperation: an expired one is absent", addRefusesAgain},
		{"AddOperation: the end of the identity is not expiry", pageDrops(func(b *brokenStore, s ports.Subscriber) bool {
			return s.NotAfter.Before(b.clock.Now())
		})},
	}
}

func addRefusedFaults() storeFaults {
	noLimit := addEdits(func(o *ports.Operation) { o.Limit = 0 })
	return storeFaults{
		{"AddOperation: another ReceivedAt is a conflict", addEdits(func(o *ports.Operation) { o.ReceivedAt = time.Unix(0, 0) })},
		{"AddOperation: another ReceivedAt is a conflict", haunted(always, nil)},
		{"AddOperation: another ReceivedAt is a conflict", addEdits(func(o *ports.Operation) { o.ReceivedAt = o.ReceivedAt.Truncate(time.Second) })},
		{"AddOperation: another Request is a conflict", addEdits(func(o *ports.Operation) { o.Request = nil })},
		{"AddOperation: of several with one ID at once one wins", addForgives(ports.ErrConflict)},
		{"AddOperation: of several with one ID at once one wins", haunted(onError, nil)},
		{"AddOperation: without a connection is not found", addForgives(ports.ErrNotFound)},
		{"AddOperation: without a connection is not found", haunted(onError, nil)},
		{"AddOperation: on an expired connection is not found", addForgives(ports.ErrNotFound)},
		{"AddOperation: on a deleted connection is not found", addForgives(ports.ErrNotFound)},
		{"AddOperation: over the limit is too many", noLimit},
		{"AddOperation: over the limit is too many", haunted(onError, nil)},
		{"AddOperation: over the limit is too many", addEdits(func(o *ports.Operation) { o.Limit++ })}, // Leaves itself out.
		{"AddOperation: without a limit there are many", addEdits(func(o *ports.Operation) {
			if o.Limit == 0 {
				o.Limit = 100
			}
		})},
		{"AddOperation: the limit holds for many at once", noLimit},
		{"AddOperation: an empty topic is invalid", addForgives(ports.ErrInvalid)},
		{"AddOperation: an empty topic is invalid", haunted(onError, nil)},
		{"AddOperation: an empty topic is invalid", func(b *brokenStore) { // Holds the ID all the same.
			refused := newSet[ports.OperationRef]()
			b.add = func(ctx context.Context, operation ports.Operation) error {
				if refused.keys[operation.Ref] {
					return broken(ports.ErrConflict)
				}
				err := b.Store.AddOperation(ctx, operation)
				if err != nil {
					refused.put(operation.Ref)
				}
				return err
			}
		}},
		{"AddOperation: without an expiry is invalid", addForgives(ports.ErrInvalid)},
		{"AddOperation: over what the backend keeps is too large", addForgives(ports.ErrTooLarge)},
		{"AddOperation: over what the backend keeps is too large", haunted(onError, nil)},
		{"AddOperation: over what the backend keeps is too large", func(b *brokenStore) { // An error without a kind.
			b.add = func(ctx context.Context, operation ports.Operation) error {
				if err := b.Store.AddOperation(ctx, operation); err != nil {
					return broken(nil)
				}
				return nil
			}
		}},
	}
}

func removeFaults() storeFaults {
	alwaysTrue := removeAnswers(func(bool) (bool, error) { return true, nil })
	return storeFaults{
		{"RemoveOperation: no later listing has it", haunted(onSuccess, nil)},
		{"RemoveOperation: ends one of the same instant", removeShifts(-1)},
		{"RemoveOperation: leaves one that was received later", removeShifts(time.Hour)},
		{"RemoveOperation: absent is not an error", alwaysTrue},
		{"RemoveOperation: absent is not an error", removeAnswers(func(removed bool) (bool, error) {
			if !removed {
				return false, broken(ports.ErrNotFound)
			}
			return true, nil
		})},
		{"RemoveOperation: an expired one is absent", alwaysTrue},
		{"RemoveOperation: leaves the others alone", func(b *brokenStore) { // Removes by prefix.
			had := newSet[ports.OperationRef]()
			b.add = func(ctx context.Context, operation ports.Operation) error {
				had.put(operation.Ref)
				return b.Store.AddOperation(ctx, operation)
			}
			b.remove = func(ctx context.Context, ref ports.OperationRef, at time.Time) (bool, error) {
				for other := range had.keys {
					if other != ref && other.Connection == ref.Connection && strings.HasPrefix(string(other.ID), string(ref.ID)) {
						_, _ = b.Store.RemoveOperation(ctx, other, at)
					}
				}
				return b.Store.RemoveOperation(ctx, ref, at)
			}
		}},
		{"RemoveOperation: of several at once one removes", alwaysTrue},
	}
}

// removal is one RemoveOperation: the time it was given, and when it was called.
type removal struct{ receivedAt, called time.Time }

// forgets lets an operation pass that a tombstone has cancelled, when the
// function says so. It is given the removals of the operation so far.
func forgets(when func(b *brokenStore, operation ports.Operation, removals []removal) bool) func(*brokenStore) {
	return func(b *brokenStore) {
		removals := newTable[ports.OperationRef, []removal]()
		b.remove = func(ctx context.Context, ref ports.OperationRef, at time.Time) (bool, error) {
			former, _ := removals.get(ref)
			removals.put(ref, append(former, removal{at, b.clock.Now()}))
			return b.Store.RemoveOperation(ctx, ref, at)
		}
		b.add = func(ctx context.Context, operation ports.Operation) error {
			err := b.Store.AddOperation(ctx, operation)
			former, _ := removals.get(operation.Ref)
			if errors.Is(err, ports.ErrCancelled) && when(b, operation, former) {
				return nil
			}
			return err
		}
	}
}

func tombstoneFaults() storeFaults {
	return storeFaults{
		{"tombstone: cancels an operation received before", addForgives(ports.ErrCancelled)},
		{"tombstone: cancels an operation received before", haunted(onError, nil)},
		{"tombstone: cancels an operation of the same instant", removeShifts(-1)},
		{"tombstone: does not cancel an operation received later", removeShifts(time.Hour)},
		{"tombstone: cancels what was received between an operation and its removal", addForgives(ports.ErrCancelled)},
		{"tombstone: of an operation that was removed spares the same instant", func(b *brokenStore) { // Buries it at once.
			b.remove = func(ctx context.Context, ref ports.OperationRef, at time.Time) (bool, error) {
				removed, err := b.Store.RemoveOperation(ctx, ref, at)
				if removed {
					_, err = b.Store.RemoveOperation(ctx, ref, at)
				}
				return removed, err
			}
		}},
		{"tombstone: is looked for before the limit", func(b *brokenStore) {
			b.add = func(ctx context.Context, operation ports.Operation) error {
				err := b.Store.AddOperation(ctx, operation)
				if operation.Limit > 0 && err != nil {
					return broken(ports.ErrTooMany)
				}
				return err
			}
		}},
		{"tombstone: lasts a minute", forgets(func(b *brokenStore, _ ports.Operation, removals []removal) bool {
			return b.clock.Now().Sub(removals[len(removals)-1].called) > 50*time.Second
		})},
		{"tombstone: lasts a minute from the last removal", forgets(func(b *brokenStore, _ ports.Operation, removals []removal) bool {
			return b.clock.Now().Sub(removals[0].called) > 2*time.Minute
		})},
		{"tombstone: never moves back", forgets(func(_ *brokenStore, o ports.Operation, removals []removal) bool {
			return o.ReceivedAt.After(removals[len(removals)-1].receivedAt)
		})},
		{"tombstone: moves forward", forgets(func(_ *brokenStore, o ports.Operation, removals []removal) bool {
			return o.ReceivedAt.After(removals[0].receivedAt)
		})},
		{"tombstone: stands beside an operation received later", func(b *brokenStore) { // Leaves none.
			had := newSet[ports.OperationRef]()
			b.add = func(ctx context.Context, operation ports.Operation) error {
				had.put(operation.Ref)
				return b.Store.AddOperation(ctx, operation)
			}
			b.remove = func(ctx context.Context, ref ports.OperationRef, at time.Time) (bool, error) {
				if had.keys[ref] {
					return false, nil
				}
				return b.Store.RemoveOperation(ctx, ref, at)
			}
		}},
		{"tombstone: stands beside an operation received later", removeShifts(time.Hour)},
		{"tombstone: is for one operation of one connection", func(b *brokenStore) { // Is for the ID on any connection.
			had := newSet[ports.OperationID]()
			b.remove = func(ctx context.Context, ref ports.OperationRef, at time.Time) (bool, error) {
				had.put(ref.ID)
				return b.Store.RemoveOperation(ctx, ref, at)
			}
			b.add = func(ctx context.Context, operation ports.Operation) error {
				if had.keys[operation.Ref.ID] {
					return broken(ports.ErrCancelled)
				}
				return b.Store.AddOperation(ctx, operation)
			}
		}},
		{"tombstone: of a subscribe and its complete at once nothing stays", removeAnswers(func(removed bool) (bool, error) { return !removed, nil })},
		{"tombstone: of a subscribe and its complete at once nothing stays", haunted(always, nil)},
	}
}

func pagingFaults() storeFaults {
	return storeFaults{
		{"ListSubscribers: a topic without subscribers is empty", func(b *brokenStore) {
			b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
				page, err := b.Store.ListSubscribers(ctx, topic, request)
				if err == nil && page.Subscribers == nil {
					err = broken(ports.ErrNotFound)
				}
				return page, err
			}
		}},
		{"ListSubscribers: has all that was acknowledged", func(b *brokenStore) { // Reads a cache.
			cache := newTable[ports.Topic, ports.Page]()
			b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
				if page, ok := cache.get(topic); ok {
					return page, nil
				}
				page, err := b.Store.ListSubscribers(ctx, topic, request)
				cache.put(topic, page)
				return page, err
			}
		}},
		{"ListSubscribers: the ReceivedAt it returns ends this operation and no later one", pageEdits(
			func(_ *brokenStore, _ ports.PageRequest, page *ports.Page) { // Rounds down, so that the removal misses.
				for i := range page.Subscribers {
					page.Subscribers[i].ReceivedAt = page.Subscribers[i].ReceivedAt.Truncate(time.Millisecond)
				}
			})},
		{"ListSubscribers: the ReceivedAt it returns ends this operation and no later one", pageEdits(
			func(_ *brokenStore, _ ports.PageRequest, page *ports.Page) { // Is a time that hits any operation.
				for i := range page.Subscribers {
					page.Subscribers[i].ReceivedAt = page.Subscribers[i].ReceivedAt.Add(time.Hour)
				}
			})},
		{"ListSubscribers: a page is at most the limit", func(b *brokenStore) {
			b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
				request.Limit = 0
				return b.Store.ListSubscribers(ctx, topic, request)
			}
		}},
		{"ListSubscribers: over many pages each comes once", pageEdits(func(_ *brokenStore, _ ports.PageRequest, page *ports.Page) {
			page.Next = "" // Has one page.
		})},
		{"ListSubscribers: over many pages each comes once", func(b *brokenStore) { // Begins anew after a page of 50.
			b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
				if request.Limit == 50 {
					request.After = ""
				}
				return b.Store.ListSubscribers(ctx, topic, request)
			}
		}},
		{"ListSubscribers: over many pages each comes once", func(b *brokenStore) { // Begins where it ended.
			last := newTable[ports.Cursor, ports.Subscriber]()
			pageEdits(func(_ *brokenStore, request ports.PageRequest, page *ports.Page) {
				if page.Next != "" {
					last.put(page.Next, page.Subscribers[len(page.Subscribers)-1])
				}
				if former, ok := last.get(request.After); ok && request.Limit == 0 {
					page.Subscribers = append(page.Subscribers, former)
				}
			})(b)
		}},
		{"ListSubscribers: a page may be asked for again", func(b *brokenStore) {
			used := newSet[ports.Cursor]()
			b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
				if request.After != "" && !used.put(request.After) {
					return ports.Page{}, broken(ports.ErrInvalid)
				}
				return b.Store.ListSubscribers(ctx, topic, request)
			}
		}},
		{"ListSubscribers: goes on when what it listed has left", counting},
		{"ListSubscribers: present throughout is listed once while others come and go", counting},
		{"ListSubscribers: a cursor of nobody's is invalid", func(b *brokenStore) { // Begins anew.
			b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
				page, err := b.Store.ListSubscribers(ctx, topic, request)
				if errors.Is(err, ports.ErrInvalid) {
					return b.Store.ListSubscribers(ctx, topic, ports.PageRequest{})
				}
				return page, err
			}
		}},
		{"ListSubscribers: a cursor outlives its process", func(b *brokenStore) {
			b.reopen = func() Store {
				return &brokenStore{list: func(context.Context, ports.Topic, ports.PageRequest) (ports.Page, error) {
					return ports.Page{}, broken(ports.ErrInvalid)
				}}
			}
		}},
	}
}

// counting breaks the listing: the newest are first and a cursor is a number of
// rows, so that what comes and goes shifts the rest.
func counting(b *brokenStore) {
	b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
		all, err := b.Store.ListSubscribers(ctx, topic, ports.PageRequest{Limit: 1000})
		if err != nil {
			return all, err
		}
		slices.Reverse(all.Subscribers)
		start := min(len(request.After), len(all.Subscribers))
		end := min(start+request.Limit, len(all.Subscribers))
		page := ports.Page{Subscribers: all.Subscribers[start:end]}
		if request.Limit == 0 {
			return ports.Page{Subscribers: all.Subscribers[start:]}, nil
		}
		if end < len(all.Subscribers) {
			page.Next = ports.Cursor(strings.Repeat("x", end))
		}
		return page, nil
	}
}

func removeSubscribersFaults() storeFaults {
	return storeFaults{
		{"RemoveSubscribers: removes exactly these", func(b *brokenStore) { // Removes all of the connection.
			b.clear = func(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
				page, err := b.Store.ListSubscribers(ctx, topic, ports.PageRequest{})
				for _, subscriber := range page.Subscribers {
					if slices.ContainsFunc(refs, func(ref ports.OperationRef) bool { return ref.Connection == subscriber.Ref.Connection }) {
						refs = append(refs, subscriber.Ref)
					}
				}
				return errors.Join(err, b.Store.RemoveSubscribers(ctx, topic, refs))
			}
		}},
		{"RemoveSubscribers: removes exactly these", clearFirst(0)},
		{"RemoveSubscribers: leaves other topics alone", func(b *brokenStore) { // Ends the operation.
			b.clear = func(ctx context.Context, _ ports.Topic, refs []ports.OperationRef) error {
				for _, ref := range refs {
					if _, err := b.Store.RemoveOperation(ctx, ref, b.clock.Now()); err != nil {
						return err
					}
				}
				return nil
			}
		}},
		{"RemoveSubscribers: many at once", clearFirst(25)},
		{"RemoveSubscribers: one named twice", func(b *brokenStore) {
			b.clear = func(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
				had := newSet[ports.OperationRef]()
				if slices.ContainsFunc(refs, func(ref ports.OperationRef) bool { return !had.put(ref) }) {
					return broken(ports.ErrInvalid)
				}
				return b.Store.RemoveSubscribers(ctx, topic, refs)
			}
		}},
		{"RemoveSubscribers: absent is not an error", clearConnected(broken(ports.ErrNotFound))},
		{"RemoveSubscribers: needs no connection", clearConnected(nil)},
	}
}

// clearFirst leaves all but the first few.
func clearFirst(n int) func(*brokenStore) {
	return func(b *brokenStore) {
		b.clear = func(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
			return b.Store.RemoveSubscribers(ctx, topic, refs[:min(len(refs), n)])
		}
	}
}

// clearConnected answers otherwise where a connection is absent, and leaves the
// row.
func clearConnected(otherwise error) func(*brokenStore) {
	return func(b *brokenStore) {
		b.clear = func(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
			for _, ref := range refs {
				if _, err := b.Store.GetConnection(ctx, ref.Connection); err != nil {
					return otherwise
				}
			}
			return b.Store.RemoveSubscribers(ctx, topic, refs)
		}
	}
}

func checkpointFaults() storeFaults {
	// Knows every checkpoint for ever.
	forever := func(b *brokenStore) {
		rows := newTable[ports.Topic, ports.Checkpoint]()
		b.save = func(_ context.Context, topic ports.Topic, row ports.Checkpoint) error {
			rows.put(topic, row)
			return nil
		}
		b.load = func(_ context.Context, topic ports.Topic) (ports.Checkpoint, error) {
			row, _ := rows.get(topic)
			return row, nil
		}
	}
	return storeFaults{
		{"SaveCheckpoint: reads back as it was", func(b *brokenStore) {
			b.load = func(ctx context.Context, topic ports.Topic) (ports.Checkpoint, error) {
				row, err := b.Store.LoadCheckpoint(ctx, topic)
				row.Last = row.First
				return row, err
			}
		}},
		{"SaveCheckpoint: replaces the former one", func(b *brokenStore) { // Keeps the first.
			b.save = func(ctx context.Context, topic ports.Topic, row ports.Checkpoint) error {
				if _, err := b.Store.LoadCheckpoint(ctx, topic); err == nil {
					return nil
				}
				return b.Store.SaveCheckpoint(ctx, topic, row)
			}
		}},
		{"SaveCheckpoint: any topic has its own", func(b *brokenStore) { // Drops what follows a hash.
			before := func(topic ports.Topic) ports.Topic {
				name, _, _ := strings.Cut(string(topic), "#")
				return ports.Topic(name)
			}
			b.save = func(ctx context.Context, topic ports.Topic, row ports.Checkpoint) error {
				return b.Store.SaveCheckpoint(ctx, before(topic), row)
			}
			b.load = func(ctx context.Context, topic ports.Topic) (ports.Checkpoint, error) {
				return b.Store.LoadCheckpoint(ctx, before(topic))
			}
		}},
		{"SaveCheckpoint: is no subscriber", func(b *brokenStore) { // Keeps both under the topic.
			b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
				page, err := b.Store.ListSubscribers(ctx, topic, request)
				if _, none := b.Store.LoadCheckpoint(ctx, topic); none == nil {
					page.Subscribers = append(page.Subscribers, ports.Subscriber{})
				}
				return page, err
			}
		}},
		{"LoadCheckpoint: none is not found", forever},
		{"LoadCheckpoint: an expired one is not found", forever},
	}
}

func errorFaults() storeFaults {
	const heeds = "context: every call heeds its end"
	deaf := context.WithoutCancel
	return storeFaults{
		{"errors: say which call failed and no secret", func(b *brokenStore) {
			b.create = func(ctx context.Context, row ports.Connection) error {
				if err := b.Store.CreateConnection(ctx, row); err != nil {
					return &ports.Error{Op: "broken", Kind: ports.ErrConflict, Err: fmt.Errorf("in use: %s", row.State)}
				}
				return nil
			}
		}},
		{"errors: say which call failed and no secret", func(b *brokenStore) {
			b.add = func(ctx context.Context, operation ports.Operation) error {
				if err := b.Store.AddOperation(ctx, operation); err != nil {
					return &ports.Error{Kind: ports.ErrConflict}
				}
				return nil
			}
		}},
		{heeds, func(b *brokenStore) {
			b.create = func(ctx context.Context, row ports.Connection) error { return b.Store.CreateConnection(deaf(ctx), row) }
		}},
		{heeds, func(b *brokenStore) {
			b.get = func(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
				return b.Store.GetConnection(deaf(ctx), id)
			}
		}},
		{heeds, func(b *brokenStore) {
			b.init = func(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
				return b.Store.InitConnection(deaf(ctx), id, init)
			}
		}},
		{heeds, func(b *brokenStore) {
			b.touch = func(ctx context.Context, id ports.ConnectionID, at time.Time) error {
				return b.Store.TouchConnection(deaf(ctx), id, at)
			}
		}},
		{heeds, func(b *brokenStore) {
			b.disconnect = func(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
				return b.Store.DeleteConnection(deaf(ctx), id)
			}
		}},
		{heeds, func(b *brokenStore) {
			b.add = func(ctx context.Context, operation ports.Operation) error {
				return b.Store.AddOperation(deaf(ctx), operation)
			}
		}},
		{heeds, func(b *brokenStore) {
			b.remove = func(ctx context.Context, ref ports.OperationRef, at time.Time) (bool, error) {
				return b.Store.RemoveOperation(deaf(ctx), ref, at)
			}
		}},
		{heeds, func(b *brokenStore) {
			b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
				return b.Store.ListSubscribers(deaf(ctx), topic, request)
			}
		}},
		{heeds, func(b *brokenStore) {
			b.subscriber = func(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (ports.Subscriber, error) {
				return b.Store.GetSubscriber(deaf(ctx), topic, ref)
			}
		}},
		{heeds, moves(func(ctx context.Context, b *brokenStore, m move) error { return b.moves(deaf(ctx), m) })},
		{heeds, func(b *brokenStore) {
			b.clear = func(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
				return b.Store.RemoveSubscribers(deaf(ctx), topic, refs)
			}
		}},
		{heeds, func(b *brokenStore) {
			b.save = func(ctx context.Context, topic ports.Topic, row ports.Checkpoint) error {
				return b.Store.SaveCheckpoint(deaf(ctx), topic, row)
			}
		}},
		{heeds, func(b *brokenStore) {
			b.load = func(ctx context.Context, topic ports.Topic) (ports.Checkpoint, error) {
				return b.Store.LoadCheckpoint(deaf(ctx), topic)
			}
		}},
		{heeds, func(b *brokenStore) { // Takes its end for an absence.
			b.load = func(ctx context.Context, topic ports.Topic) (ports.Checkpoint, error) {
				row, err := b.Store.LoadCheckpoint(ctx, topic)
				if err != nil {
					err = broken(ports.ErrNotFound)
				}
				return row, err
			}
		}},
	}
}
