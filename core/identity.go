package core

import (
	"context"

	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// CloseIdentity disconnects every client that has this Session.Identity, as
// Engine.CloseConnection does one, wherever its socket is. It needs the bus only.
// Nil means that the bus has it: it happens when the event is delivered. It does
// not keep the client from coming back; that is for the hooks to refuse.
// ErrInvalid: there can be no such identity. Other errors are those of Publish.
func (p *Publisher) CloseIdentity(ctx context.Context, of string, code int, reason string) error {
	if of == "" {
		return invalid("CloseIdentity", "an identity must not be empty")
	}
	if err := identity.Check(of); err != nil {
		return invalid("CloseIdentity", err.Error())
	}
	event := p.event(ports.EventDisconnect)
	event.Topic = identity.Topic(of)
	event.Payload = identity.Disconnect{Code: code, Reason: peer.CloseReason(reason)}.Encode()
	return p.hand(ctx, []ports.Event{event})
}
