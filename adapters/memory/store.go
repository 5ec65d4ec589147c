package memory

import (
	"context"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

var _ ports.Store = (*Store)(nil)

// tombstoneLife is how long a RemoveOperation that found nothing is remembered, unless
// its connection ends: no longer than the contract asks for, as clients decide how
// many there are.
const tombstoneLife = time.Minute

// Store keeps connections, operations and checkpoints in memory. It implements
// ports.Store and may be used by many goroutines at once.
//
// A row that has expired is absent at once, and its memory is freed by the next
// call that writes; no goroutine is needed. A listing is in the order in which
// the operations were added. Times are kept as they are given, and nothing is
// too large.
type Store struct {
	now      func() time.Time
	pageSize int

	mu          sync.RWMutex
	connections map[ports.ConnectionID]*connection
	topics      map[ports.Topic]*members
	checkpoints map[ports.Topic]*checkpoint
	expiries    timeline
	// sequence is that of the operation that was added last.
	sequence uint64
}

// connection is a row and what hangs on it. The row may be absent while
// operations that expire later are still there.
type connection struct {
	moment
	present    bool
	row        ports.Connection
	initID     string
	operations map[ports.OperationID]*operation
	tombstones map[ports.OperationID]*tombstone
}

// operation is in its connection's map and in its topics' listings. Its
// sequence is its place in every one of them.
type operation struct {
	moment
	ports.Subscriber
	connection *connection
	sequence   uint64
	topics     []ports.Topic
}

type tombstone struct {
	moment
	connection *connection
	id         ports.OperationID
	receivedAt time.Time
}

type checkpoint struct {
	moment
	topic ports.Topic
	row   ports.Checkpoint
}

func newStore(config Config) *Store {
	return &Store{
		now:         config.Now,
		pageSize:    config.PageSize,
		connections: make(map[ports.ConnectionID]*connection),
		topics:      make(map[ports.Topic]*members),
		checkpoints: make(map[ports.Topic]*checkpoint),
	}
}

// lock locks the store for a call that writes, and frees what has expired:
// whoever holds this lock sees live rows only.
func (s *Store) lock(ctx context.Context, op string) error {
	if err := ended(ctx, op); err != nil {
		return err
	}
	now := s.now()
	s.mu.Lock()
	for next := s.expiries.first(); next != nil && expired(next.at, now); next = s.expiries.first() {
		s.free(next)
	}
	return nil
}

// free takes an expired row out.
func (s *Store) free(row *moment) {
	switch owner := row.owner.(type) {
	case *connection:
		s.dropRow(owner)
	case *operation:
		s.dropOperation(owner)
	case *tombstone:
		s.expiries.remove(row)
		of := owner.connection
		if delete(of.tombstones, owner.id); len(of.tombstones) == 0 {
			of.tombstones = nil
		}
	case *checkpoint:
		s.expiries.remove(row)
		delete(s.checkpoints, owner.topic)
	}
}

// dropRow removes a connection's row. What hangs on it stays.
func (s *Store) dropRow(c *connection) {
	s.expiries.remove(&c.moment)
	c.present = false
	s.forget(c)
}

// dropOperation removes an operation from its connection and every listing.
func (s *Store) dropOperation(o *operation) {
	s.expiries.remove(&o.moment)
	for _, topic := range o.topics {
		s.unlist(topic, o)
	}
	delete(o.connection.operations, o.Ref.ID)
	s.forget(o.connection)
}

// forget drops a connection that has no row and no operations any more, with its
// tombstones: nothing can be added to it.
func (s *Store) forget(c *connection) {
	if c.present || len(c.operations) > 0 {
		return
	}
	delete(s.connections, c.row.Address.ID)
	for _, t := range c.tombstones {
		s.expiries.remove(&t.moment)
	}
	c.tombstones = nil
}

func expired(at, now time.Time) bool { return !now.Before(at) }
