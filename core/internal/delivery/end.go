package delivery

import (
	"context"
	"slices"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// undelivered is what a client reads that lacks an event.
const undelivered = "an event could not be delivered; subscribe again"

// closedUndelivered is why the connection of a client was closed that lacks an event.
const closedUndelivered = "Events could not be delivered"

// operation is what peers know a subscriber by.
func (f *fanout) operation(to *member) peer.Operation {
	return peer.Operation{Ref: to.Ref, Address: to.Address, Dialect: wire.Of(to.Protocol), ReceivedAt: to.ReceivedAt, Endings: f.endings}
}

// hasEnded reports whether a subscriber's operation has ended since it was listed.
func (f *fanout) hasEnded(to *member) bool { return f.endings.Has(to.Ref, to.ReceivedAt) }

// fail ends a subscription with an error, so that its client knows that events
// are missing.
func (f *fanout) fail(ctx context.Context, to *member, errs ports.ResponseErrors, send sending) (outcome, error) {
	return f.end(ctx, to, wire.Of(to.Protocol).Error(string(to.Ref.ID), errs), ports.CompletedByError, send)
}

// complete ends a subscription because its topic has ended.
func (f *fanout) complete(ctx context.Context, to *member, send sending) (outcome, error) {
	return f.end(ctx, to, wire.CompleteFrame(string(to.Ref.ID)), ports.CompletedByServer, send)
}

// end sends a subscription its last frame, and removes the operation once the
// transport has accepted that. In the other order a client that cannot be reached
// for a second would wait for ever: nothing would be left that tries again. A
// client whose operation cannot be removed has its connection closed, because
// nothing may come after a last frame.
func (f *fanout) end(ctx context.Context, to *member, frame ports.Frame, reason ports.CompletionReason, send sending) (outcome, error) {
	if result, err := outcomeOf(ctx, send.end(ctx, f.operation(to), frame)); result != reached {
		return result, err
	}
	_, err := f.Peers.End(ctx, to.Ref, to.ReceivedAt, reason)
	switch {
	case err == nil && wire.Of(to.Protocol).EndsWithOperation():
		f.remove(ctx, ports.Disconnection{Address: to.Address})
		return connectionEnded, nil
	case err == nil:
		return operationEnded, nil
	}
	f.Calls.Report(ctx, "removing a subscription that has ended", err, hooks.Connection(to.Ref.Connection))
	if err := f.close(ctx, to.Address, ports.CloseTryAgainLater, closedUndelivered); err != nil {
		return lost, err
	}
	return connectionEnded, nil
}

// forget clears away a connection whose socket no longer exists, once, and those
// of its rows that led here but were not the connection's own any more: a crash
// left them behind.
func (f *fanout) forget(ctx context.Context, run []member) {
	f.counts.gone.Add(1)
	f.setGone(run[0].Ref.Connection)
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	removed, err := f.Peers.Remove(ctx, ports.Disconnection{Address: run[0].Address})
	if err != nil {
		f.Calls.Report(ctx, "removing a gone connection", err, hooks.Connection(run[0].Ref.Connection))
		return
	}
	f.clearRows(ctx, slices.DeleteFunc(refs(run), func(ref ports.OperationRef) bool {
		return slices.Contains(removed.Operations, ref)
	}))
}

// closeEnded disconnects a client whose identity has ended. One that cannot be
// closed keeps its rows, for the next event to try again.
func (f *fanout) closeEnded(ctx context.Context, run []member) {
	ended := peer.IdentityEnded()
	if err := f.close(ctx, run[0].Address, ended.Code, ended.Message); err != nil {
		f.Calls.Report(ctx, "closing a connection whose identity has ended", err, hooks.Connection(run[0].Ref.Connection))
	}
}

// close closes a connection, as long as the context allows. A row that cannot be
// removed then leads to a socket that is gone, as a later push finds.
func (f *fanout) close(ctx context.Context, address ports.Address, code int, reason string) error {
	if err := f.Peers.CloseSocket(ctx, address, code, reason); err != nil {
		return err
	}
	f.remove(ctx, ports.Disconnection{Address: address, Code: code, Reason: reason})
	return nil
}

// remove removes a connection that has ended.
func (f *fanout) remove(ctx context.Context, ended ports.Disconnection) {
	f.setGone(ended.Address.ID)
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	if _, err := f.Peers.Remove(ctx, ended); err != nil {
		f.Calls.Report(ctx, "removing a closed connection", err, hooks.Connection(ended.Address.ID))
	}
}

func (f *fanout) clearRows(ctx context.Context, rows []ports.OperationRef) {
	if len(rows) == 0 {
		return
	}
	ctx, cancel := peer.Detached(ctx)
	defer cancel()
	if err := f.Store.RemoveSubscribers(ctx, f.topic, rows); err != nil {
		f.Calls.Report(ctx, "removing stale rows", err, hooks.Connection(rows[0].Connection))
	}
}
