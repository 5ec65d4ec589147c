package delivery

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// progress is how far a window of events has got with one connection.
type progress struct {
	run []member
	// page is where the run was listed.
	page *listed
	// event and member are to be pushed next, and end is after the last event.
	event, member, end int
	pushed             int
	// err is why the push of these was not accepted.
	err error
}

// clone is a progress that may outlive the call that it was made in.
func (p *progress) clone() *progress {
	clone := *p
	return &clone
}

// sending is how frames are sent: events wait in the pace, ends do not.
type sending struct{ event, end peer.SendFunc }

// within bounds how long a frame is waited for.
func (s sending) within(patience time.Duration) sending {
	bound := func(send peer.SendFunc) peer.SendFunc {
		return func(ctx context.Context, to ports.Address, frame ports.Frame) error {
			ctx, stop := context.WithTimeout(ctx, patience)
			defer stop()
			return send(ctx, to, frame)
		}
	}
	return sending{bound(s.event), bound(s.end)}
}

// sendings are all ways of sending, made once: a connection costs no allocation for
// its own.
type sendings struct {
	// once is without another try, and patiently with all of them.
	once, patiently sending
	// The same where a history has the events; least is for while many are slow.
	leastKeptOnce, keptOnce, keptPatiently sending
}

func newSendings(peers *peer.Peers) sendings {
	once := sending{peers.AttemptEvent, peers.Attempt}
	patiently := sending{peers.PushEvent, peers.Push}
	return sendings{
		once: once, patiently: patiently, leastKeptOnce: once.within(leastKeptPatience),
		keptOnce: once.within(keptPatience), keptPatiently: patiently.within(keptPatience),
	}
}

// pushRun sends a window of events, in order, to the subscribers of one connection. A
// connection that does not accept one at once goes on by itself, so that the others
// do not wait for it. It reports false where there was no time to begin.
func (f *fanout) pushRun(ctx context.Context, run []member, w window) bool {
	if ctx.Err() != nil {
		return false
	}
	p := progress{run: run, page: f.page, event: w.begin, end: w.end}
	gone, lostBefore := f.isOut(run[0].Ref.Connection)
	switch {
	case gone:
		if w.begin == 0 { // as an earlier page found out
			f.clearRows(ctx, refs(run))
		}
		return true
	case f.Peers.HasEnded(run[0].NotAfter):
		f.closeEnded(ctx, run)
		return true
	case f.slow.join(&p):
		return true
	case lostBefore:
		f.lose(p.clone())
		return true
	}
	switch f.advance(ctx, &p, f.attempt()) {
	case stuck:
		f.pushSlowly(ctx, p.clone())
	case lost, abandoned:
		f.lose(p.clone())
	}
	return true
}

// advance goes on until everything is pushed, the socket is gone, the time is up, or
// a push is not accepted.
func (f *fanout) advance(ctx context.Context, p *progress, send sending) outcome {
	defer func() { f.counts.pushed.Add(int64(p.pushed)); p.pushed = 0 }()
	for ; p.event < min(p.end, f.count()); p.event, p.member = p.event+1, 0 {
		for ; p.member < len(p.run); p.member++ {
			to := &p.run[p.member]
			if to.ended || !f.addressed(&f.events[p.event], to.Subscriber) {
				continue
			}
			result, err := f.pushOne(ctx, p.event, to, send)
			switch result {
			case reached:
				p.pushed++
			case operationEnded:
				to.ended = true
			case socketGone:
				f.forget(ctx, p.run)
				return socketGone
			case connectionEnded, stuck, lost, abandoned:
				p.err = err
				return result
			}
		}
	}
	return goesOn
}

func refs(run []member) []ports.OperationRef {
	list := make([]ports.OperationRef, len(run))
	for i := range run {
		list[i] = run[i].Ref
	}
	return list
}

// addressed reports whether an event is for the subscriber. The end of a topic is not
// for one who came after it; but who goes on before it, from the history, meets it.
func (f *fanout) addressed(event *ports.Event, to *ports.Subscriber) bool {
	id := to.Ref.Connection
	switch {
	case len(event.Only) > 0 && !slices.Contains(event.Only, id):
		return false
	case event.Kind == ports.EventComplete && !f.caughtUp && f.cameAfter(event, to):
		return false
	}
	return !slices.Contains(event.Except, id)
}

// clockMargin is how far the clocks of publishers and gateways may be apart.
const clockMargin = time.Second

// cameAfter reports whether a subscriber came after an event was published, as far as
// their clocks tell. A time of receipt that is still to come tells nothing.
func (f *fanout) cameAfter(event *ports.Event, to *ports.Subscriber) bool {
	return !event.Time.IsZero() && to.ReceivedAt.After(event.Time.Add(clockMargin)) && !to.ReceivedAt.After(f.Now())
}

// outcome is what one push has come to.
type outcome int

const (
	goesOn outcome = iota
	// reached: the transport has accepted the event.
	reached
	// operationEnded: the operation is removed, by the client, or because the
	// transport has accepted its last frame.
	operationEnded
	// connectionEnded: the connection is closed and removed.
	connectionEnded
	// socketGone: there is no such socket any more.
	socketGone
	// stuck: not accepted; it has to be tried again.
	stuck
	// lost: not accepted, as often as it was tried.
	lost
	// abandoned: the time is up, or the delivery is cancelled.
	abandoned
)

// pushOne sends one event to one subscriber. The error is that of a push that was
// not accepted.
func (f *fanout) pushOne(ctx context.Context, index int, to *member, send sending) (outcome, error) {
	if err := ctx.Err(); err != nil {
		return abandoned, err
	}
	if f.ending.Has(to.Subscriber) {
		return operationEnded, nil
	}
	if f.events[index].Kind == ports.EventComplete {
		return f.complete(ctx, to, send)
	}
	result := to.result(ctx, index)
	switch {
	case result.Skip:
		return goesOn, nil
	case result.Rejected != nil:
		return f.fail(ctx, to, result.Rejected, send)
	}
	err := f.Peers.Result(ctx, operation(to), result.Body, send.event)
	if peer.Is(err, ports.ErrTooLarge) {
		err = f.Peers.ResultInstead(ctx, operation(to), f.execution(index, to.Subscriber), result.Body, send.event)
	}
	if peer.Is(err, ports.ErrTooLarge) {
		return f.fail(ctx, to, peer.TooLarge(), send)
	}
	return outcomeOf(ctx, err)
}

// outcomeOf is the outcome of a push that had this error.
func outcomeOf(ctx context.Context, err error) (outcome, error) {
	switch {
	case err == nil:
		return reached, nil
	case errors.Is(err, peer.ErrStuck) && ctx.Err() == nil:
		return stuck, err
	case peer.Is(err, ports.ErrGone):
		return socketGone, err
	case ctx.Err() != nil:
		return abandoned, err
	}
	return lost, err
}

// operation is what peers know a subscriber by.
func operation(to *member) peer.Operation {
	return peer.Operation{Ref: to.Ref, Address: to.Address, Dialect: wire.Of(to.Protocol), ReceivedAt: to.ReceivedAt}
}
