// Package session handles what clients send: handshakes, connection_init, operations
// and their ends.
package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/observe"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// Config is what a Handler is made of; core.Config says what the settings mean.
type Config struct {
	Store       ports.Store
	Runner      *run.Runner
	Peers       *peer.Peers
	Calls       hooks.Calls
	Observation observe.Observation
	Now         func() time.Time
	// History is nil where no topic keeps one; Catcher is whoever reads it.
	History ports.History
	Catcher Catcher

	ConnectionTTL             time.Duration
	InitTimeout               time.Duration
	ReorderWindow             time.Duration
	MaxOperations             int
	MaxTopics                 int
	MaxConnectionsPerIdentity int
	MaxMessageBytes           int
	MaxMessagesPerSecond      int
	PageSize                  int
}

// Catcher brings subscribers up to the end of a topic's history: a delivery.Deliverer.
type Catcher interface {
	CatchUp(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (gap bool, err error)
}

// Handler handles what clients send. Its methods may be called concurrently, also
// for one connection.
type Handler struct {
	Config
	pending pendingInits
	lines   *lines
	rates   *rates
	// noHistory: that topics keep nothing is reported once.
	noHistory sync.Once
}

// New makes a handler.
func New(config Config) *Handler {
	return &Handler{Config: config, pending: newPendingInits(), lines: newLines(config.MaxOperations), rates: newRates(config.MaxMessagesPerSecond)}
}

// Disconnect is called by a transport once a socket is closed; core.Engine.Disconnect
// has the contract.
func (h *Handler) Disconnect(ctx context.Context, disconnection ports.Disconnection) error {
	h.lines.forget(disconnection.Address.ID)
	return h.Peers.Disconnect(ctx, disconnection)
}

// errUnknownConnection stops the handling of a message whose connection has no
// row: it has expired, was refused, or is just being closed.
var errUnknownConnection = errors.New("core: unknown connection")

func ignoreUnknown(err error) error {
	if errors.Is(err, errUnknownConnection) {
		return nil
	}
	return err
}

// connection reads the connection. One that is not there any more has its socket
// closed, so that the client connects afresh.
func (h *Handler) connection(ctx context.Context, address ports.Address) (ports.Connection, error) {
	connection, err := h.Store.GetConnection(ctx, address.ID)
	if !peer.Is(err, ports.ErrNotFound) {
		return connection, err
	}
	return connection, h.unknown(ctx, address)
}

func (h *Handler) unknown(ctx context.Context, address ports.Address) error {
	if err := h.Peers.Pusher.Close(ctx, address, ports.CloseGoingAway, "Unknown connection"); err != nil {
		return err
	}
	return errUnknownConnection
}
