package delivery

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// chunkEvents is how many events of a history are read at a time, and maxChunks how
// many such readings are kept for others.
const chunkEvents, maxChunks = 100, 4

// catching brings subscribers who are behind up to the end of the topic's history. It
// reads each chunk of the history once for all of them, and the rows of all of them were
// read before. So an event that a chunk lacks came after the rows were read. Whoever
// delivers that event finds the subscriber behind, and gives its place another version.
// Then the move here, which names the version of the row, is a conflict.
type catching struct {
	*turn
	send sending
	// budget is how long all pushes may take, if not 0, from the first reading on: the
	// topic's other events wait.
	budget time.Duration
	// yields: whoever moves a place meanwhile has the subscriber catch up.
	yields bool
	// atGap ends a subscriber whose events no history has.
	atGap func(ctx context.Context, f *fanout, to *member) (outcome, error)

	counts counts

	mu     sync.Mutex
	chunks map[ports.Mark]*chunk
	// until is when the budget ends; zero before the first reading.
	until time.Time
}

// chunk is a part of the history on its way to those who lack it.
type chunk struct {
	read chan struct{} // closed once it is
	*fanout
	more bool
	err  error

	mu sync.Mutex // for the groups of the fan-out
}

func newCatching(t *turn, send sending, budget time.Duration) *catching {
	c := &catching{turn: t, send: send, budget: budget, chunks: map[ports.Mark]*chunk{}}
	c.atGap = func(ctx context.Context, f *fanout, to *member) (outcome, error) {
		return f.fail(ctx, to, peer.Missed(), send)
	}
	return c
}

// all brings several subscribers up at a time. It returns those that were not reached,
// or for whom there was no time. They are still behind, and have to be put there again.
func (c *catching) all(ctx context.Context, rows []ports.Subscriber) ([]unreached, error) {
	all := collection[unreached]{}
	peer.InParallel(c.PushConcurrency, rows, func(row ports.Subscriber) {
		rest, err := c.one(ctx, row, placeAttempts)
		switch {
		case err != nil:
			all.fail(err)
		case rest != nil:
			all.add(*rest)
		}
	})
	c.counts.observe(ctx, c.Observation)
	return all.items, all.err
}

// pushing is the context of all pushes: what is under way when their time is up is cut.
// Ends is when that is, by the clock of Now; zero where nothing bounds it.
func (c *catching) pushing(ctx context.Context) (_ context.Context, ends time.Time, _ context.CancelFunc) {
	left, bounded := c.timeLeft(ctx, c.began)
	if c.budget > 0 {
		c.mu.Lock()
		now := c.Now()
		if c.until.IsZero() {
			c.until = now.Add(c.budget)
		}
		if budget := c.until.Sub(now); !bounded || budget < left {
			left, bounded = budget, true
		}
		c.mu.Unlock()
	}
	if !bounded {
		ctx, stop := context.WithCancel(ctx)
		return ctx, ends, stop
	}
	ctx, stop := context.WithTimeout(ctx, left)
	return ctx, c.Now().Add(left), stop
}

// isOver reports whether there is no time for another subscriber.
func (c *catching) isOver(ctx context.Context) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.outOfTime(ctx, c.began) || !c.until.IsZero() && !c.Now().Before(c.until)
}

// one brings one subscriber up to the end of the history and makes it live, unless it
// ends. It returns a subscriber who was not reached. At most so many times it begins
// anew where somebody else has moved the place meanwhile.
func (c *catching) one(ctx context.Context, to ports.Subscriber, attempts int) (*unreached, error) {
	rest := &unreached{Subscriber: to, from: to.Place.From}
	if c.Peers.HasEnded(to.NotAfter) {
		return c.closeEnded(ctx, rest), nil
	}
	for !c.isOver(ctx) {
		chunk := c.chunk(ctx, rest.from)
		if chunk.err != nil && !errors.Is(chunk.err, ports.ErrGap) {
			return nil, chunk.err
		}
		pushing, ends, stop := c.pushing(ctx)
		reached, result, err := c.push(pushing, ends, chunk, &to)
		stop()
		rest.reach(reached)
		switch result {
		case goesOn:
		case stuck, lost:
			c.Calls.Report(ctx, "catching up", err, hooks.Connection(to.Ref.Connection))
			return rest, nil
		case abandoned:
			return rest, nil
		default: // it has ended
			return nil, nil
		}
		if behind, left, err := c.move(ctx, rest, chunk.more, attempts); !behind {
			return left, err
		}
	}
	return rest, nil
}

// move notes in the store how far a subscriber was brought: to a later mark where the
// history has more, or else to its end, and it is live. Behind reports that it goes on
// from that mark; what is returned besides is what one returns if it does not.
func (c *catching) move(ctx context.Context, row *unreached, more bool, attempts int) (behind bool, _ *unreached, _ error) {
	version := row.Place.Version
	now := ports.Place{Version: version + 1}
	if more {
		now = ports.Place{From: row.from, Version: version} // whoever has listed it may still clear it
	}
	err := c.Store.MovePlace(ctx, c.topic, row.Ref, row.ReceivedAt, version, now)
	switch {
	case err == nil && more:
		return true, nil, nil
	case err == nil:
		c.Observation.Count(ctx, ports.Counts{CaughtUp: 1})
		return false, nil, nil
	case errors.Is(err, ports.ErrConflict):
		rest, err := c.again(ctx, row, attempts-1)
		return false, rest, err
	case errors.Is(err, ports.ErrNotFound):
		return false, nil, nil
	}
	return false, nil, err
}

// closeEnded disconnects a client whose identity has ended while it was behind.
func (c *catching) closeEnded(ctx context.Context, row *unreached) *unreached {
	if err := c.Peers.CloseEnded(ctx, row.Address); err != nil {
		c.Calls.Report(ctx, "closing a connection whose identity has ended", err, hooks.Connection(row.Ref.Connection))
		return row
	}
	return nil
}

// again begins anew with a subscriber whose place somebody else has moved. Who made it
// live may not have seen the events of this batch. Who put it behind does not know how
// far it was brought here.
func (c *catching) again(ctx context.Context, row *unreached, attempts int) (*unreached, error) {
	switch {
	case c.yields:
		return nil, nil
	case attempts == 0:
		return row, nil
	}
	now, err := c.Store.GetSubscriber(ctx, c.topic, row.Ref)
	switch {
	case errors.Is(err, ports.ErrNotFound) || err == nil && !now.ReceivedAt.Equal(row.ReceivedAt):
		return nil, nil
	case err != nil:
		return nil, err
	case !now.Place.Live():
		if now.Place.From.Epoch == row.from.Epoch && now.Place.From.Position < row.from.Position {
			now.Place.From = row.from
		}
		fresh := newCatching(c.turn, c.send, c.budget)
		c.mu.Lock()
		fresh.atGap, fresh.until = c.atGap, c.until
		c.mu.Unlock()
		defer func() { fresh.counts.observe(ctx, c.Observation) }()
		rest, err := fresh.one(ctx, now, attempts)
		if rest != nil {
			rest.attempt = row.attempt
		}
		return rest, err
	case len(c.events) > 0:
		return &unreached{Subscriber: now, from: c.mark(&c.events[0])}, nil
	}
	return nil, nil
}

// chunk reads a part of the history once.
func (c *catching) chunk(ctx context.Context, from ports.Mark) *chunk {
	c.mu.Lock()
	found := c.chunks[from]
	if found != nil {
		c.mu.Unlock()
		<-found.read
		return found
	}
	if len(c.chunks) == maxChunks {
		clear(c.chunks) // whoever comes later reads it again
	}
	found = &chunk{read: make(chan struct{})}
	c.chunks[from] = found
	c.mu.Unlock()
	defer close(found.read)
	t := *c.turn
	t.epoch, t.events = from.Epoch, nil
	if found.err = ports.ErrGap; c.History != nil && from.Epoch != "" {
		t.events, found.more, found.err = c.History.Read(ctx, c.topic, from, chunkEvents)
	}
	found.fanout = newFanout(&t, 0, len(t.events))
	found.caughtUp, found.counts = true, &c.counts
	return found
}

// push pushes a chunk to one subscriber. Reached is the mark up to which it has
// everything then.
func (c *catching) push(pushing context.Context, ends time.Time, chunk *chunk, to *ports.Subscriber) (reached ports.Mark, _ outcome, _ error) {
	if chunk.isGone(to.Ref.Connection) { // as another of its operations found out
		chunk.clearRows(pushing, []ports.OperationRef{to.Ref})
		return reached, socketGone, nil
	}
	chunk.mu.Lock()
	run := chunk.members(pushing, []ports.Subscriber{*to})
	chunk.mu.Unlock()
	if chunk.err != nil { // a gap
		result, err := c.atGap(pushing, chunk.fanout, &run[0])
		if result == socketGone {
			chunk.forget(pushing, run)
		}
		return reached, result, err
	}
	p := progress{run: run, page: chunk.page}
	for took := time.Duration(0); p.event < len(chunk.events); {
		// A push that takes as long as the last one must have the time.
		if err := pushing.Err(); err != nil || !ends.IsZero() && ends.Sub(c.Now()) <= took {
			return reached, abandoned, err
		}
		began := c.Now()
		p.end = p.event + 1
		if result := chunk.advance(pushing, &p, c.send); result != goesOn {
			return reached, result, p.err
		}
		if run[0].ended {
			return reached, operationEnded, nil
		}
		took = c.Now().Sub(began)
		reached = chunk.mark(&chunk.events[p.end-1]).After()
	}
	return reached, goesOn, nil
}

// bringUpBudget is how long the subscribers of a page who are behind may hold up the
// batch. Where one has just subscribed, the handler of its message is likely to be at it.
const bringUpBudget, handlerTime = 250 * time.Millisecond, 2 * time.Second

// bringUp has the subscribers of a page who are behind catch up, while the others of
// the page get the events; the function that it returns waits for that. Whoever was not
// reached is put behind again: the events of the batch may have come after the history
// was read.
func (f *fanout) bringUp(ctx context.Context, behind []ports.Subscriber) (wait func()) {
	if len(behind) == 0 {
		return func() {}
	}
	var fresh, rest []unreached
	var err error
	var done sync.WaitGroup
	old := slices.DeleteFunc(slices.Clone(behind), func(row ports.Subscriber) bool {
		isFresh := f.Now().Sub(row.ReceivedAt) < handlerTime
		if isFresh {
			fresh = append(fresh, unreached{Subscriber: row, from: row.Place.From})
		}
		return isFresh
	})
	done.Go(func() { rest, err = newCatching(f.turn, f.once, bringUpBudget).all(ctx, old) })
	return func() {
		done.Wait()
		if cut(ctx) != nil {
			return
		}
		ctx, stop := peer.Detached(ctx)
		defer stop()
		if rest = append(rest, fresh...); err == nil && len(rest) > 0 {
			err = f.putBehind(ctx, f.topic, rest)
		}
		if err != nil {
			f.leavePage(err)
		}
	}
}

// leavePage has all events delivered again, from this page on.
func (f *fanout) leavePage(cause error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == nil || f.left.page.number > f.page.number {
		f.left = &leftover{page: f.page, cause: cause}
	}
	f.left.event = 0
}

// CatchUp brings one operation up to the end of a topic's history, where it has just
// been placed behind. Gap: the history does not have all that it lacks; then it is
// still behind. Where it could not be brought up, the bus has an event that makes it
// catch up; the error says that not even that was possible.
func (d *Deliverer) CatchUp(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (gap bool, err error) {
	endings := d.Peers.Endings()
	to, err := d.Store.GetSubscriber(ctx, topic, ref)
	switch {
	case errors.Is(err, ports.ErrNotFound):
		return false, nil
	case err != nil:
		return false, d.later(ctx, topic, ref, err)
	case to.Place.Live():
		return false, nil
	}
	c := newCatching(&turn{Deliverer: d, topic: topic, began: d.Now(), endings: endings}, d.patiently, 0)
	c.yields = true // a delivery that has met it meanwhile goes on
	c.atGap = func(context.Context, *fanout, *member) (outcome, error) { gap = true; return operationEnded, nil }
	rest, err := c.all(ctx, []ports.Subscriber{to})
	switch {
	case gap || err == nil && len(rest) == 0:
		return gap, nil
	case err == nil:
		ctx, stop := peer.Detached(ctx)
		defer stop()
		err = d.putBehind(ctx, topic, rest)
	}
	if err == nil {
		return false, nil
	}
	return false, d.later(ctx, topic, ref, err)
}

// later has an operation that was placed behind catch up by an event. That the time is up
// or the client has left is no failure.
func (d *Deliverer) later(ctx context.Context, topic ports.Topic, ref ports.OperationRef, cause error) error {
	if ctx.Err() == nil {
		d.Calls.Report(ctx, "catching up", cause, hooks.Connection(ref.Connection))
	}
	ctx, stop := peer.Detached(ctx)
	defer stop()
	return d.publishCatchUp(ctx, topic, []unreached{{Subscriber: ports.Subscriber{Ref: ref}}})
}
