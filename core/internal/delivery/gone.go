package delivery

import (
	"context"
	"slices"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

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

func (f *fanout) setGone(id ports.ConnectionID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone[id] = true
}

func (f *fanout) isGone(id ports.ConnectionID) bool {
	gone, _ := f.isOut(id)
	return gone
}

// isOut reports whether a connection is gone or lost.
func (f *fanout) isOut(id ports.ConnectionID) (gone, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gone[id], f.lost[id] != nil
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
