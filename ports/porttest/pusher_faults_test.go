package porttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

func TestPusherChecks(t *testing.T) {
	prove(t, pusherChecks(), slices.Concat(pushFaults(), batcherFaults(), closeFaults()), brokenPusherFixture)
}

type pusherFaults = []fault[*brokenPusher]

// brokenPusher is a pusher in memory of which each method can be replaced. The
// replacement finds the whole one at Pusher.
type brokenPusher struct {
	*memory.Pusher
	opened []ports.Address
	push   func(context.Context, ports.Address, ports.Frame) error
	close  func(context.Context, ports.Address, int, string) error
	all    func(context.Context, []ports.Push) []ports.Pushed
}

func (b *brokenPusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	return b.push(ctx, to, frame)
}

func (b *brokenPusher) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	return b.close(ctx, to, code, reason)
}

func (b *brokenPusher) PushAll(ctx context.Context, pushes []ports.Push) []ports.Pushed {
	return b.all(ctx, pushes)
}

func brokenPusherFixture(t *testing.T, breaks func(*brokenPusher)) pusherFixture {
	adapter := PusherAdapter{
		New: func(*testing.T) (ports.Pusher, func() (ports.Address, Client)) {
			pusher := must.Make(memory.NewPusher(memory.PusherConfig{MaxFrameBytes: 5000, MaxQueued: 40}))
			b := &brokenPusher{Pusher: pusher, push: pusher.Push, close: pusher.Close}
			b.all = func(ctx context.Context, pushes []ports.Push) []ports.Pushed { return oneByOne(ctx, pushes, b.push) }
			breaks(b)
			return b, func() (ports.Address, Client) {
				socket := pusher.Open(ports.Address{ID: ports.ConnectionID(fmt.Sprint(len(b.opened)))})
				b.opened = append(b.opened, socket.Address())
				return socket.Address(), memoryClient{socket}
			}
		},
		MaxFrame: 5000,
		Capacity: 40,
	}
	return adapter.fixture(t)
}

// memoryClient is a socket in memory in the suite's words.
type memoryClient struct{ socket *memory.Socket }

func (c memoryClient) Receive(ctx context.Context) ([]byte, error) {
	message, err := c.socket.Receive(ctx)
	if end, ok := errors.AsType[*memory.CloseError](err); ok {
		return nil, &Closed{Code: end.Code, Reason: end.Reason}
	}
	return message, err
}

func (c memoryClient) HangUp(context.Context) error {
	c.socket.HangUp()
	return nil
}

func pushForgives(kind error) func(*brokenPusher) {
	return func(b *brokenPusher) {
		b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
			return forgive(b.Pusher.Push(ctx, to, frame), kind)
		}
	}
}

// holdsBack sends a frame with the next one, before or after it.
func holdsBack(before bool) func(*brokenPusher) {
	return func(b *brokenPusher) {
		var held *ports.Frame
		b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
			if held == nil {
				held = &frame
				return nil
			}
			first, second := frame, *held
			if before {
				first, second = second, first
			}
			held = nil
			return errors.Join(b.Pusher.Push(ctx, to, first), b.Pusher.Push(ctx, to, second))
		}
	}
}

// sendsAnyway sends something in place of a frame that is refused.
func sendsAnyway(b *brokenPusher) {
	var refused []ports.Frame
	b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
		for len(refused) > 0 && b.Pusher.Push(ctx, to, text("cut")) == nil {
			refused = refused[1:]
		}
		err := b.Pusher.Push(ctx, to, frame)
		if err != nil {
			refused = append(refused, frame)
		}
		return err
	}
}

func pushFaults() pusherFaults {
	return pusherFaults{
		{"Push: the parts arrive as one message", func(b *brokenPusher) {
			b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
				return b.Pusher.Push(ctx, to, ports.Frame{Head: frame.Head, Payload: frame.Payload})
			}
		}},
		{"Push: the parts arrive as one message", func(b *brokenPusher) { // Each is a message.
			b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
				return errors.Join(b.Pusher.Push(ctx, to, ports.Frame{Head: frame.Head}),
					b.Pusher.Push(ctx, to, ports.Frame{Payload: frame.Payload, Tail: frame.Tail}))
			}
		}},
		{"Push: frames arrive in order", holdsBack(false)},
		{"Push: each client has its own", func(b *brokenPusher) { // Sends to all.
			b.push = func(ctx context.Context, _ ports.Address, frame ports.Frame) error {
				var errs []error
				for _, to := range b.opened {
					errs = append(errs, b.Pusher.Push(ctx, to, frame))
				}
				return errors.Join(errs...)
			}
		}},
		{"Push: leaves the parts as they are", func(b *brokenPusher) { // Joins them in place.
			b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
				whole := append(append(frame.Head, frame.Payload...), frame.Tail...)
				return b.Pusher.Push(ctx, to, ports.Frame{Payload: whole})
			}
		}},
		{"Push: from many at once all arrive whole and in order", func(b *brokenPusher) { // Sends twice.
			b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
				return errors.Join(b.Pusher.Push(ctx, to, frame), b.Pusher.Push(ctx, to, frame))
			}
		}},
		{"Push: from many at once all arrive whole and in order", func(b *brokenPusher) { // Loses one.
			b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
				if string(frame.AppendTo(nil)) == "2/3" {
					return nil
				}
				return b.Pusher.Push(ctx, to, frame)
			}
		}},
		{"Push: a client that hung up is gone", pushForgives(ports.ErrGone)},
		{"Push: over the limit is too large and not sent", pushForgives(ports.ErrTooLarge)},
		{"Push: over the limit is too large and not sent", sendsAnyway},
		{"Push: to a client that does not receive is throttled and not sent", pushForgives(ports.ErrThrottled)},
		{"Push: to a client that does not receive is throttled and not sent", sendsAnyway},
		{"Push: heeds the end of its context, which ends nothing else", func(b *brokenPusher) {
			b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
				return b.Pusher.Push(context.WithoutCancel(ctx), to, frame)
			}
		}},
		{"Push: heeds the end of its context, which ends nothing else", func(b *brokenPusher) { // Ends the socket.
			b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
				if ctx.Err() != nil {
					_ = b.Pusher.Close(context.WithoutCancel(ctx), to, 1011, "")
				}
				return b.Pusher.Push(ctx, to, frame)
			}
		}},
	}
}

func closeFaults() pusherFaults {
	return pusherFaults{
		{"Close: comes after what was pushed before", func(b *brokenPusher) { // Loses the last frame.
			var held []ports.Frame
			b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
				if held = append(held, frame); len(held) == 1 {
					return nil
				}
				return b.Pusher.Push(ctx, to, held[len(held)-2])
			}
		}},
		{"Close: comes after what was pushed before", func(b *brokenPusher) { // Sends the code as a message.
			b.close = func(ctx context.Context, to ports.Address, code int, reason string) error {
				_ = b.Pusher.Push(ctx, to, text(fmt.Sprint(code)))
				return b.Pusher.Close(ctx, to, code, reason)
			}
		}},
		{"Close: the client has the code and the reason", func(b *brokenPusher) {
			b.close = func(ctx context.Context, to ports.Address, _ int, reason string) error {
				return b.Pusher.Close(ctx, to, 1000, reason)
			}
		}},
		{"Close: the client has the code and the reason", func(b *brokenPusher) {
			b.close = func(ctx context.Context, to ports.Address, code int, reason string) error {
				return b.Pusher.Close(ctx, to, code, reason[:min(len(reason), 120)])
			}
		}},
		{"Close: afterwards the socket is gone", func(b *brokenPusher) {
			b.close = func(context.Context, ports.Address, int, string) error { return nil }
		}},
		{"Close: a socket that is gone is success", func(b *brokenPusher) {
			b.close = func(ctx context.Context, to ports.Address, code int, reason string) error {
				if err := b.Pusher.Push(ctx, to, text("are you there")); err != nil {
					return err
				}
				return b.Pusher.Close(ctx, to, code, reason)
			}
		}},
		{"Close: leaves the others open", func(b *brokenPusher) {
			b.close = func(ctx context.Context, _ ports.Address, code int, reason string) error {
				var errs []error
				for _, to := range b.opened {
					errs = append(errs, b.Pusher.Close(ctx, to, code, reason))
				}
				return errors.Join(errs...)
			}
		}},
		{"Close: heeds the end of its context", func(b *brokenPusher) {
			b.close = func(ctx context.Context, to ports.Address, code int, reason string) error {
				return b.Pusher.Close(context.WithoutCancel(ctx), to, code, reason)
			}
		}},
	}
}
