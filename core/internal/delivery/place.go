package delivery

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/ports"
)

// unreached is a subscriber with the first mark that it may lack. Attempt is how often
// it was not reached since it got further.
type unreached struct {
	ports.Subscriber
	from    ports.Mark
	attempt int
}

// reach notes that the subscriber has everything before a mark.
func (u *unreached) reach(mark ports.Mark) {
	if mark != (ports.Mark{}) {
		u.from, u.attempt = mark, 0
	}
}

// placeAttempts is how often a place is moved that others move at the same time.
const placeAttempts = 4

// errContested is the error of a place that others moved each time.
var errContested = &ports.Error{Op: "core.Deliver", Kind: ports.ErrConflict, Err: errors.New("the place of a subscriber moves all the time")}

// putBehind has subscribers catch up later. First the bus has the event that makes them
// do so, then they are behind: in the other order a crash in between, and a checkpoint
// of somebody else's, would leave them behind for ever. The version always rises, so
// that whoever is about to make one of them live again finds out.
//
// ErrInvalid: the bus carries no catch-ups. After any error some may be behind.
func (d *Deliverer) putBehind(ctx context.Context, topic ports.Topic, rows []unreached) error {
	if len(rows) == 0 {
		return nil
	}
	for range placeAttempts {
		for i := range rows {
			rows[i].Place.Version++
		}
		if err := d.publishCatchUp(ctx, topic, rows); err != nil {
			return err
		}
		contested, err := d.movePlaces(ctx, topic, rows)
		if err != nil || len(contested) == 0 {
			return err
		}
		if rows, err = d.readAgain(ctx, topic, contested); err != nil || len(rows) == 0 {
			return err
		}
	}
	return errContested
}

// movePlaces writes where the subscribers are, whose versions were one less. It
// returns those whose version was another.
func (d *Deliverer) movePlaces(ctx context.Context, topic ports.Topic, rows []unreached) ([]unreached, error) {
	all, moved := collection[unreached]{}, atomic.Int64{}
	peer.InParallel(d.PushConcurrency, rows, func(row unreached) {
		now := ports.Place{From: row.from, Version: row.Place.Version}
		switch err := d.Store.MovePlace(ctx, topic, row.Ref, row.ReceivedAt, now.Version-1, now); {
		case errors.Is(err, ports.ErrConflict):
			all.add(row)
		case err != nil && !errors.Is(err, ports.ErrNotFound):
			all.fail(err)
		case err == nil && row.Place.Live():
			moved.Add(1)
		}
	})
	d.Observation.Count(ctx, ports.Counts{PutBehind: int(moved.Load())})
	return all.items, all.err
}

// readAgain reads the places of subscribers that others have moved. Whoever has moved
// one may have brought the subscriber further than we know, or not as far.
func (d *Deliverer) readAgain(ctx context.Context, topic ports.Topic, rows []unreached) ([]unreached, error) {
	all := collection[unreached]{}
	peer.InParallel(d.PushConcurrency, rows, func(row unreached) {
		now, err := d.Store.GetSubscriber(ctx, topic, row.Ref)
		switch {
		case errors.Is(err, ports.ErrNotFound):
		case err != nil:
			all.fail(err)
		case now.ReceivedAt.Equal(row.ReceivedAt):
			all.add(unreached{now, earlier(row.from, now.Place), row.attempt})
		}
	})
	return all.items, all.err
}

// earlier is the first mark that is lacked from one on and at a place.
func earlier(from ports.Mark, at ports.Place) ports.Mark {
	if at.Live() {
		return from
	}
	return earlierMark(at.From, from)
}

// earlierMark is the earlier of two marks; of two epochs the first one's, which may be
// lost already.
func earlierMark(mark, other ports.Mark) ports.Mark {
	if mark.Epoch == other.Epoch && other.Position < mark.Position {
		return other
	}
	return mark
}

// splitByPlace splits a page into those who are live and those who are behind.
func splitByPlace(page []ports.Subscriber) (live, behind []ports.Subscriber) {
	for i := range page {
		if page[i].Place.Live() {
			if behind != nil {
				live = append(live, page[i])
			}
			continue
		}
		if behind == nil {
			live = append(make([]ports.Subscriber, 0, len(page)), page[:i]...)
		}
		behind = append(behind, page[i])
	}
	if behind == nil {
		return page, nil
	}
	return live, behind
}
