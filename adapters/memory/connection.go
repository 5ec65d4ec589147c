package memory

import (
	"bytes"
	"context"
	"time"

	"github.com/fanql/fanql/ports"
)

// CreateConnection implements ports.ConnectionStore. A repetition is compared
// with the row as it is by then.
func (s *Store) CreateConnection(ctx context.Context, row ports.Connection) error {
	const op = "CreateConnection"
	if err := s.lock(ctx, op); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if row.Address.ID == "" || row.ExpiresAt.IsZero() {
		return failure(op, ports.ErrInvalid)
	}
	c := s.connections[row.Address.ID]
	if c != nil && c.present {
		if equal(c.row, row) {
			return nil
		}
		return failure(op, ports.ErrConflict)
	}
	if c != nil { // Another socket had the ID, and this one has none of its operations.
		s.dropOperations(c)
	}
	c = &connection{present: true, row: row}
	s.connections[row.Address.ID] = c
	s.expiries.add(&c.moment, row.ExpiresAt, c)
	return nil
}

// GetConnection implements ports.ConnectionStore.
func (s *Store) GetConnection(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
	const op = "GetConnection"
	if err := ended(ctx, op); err != nil {
		return ports.Connection{}, err
	}
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.connections[id]
	if c == nil || !c.present || expired(c.row.ExpiresAt, now) {
		return ports.Connection{}, failure(op, ports.ErrNotFound)
	}
	return c.row, nil
}

// InitConnection implements ports.ConnectionStore.
func (s *Store) InitConnection(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
	const op = "InitConnection"
	if err := s.lock(ctx, op); err != nil {
		return ports.Connection{}, err
	}
	defer s.mu.Unlock()
	c := s.connections[id]
	switch {
	case c == nil || !c.present:
		return ports.Connection{}, failure(op, ports.ErrNotFound)
	case c.row.Initialized && c.initID != init.RequestID:
		return ports.Connection{}, failure(op, ports.ErrConflict)
	case c.row.Initialized:
		return c.row, nil
	}
	c.initID = init.RequestID
	c.row.Initialized = true
	if init.State != nil {
		c.row.State = init.State
	}
	if init.Identity != "" {
		c.row.Identity = init.Identity
	}
	if !init.NotAfter.IsZero() {
		c.row.NotAfter = init.NotAfter
	}
	return c.row, nil
}

// TouchConnection implements ports.ConnectionStore.
func (s *Store) TouchConnection(ctx context.Context, id ports.ConnectionID, expiresAt time.Time) error {
	const op = "TouchConnection"
	if err := s.lock(ctx, op); err != nil {
		return err
	}
	defer s.mu.Unlock()
	c := s.connections[id]
	if c == nil || !c.present {
		return failure(op, ports.ErrNotFound)
	}
	if expiresAt.Before(c.row.ExpiresAt) {
		return nil
	}
	c.row.ExpiresAt = expiresAt
	s.expiries.move(&c.moment, expiresAt)
	for _, o := range c.operations {
		if o.at.Before(expiresAt) {
			s.expiries.move(&o.moment, expiresAt)
		}
	}
	return nil
}

// DeleteConnection implements ports.ConnectionStore. Of a connection that has
// expired it still removes and returns the operations that have not.
func (s *Store) DeleteConnection(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
	const op = "DeleteConnection"
	if err := s.lock(ctx, op); err != nil {
		return ports.Removed{}, err
	}
	defer s.mu.Unlock()
	c := s.connections[id]
	if c == nil {
		return ports.Removed{}, nil
	}
	removed := ports.Removed{Found: c.present}
	if c.present {
		removed.Connection = c.row
		s.dropRow(c)
	}
	removed.Operations = s.dropOperations(c)
	return removed, nil
}

// dropOperations removes all operations of a connection and returns their names.
func (s *Store) dropOperations(c *connection) []ports.OperationRef {
	if len(c.operations) == 0 {
		return nil
	}
	refs := make([]ports.OperationRef, 0, len(c.operations))
	for _, o := range c.operations {
		refs = append(refs, o.Ref)
		s.dropOperation(o)
	}
	return refs
}

func equal(a, b ports.Connection) bool {
	return a.Address == b.Address && a.Protocol == b.Protocol && bytes.Equal(a.State, b.State) &&
		a.Identity == b.Identity && a.NotAfter.Equal(b.NotAfter) &&
		a.Initialized == b.Initialized && a.ExpiresAt.Equal(b.ExpiresAt)
}
