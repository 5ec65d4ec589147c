package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// The connections of an identity are found like the subscribers of a topic: each
// has an operation, of a name that no client may use, on a topic of the
// identity's own. So every store can find them, and whatever ends the connection
// ends that operation too.
const (
	reserved          = "fanql:"
	identityTopic     = reserved + "identity:"
	identityOperation = ports.OperationID(reserved + "identity")
)

// maxIdentityBytes leaves room for an identity in a topic.
const maxIdentityBytes = 1000

func checkIdentity(identity string) error {
	if len(identity) > maxIdentityBytes || !utf8.ValidString(identity) {
		return fmt.Errorf("the session's identity must be UTF-8 of at most %d bytes", maxIdentityBytes)
	}
	return nil
}

// errReserved answers a client that uses the engine's own name.
func errReserved() error {
	return &wire.Invalid{ID: string(identityOperation), HasID: true, Reason: "id is reserved"}
}

// putOut is the payload of an event that puts connections out.
type putOut struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
}

// CloseIdentity puts out every connection that has this Session.Identity, as
// Engine.CloseConnection does one, wherever its socket is. It needs the bus only.
// Nil means that the bus has it: it happens when the event is delivered. It does
// not keep the client from coming back; that is for the hooks to refuse. Errors
// are those of Publish, and one for an identity that cannot exist.
func (p *Publisher) CloseIdentity(ctx context.Context, identity string, code int, reason string) error {
	if identity == "" {
		return errors.New("core: identity must not be empty")
	}
	if err := checkIdentity(identity); err != nil {
		return fmt.Errorf("core: %w", err)
	}
	event := p.event(ports.EventDisconnect)
	event.Topic = ports.Topic(identityTopic + identity)
	event.Payload, _ = json.Marshal(putOut{code, closeReason(reason)}) // an int and a string always have a JSON
	return p.hand(ctx, []ports.Event{event})
}

// deliverDisconnect puts out the connections of an identity. What one delivery
// does not finish the next one finds: who is out is not listed any more.
func (e *Engine) deliverDisconnect(ctx context.Context, event ports.Event) error {
	var order putOut
	if err := json.Unmarshal(event.Payload, &order); err != nil {
		// Of a publisher other than this package's; delivering it again would not help.
		e.report(ctx, "reading whom to put out", err)
		return nil
	}
	return e.eachOf(ctx, event.Topic, func(to ports.Subscriber) error {
		if e.outOfTime(ctx) {
			return errUnfinished
		}
		return e.closeConnection(ctx, to.Address, order.Code, order.Reason)
	})
}

// eachOf calls visit for the subscribers of a topic until it fails.
func (e *Engine) eachOf(ctx context.Context, topic ports.Topic, visit func(ports.Subscriber) error) error {
	for cursor := ports.Cursor(""); ; {
		page, err := e.list(ctx, topic, cursor)
		if err != nil {
			return err
		}
		for _, subscriber := range page.Subscribers {
			if err := visit(subscriber); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		cursor = page.Next
	}
}

// enlist makes a connection one of its identity's. It reports false if they are
// too many already.
func (e *Engine) enlist(ctx context.Context, connection ports.Connection, receivedAt time.Time) (bool, error) {
	topic := ports.Topic(identityTopic + connection.Identity)
	err := e.config.Subscriptions.AddOperation(ctx, ports.Operation{
		Ref:        ports.OperationRef{Connection: connection.Address.ID, ID: identityOperation},
		Address:    connection.Address,
		Protocol:   connection.Protocol,
		Topics:     []ports.Topic{topic},
		ReceivedAt: receivedAt,
		ExpiresAt:  e.config.Now().Add(e.config.ConnectionTTL),
		NotAfter:   connection.NotAfter,
	})
	if err != nil || e.config.MaxConnectionsPerIdentity == 0 {
		return true, err
	}
	return e.fewEnough(ctx, topic, connection.Address.ID)
}

var errEnough = errors.New("core: enough")

// fewEnough counts the other connections of an identity. Rows that crashed
// clients left do not count: when there are too many, each is sent something, and
// those whose sockets are gone are forgotten. Of two connections that come at the
// same time for the last place, both may be refused.
func (e *Engine) fewEnough(ctx context.Context, topic ports.Topic, id ports.ConnectionID) (bool, error) {
	var others []ports.Subscriber
	err := e.eachOf(ctx, topic, func(to ports.Subscriber) error {
		if to.Ref.Connection != id {
			others = append(others, to)
		}
		if len(others) > e.config.MaxConnectionsPerIdentity {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return false, err
	}
	if len(others) < e.config.MaxConnectionsPerIdentity {
		return true, nil
	}
	alive := 0
	for _, to := range others {
		if !isKind(e.config.Pusher.Push(ctx, to.Address, wire.ProbeFrame(to.Protocol)), ports.ErrGone) {
			alive++
		} else if err := e.Disconnect(ctx, ports.Disconnection{Address: to.Address}); err != nil {
			return false, err
		}
	}
	return alive < e.config.MaxConnectionsPerIdentity, nil
}

// admit decides about a connection whose connection_init was accepted: whether
// its identity is still good, and has not too many connections.
func (e *Engine) admit(ctx context.Context, connection ports.Connection, receivedAt time.Time) error {
	if e.ended(connection.NotAfter) {
		return errIdentityEnded
	}
	if connection.Identity == "" {
		return nil
	}
	fits, err := e.enlist(ctx, connection, receivedAt)
	if err == nil && !fits {
		return &ports.Refusal{Code: closeForbidden, Reason: "Too many connections"}
	}
	return err
}

// errIdentityEnded is what a client reads whose Session.NotAfter has passed. With
// this code graphql-ws clients connect again, with fresh credentials.
var errIdentityEnded = &ports.Refusal{Code: closeForbidden, Reason: "The identity has ended"}

// ended reports whether an identity's end has passed.
func (e *Engine) ended(notAfter time.Time) bool {
	return !notAfter.IsZero() && !e.config.Now().Before(notAfter)
}

// closeEnded puts out a client whose identity has ended.
func (e *Engine) closeEnded(ctx context.Context, address ports.Address) error {
	return e.closeConnection(ctx, address, errIdentityEnded.Code, errIdentityEnded.Reason)
}

// withoutIdentity are the operations that the client knows of.
func withoutIdentity(operations []ports.OperationRef) []ports.OperationRef {
	var own []ports.OperationRef
	for _, ref := range operations {
		if ref.ID != identityOperation {
			own = append(own, ref)
		}
	}
	return own
}

func isReserved(topic string) bool { return strings.HasPrefix(topic, reserved) }
