package redis

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

// busGroup is the consumer group of every stream, and its one consumer: a
// partition has one reader at a time, and each takes over what is pending from
// the one before as if it were the same.
const busGroup = "fanql"

var (
	errNoVerdict = errors.New("no verdict on the event")
	errWorkers   = errors.New("the workers that had the event ended before its verdict")
)

// partition delivers the events of one partition under one lease, from one
// goroutine.
type partition struct {
	bus     *Bus
	lease   *lease
	deliver ports.DeliverFunc
	// held are the events that were read and wait for their final verdict, in the
	// stream's order.
	held []*queued
	// next is the lowest ID that was not read.
	next string
	// delayed are the topics that wait after a failure, and until when.
	delayed map[ports.Topic]time.Time
	// wake holds a token when there may be something to read.
	wake <-chan struct{}
}

// queued is an event in its stream.
type queued struct {
	id    string
	event ports.Event
	// attempts is how many deliveries have begun, but for those that were
	// unfinished, and counted what Redis has. That is one more where an event was
	// only read.
	attempts, counted int
	// alone has the event delivered without others. It may be what ended the
	// worker that had it, and should not take them with it.
	alone bool
	// settled events have their final verdict.
	settled bool
}

func newPartition(l *lease, deliver ports.DeliverFunc, wake <-chan struct{}) *partition {
	return &partition{
		bus: l.bus, lease: l, deliver: deliver, wake: wake, next: "0-0", delayed: make(map[ports.Topic]time.Time),
	}
}

// serve delivers until stop and the delivery under way then have ended; ctx is
// for deliveries, and does not end before stop. The error is that the lease was
// lost, or that the client was closed.
func (p *partition) serve(ctx, stop context.Context) error {
	for stop.Err() == nil {
		idle, err := p.step(ctx)
		switch {
		case errors.Is(err, errLeaseLost), errors.Is(err, goredis.ErrClosed):
			return err
		case err != nil:
			p.bus.logFailure(ctx, "delivering events", err)
			pause(stop, nil, p.bus.interval())
		case idle:
			pause(stop, p.wake, p.bus.config.PollInterval)
		}
	}
	return nil
}

// pause waits for a time, or until the context ends or something wakes it.
func pause(ctx context.Context, wake <-chan struct{}, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
}

// step reads what there is and delivers what may be delivered. It is idle when
// there was neither.
func (p *partition) step(ctx context.Context) (idle bool, err error) {
	read, err := p.read(ctx)
	if err != nil {
		return false, err
	}
	batch := p.batch(time.Now())
	if len(batch) == 0 {
		return !read, nil
	}
	return false, p.deliverBatch(ctx, batch)
}

// read adds events to those that are held, and says whether there were any.
func (p *partition) read(ctx context.Context) (bool, error) {
	room := min(p.bus.config.MaxHeld-len(p.held), p.bus.config.MaxBatch)
	if room <= 0 {
		return false, nil
	}
	keys := []string{p.bus.stream(p.lease.Partition)}
	answer, err := p.lease.run(ctx, p.bus.scripts.read, keys, busGroup, room, p.next)
	if err != nil {
		return false, err
	}
	rows, _ := answer.([]any)
	for _, row := range rows {
		if err := p.hold(ctx, row); err != nil {
			return false, err
		}
	}
	return len(rows) > 0, nil
}

// hold adds one event to those that are held, unless it is hopeless.
func (p *partition) hold(ctx context.Context, row any) error {
	e, fields, err := readRow(row)
	if err != nil {
		return err
	}
	var invalid error
	e.event, invalid = decodeEvent(e.id, fields)
	e.alone = e.attempts > 0
	switch {
	case invalid != nil:
		err = p.moveToDeadLetters(ctx, e, invalid)
	case e.attempts > p.bus.config.MaxAttempts:
		err = p.moveToDeadLetters(ctx, e, errWorkers)
	default:
		p.held = append(p.held, e)
	}
	if err == nil {
		p.next, err = nextID(e.id)
	}
	return err
}

// batch picks what is to be delivered next: in order, nothing of a topic that
// waits, and nothing beside an event that is to be alone.
func (p *partition) batch(now time.Time) []*queued {
	maps.DeleteFunc(p.delayed, func(_ ports.Topic, until time.Time) bool { return !now.Before(until) })
	var batch []*queued
	passed := make(map[ports.Topic]bool)
	for _, e := range p.held {
		topic := e.event.Topic
		switch {
		case len(batch) == p.bus.config.MaxBatch:
			return batch
		case passed[topic] || !p.delayed[topic].IsZero():
		case !e.alone:
			batch = append(batch, e)
		case len(batch) == 0:
			return []*queued{e}
		default:
			passed[topic] = true
		}
	}
	return batch
}

// deliverBatch delivers events and does with each what its verdict says.
func (p *partition) deliverBatch(ctx context.Context, batch []*queued) error {
	if err := p.begin(ctx, batch); err != nil {
		return err
	}
	events := make([]ports.Event, len(batch))
	for i, e := range batch {
		events[i] = e.event
	}
	done, unfinished, failed := results(batch, p.deliver(ctx, events))
	if err := p.settle(ctx, done); err != nil {
		return err
	}
	if err := p.count(ctx, p.retry, unfinished); err != nil || ctx.Err() != nil {
		return err // What failed was cut short, and is left to the next worker.
	}
	for _, e := range failed {
		if err := p.failed(ctx, e); err != nil {
			return err
		}
	}
	p.held = slices.DeleteFunc(p.held, func(e *queued) bool { return e.settled })
	return nil
}

// failedEvent is an event with the verdict that it failed by.
type failedEvent struct {
	*queued
	verdict error
}

// results sorts the events of a delivery by their verdicts. One that is unfinished
// has not failed, and the delivery does not count.
func results(batch []*queued, verdicts []error) (done []any, unfinished []*queued, failed []failedEvent) {
	for i, e := range batch {
		verdict := errNoVerdict
		if i < len(verdicts) {
			verdict = verdicts[i]
		}
		e.alone = false // The worker is alive.
		switch {
		case verdict == nil:
			e.settled = true
			done = append(done, e.id)
		case errors.Is(verdict, ports.ErrUnfinished):
			e.attempts--
			unfinished = append(unfinished, e)
		default:
			failed = append(failed, failedEvent{e, verdict})
		}
	}
	return done, unfinished, failed
}

// begin counts the deliveries that are about to begin, so that those count which
// end the worker.
func (p *partition) begin(ctx context.Context, batch []*queued) error {
	for _, e := range batch {
		e.attempts++
	}
	err := p.count(ctx, p.lease.run, batch)
	if err != nil { // They do not begin.
		for _, e := range batch {
			e.attempts--
		}
	}
	return err
}

// runner runs a script under the lease.
type runner func(ctx context.Context, script *script, keys []string, args ...any) (any, error)

// count has Redis count the deliveries of events as the worker does.
func (p *partition) count(ctx context.Context, run runner, events []*queued) error {
	args := []any{busGroup}
	for _, e := range events {
		if e.counted != e.attempts {
			args = append(args, e.id, e.attempts)
		}
	}
	if len(args) == 1 {
		return nil
	}
	if _, err := run(ctx, p.bus.scripts.count, []string{p.bus.stream(p.lease.Partition)}, args...); err != nil {
		return err
	}
	for _, e := range events {
		e.counted = e.attempts
	}
	return nil
}

// settle takes events out of the stream that are done with.
func (p *partition) settle(ctx context.Context, ids []any) error {
	if len(ids) == 0 {
		return nil
	}
	keys := []string{p.bus.stream(p.lease.Partition)}
	_, err := p.retry(ctx, p.bus.scripts.settle, keys, append([]any{busGroup}, ids...)...)
	return err
}

// failed has the topic of an event wait, or gives the event up.
func (p *partition) failed(ctx context.Context, e failedEvent) error {
	if e.attempts >= p.bus.config.MaxAttempts {
		return p.moveToDeadLetters(ctx, e.queued, e.verdict)
	}
	until := time.Now().Add(p.bus.config.Backoff(e.attempts))
	if until.After(p.delayed[e.event.Topic]) {
		p.delayed[e.event.Topic] = until
	}
	return nil
}

// retry runs a script until there is an answer, or ctx has ended; then once
// more. An event that was delivered must not come again because Redis was away.
func (p *partition) retry(ctx context.Context, script *script, keys []string, args ...any) (any, error) {
	for {
		answer, err := p.lease.run(context.WithoutCancel(ctx), script, keys, args...)
		if err == nil || errors.Is(err, errLeaseLost) || errors.Is(err, goredis.ErrClosed) || ctx.Err() != nil {
			return answer, err
		}
		p.bus.logFailure(ctx, "settling events", err)
		pause(ctx, nil, p.bus.interval())
	}
}

// readRow takes apart what the script that reads has returned for one event.
func readRow(row any) (e *queued, fields map[string]string, err error) {
	columns, _ := row.([]any)
	if len(columns) != 4 {
		return nil, nil, errNoEvent
	}
	e = &queued{}
	e.id, _ = columns[0].(string)
	list, _ := columns[1].([]any)
	fields = make(map[string]string, len(list)/2)
	for i := 1; i < len(list); i += 2 {
		name, _ := list[i-1].(string)
		fields[name], _ = list[i].(string)
	}
	attempts, _ := columns[2].(int64)
	counted, _ := columns[3].(int64)
	e.attempts, e.counted = int(attempts), int(counted)
	return e, fields, nil
}
