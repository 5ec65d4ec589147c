package delivery

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/fanql/fanql/core/internal/peer"
)

// pushWindow delivers a window of events to several connections at a time, but to
// each connection by one worker: that keeps its frames in order. It reports whether
// there was time for everybody.
func (f *fanout) pushWindow(ctx context.Context, runs [][]member, w window) bool {
	if f.Peers.TakesAll() {
		return f.pushTogether(ctx, runs, w)
	}
	var late atomic.Bool
	peer.InParallel(f.PushConcurrency, runs, func(run []member) {
		if !f.pushRun(ctx, run, w) {
			late.Store(true)
		}
	})
	return !late.Load()
}

// pushRun sends a window of events, in order, to the subscribers of one connection. A
// connection that does not accept one at once goes on by itself, so that the others
// do not wait for it. It reports false where there was no time to begin.
func (f *fanout) pushRun(ctx context.Context, run []member, w window) bool {
	if ctx.Err() != nil {
		return false
	}
	p := progress{run: run, page: f.page, event: w.begin, end: w.end}
	if f.takes(ctx, &p) {
		f.goOn(ctx, &p, f.advance(ctx, &p, f.attempt()))
	}
	return true
}

// takes reports whether a connection is there to be pushed a window of events. If it is
// not, nothing is left to do.
func (f *fanout) takes(ctx context.Context, p *progress) bool {
	gone, lostBefore := f.isOut(p.run[0].Ref.Connection)
	switch {
	case gone:
		if p.event == 0 { // as an earlier page found out
			f.clearRows(ctx, refs(p.run))
		}
	case f.Peers.HasEnded(p.run[0].NotAfter):
		f.closeEnded(ctx, p.run)
	case f.slow.join(p):
	case lostBefore:
		f.lose(p.clone())
	default:
		return true
	}
	return false
}

// goOn does what is left to do after an outcome of advance.
func (f *fanout) goOn(ctx context.Context, p *progress, result outcome) {
	switch result {
	case stuck:
		f.pushSlowly(ctx, p.clone())
	case lost, abandoned:
		f.lose(p.clone())
	}
}

// attempt is once, but where a history has the events it does not wait for long.
func (f *fanout) attempt() sending {
	switch {
	case !f.kept:
		return f.once
	case f.slow.full():
		return f.leastKeptOnce
	}
	return f.keptOnce
}

// pushSlowly goes on with a connection that is stuck. When there are too many of
// them, it is not one slow client but a slow transport, and the caller waits too,
// unless the connection can catch up.
func (f *fanout) pushSlowly(ctx context.Context, p *progress) {
	id := p.run[0].Ref.Connection
	f.counts.troubled.Add(1)
	if !f.slow.begin(id) {
		if f.kept {
			f.lose(p)
		} else {
			f.advanceOrLose(ctx, p)
		}
		return
	}
	f.slow.running.Go(func() {
		for ; p != nil; p = f.slow.next(id) {
			f.advanceOrLose(ctx, p)
		}
	})
}

// advanceOrLose advances with retries. What a connection gets after it is gone or
// lost is not pushed.
func (f *fanout) advanceOrLose(ctx context.Context, p *progress) {
	gone, lostBefore := f.isOut(p.run[0].Ref.Connection)
	switch {
	case gone:
		if p.event == 0 {
			f.clearRows(ctx, refs(p.run))
		}
		return
	case lostBefore:
		f.lose(p)
		return
	}
	send := f.patiently
	if f.kept {
		send = f.keptPatiently
	}
	switch f.advance(ctx, p, send) {
	case lost, abandoned:
		f.lose(p)
	}
}

// slowPatience is how long a delivery that is through with all others waits for slow
// connections.
func (f *fanout) slowPatience() time.Duration {
	if f.kept {
		return keptPatience
	}
	return slowPatience
}
