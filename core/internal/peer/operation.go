package peer

import (
	"context"
	"time"

	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// Operation is one operation of one client, as far as it is needed to send for it
// and to end it.
type Operation struct {
	Ref        ports.OperationRef
	Address    ports.Address
	Dialect    wire.Dialect
	ReceivedAt time.Time
	// Endings are those since before the operation was read or placed.
	Endings *Endings
	// removed: its own end is among them, and its last frames come now.
	removed bool
}

// Removed is an operation that was removed before its last frames are sent.
func (o Operation) Removed() Operation {
	o.removed = true
	return o
}

// hasEnded reports whether nothing more may be sent for the operation.
func (o *Operation) hasEnded() bool {
	if o.removed { // the client has ended it, too, or uses the ID again
		return o.Endings.of(o.Ref).After(o.ReceivedAt)
	}
	return o.Endings.Has(o.Ref, o.ReceivedAt)
}

// AnnounceEnd has this process send nothing more for the operations of a reference that
// were received no later. Done is called once they are removed: until then whoever lists
// them has to know.
func (p *Peers) AnnounceEnd(ref ports.OperationRef, receivedAt time.Time) (done func()) {
	r := p.endings.begin(ref, receivedAt)
	return func() { p.endings.finish(r) }
}

// End announces the end of an operation, removes it, and runs OnComplete, if it was
// still there.
func (p *Peers) End(ctx context.Context, ref ports.OperationRef, receivedAt time.Time, reason ports.CompletionReason) (bool, error) {
	defer p.AnnounceEnd(ref, receivedAt)()
	return p.EndAnnounced(ctx, ref, receivedAt, reason)
}

// EndAnnounced is the rest of End.
func (p *Peers) EndAnnounced(ctx context.Context, ref ports.OperationRef, receivedAt time.Time, reason ports.CompletionReason) (bool, error) {
	ctx, cancel := Detached(ctx)
	defer cancel()
	removed, err := p.Store.RemoveOperation(ctx, ref, receivedAt)
	if removed {
		p.Observation.Count(ctx, ports.Counts{Operations: -1})
		p.Calls.Complete(ctx, ref, reason)
	}
	return removed, err
}

// Fail sends the error message of an operation, after which nothing more is sent
// for its ID.
func (p *Peers) Fail(ctx context.Context, o Operation, errs ports.ResponseErrors) error {
	return p.ReplyFor(ctx, o, o.Dialect.Error(string(o.Ref.ID), errs))
}

// EndWithErrors ends an operation that may be in place with an error message, and
// removes it once the transport has accepted that. In the other order a client that
// cannot be reached for a second would wait for ever: nothing would be left that
// tries again.
func (p *Peers) EndWithErrors(ctx context.Context, o Operation, errs ports.ResponseErrors) error {
	if err := p.Fail(ctx, o, errs); err != nil {
		return err
	}
	_, err := p.End(ctx, o.Ref, o.ReceivedAt, ports.CompletedByError)
	return err
}

// TooLarge is what a client reads in place of a result that its transport cannot
// carry.
func TooLarge() ports.ResponseErrors {
	return ports.NewResponseErrors("the result is too large to be sent")
}

// Missed is what a client reads that lacks events which no history has.
func Missed() ports.ResponseErrors {
	return CannotResume("events were missed that cannot be delivered any more; subscribe again")
}

// CannotResume is what a client reads that cannot go on where it was. By the code it
// forgets its positions: with the same ones it would be refused for ever.
func CannotResume(message string) ports.ResponseErrors {
	return ports.ResponseErrors{{Message: message, Extensions: map[string]any{"code": ports.CodeMissed}}}
}

// SendFunc sends a frame of an operation: Push, PushEvent, Attempt, AttemptEvent or
// ReplyFor.
type SendFunc func(ctx context.Context, o Operation, frame ports.Frame) error

// Result sends a result. The errors are those of send; after ErrTooLarge the caller
// tries ResultInstead.
func (p *Peers) Result(ctx context.Context, o Operation, body []byte, send SendFunc) error {
	return send(ctx, o, o.Dialect.Next(string(o.Ref.ID), body))
}

// ResultInstead sends what OnTooLarge has in the place of a result that the transport
// cannot carry. ErrTooLarge: it has nothing, or the transport cannot carry that either.
// Other errors are those of send.
func (p *Peers) ResultInstead(ctx context.Context, o Operation, x *run.Execution, body []byte, send SendFunc) error {
	instead, ok := p.Calls.TooLarge(run.With(ctx, x), o.Ref, body)
	if !ok {
		return &ports.Error{Op: "core.Result", Kind: ports.ErrTooLarge}
	}
	return p.Result(ctx, o, instead, send)
}
