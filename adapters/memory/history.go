package memory

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

var _ ports.History = (*History)(nil)

// idleLife is how long a history without events is kept at least, so that a mark of
// it still says that there is no gap.
const idleLife = 24 * time.Hour

// History keeps the latest events of topics in memory. It implements ports.History
// and may be used by many goroutines at once.
//
// The age of an event counts from its Append, by Config.Now, and the retention of the
// last event that was appended is that of the whole topic. A history that nobody
// appends to or asks for its Head is dropped when all of its events have aged and
// then as much time again has passed, or a day if that is longer. What has aged frees
// its memory in the next call of any topic; no goroutine is needed. Nothing is too
// large.
type History struct {
	now func() time.Time

	mu     sync.Mutex
	topics map[ports.Topic]*history
	due    timeline // of histories that have something to trim, or are to be dropped
}

// history is that of one topic.
type history struct {
	moment
	topic ports.Topic
	epoch string
	keep  ports.Retention
	// floor is the position of the last event that was trimmed, and last that of the
	// last one that was appended; empty where there was none.
	floor, last string
	events      []kept
	used        time.Time // when it was last appended to or asked for its head
}

// kept is an event, and when it was appended.
type kept struct {
	event ports.Event
	at    time.Time
}

func newHistory(config Config) *History {
	return &History{now: config.Now, topics: make(map[ports.Topic]*history)}
}

// Append implements ports.History: it appends all of the events or none.
func (h *History) Append(ctx context.Context, topic ports.Topic, events ...ports.Event) (string, error) {
	const op = "Append"
	if slices.ContainsFunc(events, func(e ports.Event) bool { return e.Position == "" || e.Keep.None() }) ||
		topic == "" || len(events) == 0 {
		return "", failure(op, ports.ErrInvalid)
	}
	now, err := h.lock(ctx, op)
	if err != nil {
		return "", err
	}
	defer h.mu.Unlock()
	kept := h.open(topic, events[len(events)-1].Keep, now)
	kept.append(events, now)
	h.schedule(kept, now)
	return kept.epoch, nil
}

// Read implements ports.History. It returns as many events as limit lets it.
func (h *History) Read(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
	const op = "Read"
	if _, err := h.lock(ctx, op); err != nil {
		return nil, false, err
	}
	defer h.mu.Unlock()
	kept := h.topics[topic]
	if kept == nil || kept.epoch != from.Epoch || kept.floor != "" && from.Position <= kept.floor || from.Position > kept.head().After().Position {
		return nil, false, failure(op, ports.ErrGap)
	}
	events, more := kept.from(from.Position, limit)
	return events, more, nil
}

// Head implements ports.History. It prolongs the life of a history without events.
func (h *History) Head(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
	const op = "Head"
	if keep.None() || topic == "" {
		return ports.Mark{}, failure(op, ports.ErrInvalid)
	}
	now, err := h.lock(ctx, op)
	if err != nil {
		return ports.Mark{}, err
	}
	defer h.mu.Unlock()
	kept := h.open(topic, keep, now)
	h.schedule(kept, now)
	return kept.head(), nil
}

// lock locks the histories for a call and frees what has aged: whoever holds this
// lock sees events that are kept only.
func (h *History) lock(ctx context.Context, op string) (now time.Time, err error) {
	if err := ended(ctx, op); err != nil {
		return time.Time{}, err
	}
	now = h.now()
	h.mu.Lock()
	for next := h.due.first(); next != nil && expired(next.at, now); next = h.due.first() {
		kept, _ := next.owner.(*history)
		if expired(kept.end(), now) {
			h.due.remove(next)
			delete(h.topics, kept.topic)
			continue
		}
		kept.trim(now)
		h.due.move(next, kept.next())
	}
	return now, nil
}

// open returns a topic's history, and begins one where there is none.
func (h *History) open(topic ports.Topic, keep ports.Retention, now time.Time) *history {
	if kept := h.topics[topic]; kept != nil {
		return kept
	}
	kept := &history{topic: topic, epoch: rand.Text(), keep: keep, used: now}
	h.topics[topic] = kept
	h.due.add(&kept.moment, kept.next(), kept)
	return kept
}

// schedule notes that a history was used.
func (h *History) schedule(kept *history, now time.Time) {
	kept.used = now
	h.due.move(&kept.moment, kept.next())
}

// head is the mark of the last event.
func (h *history) head() ports.Mark { return ports.Mark{Epoch: h.epoch, Position: h.last} }

// append appends the events that come after the last one.
func (h *history) append(events []ports.Event, now time.Time) {
	for _, event := range events {
		if event.Position <= h.last {
			continue
		}
		event.Topic, event.Trace = h.topic, nil
		h.events = append(h.events, kept{event, now})
		h.last, h.keep = event.Position, event.Keep
	}
	h.trim(now)
}

// trim drops what is over the count or the age.
func (h *history) trim(now time.Time) {
	over := 0
	for over < len(h.events) && (len(h.events)-over > h.keep.Count || expired(h.events[over].at.Add(h.keep.Age), now)) {
		over++
	}
	if over == 0 {
		return
	}
	h.floor = h.events[over-1].event.Position
	clear(h.events[:over])
	if h.events = h.events[over:]; len(h.events) == 0 {
		h.events = nil
	}
}

// from returns copies of the events from a position on, which is included.
func (h *history) from(position string, limit int) (events []ports.Event, more bool) {
	start, _ := slices.BinarySearchFunc(h.events, position, func(k kept, position string) int {
		return strings.Compare(k.event.Position, position)
	})
	rest := h.events[start:]
	if limit > 0 && len(rest) > limit {
		rest, more = rest[:limit], true
	}
	for _, k := range rest {
		events = append(events, k.event)
	}
	return events, more
}

// next is when there is something to do about the history.
func (h *history) next() time.Time {
	if len(h.events) > 0 {
		return h.events[0].at.Add(h.keep.Age)
	}
	return h.end()
}

// end is when the history is dropped if nobody uses it.
func (h *history) end() time.Time { return h.used.Add(h.keep.Age).Add(max(h.keep.Age, idleLife)) }
