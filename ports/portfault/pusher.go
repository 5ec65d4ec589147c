package portfault

import (
	"context"

	"github.com/fanql/fanql/ports"
)

var _ ports.Pusher = (*Pusher)(nil)

// Pusher is a pusher that one process uses. It may be used by many goroutines at
// once.
type Pusher struct {
	process *Process
	inner   ports.Pusher
}

// Pusher wraps a pusher. It has neither Partial nor Duplicate: a frame is whole,
// and arrives once, or after LostAnswer once for each time it is pushed.
func (p *Process) Pusher(inner ports.Pusher) *Pusher { return &Pusher{p, inner} }

// Push implements ports.Pusher.
func (p *Pusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	return p.process.run(ctx, call[nothing]{
		name: "Push", subject: string(to.ID),
		do: plain(func(ctx context.Context) error { return p.inner.Push(ctx, to, frame) }),
	})
}

// Close implements ports.Pusher.
func (p *Pusher) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	return p.process.run(ctx, call[nothing]{
		name: "Close", subject: string(to.ID),
		do: plain(func(ctx context.Context) error { return p.inner.Close(ctx, to, code, reason) }),
	})
}
