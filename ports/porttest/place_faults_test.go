package porttest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

// move is what MovePlace is called with.
type move struct {
	topic ports.Topic
	ref   ports.OperationRef
	at    time.Time
	was   uint64
	now   ports.Place
}

// moves makes a move on the whole store.
func (b *brokenStore) moves(ctx context.Context, m move) error {
	return b.Store.MovePlace(ctx, m.topic, m.ref, m.at, m.was, m.now)
}

// place is where a subscriber is on the whole store.
func (b *brokenStore) place(ctx context.Context, topic ports.Topic, ref ports.OperationRef) ports.Place {
	subscriber, _ := b.Store.GetSubscriber(ctx, topic, ref)
	return subscriber.Place
}

// moves replaces MovePlace.
func moves(do func(ctx context.Context, b *brokenStore, m move) error) func(*brokenStore) {
	return func(b *brokenStore) {
		b.move = func(ctx context.Context, topic ports.Topic, ref ports.OperationRef, at time.Time, was uint64, now ports.Place) error {
			return do(ctx, b, move{topic, ref, at, was, now})
		}
	}
}

// moveEdits breaks a move on its way in.
func moveEdits(edit func(m *move)) func(*brokenStore) {
	return moves(func(ctx context.Context, b *brokenStore, m move) error {
		edit(&m)
		return b.moves(ctx, m)
	})
}

func moveForgives(kind error) func(*brokenStore) {
	return moves(func(ctx context.Context, b *brokenStore, m move) error { return forgive(b.moves(ctx, m), kind) })
}

// moveUnchecked moves whatever the version is.
func moveUnchecked(b *brokenStore) {
	moves(func(ctx context.Context, b *brokenStore, m move) error {
		for {
			m.was = b.place(ctx, m.topic, m.ref).Version
			if err := b.moves(ctx, m); !errors.Is(err, ports.ErrConflict) {
				return err
			}
		}
	})(b)
}

// subscriberEdits breaks each subscriber that GetSubscriber returns.
func subscriberEdits(edit func(topic ports.Topic, subscriber *ports.Subscriber)) func(*brokenStore) {
	return func(b *brokenStore) {
		b.subscriber = func(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (ports.Subscriber, error) {
			subscriber, err := b.Store.GetSubscriber(ctx, topic, ref)
			if err == nil {
				edit(topic, &subscriber)
			}
			return subscriber, err
		}
	}
}

// subscriberRemembers returns what was read before where GetSubscriber finds nothing,
// or always.
func subscriberRemembers(always bool, key func(topic ports.Topic, ref ports.OperationRef) any) func(*brokenStore) {
	return func(b *brokenStore) {
		read := newTable[any, ports.Subscriber]()
		add := b.add
		b.add = func(ctx context.Context, operation ports.Operation) error {
			err := add(ctx, operation)
			if err == nil && !always {
				for _, topic := range operation.Topics {
					read.put(key(topic, operation.Ref), ports.Subscriber{Ref: operation.Ref})
				}
			}
			return err
		}
		b.subscriber = func(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (ports.Subscriber, error) {
			subscriber, err := b.Store.GetSubscriber(ctx, topic, ref)
			if former, ok := read.get(key(topic, ref)); ok && (always || err != nil) {
				subscriber, err = former, nil
			}
			if err == nil {
				read.put(key(topic, ref), subscriber)
			}
			return subscriber, err
		}
	}
}

type place struct {
	topic ports.Topic
	ref   ports.OperationRef
}

// placesByName keeps places beside the rows, by their names, for ever.
func placesByName(b *brokenStore) {
	places := newTable[place, ports.Place]()
	moves(func(ctx context.Context, b *brokenStore, m move) error {
		err := b.moves(ctx, m)
		if err == nil {
			places.put(place{m.topic, m.ref}, m.now)
		}
		return err
	})(b)
	subscriberEdits(func(topic ports.Topic, subscriber *ports.Subscriber) {
		if kept, ok := places.get(place{topic, subscriber.Ref}); ok {
			subscriber.Place = kept
		}
	})(b)
}

// placesAgain returns a function that places the rows of an operation anew.
func placesAgain(b *brokenStore) (again func(ctx context.Context, ref ports.OperationRef) error) {
	added := newTable[ports.OperationRef, ports.Operation]()
	b.add = func(ctx context.Context, operation ports.Operation) error {
		err := b.Store.AddOperation(ctx, operation)
		if err == nil {
			added.put(operation.Ref, operation)
		}
		return err
	}
	return func(ctx context.Context, ref ports.OperationRef) error {
		operation, ok := added.get(ref)
		if !ok {
			return nil
		}
		for _, topic := range operation.Topics {
			if err := b.Store.RemoveSubscribers(ctx, topic, []ports.OperationRef{ref}); err != nil {
				return err
			}
		}
		return b.Store.AddOperation(ctx, operation)
	}
}

// moveCreates writes a row where there is none, or writes every row whole, after the
// move.
func moveCreates(whole bool) func(*brokenStore) {
	return func(b *brokenStore) {
		var mu sync.Mutex
		var rows []move
		moves(func(ctx context.Context, b *brokenStore, m move) error {
			err := b.moves(ctx, m)
			if whole || err != nil {
				mu.Lock()
				defer mu.Unlock()
				rows = append(rows, m)
			}
			return err
		})(b)
		b.list = func(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
			page, err := b.Store.ListSubscribers(ctx, topic, request)
			mu.Lock()
			defer mu.Unlock()
			for _, m := range rows {
				listed := slices.ContainsFunc(page.Subscribers, func(s ports.Subscriber) bool { return s.Ref == m.ref })
				if m.topic == topic && !listed {
					page.Subscribers = append(page.Subscribers, ports.Subscriber{Ref: m.ref, Place: m.now})
				}
			}
			return page, err
		}
	}
}

func placeFaults() storeFaults {
	return slices.Concat(placedFaults(), movePlaceFaults(), moveRefusedFaults(), moveBesideFaults(), getSubscriberFaults())
}

func placedFaults() storeFaults {
	return storeFaults{
		{"AddOperation: without From it is live", addEdits(func(o *ports.Operation) {
			o.From = map[ports.Topic]ports.Mark{o.Topics[1]: {Epoch: "e"}}
		})},
		{"AddOperation: From is its place on that topic", addEdits(func(o *ports.Operation) { o.From = nil })},
		{"AddOperation: From is its place on that topic", addEdits(func(o *ports.Operation) { // One for all.
			from := map[ports.Topic]ports.Mark{}
			for _, topic := range o.Topics {
				from[topic] = o.From[o.Topics[1]]
			}
			o.From = from
		})},
		{"AddOperation: From is its place on that topic", addEdits(func(o *ports.Operation) { // Takes the beginning for none.
			if from := o.From[o.Topics[1]]; from.Position == "" {
				o.From = map[ports.Topic]ports.Mark{o.Topics[2]: o.From[o.Topics[2]]}
			}
		})},
		{"AddOperation: a repetition leaves the places", func(b *brokenStore) {
			again := placesAgain(b)
			add := b.add
			b.add = func(ctx context.Context, operation ports.Operation) error {
				if err := add(ctx, operation); err != nil {
					return err
				}
				return again(ctx, operation.Ref)
			}
		}},
		{"AddOperation: an ID that is free again has no place", placesByName},
	}
}

func movePlaceFaults() storeFaults {
	rounded := func(version uint64) uint64 { return uint64(float64(version)) }
	return storeFaults{
		{"MovePlace: moves the place", moveEdits(func(m *move) { m.now.From = m.now.From.After() })},
		{"MovePlace: moves the place", moveEdits(func(m *move) { m.now.Version = m.was + 1 })}, // Counts by itself.
		{"MovePlace: moves the place", moves(func(ctx context.Context, b *brokenStore, m move) error { // Wants a new version.
			if m.was == m.now.Version {
				return broken(ports.ErrConflict)
			}
			return b.moves(ctx, m)
		})},
		{"MovePlace: to any mark", moveEdits(func(m *move) { // Writes and parses it.
			if read, ok := ports.ParseMark(m.now.From.Epoch + "." + m.now.From.Position); !ok || m.now.From.Epoch == "" {
				m.now.From = ports.Mark{}
			} else {
				m.now.From = read
			}
		})},
		{"MovePlace: a version keeps all its digits", moveEdits(func(m *move) { m.was, m.now.Version = rounded(m.was), rounded(m.now.Version) })},
		{"MovePlace: leaves other topics and operations alone", func(b *brokenStore) { // One place for all topics.
			topics := newTable[ports.OperationRef, []ports.Topic]()
			b.add = func(ctx context.Context, operation ports.Operation) error {
				topics.put(operation.Ref, operation.Topics)
				return b.Store.AddOperation(ctx, operation)
			}
			moves(func(ctx context.Context, b *brokenStore, m move) error {
				all, _ := topics.get(m.ref)
				for _, m.topic = range all {
					if err := b.moves(ctx, m); err != nil {
						return err
					}
				}
				return nil
			})(b)
		}},
		{"MovePlace: on any topic and of any operation ID", moves(func(ctx context.Context, b *brokenStore, m move) error {
			if slices.Contains([]byte(m.topic), '#') {
				return broken(ports.ErrNotFound)
			}
			return b.moves(ctx, m)
		})},
		{"MovePlace: leaves the expiry", moves(func(ctx context.Context, b *brokenStore, m move) error {
			if err := b.moves(ctx, m); err != nil {
				return err
			}
			return b.Store.TouchConnection(ctx, m.ref.Connection, b.clock.Now().Add(2*time.Hour))
		})},
	}
}

func moveRefusedFaults() storeFaults {
	return storeFaults{
		{"MovePlace: another version is a conflict", moveForgives(ports.ErrConflict)},
		{"MovePlace: another version is a conflict", moveUnchecked},
		{"MovePlace: another version is a conflict", moves(func(ctx context.Context, b *brokenStore, m move) error { // At least.
			m.was = min(m.was, b.place(ctx, m.topic, m.ref).Version)
			return b.moves(ctx, m)
		})},
		{"MovePlace: the version survives a clear", func(b *brokenStore) {
			moves(func(ctx context.Context, b *brokenStore, m move) error {
				if b.place(ctx, m.topic, m.ref).Live() {
					m.was = b.place(ctx, m.topic, m.ref).Version
				}
				return b.moves(ctx, m)
			})(b)
		}},
		{"MovePlace: another ReceivedAt is not found", moves(func(ctx context.Context, b *brokenStore, m move) error {
			subscriber, _ := b.Store.GetSubscriber(ctx, m.topic, m.ref)
			m.at = subscriber.ReceivedAt
			return b.moves(ctx, m)
		})},
		{"MovePlace: never creates a row", moveCreates(false)},
		{"MovePlace: never creates a row", moveForgives(ports.ErrNotFound)},
	}
}

func moveBesideFaults() storeFaults {
	return storeFaults{
		{"MovePlace: of several at once one wins", moveUnchecked},
		{"MovePlace: of several at once one wins", moveForgives(ports.ErrConflict)},
		{"MovePlace: beside TouchConnection neither is lost", func(b *brokenStore) { // Writes its rows whole.
			again := placesAgain(b)
			b.touch = func(ctx context.Context, id ports.ConnectionID, at time.Time) error {
				if err := again(ctx, ports.OperationRef{Connection: id, ID: "1"}); err != nil {
					return err
				}
				return b.Store.TouchConnection(ctx, id, at)
			}
		}},
		{"MovePlace: beside TouchConnection neither is lost", func(b *brokenStore) {
			b.touch = func(context.Context, ports.ConnectionID, time.Time) error { return nil }
		}},
		{"MovePlace: beside a removal brings nothing back", moveCreates(true)},
	}
}

func getSubscriberFaults() storeFaults {
	byBoth := func(topic ports.Topic, ref ports.OperationRef) any { return place{topic, ref} }
	byRef := func(_ ports.Topic, ref ports.OperationRef) any { return ref }
	return storeFaults{
		{"GetSubscriber: is what a listing of the topic has", subscriberEdits(func(_ ports.Topic, s *ports.Subscriber) { s.Place = ports.Place{} })},
		{"GetSubscriber: is what a listing of the topic has", subscriberEdits(func(_ ports.Topic, s *ports.Subscriber) { s.Filters = nil })},
		{"GetSubscriber: is what a listing of the topic has", subscriberRemembers(true, byRef)},
		{"GetSubscriber: what is not on the topic is not found", subscriberRemembers(false, byRef)},
		{"GetSubscriber: what is not on the topic is not found", subscriberRemembers(false, byBoth)},
		{"GetSubscriber: an expired one is not found", subscriberRemembers(false, byBoth)},
		{"GetSubscriber: sees all that was acknowledged", subscriberRemembers(true, byBoth)},
	}
}
