package session

import (
	"context"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

// lines are the connections whose messages this process handles: what is under way
// from each, and what their later messages have to know of the earlier ones. Another
// process knows nothing of it; between processes the store decides.
type lines struct {
	mu   sync.Mutex
	byID map[ports.ConnectionID]*line
	// sweepAt is how many lines there are when the idle ones are thrown away.
	sweepAt int
	// maxPlaced bounds what is kept for each line.
	maxPlaced int
}

// line is one connection. The mutex of lines guards it.
type line struct {
	users   int
	lasting bool // the transport says when it ends: see forget
	closed  bool // the connection has ended; that never goes back
	// enders are the messages that are about to end the connection. Decided closes
	// once one of them has, or none of them is left; nil where there is none.
	enders  int
	decided chan struct{}
	// undecided closes when no message taken so far can end the connection any more,
	// or one has; nil where nothing waits.
	undecided chan struct{}
	// inits are the connection_init messages that were taken and have no answer.
	inits int
	// initAt is when the connection_init that was accepted was received.
	initAt time.Time
	// holds are the operations being prepared.
	holds map[ports.OperationID]*hold
	// placed are operations that were put in place here. Some may have ended since.
	placed map[ports.OperationID]time.Time
}

// hold is an operation ID that is taken while its operation is being prepared.
type hold struct {
	receivedAt time.Time
	stage      stage
	cause      cause
	cancel     context.CancelFunc // nil until the preparation begins
	released   chan struct{}
}

// stage is how far a held operation is.
type stage int

const (
	preparing stage = iota
	placing         // the store decides from here on
	finished
)

// cause is why a preparation was given up.
type cause int

const (
	byComplete cause = iota + 1
	byLaterStart
	byClose
	byDeadline
)

const leastLines = 1024

func newLines(maxOperations int) *lines {
	return &lines{byID: map[ports.ConnectionID]*line{}, sweepAt: leastLines, maxPlaced: maxOperations}
}

// enter counts a message that is under way. The caller holds the mutex.
func (l *lines) enter(id ports.ConnectionID) *line {
	of := l.byID[id]
	if of == nil {
		l.sweep()
		of = &line{}
		l.byID[id] = of
	}
	of.users++
	return of
}

// sweep runs whenever the number of lines has doubled. What an idle line knows is
// of use only to messages that come out of order.
func (l *lines) sweep() {
	if len(l.byID) < l.sweepAt {
		return
	}
	for id, of := range l.byID {
		if of.users == 0 && !of.lasting {
			delete(l.byID, id)
		}
	}
	l.sweepAt = max(2*len(l.byID), leastLines)
}

// forget is the end of a connection: nothing of it that is being prepared goes on.
func (l *lines) forget(id ports.ConnectionID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if of := l.byID[id]; of != nil {
		of.closed = true
		of.giveUp()
		delete(l.byID, id)
	}
}

// end is called before a message ends the connection, and the function that it
// returns afterwards, with what came of it: a connection that could not be closed
// goes on.
func (l *lines) end(id ports.ConnectionID) (ended func(error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.byID[id]
	if of == nil {
		return func(error) {}
	}
	of.giveUp()
	of.enders++
	if of.decided == nil {
		of.decided = make(chan struct{})
	}
	return func(err error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		of.enders--
		of.closed = of.closed || err == nil
		if of.decided != nil && (of.closed || of.enders == 0) {
			close(of.decided)
			of.decided = nil
		}
	}
}

// drop forgets who holds an ID. A connection that rests keeps no map for it.
func (of *line) drop(id ports.OperationID) {
	if delete(of.holds, id); len(of.holds) == 0 {
		of.holds = nil
	}
}

func (of *line) giveUp() {
	for _, held := range of.holds {
		held.giveUp(byClose)
	}
}

// isOver reports whether the connection has ended. A message that comes while another
// is about to end it waits for what becomes of that: it is handled where the connection
// could not be closed and goes on.
func (l *lines) isOver(ctx context.Context, of *line) (bool, error) {
	for {
		l.mu.Lock()
		closed, decided := of.closed, of.decided
		l.mu.Unlock()
		if closed || decided == nil {
			return closed, nil
		}
		select {
		case <-decided:
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}

// initialized notes which connection_init was accepted, before that is said.
func (l *lines) initialized(t *taken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.line.initAt = t.message.ReceivedAt
	l.initDecided(t)
}

func (l *lines) initDecided(t *taken) {
	if t.init {
		t.init = false
		t.line.inits--
	}
}

// isEarly reports whether an operation was received before connection_init had its
// answer.
func (l *lines) isEarly(t *taken) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return t.early || t.message.ReceivedAt.Before(t.line.initAt)
}

// prepare begins the preparation of a held operation; false if it has been given up
// already.
func (l *lines) prepare(held *hold, cancel context.CancelFunc) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	held.cancel = cancel
	return held.stage == preparing
}

// place ends the preparation; false if it was given up.
func (l *lines) place(held *hold) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if held.stage == finished {
		return false
	}
	held.stage = placing
	return true
}

// giveUp gives up a preparation; false if it is over.
func (l *lines) giveUp(held *hold, why cause) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return held.giveUp(why)
}

func (h *hold) giveUp(why cause) bool {
	if h.stage != preparing {
		return false
	}
	h.stage, h.cause = finished, why
	if h.cancel != nil {
		h.cancel()
	}
	return true
}

// givenUp is why a preparation was given up; 0 if it was not.
func (l *lines) givenUp(held *hold) cause {
	l.mu.Lock()
	defer l.mu.Unlock()
	return held.cause
}

// release frees the ID. It comes before the client receives the end, after which it may use
// the ID again at once.
func (l *lines) release(t *taken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.releaseLocked(t)
}

func (l *lines) releaseLocked(t *taken) {
	if t.hold == nil || t.released {
		return
	}
	t.released = true
	t.hold.stage = finished
	id := ports.OperationID(t.decoded.ID)
	if t.line.holds[id] == t.hold {
		t.line.drop(id)
	}
	close(t.hold.released)
}

// placed notes an operation that is in place, and ended one that is no more.
func (l *lines) placed(t *taken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.line.placed == nil || len(t.line.placed) >= l.maxPlaced {
		t.line.placed = map[ports.OperationID]time.Time{}
	}
	t.line.placed[ports.OperationID(t.decoded.ID)] = t.message.ReceivedAt
	l.releaseLocked(t)
}

func (l *lines) ended(t *taken) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(t.line.placed, ports.OperationID(t.decoded.ID))
}
