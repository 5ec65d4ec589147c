package peer

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// Close closes a socket and forgets the connection at once, because the transport's
// own word that it is closed may never come. A connection whose socket cannot be
// closed is kept: without it the client would wait in silence.
func (p *Peers) Close(ctx context.Context, address ports.Address, code int, reason string) error {
	ctx, cancel := Detached(ctx)
	defer cancel()
	if err := p.CloseSocket(ctx, address, code, reason); err != nil {
		return err
	}
	_, err := p.Remove(ctx, ports.Disconnection{Address: address, Code: code, Reason: reason})
	return err
}

// CloseSocket has the transport close a socket, and tries again while the failure
// may pass.
func (p *Peers) CloseSocket(ctx context.Context, address ports.Address, code int, reason string) error {
	return p.retry(ctx, func() error { return p.Pusher.Close(ctx, address, code, CloseReason(reason)) })
}

// Answer gives a client what its subprotocol has for something that was wrong.
func (p *Peers) Answer(ctx context.Context, address ports.Address, answer wire.Answer) error {
	if answer.Frame.Len() > 0 {
		if err := p.Reply(ctx, address, answer.Frame); err != nil {
			return err
		}
	}
	if answer.Code == 0 {
		return nil
	}
	return p.Close(ctx, address, answer.Code, answer.Reason)
}

// IdentityEnded is what a client reads whose Session.NotAfter has passed. With this
// code graphql-ws clients connect again, with fresh credentials.
func IdentityEnded() *ports.PublicError {
	return &ports.PublicError{Code: ports.CloseForbidden, Message: "The identity has ended"}
}

// HasEnded reports whether an identity's end has passed.
func (p *Peers) HasEnded(notAfter time.Time) bool {
	return !notAfter.IsZero() && !p.Now().Before(notAfter)
}

// CloseEnded closes the connection of a client whose identity has ended.
func (p *Peers) CloseEnded(ctx context.Context, address ports.Address) error {
	ended := IdentityEnded()
	return p.Close(ctx, address, ended.Code, ended.Message)
}

// Remove deletes a connection with its operations, and runs the hooks for what it
// took away.
func (p *Peers) Remove(ctx context.Context, disconnection ports.Disconnection) (ports.Removed, error) {
	removed, err := p.Store.DeleteConnection(ctx, disconnection.Address.ID)
	if err != nil || !removed.Found {
		return removed, err
	}
	own := identity.Without(removed.Operations)
	p.Observation.Count(ctx, ports.Counts{Connections: -1, Operations: -len(own)})
	for _, ref := range own {
		p.Calls.Complete(ctx, ref, ports.CompletedByDisconnect)
	}
	p.Calls.Disconnect(ctx, ports.Disconnected{
		Connection: removed.Connection, Code: disconnection.Code, Reason: disconnection.Reason,
	})
	return removed, nil
}

// Disconnect is called by a transport once a socket is closed.
func (p *Peers) Disconnect(ctx context.Context, disconnection ports.Disconnection) error {
	ctx, end := p.Observation.Begin(ctx, ports.Step{Name: ports.StepDisconnect, Connection: disconnection.Address.ID})
	ctx, cancel := Detached(ctx)
	defer cancel()
	_, err := p.Remove(ctx, disconnection)
	end(err)
	return err
}

// CloseReason makes a reason fit for a close frame: UTF-8, and cut to the 123
// bytes there is room for, between two characters (RFC 6455, section 5.5).
func CloseReason(reason string) string {
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
