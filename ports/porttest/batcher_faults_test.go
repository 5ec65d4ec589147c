package porttest

import (
	"context"
	"slices"

	"github.com/fanql/fanql/ports"
)

// oneByOne is what PushAll comes to where each frame is pushed.
func oneByOne(ctx context.Context, pushes []ports.Push, push func(context.Context, ports.Address, ports.Frame) error) []ports.Pushed {
	results := make([]ports.Pushed, len(pushes))
	for i, p := range pushes {
		for _, frame := range p.Frames {
			if results[i].Err = push(ctx, p.To, frame); results[i].Err != nil {
				break
			}
			results[i].Accepted++
		}
	}
	return results
}

// pushesAll breaks what PushAll is given, or what it returns.
func pushesAll(before func([]ports.Push) []ports.Push, after func([]ports.Pushed) []ports.Pushed) func(*brokenPusher) {
	return func(b *brokenPusher) {
		b.all = func(ctx context.Context, pushes []ports.Push) []ports.Pushed {
			if before != nil {
				pushes = before(slices.Clone(pushes))
			}
			results := oneByOne(ctx, pushes, b.Pusher.Push)
			if after != nil {
				results = after(results)
			}
			return results
		}
	}
}

func batcherFaults() pusherFaults {
	const (
		order = "PushAll: each client has its own, in order, and between what is pushed before and after"
		gone  = "PushAll: a client that hung up is gone, and the others have theirs"
	)
	goesOn := func(b *brokenPusher) { // Sends what comes after a frame that is refused.
		b.all = func(ctx context.Context, pushes []ports.Push) []ports.Pushed {
			results := oneByOne(ctx, pushes, b.Pusher.Push)
			for i, result := range results {
				if result.Err != nil {
					_ = b.Pusher.Push(ctx, pushes[i].To, pushes[i].Frames[len(pushes[i].Frames)-1])
				}
			}
			return results
		}
	}
	late := func(b *brokenPusher) { // Sends what comes after a frame that is refused, with the next one.
		var held []ports.Frame
		b.all = func(ctx context.Context, pushes []ports.Push) []ports.Pushed {
			results := oneByOne(ctx, pushes, b.Pusher.Push)
			held = pushes[0].Frames[results[0].Accepted+1:]
			return results
		}
		b.push = func(ctx context.Context, to ports.Address, frame ports.Frame) error {
			for _, late := range held {
				_ = b.Pusher.Push(ctx, to, late)
			}
			held = nil
			return b.Pusher.Push(ctx, to, frame)
		}
	}
	countsAll := pushesAll(nil, func(results []ports.Pushed) []ports.Pushed {
		for i := range results {
			if results[i].Err != nil {
				results[i].Accepted++
			}
		}
		return results
	})
	return pusherFaults{
		{order, pushesAll(func(pushes []ports.Push) []ports.Push { // Sends them backwards.
			for i := range pushes {
				pushes[i].Frames = slices.Clone(pushes[i].Frames)
				slices.Reverse(pushes[i].Frames)
			}
			return pushes
		}, nil)},
		{order, pushesAll(func(pushes []ports.Push) []ports.Push { // Sends all to one.
			for i := range pushes {
				pushes[i].To = pushes[0].To
			}
			return pushes
		}, nil)},
		{order, pushesAll(nil, func(results []ports.Pushed) []ports.Pushed { // Says less than it sent.
			for i := range results {
				results[i].Accepted = 1
			}
			return results
		})},
		{order, pushesAll(nil, func(results []ports.Pushed) []ports.Pushed { return results[1:] })},
		{order, func(b *brokenPusher) { // Tries nothing.
			b.all = func(_ context.Context, pushes []ports.Push) []ports.Pushed { return make([]ports.Pushed, len(pushes)) }
		}},
		{"PushAll: leaves the parts as they are", func(b *brokenPusher) { // Joins them in place.
			b.all = func(ctx context.Context, pushes []ports.Push) []ports.Pushed {
				return oneByOne(ctx, pushes, func(ctx context.Context, to ports.Address, frame ports.Frame) error {
					whole := append(append(frame.Head, frame.Payload...), frame.Tail...)
					return b.Pusher.Push(ctx, to, ports.Frame{Payload: whole})
				})
			}
		}},
		{gone, pushesAll(nil, func(results []ports.Pushed) []ports.Pushed { // One stands for all.
			for i := range results {
				results[i] = results[len(results)/2]
			}
			return results
		})},
		{gone, pushesAll(nil, func(results []ports.Pushed) []ports.Pushed { // Says nothing of it.
			for i := range results {
				results[i].Err = nil
			}
			return results
		})},
		{gone, countsAll},
		{"PushAll: nothing for nobody", pushesAll(nil, func(results []ports.Pushed) []ports.Pushed { return append(results, ports.Pushed{}) })},
		{"PushAll: heeds the end of its context, which ends nothing else", func(b *brokenPusher) {
			b.all = func(ctx context.Context, pushes []ports.Push) []ports.Pushed {
				return oneByOne(context.WithoutCancel(ctx), pushes, b.Pusher.Push)
			}
		}},
		{"PushAll: heeds the end of its context, which ends nothing else", func(b *brokenPusher) { // Ends the socket.
			b.all = func(ctx context.Context, pushes []ports.Push) []ports.Pushed {
				if ctx.Err() != nil {
					_ = b.Pusher.Close(context.WithoutCancel(ctx), pushes[0].To, 1011, "")
				}
				return oneByOne(ctx, pushes, b.Pusher.Push)
			}
		}},
		{"PushAll: of what is too large, and comes after, nothing is sent", goesOn},
		{"PushAll: of what is too large, and comes after, nothing is sent", late},
		{"PushAll: of what is too large, and comes after, nothing is sent", countsAll},
		{"PushAll: of what is throttled, and comes after, nothing is sent", late},
		{"PushAll: of what is throttled, and comes after, nothing is sent", countsAll},
	}
}
