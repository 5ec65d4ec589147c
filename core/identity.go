package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// CloseIdentity disconnects every client that has this Session.Identity, as
// Engine.CloseConnection does one, wherever its socket is. It needs the bus only.
// Nil means that the bus has it: it happens when the event is delivered. It does
// not keep the client from coming back; that is for the hooks to refuse. Errors
// are those of Publish, and one for an identity that cannot exist.
func (p *Publisher) CloseIdentity(ctx context.Context, of string, code int, reason string) error {
	if of == "" {
		return errors.New("core: identity must not be empty")
	}
	if err := identity.Check(of); err != nil {
		return fmt.Errorf("core: %w", err)
	}
	event := p.event(ports.EventDisconnect)
	event.Topic = identity.Topic(of)
	event.Payload = identity.Disconnect{Code: code, Reason: peer.CloseReason(reason)}.Encode()
	return p.hand(ctx, []ports.Event{event})
}
