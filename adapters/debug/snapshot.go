package debug

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/fanql/fanql/ports"
)

// maxShown is how many topics a snapshot has.
const maxShown = 50

// Snapshot is what one process does at a moment. Rates are those of the latest minute,
// a second; totals have been counted since Began.
type Snapshot struct {
	Process string    `json:"process,omitempty"`
	Began   time.Time `json:"began"`
	Time    time.Time `json:"time"`

	// Sockets is how many sockets and streams the process holds; nil where nobody says.
	Sockets *int `json:"sockets,omitempty"`
	// Connections and Operations are those that this process has seen come, less those
	// that it has seen go. In a fleet another process may see the end of one.
	Connections int64 `json:"connections"`
	Operations  int64 `json:"operations"`

	Published      Counted `json:"published"`      // events
	PublishErrors  Counted `json:"publishErrors"`  // calls of the bus
	Delivered      Counted `json:"delivered"`      // events, repeats included
	DeliveryErrors Counted `json:"deliveryErrors"` // deliveries that are repeated
	Pushed         Counted `json:"pushed"`         // frames of events
	Executed       Counted `json:"executed"`       // executions that they cost
	Slow           Counted `json:"slow"`           // connections that did not accept an event at once
	PutBehind      Counted `json:"putBehind"`      // subscribers that are to catch up
	CaughtUp       Counted `json:"caughtUp"`       // subscribers that are live again
	Lost           Counted `json:"lost"`           // subscribers whose operation or connection ended with an error
	Gone           Counted `json:"gone"`           // connections without a socket
	Throttled      Counted `json:"throttled"`      // pushes that were refused for now
	Retried        Counted `json:"retried"`        // pushes that were repeated

	// Share is Pushed / Executed of the latest minute: how many subscribers share an
	// execution; nil where nothing was executed.
	Share *float64 `json:"share,omitempty"`
	// LagMedian and Lag99 are the 50th and the 99th percentile of the latest minute, from
	// publishing an event to the end of its delivery, in seconds; each the upper end of a
	// bucket.
	LagMedian *float64 `json:"lagMedian,omitempty"`
	Lag99     *float64 `json:"lag99,omitempty"`

	// DeadLetters is how many events the bus has given up; nil where nobody says.
	DeadLetters *int `json:"deadLetters,omitempty"`
	// DeadLettersUnknown: they could not be counted now.
	DeadLettersUnknown bool `json:"deadLettersUnknown,omitempty"`

	// Topics are those of the kept ones with most subscribers, 50 at the most.
	Topics []TopicSnapshot `json:"topics"`
	// TopicsKept is how many are kept.
	TopicsKept int `json:"topicsKept"`
}

// Counted is a number with its rate.
type Counted struct {
	Total int64 `json:"total"`
	// Rate is of the latest minute, a second, and Minute its number.
	Rate   float64 `json:"rate"`
	Minute int64   `json:"minute"`
}

// TopicSnapshot is what is known of a topic. Slow, PutBehind, CaughtUp and Lost are of the
// latest minute.
type TopicSnapshot struct {
	Topic ports.Topic `json:"topic"`
	// Subscribers are those that the latest whole delivery of this process listed.
	Subscribers int      `json:"subscribers"`
	EventRate   float64  `json:"eventRate"`
	PushRate    float64  `json:"pushRate"`
	Share       *float64 `json:"share,omitempty"`
	// Lag is that of the latest event, in seconds, and Last when it was done with.
	Lag       float64   `json:"lag"`
	Last      time.Time `json:"last"`
	Slow      int64     `json:"slow"`
	PutBehind int64     `json:"putBehind"`
	CaughtUp  int64     `json:"caughtUp"`
	Lost      int64     `json:"lost"`
}

// Snapshot is what the process does now. The context is that of Config.DeadLetters.
func (o *Observer) Snapshot(ctx context.Context) Snapshot {
	snapshot := o.counted()
	if o.config.Sockets != nil {
		sockets := o.config.Sockets()
		snapshot.Sockets = &sockets
	}
	if o.config.DeadLetters != nil {
		letters, err := o.config.DeadLetters(ctx)
		if err != nil {
			snapshot.DeadLettersUnknown = true
		} else {
			snapshot.DeadLetters = &letters
		}
	}
	return snapshot
}

func (o *Observer) counted() Snapshot {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	now := o.config.Now()
	minute := o.recent.sums(now)
	counted := func(c counter) Counted { return Counted{o.totals[c], o.recent.rate(now, minute[c]), minute[c]} }
	return Snapshot{
		Process: o.config.Process, Began: o.began, Time: now,
		Connections: o.totals[connections], Operations: o.totals[operations],
		Published: counted(published), PublishErrors: counted(publishErrors),
		Delivered: counted(delivered), DeliveryErrors: counted(deliveryErrors),
		Pushed: counted(pushed), Executed: counted(executed), Slow: counted(slow), PutBehind: counted(putBehind),
		CaughtUp: counted(caughtUp), Lost: counted(lost), Gone: counted(gone),
		Throttled: counted(throttled), Retried: counted(retried),
		Share:     share(minute[pushed], minute[executed]),
		LagMedian: o.lags.quantile(now, 0.5), Lag99: o.lags.quantile(now, 0.99),
		Topics: o.shown(now), TopicsKept: o.topics.order.Len(),
	}
}

// shown are the topics with most subscribers, and of several with as many the busiest.
func (o *Observer) shown(now time.Time) []TopicSnapshot {
	all := make([]TopicSnapshot, 0, o.topics.order.Len())
	for t := range o.topics.all {
		sums := t.recent.sums(now)
		all = append(all, TopicSnapshot{
			Topic: t.name, Subscribers: t.subscribers,
			EventRate: t.recent.rate(now, sums[topicEvents]), PushRate: t.recent.rate(now, sums[topicPushed]),
			Share: share(sums[topicPushed], sums[topicExecuted]), Lag: t.lag.Seconds(), Last: t.last,
			Slow: sums[topicSlow], PutBehind: sums[topicPutBehind], CaughtUp: sums[topicCaughtUp], Lost: sums[topicLost],
		})
	}
	slices.SortFunc(all, func(a, b TopicSnapshot) int {
		return cmp.Or(cmp.Compare(b.Subscribers, a.Subscribers), cmp.Compare(b.EventRate, a.EventRate), cmp.Compare(a.Topic, b.Topic))
	})
	return all[:min(len(all), maxShown)]
}

func share(pushed, executed int64) *float64 {
	if executed == 0 {
		return nil
	}
	quotient := float64(pushed) / float64(executed)
	return &quotient
}
