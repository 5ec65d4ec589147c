package redis

import (
	"context"
	"errors"

	"github.com/fanql/fanql/ports"
)

// PushAll implements ports.Batcher. What is for the sockets of one process travels
// together; nothing is tried that would be more than may be on its way to one.
func (r *router) PushAll(ctx context.Context, pushes []ports.Push) []ports.Pushed {
	const op = "Push"
	results := make([]ports.Pushed, len(pushes))
	remote := map[string]*remotePushes{}
	by := fenceFrom(ctx)
	entryOf := func(push *ports.Push, frames []ports.Frame) entry {
		return entry{kind: pushEntry, to: push.To.ID, fence: by, frames: frames}
	}
	for i := range pushes {
		switch push := &pushes[i]; {
		case push.To.Endpoint == "":
			results[i].Err = refusal(op, ports.ErrInvalid)
		case push.To.Endpoint == r.process:
		case len(push.Frames) > 0 && push.Frames[0].Len() > maxFrame:
			results[i].Err = refusal(op, ports.ErrTooLarge)
		default:
			to := remote[push.To.Endpoint]
			if to == nil {
				to = &remotePushes{}
				remote[push.To.Endpoint] = to
			}
			to.indexes = append(to.indexes, i)
			to.entries = append(to.entries, entryOf(push, together(push.Frames)))
		}
	}
	if ctx.Err() == nil {
		for endpoint, to := range remote { // first, so that they are on their way
			to.tickets = r.outbox.add(endpoint, to.entries...)
		}
	}
	for i := range pushes {
		if push := &pushes[i]; push.To.Endpoint == r.process && push.To.Endpoint != "" {
			e := entryOf(push, push.Frames)
			results[i] = r.pushHere(ctx, &e)
		}
	}
	for _, to := range remote {
		for at, i := range to.indexes {
			results[i] = r.awaitPush(ctx, to, at)
		}
	}
	return results
}

// remotePushes are those for one process, and where they are among all.
type remotePushes struct {
	indexes []int
	entries []entry
	tickets []ticket
}

// together are as many of a connection's frames as one message has; one at least.
func together(frames []ports.Frame) []ports.Frame {
	size := 0
	for i := range frames {
		if size += frames[i].Len(); i > 0 && size > messageBytes {
			return frames[:i]
		}
	}
	return frames
}

// pushHere pushes to a socket of the process's own.
func (r *router) pushHere(ctx context.Context, e *entry) ports.Pushed {
	if ctx.Err() != nil {
		return r.endedPush(ctx, e)
	}
	accepted, err := r.do(ctx, e)
	if errors.Is(err, errLeaseLost) {
		loseLease(ctx)
		return ports.Pushed{Accepted: len(e.frames)} // which the next worker pushes
	}
	return ports.Pushed{Accepted: accepted, Err: err}
}

// awaitPush returns what became of a push to another process.
func (r *router) awaitPush(ctx context.Context, to *remotePushes, at int) ports.Pushed {
	e := &to.entries[at]
	if to.tickets == nil {
		return r.endedPush(ctx, e)
	}
	if errors.Is(to.tickets[at].err, ports.ErrThrottled) {
		return ports.Pushed{} // not tried
	}
	accepted, err := r.await(ctx, "Push", to.tickets[at])
	if err == nil {
		accepted = len(e.frames) // also where the lease was lost
	}
	return ports.Pushed{Accepted: accepted, Err: err}
}

// endedPush is what became of a push whose context had ended.
func (r *router) endedPush(ctx context.Context, e *entry) ports.Pushed {
	if err := r.givenUp(ctx, "Push"); err != nil {
		return ports.Pushed{Err: err}
	}
	return ports.Pushed{Accepted: len(e.frames)}
}
