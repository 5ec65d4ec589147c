package delivery

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// mostTogether is about how many frames one call of the transport has: so many are in
// memory for a delivery, and leave together.
const mostTogether = 1024

// mostBytesTogether is about how many bytes of results they have: strangers choose how
// large a result is, and that nobody shares it. What is more leaves frame by frame.
const mostBytesTogether = 8 << 20

// pushTogether is pushWindow where the transport takes the frames of many connections in
// one call. What is more than a frame, such as the end of an operation, and what the
// transport does not accept, goes on as anywhere else.
func (f *fanout) pushTogether(ctx context.Context, runs [][]member, w window) bool {
	for some := range slices.Chunk(runs, max(1, mostTogether/(w.end-w.begin))) {
		if ctx.Err() != nil || !f.pushSome(ctx, some, w) {
			return false
		}
	}
	return true
}

// gathering is a progress with the frames that come next.
type gathering struct {
	progress
	takes  bool
	frames []ports.Frame
	// spots are where the frames are, and next where the first is that is not among them.
	spots  []spot
	next   spot
	result ports.Pushed
}

// spot is an event and a member of a run.
type spot struct{ event, member int }

// pushSome reports false where the time was up before everybody had a frame.
func (f *fanout) pushSome(ctx context.Context, runs [][]member, w window) bool {
	all := f.gatherings(runs, w)
	var size atomic.Int64
	peer.InParallel(f.PushConcurrency, all, func(g *gathering) {
		if g.takes = f.takes(ctx, &g.progress); g.takes {
			f.gather(ctx, g, &size)
		}
	})
	all = slices.DeleteFunc(all, func(g *gathering) bool { return !g.takes })
	f.pushAll(ctx, all)
	var late atomic.Bool
	peer.InParallel(f.PushConcurrency, all, func(g *gathering) {
		if g.result.Accepted == 0 && ctx.Err() != nil {
			late.Store(true)
			return
		}
		f.finishTogether(ctx, g)
	})
	return !late.Load()
}

// gatherings begin empty, with room for all frames of all runs.
func (f *fanout) gatherings(runs [][]member, w window) []*gathering {
	most := 0
	for _, run := range runs {
		most += len(run) * (w.end - w.begin)
	}
	frames, spots := make([]ports.Frame, most), make([]spot, most)
	gatherings, all := make([]gathering, len(runs)), make([]*gathering, len(runs))
	for i, run := range runs {
		n := len(run) * (w.end - w.begin)
		gatherings[i] = gathering{
			progress: progress{run: run, page: f.page, event: w.begin, end: w.end}, frames: frames[:0:n], spots: spots[:0:n],
		}
		all[i], frames, spots = &gatherings[i], frames[n:], spots[n:]
	}
	return all
}

// gather makes the frames of a run, up to something that is more than a frame, or too
// much with what else is gathered.
func (f *fanout) gather(ctx context.Context, g *gathering, size *atomic.Int64) {
	end := min(g.end, f.count())
	for event := g.event; event < end; event++ {
		for i := range g.run {
			to := &g.run[i]
			if to.ended || !f.addressed(&f.events[event], to.Subscriber) {
				continue
			}
			g.next = spot{event, i}
			if f.events[event].Kind == ports.EventComplete || f.hasEnded(to) || ctx.Err() != nil || size.Load() > mostBytesTogether {
				return
			}
			result := f.result(ctx, event, to)
			switch {
			case result.Skip:
				continue
			case result.Rejected != nil:
				return
			}
			size.Add(int64(len(result.Body)))
			g.frames = append(g.frames, wire.Of(to.Protocol).Next(string(to.Ref.ID), result.Body))
			g.spots = append(g.spots, g.next)
		}
	}
	g.next = spot{event: end}
}

// pushAll sends what was gathered, but for operations that have ended meanwhile.
func (f *fanout) pushAll(ctx context.Context, all []*gathering) {
	var with []*gathering
	var pushes []ports.Push
	for _, g := range all {
		for i, at := range g.spots {
			if f.hasEnded(&g.run[at.member]) {
				g.frames, g.spots, g.next = g.frames[:i], g.spots[:i], at
				break
			}
		}
		if len(g.frames) > 0 {
			with = append(with, g)
			pushes = append(pushes, ports.Push{To: g.run[0].Address, Frames: g.frames})
		}
	}
	if len(pushes) == 0 {
		return
	}
	if f.kept {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, f.keptPatience())
		defer stop()
	}
	for i, result := range f.Peers.AttemptAll(ctx, pushes) {
		with[i].result = result
	}
}

// keptPatience is how long a push may take whose event a history has.
func (f *fanout) keptPatience() time.Duration {
	if f.slow.full() {
		return leastKeptPatience
	}
	return keptPatience
}

// finishTogether goes on after what the transport has accepted.
func (f *fanout) finishTogether(ctx context.Context, g *gathering) {
	p, at := &g.progress, g.next
	if g.result.Accepted < len(g.spots) {
		at = g.spots[g.result.Accepted]
	}
	p.event, p.member = at.event, at.member
	f.counts.pushed.Add(int64(g.result.Accepted))
	if g.result.Err == nil || errors.Is(g.result.Err, ports.ErrTooLarge) {
		f.goOn(ctx, p, f.advance(ctx, p, f.attempt()))
		return
	}
	result, err := outcomeOf(ctx, g.result.Err)
	if result == socketGone {
		f.forget(ctx, p.run)
		return
	}
	p.err = err
	f.goOn(ctx, p, result)
}
