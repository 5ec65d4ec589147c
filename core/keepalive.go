package core

import (
	"context"

	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// KeepAlive is called at intervals by a transport that holds sockets. It extends
// the life of the connection's rows when half of it has passed, and sends the
// legacy protocol's "ka". A connection without a row, and one whose identity has
// ended, is closed.
func (e *Engine) KeepAlive(ctx context.Context, address ports.Address) error {
	ctx = e.withPublisher(ctx)
	connection, err := e.connection(ctx, address)
	if err != nil {
		return ignoreUnknown(err)
	}
	if e.ended(connection.NotAfter) {
		return e.closeEnded(ctx, address)
	}
	now := e.config.Now()
	if connection.ExpiresAt.Sub(now) < e.config.ConnectionTTL/2 {
		err := e.config.Connections.TouchConnection(ctx, address.ID, now.Add(e.config.ConnectionTTL))
		if err != nil && !isKind(err, ports.ErrNotFound) {
			return err
		}
	}
	// The ack comes first, and may still be on its way.
	acknowledged := connection.Initialized && e.pending.pending(address.ID) == nil
	if connection.Protocol == wire.Legacy && acknowledged {
		return e.reply(ctx, address, wire.KeepAliveFrame())
	}
	return nil
}
