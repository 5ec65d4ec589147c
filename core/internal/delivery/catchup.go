package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// chunkEvents is how many events of a history are read at a time.
const chunkEvents = 100

// catching brings subscribers who are behind up to the end of the topic's history. It
// reads chunks of the history once for all of them. So each of them must have been
// read before: who is marked between the two reads is found out by its version.
type catching struct {
	*turn
	send sending
	// atGap ends a subscriber whose events no history has.
	atGap func(ctx context.Context, f *fanout, to *member) (outcome, error)

	mu     sync.Mutex
	chunks map[ports.Mark]*chunk
}

// chunk is a part of the history on its way to those who lack it.
type chunk struct {
	read chan struct{} // closed once it is
	*fanout
	more bool
	err  error

	mu sync.Mutex // for the groups of the fan-out
}

func newCatching(t *turn, send sending) *catching {
	c := &catching{turn: t, send: send, chunks: map[ports.Mark]*chunk{}}
	c.atGap = func(ctx context.Context, f *fanout, to *member) (outcome, error) {
		return f.fail(ctx, to, peer.Missed(), send)
	}
	return c
}

// all brings several subscribers up at a time. It returns those that were not reached.
// They are still behind, and have to be put there again.
func (c *catching) all(ctx context.Context, rows []ports.Subscriber) ([]unreached, error) {
	all := collection[unreached]{}
	inParallel(c.PushConcurrency, rows, func(row ports.Subscriber) {
		rest, err := c.one(ctx, row, placeAttempts)
		switch {
		case err != nil:
			all.fail(err)
		case rest != nil:
			all.add(*rest)
		}
	})
	c.observe(ctx)
	return all.items, all.err
}

// observe counts what the chunks have come to.
func (c *catching) observe(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, chunk := range c.chunks {
		chunk.observe(ctx)
	}
}

// one brings one subscriber up to the end of the history and makes it live, unless it
// ends. It returns a subscriber who was not reached. At most so many times it begins
// anew where somebody else has moved the place meanwhile.
func (c *catching) one(ctx context.Context, to ports.Subscriber, attempts int) (*unreached, error) {
	at := to.Place
	for !c.outOfTime(ctx, c.began) {
		chunk := c.chunk(ctx, at.From)
		if chunk.err != nil && !peer.Is(chunk.err, ports.ErrGap) {
			return nil, chunk.err
		}
		switch lacks, result, err := c.push(ctx, chunk, &to); result {
		case goesOn, reached:
		case stuck, lost, abandoned:
			c.Calls.Report(ctx, "catching up", err, hooks.Connection(to.Ref.Connection))
			if lacks != (ports.Mark{}) {
				at.From = lacks
			}
			return &unreached{to, at.From}, nil
		default: // it has ended
			return nil, nil
		}
		now := ports.Place{Version: at.Version + 1}
		if chunk.more {
			now = ports.Place{From: chunk.end(), Version: at.Version} // whoever has listed it may still clear it
		}
		err := c.Store.MovePlace(ctx, c.topic, to.Ref, to.ReceivedAt, at.Version, now)
		switch {
		case peer.Is(err, ports.ErrConflict):
			return c.again(ctx, unreached{to, at.From}, attempts-1)
		case err == nil && chunk.more:
			at = now
		case peer.Is(err, ports.ErrNotFound):
			return nil, nil
		default:
			return nil, err
		}
	}
	return &unreached{to, at.From}, nil
}

// again begins anew with a subscriber whose place somebody else has moved. Who made it
// live may not have seen the events of this batch.
func (c *catching) again(ctx context.Context, row unreached, attempts int) (*unreached, error) {
	if attempts == 0 {
		return &row, nil
	}
	now, err := c.Store.GetSubscriber(ctx, c.topic, row.Ref)
	switch {
	case peer.Is(err, ports.ErrNotFound) || err == nil && !now.ReceivedAt.Equal(row.ReceivedAt):
		return nil, nil
	case err != nil:
		return nil, err
	case !now.Place.Live():
		fresh := newCatching(c.turn, c.send)
		fresh.atGap = c.atGap
		defer fresh.observe(ctx)
		return fresh.one(ctx, now, attempts)
	case len(c.events) > 0:
		return &unreached{now, c.mark(&c.events[0])}, nil
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
	found.caughtUp = true
	return found
}

// end is the mark behind the events of a chunk.
func (c *chunk) end() ports.Mark { return c.mark(&c.events[len(c.events)-1]).After() }

// push pushes a chunk to one subscriber. Lacks is the first mark that it does not get.
func (c *catching) push(ctx context.Context, chunk *chunk, to *ports.Subscriber) (lacks ports.Mark, _ outcome, _ error) {
	chunk.fanout.mu.Lock()
	_, known := chunk.gone[to.Ref.Connection]
	chunk.fanout.mu.Unlock()
	if known {
		return lacks, socketGone, nil
	}
	chunk.mu.Lock()
	run := chunk.members(ctx, []ports.Subscriber{*to})
	chunk.mu.Unlock()
	if chunk.err != nil { // a gap
		result, err := c.atGap(ctx, chunk.fanout, &run[0])
		if result == socketGone {
			chunk.forget(ctx, run)
		}
		return lacks, result, err
	}
	p := progress{run: run, page: chunk.page, end: len(chunk.events)}
	result := chunk.advance(ctx, &p, c.send)
	if p.event < len(chunk.events) {
		lacks = chunk.mark(&chunk.events[p.event])
	}
	if result == goesOn && run[0].ended {
		result = operationEnded
	}
	return lacks, result, p.err
}

// eventPatience is how long a push of a catch-up is waited for while others wait for
// the same events.
const eventPatience = 500 * time.Millisecond

// bringUp has the subscribers of a page who are behind catch up, while the others of
// the page get the events; the function that it returns waits for that. Whoever was not
// reached is put behind again: the events of the batch may have come after the history
// was read.
func (f *fanout) bringUp(ctx context.Context, behind []ports.Subscriber) (wait func()) {
	if len(behind) == 0 {
		return func() {}
	}
	var rest []unreached
	var err error
	var done sync.WaitGroup
	done.Go(func() { rest, err = newCatching(f.turn, f.once().within(eventPatience)).all(ctx, behind) })
	return func() {
		done.Wait()
		if cut(ctx) != nil {
			return
		}
		ctx, stop := afterward(ctx)
		defer stop()
		if err == nil && len(rest) > 0 {
			err = f.putBehind(ctx, f.topic, rest, 0)
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
// still behind. After an error the bus has an event that makes it catch up, or the
// error says that not even that was possible.
func (d *Deliverer) CatchUp(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (gap bool, err error) {
	ending, stop := d.Peers.WatchEndings()
	defer stop()
	to, err := d.Store.GetSubscriber(ctx, topic, ref)
	switch {
	case peer.Is(err, ports.ErrNotFound):
		return false, nil
	case err != nil:
		return false, d.later(ctx, topic, ref, err)
	case to.Place.Live():
		return false, nil
	}
	c := newCatching(&turn{Deliverer: d, topic: topic, began: d.Now(), ending: ending}, d.patiently())
	c.atGap = func(context.Context, *fanout, *member) (outcome, error) { gap = true; return operationEnded, nil }
	rest, err := c.all(ctx, []ports.Subscriber{to})
	if gap || err == nil && len(rest) == 0 {
		return gap, nil
	}
	return false, d.later(ctx, topic, ref, err)
}

// later has an operation that was placed behind catch up by an event.
func (d *Deliverer) later(ctx context.Context, topic ports.Topic, ref ports.OperationRef, cause error) error {
	ctx, stop := afterward(ctx)
	defer stop()
	if cause != nil {
		d.Calls.Report(ctx, "catching up", cause, hooks.Connection(ref.Connection))
	}
	return d.publishCatchUp(ctx, topic, []unreached{{Subscriber: ports.Subscriber{Ref: ref}}}, 0)
}

// MakeLive makes an operation that was placed behind live, although events are missing.
// ErrConflict, ErrNotFound: somebody else has moved or ended it meanwhile.
func (d *Deliverer) MakeLive(ctx context.Context, topic ports.Topic, ref ports.OperationRef, receivedAt time.Time) error {
	return d.Store.MovePlace(ctx, topic, ref, receivedAt, 0, ports.Place{Version: 1})
}
