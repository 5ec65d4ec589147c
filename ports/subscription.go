package ports

import (
	"context"
	"time"
)

// OperationID is the client's own name for an operation, unique on its
// connection while the operation lasts. Any string, the empty one included.
type OperationID string

// Topic is a named stream of events: any non-empty UTF-8 string.
type Topic string

// OperationRef names an operation across all connections.
type OperationRef struct {
	Connection ConnectionID
	ID         OperationID
}

// Operation is one GraphQL request on a connection. A subscription has topics;
// a query or a mutation that is under way has none and only holds its ID.
type Operation struct {
	Ref     OperationRef
	Address Address
	// Protocol is the connection's subprotocol.
	Protocol string
	// Request, State and Filters are the engine's own, opaque to stores, and
	// come back unchanged with every listing.
	Request, State, Filters []byte
	// Topics, without repetition. Empty for a query or a mutation.
	Topics []Topic
	// ReceivedAt is when the transport received the request. Together with the
	// receivedAt of RemoveOperation it settles what came first where messages of
	// one connection are handled concurrently.
	ReceivedAt time.Time
	// ExpiresAt is when the row counts as absent; never zero.
	ExpiresAt time.Time
	// NotAfter is when the connection's identity ends; zero means never.
	NotAfter time.Time
	// Limit is how many operations the connection may have, this one included;
	// 0 means no limit.
	Limit int
	// From is where a resumed operation begins on a topic: its place there is
	// Place{From: ...}. On a topic that is absent it is placed live.
	From map[Topic]Mark
}

// Place says what a subscriber still lacks of a topic. The zero Place is that of a
// subscriber who is live.
type Place struct {
	// From is the first position that a subscriber who is behind may lack: it gets
	// no events as they come, but from the topic's history on. The zero Mark: the
	// subscriber is live.
	From Mark
	// Version counts the moves of the place that a delivery must not miss. It begins
	// at 0 and never goes back while the row lives, so that a late MovePlace fails.
	Version uint64
}

// Live reports whether the subscriber gets events as they come.
func (p Place) Live() bool { return p.From == Mark{} }

// Subscriber is one operation as a listing of one of its topics returns it:
// all that a delivery needs, so that nothing is read per subscriber.
type Subscriber struct {
	Ref                     OperationRef
	Address                 Address
	Protocol                string
	Request, State, Filters []byte
	// ReceivedAt is the operation's own: RemoveOperation with it ends this
	// operation and none that has taken its ID since.
	ReceivedAt, NotAfter time.Time
	Place                Place
}

// Cursor is a place in a listing, opaque to everyone but the store that made
// it. It outlives the process. The empty cursor is the beginning.
type Cursor string

// PageRequest asks for one page of a listing.
type PageRequest struct {
	// After is the Next of the page before, or empty for the first page.
	After Cursor
	// Limit is the most subscribers to return; 0 leaves it to the store. A
	// store may return fewer, and even none, before the end.
	Limit int
}

// Page is a part of a listing.
type Page struct {
	Subscribers []Subscriber
	// Next continues the listing; empty at the end.
	Next Cursor
}

// Checkpoint is how far a fan-out got that did not fit one invocation: the events
// from First to Done were pushed to every subscriber, and those after Done, to Last,
// to every subscriber before Cursor.
type Checkpoint struct {
	// First, Done and Last are positions of the bus; see Event.Position. Done is empty
	// where no event is done with.
	First, Done, Last string
	Cursor            Cursor
	// ExpiresAt is when the checkpoint counts as absent; never zero.
	ExpiresAt time.Time
}

// SubscriptionStore keeps operations and finds the subscribers of a topic.
type SubscriptionStore interface {
	// AddOperation puts an operation in place, all of its topics or none. Once
	// it has returned nil, every listing of its topics that begins later has it,
	// until it is removed or expires.
	//
	// ErrCancelled: a RemoveOperation of the same reference, received no earlier
	// than this operation, came first and left a tombstone; of a connection that
	// exists, that is looked for before anything else.
	// ErrNotFound: the connection is absent or expired. ErrConflict: the ID is
	// in use on the connection by an operation with another ReceivedAt or
	// Request; the same operation again succeeds, and leaves its rows as they are:
	// their places may have moved. ErrTooMany: the connection has Limit operations
	// already. ErrTooLarge: the operation is over what the backend can keep.
	// ErrInvalid: a topic is empty or ExpiresAt is zero.
	//
	// After an error no listing keeps the operation beyond its expiry.
	AddOperation(ctx context.Context, operation Operation) error

	// RemoveOperation ends an operation that was received no later than
	// receivedAt, and says whether there was one: of several concurrent calls
	// for one operation exactly one sees true. Once it has returned nil, no
	// listing that begins later has that operation.
	//
	// On a connection that exists it leaves a tombstone for a minute at least: an
	// AddOperation of the reference that was received no later than the tombstone
	// stands gets ErrCancelled. A tombstone never moves back in time.
	//
	//	in place when it is called     removed  the tombstone stands at
	//	nothing                        false    receivedAt
	//	one received after receivedAt  false    receivedAt; the operation stays
	//	one received before            true     one nanosecond before receivedAt
	//	one received at receivedAt     true     any time before, or there is none
	//
	// In the third case another may have been received in between, but a transport's
	// clock may be coarse, and a subscribe of the same instant came after.
	RemoveOperation(ctx context.Context, ref OperationRef, receivedAt time.Time) (removed bool, err error)

	// ListSubscribers returns one page of the operations that have the topic.
	// Following Next to the end lists each operation that was in place
	// throughout exactly once; one that came or went meanwhile at most once. The
	// listing is consistent: it has all that was acknowledged before its first
	// page was asked for. ErrInvalid: the cursor is not this store's.
	ListSubscribers(ctx context.Context, topic Topic, request PageRequest) (Page, error)

	// GetSubscriber reads one operation as a listing of the topic has it,
	// consistently: it sees every write that was acknowledged before the call.
	// ErrNotFound: the operation is absent, expired, or not on the topic.
	GetSubscriber(ctx context.Context, topic Topic, ref OperationRef) (Subscriber, error)

	// MovePlace changes the place of one operation on one topic, in one conditional
	// write: to now, if the version is was. It never creates a row, and changes
	// nothing else of one, its expiry included. Now.Version is was or higher.
	//
	// ErrNotFound: there is no such row, or it is that of an operation with another
	// ReceivedAt. ErrConflict: the version of the row is not was. After any other
	// error the place may have moved.
	MovePlace(ctx context.Context, topic Topic, ref OperationRef, receivedAt time.Time, was uint64, now Place) error

	// RemoveSubscribers removes exactly these operations from the topic's
	// listing, whether or not their connections exist. It is how a delivery
	// clears rows that a crash left behind. Absent is not an error.
	RemoveSubscribers(ctx context.Context, topic Topic, refs []OperationRef) error

	// SaveCheckpoint keeps how far a fan-out of the topic got, replacing the
	// topic's former checkpoint.
	SaveCheckpoint(ctx context.Context, topic Topic, checkpoint Checkpoint) error

	// LoadCheckpoint returns the topic's checkpoint. ErrNotFound: none, or
	// expired.
	LoadCheckpoint(ctx context.Context, topic Topic) (Checkpoint, error)
}
