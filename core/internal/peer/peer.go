// Package peer does things to one client: it replies, pushes, tries again, holds the
// pace that the transport can take, ends operations, and closes and removes
// connections.
package peer

import (
	"context"
	"errors"
	"time"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/observe"
	"github.com/fanql/fanql/ports"
)

// Config is what Peers are made of.
type Config struct {
	Store       ports.Store
	Pusher      ports.Pusher
	Calls       hooks.Calls
	Observation observe.Observation
	Now         func() time.Time
	Random      func() float64
	// Attempts is how often a push that failed for now is tried in all.
	Attempts int
}

// Peers reach clients. Their methods may be called concurrently.
type Peers struct {
	Config
	batcher ports.Batcher // the pusher, if it is one
	pace    *pace
	endings *endings
}

// New makes peers.
func New(config Config) *Peers {
	batcher, _ := config.Pusher.(ports.Batcher)
	return &Peers{Config: config, batcher: batcher, pace: newPace(config.Now), endings: newEndings()}
}

// Reply pushes one answer to the client that just wrote. If the client has left
// meanwhile, its connection is forgotten.
func (p *Peers) Reply(ctx context.Context, to ports.Address, frame ports.Frame) error {
	return p.ReplyFor(ctx, Operation{Address: to}, frame)
}

// ReplyFor is Reply for an operation. If that has ended meanwhile, nothing is sent: its
// client waits for nothing.
func (p *Peers) ReplyFor(ctx context.Context, o Operation, frame ports.Frame) error {
	err := p.Push(ctx, o, frame)
	switch {
	case errors.Is(err, ErrEnded):
		return nil
	case errors.Is(err, ports.ErrGone):
		return p.Disconnect(ctx, ports.Disconnection{Address: o.Address})
	}
	return err
}

// cleanUpTimeout bounds work that has to be done although the caller has left.
const cleanUpTimeout = 5 * time.Second

// Detached is for work that must outlive the caller's cancellation.
func Detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
}

// Wait sleeps, and returns the context's error if that ends first.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
