package session

import (
	"context"
	"errors"

	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// KeepAlive is called at intervals; core.Engine.KeepAlive has the contract.
func (h *Handler) KeepAlive(ctx context.Context, address ports.Address) error {
	connection, err := h.entitled(ctx, address)
	if err != nil {
		return ignoreUnknown(err)
	}
	now := h.Now()
	if connection.ExpiresAt.Sub(now) < h.ConnectionTTL/2 {
		err := h.Store.TouchConnection(ctx, address.ID, now.Add(h.ConnectionTTL))
		if err != nil && !errors.Is(err, ports.ErrNotFound) {
			return err
		}
	}
	// The ack comes first, and may still be on its way.
	acknowledged := connection.Initialized && h.inits.pending(address.ID) == nil
	if frame, ok := wire.Of(connection.Protocol).KeepAlive(); ok && acknowledged {
		return h.Peers.Reply(ctx, address, frame)
	}
	return nil
}
