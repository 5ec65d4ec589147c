package memory

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/fanql/fanql/ports"
)

// AddOperation implements ports.SubscriptionStore.
func (s *Store) AddOperation(ctx context.Context, added ports.Operation) error {
	const op = "AddOperation"
	if err := s.lock(ctx, op); err != nil {
		return err
	}
	defer s.mu.Unlock()
	c := s.connections[added.Ref.Connection]
	if c != nil {
		if t := c.tombstones[added.Ref.ID]; t != nil && !added.ReceivedAt.After(t.receivedAt) {
			return failure(op, ports.ErrCancelled)
		}
	}
	if slices.Contains(added.Topics, "") || added.ExpiresAt.IsZero() {
		return failure(op, ports.ErrInvalid)
	}
	if c == nil || !c.present {
		return failure(op, ports.ErrNotFound)
	}
	if o := c.operations[added.Ref.ID]; o != nil {
		return s.repeat(o, added)
	}
	if added.Limit > 0 && len(c.operations) >= added.Limit {
		return failure(op, ports.ErrTooMany)
	}
	s.put(c, added)
	return nil
}

// repeat answers an AddOperation whose ID is in use. The same operation is
// listed again where RemoveSubscribers has taken it out; elsewhere its place stays.
func (s *Store) repeat(o *operation, added ports.Operation) error {
	if !o.ReceivedAt.Equal(added.ReceivedAt) || !bytes.Equal(o.Request, added.Request) {
		return failure("AddOperation", ports.ErrConflict)
	}
	for _, topic := range o.topics {
		s.list(topic, o, added.From[topic])
	}
	return nil
}

func (s *Store) put(c *connection, added ports.Operation) {
	s.sequence++
	o := &operation{
		Subscriber: ports.Subscriber{
			Ref: added.Ref, Address: added.Address, Protocol: added.Protocol,
			Request: added.Request, State: added.State, Filters: added.Filters,
			ReceivedAt: added.ReceivedAt, NotAfter: added.NotAfter,
		},
		connection: c, sequence: s.sequence, topics: added.Topics,
	}
	if c.operations == nil { // An idle connection has no map.
		c.operations = make(map[ports.OperationID]*operation, 1)
	}
	c.operations[added.Ref.ID] = o
	s.expiries.add(&o.moment, added.ExpiresAt, o)
	for _, topic := range added.Topics {
		s.list(topic, o, added.From[topic])
	}
}

// RemoveOperation implements ports.SubscriptionStore. Its tombstones last a minute,
// and end with their connection.
func (s *Store) RemoveOperation(ctx context.Context, ref ports.OperationRef, receivedAt time.Time) (bool, error) {
	if err := s.lock(ctx, "RemoveOperation"); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	c := s.connections[ref.Connection]
	if c == nil {
		return false, nil // Nothing can be added to it either.
	}
	if o := c.operations[ref.ID]; o != nil && !o.ReceivedAt.After(receivedAt) {
		s.dropOperation(o)
		if o.ReceivedAt.Before(receivedAt) { // Another received in between may be on its way.
			s.leaveTombstone(c, ref.ID, receivedAt.Add(-1)) // But one of the same instant came after.
		}
		return true, nil
	}
	s.leaveTombstone(c, ref.ID, receivedAt)
	return false, nil
}

// leaveTombstone leaves a tombstone, or moves one on in time.
func (s *Store) leaveTombstone(c *connection, id ports.OperationID, receivedAt time.Time) {
	until := s.now().Add(tombstoneLife)
	t := c.tombstones[id]
	if t == nil {
		if c.tombstones == nil {
			c.tombstones = make(map[ports.OperationID]*tombstone, 1)
		}
		t = &tombstone{connection: c, id: id, receivedAt: receivedAt}
		c.tombstones[id] = t
		s.expiries.add(&t.moment, until, t)
		return
	}
	if t.receivedAt.Before(receivedAt) {
		t.receivedAt = receivedAt
	}
	s.expiries.move(&t.moment, until)
}

// SaveCheckpoint implements ports.SubscriptionStore.
func (s *Store) SaveCheckpoint(ctx context.Context, topic ports.Topic, row ports.Checkpoint) error {
	if err := s.lock(ctx, "SaveCheckpoint"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if saved := s.checkpoints[topic]; saved != nil {
		saved.row = row
		s.expiries.move(&saved.moment, row.ExpiresAt)
		return nil
	}
	saved := &checkpoint{topic: topic, row: row}
	s.checkpoints[topic] = saved
	s.expiries.add(&saved.moment, row.ExpiresAt, saved)
	return nil
}

// LoadCheckpoint implements ports.SubscriptionStore.
func (s *Store) LoadCheckpoint(ctx context.Context, topic ports.Topic) (ports.Checkpoint, error) {
	const op = "LoadCheckpoint"
	if err := ended(ctx, op); err != nil {
		return ports.Checkpoint{}, err
	}
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	saved := s.checkpoints[topic]
	if saved == nil || expired(saved.row.ExpiresAt, now) {
		return ports.Checkpoint{}, failure(op, ports.ErrNotFound)
	}
	return saved.row, nil
}
