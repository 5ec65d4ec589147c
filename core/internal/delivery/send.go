package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// Patience with slow connections. Where a history has the events, who is slow catches
// up, so that nobody else waits; least is for one push while many are slow.
const (
	slowPatience                    = 10 * time.Second
	keptPatience, leastKeptPatience = time.Second, 50 * time.Millisecond
)

// sending is how frames are sent: events wait in the pace, ends do not.
type sending struct{ event, end peer.SendFunc }

// within bounds how long a frame is waited for.
func (s sending) within(patience time.Duration) sending {
	bound := func(send peer.SendFunc) peer.SendFunc {
		return func(ctx context.Context, o peer.Operation, frame ports.Frame) error {
			ctx, stop := context.WithTimeout(ctx, patience)
			defer stop()
			return send(ctx, o, frame)
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

// outcomeOf is the outcome of a push that had this error.
func outcomeOf(ctx context.Context, err error) (outcome, error) {
	switch {
	case err == nil:
		return reached, nil
	case errors.Is(err, peer.ErrEnded):
		return operationEnded, nil
	case errors.Is(err, peer.ErrStuck) && ctx.Err() == nil:
		return stuck, err
	case errors.Is(err, ports.ErrGone):
		return socketGone, err
	case ctx.Err() != nil:
		return abandoned, err
	}
	return lost, err
}
