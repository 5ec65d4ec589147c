package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// admit decides about a connection whose connection_init was accepted: whether
// its identity is still good, and has not too many connections.
func (c *connections) admit(ctx context.Context, connection ports.Connection, receivedAt time.Time) error {
	if c.Peers.HasEnded(connection.NotAfter) {
		return peer.IdentityEnded()
	}
	if connection.Identity == "" {
		return nil
	}
	fits, err := c.enlist(ctx, connection, receivedAt)
	if err == nil && !fits {
		return &ports.PublicError{Code: ports.CloseForbidden, Message: "Too many connections"}
	}
	return err
}

// enlist makes a connection one of its identity's. It reports false if they are
// too many already.
func (c *connections) enlist(ctx context.Context, connection ports.Connection, receivedAt time.Time) (bool, error) {
	topic := identity.Topic(connection.Identity)
	err := c.Store.AddOperation(ctx, ports.Operation{
		Ref:        ports.OperationRef{Connection: connection.Address.ID, ID: identity.Operation},
		Address:    connection.Address,
		Protocol:   connection.Protocol,
		Topics:     []ports.Topic{topic},
		ReceivedAt: receivedAt,
		ExpiresAt:  c.Now().Add(c.ConnectionTTL),
		NotAfter:   connection.NotAfter,
	})
	if err != nil || c.MaxConnectionsPerIdentity == 0 {
		return true, err
	}
	return c.fewEnough(ctx, topic, connection.Address.ID)
}

var errEnough = errors.New("core: enough")

// fewEnough counts the other connections of an identity. Rows that crashed
// clients left do not count: when there are too many, each is sent something, and
// those whose sockets are gone are forgotten. Of two connections that come at the
// same time for the last place, both may be refused.
func (c *connections) fewEnough(ctx context.Context, topic ports.Topic, id ports.ConnectionID) (bool, error) {
	var others []ports.Subscriber
	err := identity.Each(ctx, c.Store, topic, c.PageSize, func(to ports.Subscriber) error {
		if to.Ref.Connection != id {
			others = append(others, to)
		}
		if len(others) > c.MaxConnectionsPerIdentity {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return false, err
	}
	if len(others) < c.MaxConnectionsPerIdentity {
		return true, nil
	}
	var mu sync.Mutex
	alive, failed := 0, error(nil)
	peer.InParallel(c.PushConcurrency, others, func(to ports.Subscriber) {
		isAlive, err := c.probe(ctx, to)
		mu.Lock()
		defer mu.Unlock()
		if isAlive {
			alive++
		}
		failed = errors.Join(failed, err)
	})
	return failed == nil && alive < c.MaxConnectionsPerIdentity, failed
}

// probe reports whether a connection has a socket. One that has none is forgotten.
func (c *connections) probe(ctx context.Context, to ports.Subscriber) (alive bool, err error) {
	err = c.Peers.AttemptEvent(ctx, peer.Operation{Address: to.Address}, wire.Of(to.Protocol).Probe())
	if !errors.Is(err, ports.ErrGone) {
		return true, nil
	}
	return false, c.Peers.Disconnect(ctx, ports.Disconnection{Address: to.Address})
}
