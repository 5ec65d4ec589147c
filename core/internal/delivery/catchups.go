package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// catchUpOrder is the payload of an EventCatchUp.
type catchUpOrder struct {
	// Attempt is how often these have been tried before.
	Attempt int          `json:"attempt,omitempty"`
	Rows    []catchUpRow `json:"rows"`
}

// catchUpRow is a subscriber with the version of its place that the event is about. A
// higher one has an event of its own.
type catchUpRow struct {
	Connection ports.ConnectionID `json:"connection"`
	Operation  ports.OperationID  `json:"operation"`
	Version    uint64             `json:"version,omitempty"`
}

// maxCatchUpRows is how many subscribers one event names.
const maxCatchUpRows = 500

// publishCatchUp publishes what makes subscribers catch up, by the versions that they
// have or are going to have.
func (d *Deliverer) publishCatchUp(ctx context.Context, topic ports.Topic, rows []unreached, attempt int) error {
	var events []ports.Event
	for len(rows) > 0 {
		some := min(len(rows), maxCatchUpRows)
		order := catchUpOrder{Attempt: attempt, Rows: make([]catchUpRow, some)}
		for i, row := range rows[:some] {
			order.Rows[i] = catchUpRow{row.Ref.Connection, row.Ref.ID, row.Place.Version}
		}
		payload, err := json.Marshal(order)
		if err != nil {
			return err
		}
		events = append(events, ports.Event{ID: d.NewID(), Topic: topic, Kind: ports.EventCatchUp, Payload: payload, Time: d.Now()})
		rows = rows[some:]
	}
	return d.Bus.Publish(ctx, events...)
}

// Attempts to catch up grow apart by what a delivery waits for at most, and each has
// less patience with a push, because the topic's other events wait as well. In the end
// only later events of the topic try again.
const (
	firstCatchUpWait, mostCatchUpWait         = 25 * time.Millisecond, 500 * time.Millisecond
	mostCatchUpPatience, leastCatchUpPatience = 2 * time.Second, 250 * time.Millisecond
	maxCatchUps                               = 1000
)

var errNeverReached = errors.New("subscribers stay behind: they were not reached as often as it was tried")

// catchUps has subscribers catch up; nobody is listed for it.
func (t *turn) catchUps(ctx context.Context, events []ports.Event) (done int, err error) {
	for i := range events {
		if t.outOfTime(ctx, t.began) {
			return i, errUnfinished
		}
		var order catchUpOrder
		if err := json.Unmarshal(events[i].Payload, &order); err != nil {
			// Of a publisher other than this engine's; delivering it again would not help.
			t.Calls.Report(ctx, "reading who is to catch up", err)
			continue
		}
		if err := t.catchUp(ctx, order, events[i].Time); err != nil {
			return i, errors.Join(err, cut(ctx))
		}
	}
	return len(events), nil
}

func (t *turn) catchUp(ctx context.Context, order catchUpOrder, published time.Time) error {
	wait := min(firstCatchUpWait<<min(order.Attempt, 10), mostCatchUpWait) - t.Now().Sub(published)
	if left, bounded := t.timeLeft(ctx, t.began); bounded {
		wait = min(wait, left/2)
	}
	if order.Attempt > 0 && wait > 0 && peer.Wait(ctx, wait) != nil {
		return errUnfinished
	}
	rows, err := t.behind(ctx, order.Rows)
	if err != nil || len(rows) == 0 {
		return err
	}
	patience := max(mostCatchUpPatience>>min(order.Attempt, 10), leastCatchUpPatience)
	rest, err := newCatching(t, t.once().within(patience)).all(ctx, rows)
	switch {
	case err != nil || len(rest) == 0:
		return err
	case cut(ctx) != nil:
		return cut(ctx)
	case order.Attempt >= maxCatchUps:
		t.Calls.Report(ctx, "catching up", errNeverReached)
		return nil
	}
	ctx, stop := afterward(ctx)
	defer stop()
	return t.putBehind(ctx, t.topic, rest, order.Attempt+1)
}

// behind reads who of the named is still to catch up.
func (t *turn) behind(ctx context.Context, named []catchUpRow) ([]ports.Subscriber, error) {
	all := collection[ports.Subscriber]{}
	inParallel(t.PushConcurrency, named, func(row catchUpRow) {
		now, err := t.Store.GetSubscriber(ctx, t.topic, ports.OperationRef{Connection: row.Connection, ID: row.Operation})
		switch {
		case peer.Is(err, ports.ErrNotFound):
		case err != nil:
			all.fail(err)
		case !now.Place.Live() && now.Place.Version <= row.Version:
			all.add(now)
		}
	})
	return all.items, all.err
}
