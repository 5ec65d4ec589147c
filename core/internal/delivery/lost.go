package delivery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// manyRefused connections, none of which accepts anything, are no longer lost by
// themselves: it is the transport that is away.
const manyRefused = 3

// lose puts a connection aside until settle.
func (f *fanout) lose(p *progress) {
	f.counts.troubled.Add(1)
	id := p.run[0].Ref.Connection
	f.mu.Lock()
	defer f.mu.Unlock()
	connection := f.lost[id]
	if connection == nil {
		connection = &lostConnection{id: id}
		f.lost[id] = connection
		f.losses = append(f.losses, connection)
	}
	connection.runs = append(connection.runs, p)
}

// settle decides what becomes of connections that are lost:
//
//	a history has the events                          their subscribers are put behind
//	none has, and the connection accepts a frame      that has the event, or else an error
//	none has, and the connection accepts no frame     it is closed
//	none has, and not even the close is accepted      put behind, to receive an error later
//	nothing was accepted, from any connection at all  left has the events delivered again
//
// Where the first few connections accept nothing, the others are not tried: a transport
// that is away as a whole comes back soon. leaveOrPutBehind has the exceptions.
func (f *fanout) settle(ctx context.Context) {
	rest := f.takeLost()
	if len(rest) == 0 || cut(ctx) != nil {
		return
	}
	if f.kept {
		f.leaveOrPutBehind(ctx, rest)
		return
	}
	settling, patience, stop := f.settling(ctx)
	defer stop()
	unsettled := collection[*lostConnection]{}
	all := func(connections []*lostConnection) {
		peer.InParallel(f.PushConcurrency, connections, func(connection *lostConnection) {
			if rest := f.settleConnection(settling, connection, patience); rest != nil {
				unsettled.add(rest)
			}
		})
	}
	few := min(manyRefused, len(rest))
	all(rest[:few])
	if rest = rest[few:]; len(unsettled.items) < few {
		all(rest)
	} else {
		unsettled.items = append(unsettled.items, rest...)
	}
	if cut(ctx) == nil {
		f.leaveOrPutBehind(ctx, unsettled.items)
	}
}

// mostPatience is how long settle waits for one frame, or for one close.
const mostPatience = 5 * time.Second

// settling is the context of settle, and how long it waits for one frame or one close.
// A part of what is left of the deadline is for all of them: some connections are
// settled first, then the others, each with an event, an error and a close at worst.
// The rest is for a checkpoint.
func (f *fanout) settling(ctx context.Context) (_ context.Context, patience time.Duration, _ context.CancelFunc) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		ctx, cancel := within(ctx, func() (time.Duration, bool) {
			deadline, bounded := ctx.Deadline()
			return deadline.Sub(f.Now()) - f.Reserve/4, bounded
		})
		return ctx, mostPatience, cancel
	}
	all := deadline.Sub(f.Now()) * 3 / 4
	ctx, cancel := context.WithTimeout(ctx, all)
	return ctx, min(all/(2*3), mostPatience), cancel
}

// leaveOrPutBehind is for connections that accepted nothing. Where no connection at all
// has accepted something, it is the transport that is away, and the events are better
// delivered again; but for a few subscribers who will find them in the history.
func (f *fanout) leaveOrPutBehind(ctx context.Context, connections []*lostConnection) {
	if len(connections) == 0 {
		return
	}
	away := f.counts.pushed.Load()+f.settled.Load() == 0
	if away && (len(connections) > manyRefused || !f.kept) {
		f.leave(connections, nil)
		return
	}
	ends := slices.DeleteFunc(slices.Clone(connections), func(c *lostConnection) bool { return !f.lacksEnd(c) })
	f.leave(ends, nil)
	connections = slices.DeleteFunc(connections, f.lacksEnd)
	ctx, stop := peer.Detached(ctx)
	defer stop()
	err := f.putBehind(ctx, f.topic, f.lacking(connections))
	switch {
	case errors.Is(err, ports.ErrInvalid): // the bus carries no catch-ups
		f.leave(connections, nil)
		return
	case err != nil:
		f.leave(connections, err)
		return
	}
	f.settled.Add(int64(len(connections)))
}

// lacksEnd reports whether all that a connection lacks is the end of a topic which no
// history has. Delivered again, that is only for those who are left.
func (f *fanout) lacksEnd(connection *lostConnection) bool {
	for _, p := range connection.runs {
		event := &f.events[p.event]
		if event.Kind != ports.EventComplete || f.keeps(event) {
			return false
		}
	}
	return true
}

// lacking are the subscribers of connections with the first event that each lacks.
func (f *fanout) lacking(connections []*lostConnection) []unreached {
	var rows []unreached
	seen := map[ports.OperationRef]int{}
	for _, connection := range connections {
		for _, p := range connection.runs {
			for i := range p.run {
				event := p.event
				if i < p.member {
					event++
				}
				if event >= min(p.end, f.count()) || p.run[i].ended {
					continue
				}
				row := unreached{Subscriber: *p.run[i].Subscriber, from: f.mark(&f.events[event])}
				if at, ok := seen[row.Ref]; ok {
					rows[at].from = earlierMark(rows[at].from, row.from)
					continue
				}
				seen[row.Ref] = len(rows)
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// takeLost are the connections that lack something that does not come again anyway.
func (f *fanout) takeLost() []*lostConnection {
	losses := slices.DeleteFunc(f.losses, func(connection *lostConnection) bool {
		connection.runs = slices.DeleteFunc(connection.runs, f.comesAgain)
		return len(connection.runs) == 0
	})
	f.losses = nil
	clear(f.lost)
	return losses
}

// settleConnection returns what the connection still lacks; nil if the transport
// accepted what it was given.
func (f *fanout) settleConnection(ctx context.Context, connection *lostConnection, patience time.Duration) *lostConnection {
	for i, p := range connection.runs {
		if i > 0 && f.isGone(connection.id) {
			f.clearRows(ctx, refs(p.run))
			continue
		}
		if f.settleRun(ctx, p, patience) == lost {
			return &lostConnection{connection.id, connection.runs[i:]}
		}
	}
	f.settled.Add(1)
	return nil
}

// settleRun is advance, but where no history has what is lost it ends operations, or
// the connection.
func (f *fanout) settleRun(ctx context.Context, p *progress, patience time.Duration) outcome {
	send := f.patiently.within(patience)
	for {
		result := f.advance(ctx, p, send)
		if result == lost && !f.keeps(&f.events[p.event]) {
			result = f.endLost(ctx, p, send, patience)
		}
		switch result {
		case operationEnded:
			p.run[p.member].ended = true
		case abandoned:
			return lost
		default:
			return result
		}
	}
}

// endLost ends the operation that lacks an event, or else its connection. That the
// end of a topic finds no slot for its frame costs nobody the connection: such an
// event is delivered again, to those who are left.
func (f *fanout) endLost(ctx context.Context, p *progress, send sending, patience time.Duration) outcome {
	to, atEnd := &p.run[p.member], f.events[p.event].Kind == ports.EventComplete
	f.counts.lost.Add(1)
	f.Calls.Report(ctx, "pushing an event", p.err, hooks.Connection(to.Ref.Connection))
	result := lost
	if !atEnd {
		result, p.err = f.fail(ctx, to, ports.NewResponseErrors(undelivered), send)
	}
	switch {
	case result == socketGone:
		f.forget(ctx, p.run)
		return result
	case result != lost || atEnd && errors.Is(p.err, ports.ErrThrottled):
		return result
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	if p.err = f.close(ctx, to.Address, ports.CloseTryAgainLater, closedUndelivered); p.err != nil {
		f.Calls.Report(ctx, "ending a subscription", p.err, hooks.Connection(to.Ref.Connection))
		return lost
	}
	return connectionEnded
}

// leave has the events that connections lack delivered again. Cause, if there is one,
// is why the subscribers could not be put behind.
func (f *fanout) leave(connections []*lostConnection, cause error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, connection := range connections {
		for _, p := range connection.runs {
			if f.left == nil {
				f.left = &leftover{p.event, p.page, cmp.Or(cause, p.err)}
				continue
			}
			f.left.event = min(f.left.event, p.event)
			if p.page.number < f.left.page.number {
				f.left.page = p.page
			}
		}
	}
}

// isAway reports whether the transport has accepted nothing on the page that was
// just pushed, nor from settle: then other pages would fare no better. Before is
// what was counted before the page.
func (f *fanout) isAway(ctx context.Context, before sums) bool {
	if f.sums().pushed > before.pushed || f.sums().troubled == before.troubled {
		return false
	}
	f.slow.wait(f.cut, f.slowPatience())
	if f.sums().pushed > before.pushed {
		return false
	}
	f.settle(ctx)
	return f.left != nil
}

// verdict says how many of the events are done with after all pages; the error is
// about the others. A transport that has accepted nothing at all is away, which is
// no failed attempt to deliver these events: they wait until it is back.
func (f *fanout) verdict() (done int, err error) {
	if f.left == nil {
		return f.count(), nil
	}
	return f.left.event, f.left.err(f.counts.pushed.Load()+f.settled.Load() == 0)
}
