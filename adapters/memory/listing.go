package memory

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/fanql/fanql/ports"
)

// members are the operations of one topic by sequence. A member that has left
// keeps an empty entry until half of the entries are empty, so that coming and
// going cost the same however many there are.
type members struct {
	entries []entry
	empty   int
}

type entry struct {
	sequence  uint64
	operation *operation
	// place is where the operation is on the topic; nil is the zero Place.
	place *ports.Place
}

// subscriber is the operation as a listing has it.
func (e *entry) subscriber() ports.Subscriber {
	subscriber := e.operation.Subscriber
	if e.place != nil {
		subscriber.Place = *e.place
	}
	return subscriber
}

// find is where a sequence is, or would be.
func (m *members) find(sequence uint64) (int, bool) {
	return slices.BinarySearchFunc(m.entries, sequence, func(e entry, sequence uint64) int {
		return cmp.Compare(e.sequence, sequence)
	})
}

// entry finds a live operation in a topic's listing, nil when it is not there.
func (s *Store) entry(topic ports.Topic, ref ports.OperationRef) *entry {
	c, m := s.connections[ref.Connection], s.topics[topic]
	if c == nil || m == nil || c.operations[ref.ID] == nil {
		return nil
	}
	at, found := m.find(c.operations[ref.ID].sequence)
	if !found || m.entries[at].operation == nil {
		return nil
	}
	return &m.entries[at]
}

// list has an operation in a topic's listing, in the order of its sequence. Where it
// is there already its place stays.
func (s *Store) list(topic ports.Topic, o *operation, from ports.Mark) {
	var place *ports.Place
	if from != (ports.Mark{}) {
		place = &ports.Place{From: from}
	}
	m := s.topics[topic]
	if m == nil {
		m = &members{}
		s.topics[topic] = m
	}
	at, found := m.find(o.sequence)
	switch {
	case !found:
		m.entries = slices.Insert(m.entries, at, entry{o.sequence, o, place})
	case m.entries[at].operation == nil:
		m.entries[at].operation, m.entries[at].place = o, place
		m.empty--
	}
}

// unlist takes an operation out of a topic's listing, if it is there.
func (s *Store) unlist(topic ports.Topic, o *operation) {
	m := s.topics[topic]
	if m == nil {
		return
	}
	at, found := m.find(o.sequence)
	if !found || m.entries[at].operation == nil {
		return
	}
	m.entries[at].operation, m.entries[at].place = nil, nil
	m.empty++
	switch {
	case m.empty == len(m.entries):
		delete(s.topics, topic)
	case m.empty > len(m.entries)/2:
		live := make([]entry, 0, len(m.entries)-m.empty)
		for _, e := range m.entries {
			if e.operation != nil {
				live = append(live, e)
			}
		}
		m.entries, m.empty = live, 0
	}
}

// ListSubscribers implements ports.SubscriptionStore. It allocates one slice
// for the page, and a cursor where there is another page.
func (s *Store) ListSubscribers(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
	const op = "ListSubscribers"
	if err := ended(ctx, op); err != nil {
		return ports.Page{}, err
	}
	limit := request.Limit
	if limit <= 0 {
		limit = s.pageSize
	}
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	after, ok := parseCursor(request.After)
	if !ok || after > s.sequence {
		return ports.Page{}, failure(op, ports.ErrInvalid)
	}
	m := s.topics[topic]
	if m == nil {
		return ports.Page{}, nil
	}
	start, _ := m.find(after + 1)
	var page ports.Page
	for i, e := range m.entries[start:] {
		if e.operation == nil || expired(e.operation.at, now) {
			continue
		}
		if len(page.Subscribers) == limit {
			page.Next = cursor(after)
			break
		}
		if page.Subscribers == nil {
			page.Subscribers = make([]ports.Subscriber, 0, min(limit, len(m.entries)-start-i))
		}
		page.Subscribers = append(page.Subscribers, e.subscriber())
		after = e.sequence
	}
	return page, nil
}

// GetSubscriber implements ports.SubscriptionStore.
func (s *Store) GetSubscriber(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (ports.Subscriber, error) {
	const op = "GetSubscriber"
	if err := ended(ctx, op); err != nil {
		return ports.Subscriber{}, err
	}
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.entry(topic, ref)
	if e == nil || expired(e.operation.at, now) {
		return ports.Subscriber{}, failure(op, ports.ErrNotFound)
	}
	return e.subscriber(), nil
}

// MovePlace implements ports.SubscriptionStore.
func (s *Store) MovePlace(
	ctx context.Context, topic ports.Topic, ref ports.OperationRef, receivedAt time.Time, was uint64, now ports.Place,
) error {
	const op = "MovePlace"
	if err := s.lock(ctx, op); err != nil {
		return err
	}
	defer s.mu.Unlock()
	e := s.entry(topic, ref)
	if e == nil || !e.operation.ReceivedAt.Equal(receivedAt) {
		return failure(op, ports.ErrNotFound)
	}
	if e.subscriber().Place.Version != was {
		return failure(op, ports.ErrConflict)
	}
	e.place = &now
	return nil
}

// RemoveSubscribers implements ports.SubscriptionStore. An operation keeps its
// ID on its connection, and its place in other topics.
func (s *Store) RemoveSubscribers(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
	if err := s.lock(ctx, "RemoveSubscribers"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, ref := range refs {
		if c := s.connections[ref.Connection]; c != nil {
			if o := c.operations[ref.ID]; o != nil {
				s.unlist(topic, o)
			}
		}
	}
	return nil
}

// cursor is the sequence of the last operation of a page. Sequences only rise,
// so it keeps its meaning when that operation has left.
func cursor(sequence uint64) ports.Cursor {
	return ports.Cursor(strconv.FormatUint(sequence, 36))
}

func parseCursor(c ports.Cursor) (sequence uint64, ok bool) {
	if c == "" {
		return 0, true
	}
	sequence, err := strconv.ParseUint(string(c), 36, 64)
	return sequence, err == nil && sequence > 0 && cursor(sequence) == c
}
