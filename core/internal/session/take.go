package session

import (
	"context"

	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// taken is a message from when it is taken until it is handled.
type taken struct {
	message ports.Message
	rate    excess
	// envelope is the message, unless invalid says why it is none; decoded is it as
	// the dialect has it that knows its type, if there is one.
	envelope wire.Envelope
	invalid  error
	decoded  wire.Message
	dialect  wire.Dialect

	line *line
	// before closes when no earlier message can end the connection any more; decided
	// is the same for this one. Both are nil where nothing has to wait.
	before, decided chan struct{}
	init            bool // counts in line.inits
	early           bool // a connection_init before it had no answer yet
	hold            *hold
	released        bool
	// rival is the operation received earlier that held the ID.
	rival *hold
	// known: the ID was put in place here, and may still be.
	known bool
	// ended is called once the operation that the message ends is removed; nil where it
	// ends none.
	ended func()
}

// decode reads the message as the subprotocol has it that knows its type. One about the
// engine's own operation is invalid in both.
func (t *taken) decode() {
	for _, dialect := range []wire.Dialect{wire.Modern{}, wire.Legacy{}} {
		if decoded, err := t.envelope.Decode(dialect); err == nil && ports.OperationID(decoded.ID) != identity.Operation {
			t.decoded, t.dialect = decoded, dialect
			return
		}
	}
}

// canEnd reports whether the connection may end by the message, so that those after
// it wait for its decision.
func (t *taken) canEnd() bool {
	switch t.decoded.Type {
	case wire.Ping, wire.Pong, wire.Complete, wire.Init:
		return false
	default:
		return true
	}
}

// take puts a message into its connection's line.
func (l *lines) take(t *taken, inOrder bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.line = l.enter(t.message.Address.ID)
	if inOrder {
		t.line.lasting = true
		t.before = t.line.undecided
		if t.canEnd() {
			t.decided = make(chan struct{})
			t.line.undecided = t.decided
		}
	}
	id := ports.OperationID(t.decoded.ID)
	switch t.decoded.Type {
	case wire.Init:
		t.init = true
		t.line.inits++
	case wire.Complete:
		delete(t.line.placed, id)
		if held := t.line.holds[id]; held != nil && !held.receivedAt.After(t.message.ReceivedAt) {
			held.giveUp(byComplete)
			t.line.drop(id)
		}
	case wire.Subscribe:
		t.early = t.line.inits > 0
		receivedAt, placed := t.line.placed[id]
		t.known = placed && !receivedAt.Equal(t.message.ReceivedAt) // or it is handed over again
		l.hold(t)
	}
}

// hold takes the ID for an operation, unless one has it that was received earlier.
// If it was received later, the store decides between them. The caller holds the
// mutex.
func (l *lines) hold(t *taken) {
	id := ports.OperationID(t.decoded.ID)
	rival := t.line.holds[id]
	earlier := rival != nil && rival.receivedAt.Before(t.message.ReceivedAt)
	if earlier && !t.dialect.ReplacesOperations() {
		t.rival = rival
		return
	}
	t.hold = &hold{receivedAt: t.message.ReceivedAt, released: make(chan struct{})}
	if earlier {
		rival.giveUp(byLaterStart)
	}
	if earlier || rival == nil {
		if t.line.holds == nil {
			t.line.holds = map[ports.OperationID]*hold{}
		}
		t.line.holds[id] = t.hold
	}
}

// holdAfter takes the ID once its rival has released it.
func (l *lines) holdAfter(t *taken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.rival = nil
	l.hold(t)
}

// decide says that the message does not end the connection, or has done so.
func (l *lines) decide(t *taken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.decideLocked(t)
}

func (l *lines) decideLocked(t *taken) {
	if t.decided == nil {
		return
	}
	close(t.decided)
	if t.line.undecided == t.decided {
		t.line.undecided = nil
	}
	t.decided = nil
}

// leave is the end of what take began.
func (l *lines) leave(t *taken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.decideLocked(t)
	l.releaseLocked(t)
	l.initDecided(t)
	t.line.users--
}

// await waits until no earlier message can end the connection any more.
func (t *taken) await(ctx context.Context) error {
	if t.before == nil {
		return nil
	}
	select {
	case <-t.before:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
