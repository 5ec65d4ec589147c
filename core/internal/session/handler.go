// Package session handles what clients send: handshakes, connection_init, operations
// and their ends.
package session

import (
	"context"

	"github.com/fanql/fanql/ports"
)

// Handler handles what clients send. Its methods may be called concurrently, also
// for one connection.
type Handler struct {
	*connections
	inits *inits
	rates *rates
}

// New makes a handler.
func New(config Config) *Handler {
	c := &connections{Config: config, lines: newLines(config.MaxOperations)}
	return &Handler{c, newInits(c), newRates(config.MaxMessagesPerSecond)}
}

// Disconnect is called by a transport once a socket is closed; core.Engine.Disconnect
// has the contract.
func (h *Handler) Disconnect(ctx context.Context, disconnection ports.Disconnection) error {
	h.lines.forget(disconnection.Address.ID)
	return h.Peers.Disconnect(ctx, disconnection)
}

// ExpireInit closes a connection from which no connection_init has come (4408).
// A transport with a timer calls it once its init timeout has passed.
func (h *Handler) ExpireInit(ctx context.Context, address ports.Address) error {
	return h.inits.expire(ctx, address)
}
