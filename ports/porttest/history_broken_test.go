package porttest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// brokenHistory is a history in memory of which any method can be replaced. The
// replacement finds the whole one at History.
type brokenHistory struct {
	ports.History
	append func(context.Context, ports.Topic, []ports.Event) (string, error)
	read   func(context.Context, ports.Topic, ports.Mark, int) ([]ports.Event, bool, error)
	head   func(context.Context, ports.Topic, ports.Retention) (ports.Mark, error)
	lose   func(topic ports.Topic)
	reopen func() ports.History
}

func (b *brokenHistory) Append(ctx context.Context, topic ports.Topic, events ...ports.Event) (string, error) {
	return b.append(ctx, topic, events)
}

func (b *brokenHistory) Read(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
	return b.read(ctx, topic, from, limit)
}

func (b *brokenHistory) Head(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
	return b.head(ctx, topic, keep)
}

// brokenHistoryFixture is a history in memory with a limit of size, broken.
func brokenHistoryFixture(t *testing.T, breaks func(*brokenHistory)) historyFixture {
	adapter := HistoryAdapter{
		New: func(_ *testing.T, clock *Clock) ports.History {
			inner := &limitedHistory{must.Make(memory.New(memory.Config{Now: clock.Now})).History, newTable[ports.Topic, string]()}
			b := &brokenHistory{
				History: inner, read: inner.Read, head: inner.Head,
				append: func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
					return inner.Append(ctx, topic, events...)
				},
				lose:   func(ports.Topic) { clock.Advance(48 * time.Hour) },
				reopen: func() ports.History { return inner },
			}
			breaks(b)
			return b
		},
		Reopen: func(_ *testing.T, _ *Clock, history ports.History) ports.History {
			b, _ := history.(*brokenHistory)
			return b.reopen()
		},
		Lose: func(_ *testing.T, _ *Clock, history ports.History, topic ports.Topic) {
			b, _ := history.(*brokenHistory)
			b.lose(topic)
		},
		TooLarge: tooLarge,
	}
	return adapter.fixture(t)
}

// limitedHistory keeps no large event, and of a topic what came after the last one.
type limitedHistory struct {
	*memory.History
	floors *table[ports.Topic, string]
}

func (h *limitedHistory) Append(ctx context.Context, topic ports.Topic, events ...ports.Event) (string, error) {
	events = slices.Clone(events)
	floor, _ := h.floors.get(topic)
	for i := range events {
		if len(events[i].Payload) >= tooLarge {
			events[i].Payload, floor = nil, max(floor, events[i].Position)
		}
	}
	h.floors.put(topic, floor)
	return h.History.Append(ctx, topic, events...)
}

func (h *limitedHistory) Read(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
	if floor, _ := h.floors.get(topic); floor != "" && from.Position <= floor {
		return nil, false, broken(ports.ErrGap)
	}
	return h.History.Read(ctx, topic, from, limit)
}

// The functions below each break one method in one way.

func appendEdits(edit func(b *brokenHistory, events []ports.Event) []ports.Event) func(*brokenHistory) {
	return func(b *brokenHistory) {
		b.append = func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
			return b.History.Append(ctx, topic, edit(b, slices.Clone(events))...)
		}
	}
}

// appendEach breaks each event on its way in.
func appendEach(edit func(event *ports.Event)) func(*brokenHistory) {
	return appendEdits(func(_ *brokenHistory, events []ports.Event) []ports.Event {
		for i := range events {
			edit(&events[i])
		}
		return events
	})
}

func appendForgives(b *brokenHistory) {
	b.append = func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
		epoch, err := b.History.Append(ctx, topic, events...)
		return epoch, forgive(err, ports.ErrInvalid)
	}
}

// appendTakesSome appends the first of events that are refused.
func appendTakesSome(b *brokenHistory) {
	b.append = func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
		epoch, err := b.History.Append(ctx, topic, events...)
		if err != nil {
			_, _ = b.History.Append(ctx, topic, events[0])
		}
		return epoch, err
	}
}

// topicEdits gives several topics one history.
func topicEdits(edit func(topic ports.Topic) ports.Topic) func(*brokenHistory) {
	return func(b *brokenHistory) {
		b.append = func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
			return b.History.Append(ctx, edit(topic), events...)
		}
		b.read = func(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
			return b.History.Read(ctx, edit(topic), from, limit)
		}
	}
}

// stretch is what Read returns.
type stretch struct {
	events []ports.Event
	more   bool
	err    error
}

func readEdits(edit func(b *brokenHistory, from ports.Mark, limit int, read *stretch)) func(*brokenHistory) {
	return func(b *brokenHistory) {
		b.read = func(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
			events, more, err := b.History.Read(ctx, topic, from, limit)
			read := stretch{events, more, err}
			edit(b, from, limit, &read)
			return read.events, read.more, read.err
		}
	}
}

// readMoves reads from another mark.
func readMoves(edit func(b *brokenHistory, topic ports.Topic, from ports.Mark) ports.Mark) func(*brokenHistory) {
	return func(b *brokenHistory) {
		b.read = func(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
			return b.History.Read(ctx, topic, edit(b, topic, from), limit)
		}
	}
}

// readForgivesEpochs reads whatever the epoch of the mark is.
func readForgivesEpochs(b *brokenHistory) {
	readMoves(func(b *brokenHistory, topic ports.Topic, from ports.Mark) ports.Mark {
		head, _ := b.History.Head(context.Background(), topic, keep())
		return ports.Mark{Epoch: head.Epoch, Position: from.Position}
	})(b)
}

// readForgivesGaps has no floor: from what was trimmed on, it returns what there is.
func readForgivesGaps(b *brokenHistory) {
	read := b.read
	b.read = func(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
		events, more, err := read(ctx, topic, from, limit)
		for n := 1; err != nil && n <= 10; n++ { // The checks have no more events.
			events, more, err = read(ctx, topic, ports.Mark{Epoch: from.Epoch, Position: fmt.Sprintf("%06d", n)}, limit)
		}
		return events, more, forgive(err, ports.ErrGap)
	}
}

func headEdits(edit func(head *ports.Mark)) func(*brokenHistory) {
	return func(b *brokenHistory) {
		b.head = func(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
			head, err := b.History.Head(ctx, topic, keep)
			edit(&head)
			return head, err
		}
	}
}

// ownHistory keeps all events for ever in a list of its own, in one epoch, and knows
// no last one.
func ownHistory(appends func(b *brokenHistory, kept, events []ports.Event) []ports.Event) func(*brokenHistory) {
	return func(b *brokenHistory) {
		topics := newTable[ports.Topic, []ports.Event]()
		b.append = func(_ context.Context, topic ports.Topic, events []ports.Event) (string, error) {
			kept, _ := topics.get(topic)
			topics.put(topic, appends(b, slices.Clone(kept), events))
			return "own", nil
		}
		b.head = func(_ context.Context, topic ports.Topic, _ ports.Retention) (ports.Mark, error) {
			head := ports.Mark{Epoch: "own"}
			if kept, _ := topics.get(topic); len(kept) > 0 {
				head.Position = kept[len(kept)-1].Position
			}
			return head, nil
		}
		b.read = func(_ context.Context, topic ports.Topic, from ports.Mark, _ int) ([]ports.Event, bool, error) {
			kept, _ := topics.get(topic)
			if from.Epoch != "own" || len(kept) == 0 {
				return nil, false, broken(ports.ErrGap)
			}
			return slices.DeleteFunc(slices.Clone(kept), func(e ports.Event) bool { return e.Position < from.Position }), false, nil
		}
	}
}

// byPosition appends what is not in the list.
func byPosition(_ *brokenHistory, kept, events []ports.Event) []ports.Event {
	for _, event := range events {
		if !slices.ContainsFunc(kept, func(e ports.Event) bool { return e.Position == event.Position }) {
			kept = append(kept, event)
		}
	}
	return kept
}

// inPlace appends what is not in the list, in its place.
func inPlace(b *brokenHistory, kept, events []ports.Event) []ports.Event {
	kept = byPosition(b, kept, events)
	slices.SortFunc(kept, func(a, b ports.Event) int {
		if a.Position < b.Position {
			return -1
		}
		return 1
	})
	return kept
}
