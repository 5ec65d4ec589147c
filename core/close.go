package core

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/fanql/fanql/ports"
)

// Close codes: those of graphql-transport-ws are from PROTOCOL.md of graphql-ws,
// the others from RFC 6455, section 7.4.1, and the registry that it founds.
const (
	closeNormal        = 1000
	closeGoingAway     = 1001
	closePolicy        = 1008
	closeTooBig        = 1009
	closeTryAgainLater = 1013
	closeBadRequest    = 4400
	closeUnauthorized  = 4401
	closeForbidden     = 4403
	closeSubprotocol   = 4406
	closeInitTimeout   = 4408
	closeDuplicate     = 4409
	closeTooManyInits  = 4429
)

// CloseConnection puts a client out: it closes the socket with the code and the
// reason (at most 123 bytes of UTF-8), removes the connection with its
// operations, and runs the hooks. Absent is not an error. It may be called from
// any process that has the pusher for the connection. The error is the store's or
// the pusher's; a connection whose socket could not be closed is kept, and the call
// may be repeated.
func (e *Engine) CloseConnection(ctx context.Context, id ports.ConnectionID, code int, reason string) error {
	ctx = e.withPublisher(ctx)
	connection, err := e.config.Connections.GetConnection(ctx, id)
	if isKind(err, ports.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return e.closeConnection(ctx, connection.Address, code, reason)
}

// closeConnection closes the socket and forgets the connection at once, because
// the transport's own word that it is closed may never come. A connection whose
// socket cannot be closed is kept: without it the client would wait in silence.
func (e *Engine) closeConnection(ctx context.Context, address ports.Address, code int, reason string) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	err := e.insist(ctx, func() error { return e.config.Pusher.Close(ctx, address, code, closeReason(reason)) })
	if err != nil {
		return err
	}
	return e.forget(ctx, ports.Disconnection{Address: address, Code: code, Reason: reason})
}

// closeReason makes a reason fit for a close frame: UTF-8, and cut to the 123
// bytes there is room for, between two characters (RFC 6455, section 5.5).
func closeReason(reason string) string {
	const most = 123
	reason = strings.ToValidUTF8(reason, "\uFFFD")
	if len(reason) <= most {
		return reason
	}
	cut := most
	for !utf8.RuneStart(reason[cut]) {
		cut--
	}
	return reason[:cut]
}
