package ports

import (
	"context"
	"time"
)

// ConnectionID names one client socket. API Gateway's IDs and the WebSocket
// server's are both opaque, non-empty strings.
type ConnectionID string

// Address is all that a Pusher needs to reach a connection.
type Address struct {
	ID ConnectionID
	// Endpoint says which of many pushers or hosts holds the socket. Its form
	// is the transport's own; a transport with a single endpoint leaves it empty.
	Endpoint string
}

// Connection is one client socket as a store keeps it.
type Connection struct {
	Address Address
	// Protocol is the WebSocket subprotocol that the handshake chose.
	Protocol string
	// State is what a hook returned for the connection: JSON, opaque to stores.
	State []byte
	// Identity is who the client is, as a hook said; empty when nobody did.
	Identity string
	// NotAfter is when that identity ends; zero means never. It is not expiry:
	// the row stays visible until its socket is closed.
	NotAfter time.Time
	// Initialized is true once InitConnection has succeeded.
	Initialized bool
	// ExpiresAt is when the row counts as absent; never zero.
	ExpiresAt time.Time
}

// Init is the outcome of a connection_init that was accepted.
type Init struct {
	// RequestID tells a retry of a lost answer from a second connection_init.
	RequestID string
	// State replaces the connection's state unless it is nil.
	State []byte
	// Identity replaces the connection's identity unless it is empty.
	Identity string
	// NotAfter replaces the identity's end unless it is zero.
	NotAfter time.Time
}

// Removed is what DeleteConnection took away.
type Removed struct {
	// Found is false when there was nothing left to remove. Of several
	// concurrent calls for one connection exactly one sees true.
	Found bool
	// Connection is the row as it was; zero unless Found.
	Connection Connection
	// Operations are those that ended with the connection, in no order.
	Operations []OperationRef
}

// ConnectionStore keeps connections. One value is both it and SubscriptionStore;
// see Store.
type ConnectionStore interface {
	// CreateConnection adds a connection. ErrConflict: the ID is in use by a
	// connection that has not expired. ErrInvalid: the ID is empty or ExpiresAt
	// is zero. A repetition that is equal in every field succeeds.
	CreateConnection(ctx context.Context, connection Connection) error

	// GetConnection reads a connection, consistently: it sees every write that
	// was acknowledged before the call. ErrNotFound: absent or expired.
	GetConnection(ctx context.Context, id ConnectionID) (Connection, error)

	// InitConnection records that connection_init was accepted and returns the
	// connection as it is afterwards. ErrNotFound: absent or expired.
	// ErrConflict: it was initialized before, by another RequestID; the same
	// RequestID again succeeds and changes nothing.
	InitConnection(ctx context.Context, id ConnectionID, init Init) (Connection, error)

	// TouchConnection moves the expiry of a connection, and of its operations
	// with it. It never shortens a life: an expiresAt before the present one
	// changes nothing. ErrNotFound: absent or expired.
	TouchConnection(ctx context.Context, id ConnectionID, expiresAt time.Time) error

	// DeleteConnection removes a connection with all its operations, and says
	// what it removed. Absent is not an error. Once it has returned nil, no
	// listing that begins later has an operation of the connection, and no
	// AddOperation for it succeeds, whichever of them began first.
	DeleteConnection(ctx context.Context, id ConnectionID) (Removed, error)
}
