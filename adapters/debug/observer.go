package debug

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

// Config is what an Observer is made of. Every zero field stands for its default.
type Config struct {
	// Process is the name of the process on the page. Default: none.
	Process string
	// Next receives all that the Observer does, for traces and metrics. Default: nobody.
	Next ports.Observer
	// Sockets is how many sockets and streams the process holds. Default: it is not
	// shown.
	Sockets func() int
	// DeadLetters is how many events the bus has given up. It is asked for each page.
	// Default: it is not shown.
	DeadLetters func(context.Context) (int, error)
	// MaxTopics is how many topics are kept: those with the latest events. Default:
	// 1,000.
	MaxTopics int
	// Now is the time. Default: time.Now.
	Now func() time.Time
}

// Observer adds up what it observes. It may be used concurrently.
type Observer struct {
	config Config

	mutex  sync.Mutex
	began  time.Time
	totals [counters]int64
	recent ring
	lags   histogram
	topics topics
}

var _ ports.Observer = (*Observer)(nil)

// New returns an observer. ErrInvalid: Config.MaxTopics is negative, or
// Config.Next a nil pointer.
func New(config Config) (*Observer, error) {
	if config.MaxTopics < 0 {
		return nil, &ports.Error{Op: "debug.New", Kind: ports.ErrInvalid, Err: errors.New("debug.Config.MaxTopics must not be negative")}
	}
	if ports.IsNilPointer(config.Next) {
		return nil, &ports.Error{Op: "debug.New", Kind: ports.ErrInvalid, Err: errors.New("debug.Config.Next is a nil pointer: leave it out, or set one that was made")}
	}
	config.MaxTopics = cmp.Or(config.MaxTopics, 1000)
	if config.Now == nil {
		config.Now = time.Now
	}
	began := config.Now()
	return &Observer{
		config: config, began: began, recent: newRing(began, int(counters)),
		lags: newHistogram(began), topics: newTopics(config.MaxTopics),
	}, nil
}

// counter is one of the numbers that are kept.
type counter int

const (
	connections counter = iota
	operations
	published
	publishErrors
	delivered
	deliveryErrors
	pushed
	executed
	gone
	lost
	slow
	putBehind
	caughtUp
	throttled
	retried
	waited // in microseconds
	counters
)

// delivery is what the counts within one delivery belong to.
type delivery struct {
	topic ports.Topic
	// listed are the subscribers of its latest fan-out, lags how many of its events are
	// done with.
	listed, lags int
}

type deliveryKey struct{}

// Begin counts what publishing and delivering come to; of other steps it keeps nothing.
func (o *Observer) Begin(ctx context.Context, step ports.Step) (context.Context, func(error)) {
	end := func(error) {}
	if o.config.Next != nil {
		ctx, end = o.config.Next.Begin(ctx, step)
	}
	switch step.Name {
	case ports.StepPublish:
		return ctx, func(err error) {
			o.published(step, err)
			end(err)
		}
	case ports.StepDeliver:
		d := &delivery{topic: step.Topic}
		return context.WithValue(ctx, deliveryKey{}, d), func(err error) {
			o.delivered(d, step, err)
			end(err)
		}
	}
	return ctx, end
}

func (o *Observer) published(step ports.Step, err error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if err != nil {
		o.add(publishErrors, 1)
		return
	}
	o.add(published, step.Events)
}

func (o *Observer) delivered(d *delivery, step ports.Step, err error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if err != nil && !expected(err) {
		o.add(deliveryErrors, 1)
	}
	o.add(delivered, step.Events)
	if d.lags > 0 && err == nil { // somebody was listed: it was no delivery to those alone who catch up
		o.topics.of(d.topic, o.config.Now()).subscribers = d.listed
	}
}

// expected reports whether a delivery goes on elsewhere, or later.
func expected(err error) bool {
	return errors.Is(err, ports.ErrUnfinished) || errors.Is(err, ports.ErrCancelled) || errors.Is(err, context.Canceled)
}

// Trace returns that of Config.Next.
func (o *Observer) Trace(ctx context.Context) map[string]string {
	if o.config.Next == nil {
		return nil
	}
	return o.config.Next.Trace(ctx)
}

// Count adds up.
func (o *Observer) Count(ctx context.Context, counts ports.Counts) {
	if o.config.Next != nil {
		o.config.Next.Count(ctx, counts)
	}
	d, _ := ctx.Value(deliveryKey{}).(*delivery)
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for counter, n := range map[counter]int{
		connections: counts.Connections, operations: counts.Operations, pushed: counts.Pushed, executed: counts.Executed,
		gone: counts.Gone, lost: counts.Lost, slow: counts.Slow, putBehind: counts.PutBehind, caughtUp: counts.CaughtUp,
		throttled: counts.Throttled, retried: counts.Retried, waited: int(counts.Waited.Microseconds()),
	} {
		if n != 0 {
			o.add(counter, n)
		}
	}
	now := o.config.Now()
	for _, lag := range counts.Lags {
		o.lags.add(now, lag)
	}
	if d != nil {
		o.countTopic(d, counts, now)
	}
}

// countTopic adds up for the topic that is delivered.
func (o *Observer) countTopic(d *delivery, counts ports.Counts, now time.Time) {
	if counts.Listed > 0 {
		d.listed = counts.Listed
	}
	d.lags += len(counts.Lags)
	if len(counts.Lags)+counts.Pushed+counts.Slow+counts.PutBehind+counts.CaughtUp+counts.Lost == 0 {
		return
	}
	topic := o.topics.of(d.topic, now)
	for i, n := range [topicCounters]int{
		topicEvents: len(counts.Lags), topicPushed: counts.Pushed, topicExecuted: counts.Executed, topicSlow: counts.Slow,
		topicPutBehind: counts.PutBehind, topicCaughtUp: counts.CaughtUp, topicLost: counts.Lost,
	} {
		topic.recent.add(now, i, int64(n))
	}
	for _, lag := range counts.Lags {
		topic.lag, topic.last = lag, now
	}
}

// add needs the mutex.
func (o *Observer) add(counter counter, n int) {
	o.totals[counter] += int64(n)
	o.recent.add(o.config.Now(), int(counter), int64(n))
}
