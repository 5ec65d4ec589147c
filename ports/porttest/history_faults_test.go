package porttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

func TestHistoryChecks(t *testing.T) {
	prove(t, historyChecks(), slices.Concat(appendFaults(), retentionFaults(), readFaults(), headFaults(), epochFaults(), historyFailureFaults()),
		brokenHistoryFixture)
}

type historyFaults = []fault[*brokenHistory]

func appendFaults() historyFaults {
	const whole = "Append: reads back as it was"
	all := func(_ *brokenHistory, kept, events []ports.Event) []ports.Event { return append(kept, events...) }
	return historyFaults{
		{whole, appendEach(func(e *ports.Event) { e.Only = nil })},
		{whole, appendEach(func(e *ports.Event) { e.Except = e.Except[:min(len(e.Except), 1)] })},
		{whole, appendEach(func(e *ports.Event) { e.Kind = ports.EventData })},
		{whole, appendEach(func(e *ports.Event) { e.Payload = []byte(strings.ReplaceAll(string(e.Payload), "☃", "?")) })},
		{whole, appendEach(func(e *ports.Event) { e.Time = e.Time.Truncate(time.Hour) })},
		{whole, readEdits(func(_ *brokenHistory, _ ports.Mark, _ int, read *stretch) {
			for i := range read.events {
				read.events[i].Keep = keep()
			}
		})},
		{whole, readEdits(func(_ *brokenHistory, _ ports.Mark, _ int, read *stretch) {
			for i := range read.events {
				read.events[i].ID = ""
			}
		})},
		{"Append: a repetition changes nothing", ownHistory(all)},
		{"Append: a repetition changes nothing", func(b *brokenHistory) {
			appends := 0
			b.append = func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
				appends++
				epoch, err := b.History.Append(ctx, topic, events...)
				return fmt.Sprint(epoch, appends), err
			}
		}},
		{"Append: of batches that overlap each event is there once", ownHistory(all)},
		{"Append: of batches that overlap each event is there once", appendEdits(func(_ *brokenHistory, events []ports.Event) []ports.Event {
			return events[:min(len(events), 3)] // Leaves the others of a batch out with what it has.
		})},
		{"Append: an event before the last one is left out", ownHistory(byPosition)},
		{"Append: an event before the last one is left out", ownHistory(inPlace)},
		{"Append: any topic has its own history", topicEdits(func(topic ports.Topic) ports.Topic {
			name, _, _ := strings.Cut(string(topic), "#")
			return ports.Topic(name)
		})},
		{"Append: any topic has its own history", topicEdits(func(topic ports.Topic) ports.Topic { return topic[:min(len(topic), 13)] })},
		{"Append: any positions", appendEdits(func(_ *brokenHistory, events []ports.Event) []ports.Event {
			return slices.DeleteFunc(events, func(e ports.Event) bool { return strings.ContainsAny(e.Position, "\x00\n") })
		})},
		{"Append: from many at once, beside reads", readEdits(func(_ *brokenHistory, _ ports.Mark, _ int, read *stretch) {
			if len(read.events) > 10 {
				read.events = read.events[:len(read.events)-1]
			}
		})},
		{"Append: from many at once, beside reads", readEdits(func(_ *brokenHistory, _ ports.Mark, _ int, read *stretch) {
			if len(read.events) > 10 {
				read.events = slices.Delete(read.events, 5, 6)
			}
		})},
		{"Append: another process goes on", func(b *brokenHistory) {
			b.reopen = func() ports.History {
				other := &brokenHistory{History: b.History}
				other.append = func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
					return other.History.Append(ctx, topic+" of another", events...)
				}
				other.read = func(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
					return other.History.Read(ctx, topic+" of another", from, limit)
				}
				return other
			}
		}},
		{"Append: of no event is invalid", appendForgives},
		{"Append: without a position is invalid", appendForgives},
		{"Append: without a position is invalid", appendTakesSome},
		{"Append: an event that keeps nothing is invalid", appendForgives},
		{"Append: an event that keeps nothing is invalid", appendTakesSome},
		{"Append: an event that keeps nothing is invalid", appendEach(func(e *ports.Event) {
			if e.Keep.Count == 0 {
				e.Keep = keep()
			}
		})},
		{"Append: an event that keeps nothing is invalid", appendEach(func(e *ports.Event) {
			if e.Keep.Age == 0 {
				e.Keep = keep()
			}
		})},
	}
}

func retentionFaults() historyFaults {
	const (
		count, age, last = "Append: keeps no more than Count", "Append: keeps no longer than Age", "Append: keeps as the last event says"
		trimmed, aged    = "Append: brings nothing back that was trimmed", "Append: brings nothing back that has aged"
		large            = "Append: an event that is too large leaves a gap and blocks nothing"
	)
	keeps := func(edit func(keep *ports.Retention)) func(*brokenHistory) {
		return appendEach(func(e *ports.Event) { edit(&e.Keep) })
	}
	return historyFaults{
		{count, keeps(func(keep *ports.Retention) { keep.Count++ })},
		{count, keeps(func(keep *ports.Retention) { keep.Count-- })},
		{count, readForgivesGaps},
		{age, keeps(func(keep *ports.Retention) { keep.Age *= 3 })},
		{age, keeps(func(keep *ports.Retention) { keep.Age /= 2 })},
		{age, readForgivesGaps},
		{last, keeps(func(keep *ports.Retention) { keep.Count = 1000 })},
		{last, keeps(func(keep *ports.Retention) { keep.Age = max(keep.Age, time.Hour) })},
		{last, func(b *brokenHistory) { // Trims by what a repetition says.
			b.append = func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
				epoch, err := b.History.Append(ctx, topic, events...)
				b.read = func(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
					read, more, err := b.History.Read(ctx, topic, from, limit)
					if len(read) > events[len(events)-1].Keep.Count {
						return nil, false, broken(ports.ErrGap)
					}
					return read, more, err
				}
				return epoch, err
			}
		}},
		{trimmed, ownHistory(func(b *brokenHistory, kept, events []ports.Event) []ports.Event {
			kept = inPlace(b, kept, events)
			return kept[max(0, len(kept)-3):]
		})},
		{trimmed, ownHistory(byPosition)},
		{aged, ownHistory(inPlace)},
		{aged, appendEach(func(e *ports.Event) { e.Keep.Age *= 2 })},
		{large, func(b *brokenHistory) {
			b.append = func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
				if slices.ContainsFunc(events, func(e ports.Event) bool { return len(e.Payload) >= tooLarge }) {
					return "", broken(ports.ErrTooLarge)
				}
				return b.History.Append(ctx, topic, events...)
			}
		}},
		{large, appendEdits(func(_ *brokenHistory, events []ports.Event) []ports.Event { // Leaves it out, and no trace.
			kept := slices.DeleteFunc(slices.Clone(events), func(e ports.Event) bool { return len(e.Payload) >= tooLarge })
			if len(kept) == 0 {
				events[0].Payload = nil
				return events
			}
			return kept
		})},
		{"Read: a history without events is complete", readEdits(func(_ *brokenHistory, _ ports.Mark, _ int, read *stretch) {
			if read.err == nil && len(read.events) == 0 {
				read.err = broken(ports.ErrGap)
			}
		})},
		{"Read: a history without events is complete", func(b *brokenHistory) { // Forgets the head with the last event.
			b.head = func(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
				head, err := b.History.Head(ctx, topic, keep)
				if _, _, gap := b.History.Read(ctx, topic, head, 0); gap != nil {
					head.Position = ""
				}
				return head, err
			}
		}},
	}
}

func readFaults() historyFaults {
	return historyFaults{
		{"Read: the mark is included", readMoves(func(_ *brokenHistory, _ ports.Topic, from ports.Mark) ports.Mark { return from.After() })},
		{"Read: the mark is included", readMoves(func(_ *brokenHistory, _ ports.Topic, from ports.Mark) ports.Mark {
			return ports.Mark{Epoch: from.Epoch, Position: strings.TrimSuffix(from.Position, "\x00")}
		})},
		{"Read: a mark need not be that of an event", readEdits(func(_ *brokenHistory, from ports.Mark, _ int, read *stretch) {
			if len(read.events) > 0 && from.Position != "" && read.events[0].Position != from.Position {
				read.err = broken(ports.ErrGap)
			}
		})},
		{"Read: a mark after the end is a gap", readMoves(func(b *brokenHistory, topic ports.Topic, from ports.Mark) ports.Mark {
			if head, _ := b.History.Head(context.Background(), topic, keep()); head.Epoch == from.Epoch && from.Position > head.Position {
				return head.After()
			}
			return from
		})},
		{"Read: from a made-up mark whatever is behind it, or a gap", readMoves(func(_ *brokenHistory, _ ports.Topic, from ports.Mark) ports.Mark {
			from.Position = strings.TrimRight(from.Position, "\x00") // As after one zero byte.
			return from
		})},
		{"Read: from a made-up mark whatever is behind it, or a gap", readEdits(func(_ *brokenHistory, from ports.Mark, _ int, read *stretch) {
			if len(from.Position) > 300 {
				read.err = broken(ports.ErrInvalid)
			}
		})},
		{"Read: at most limit, and more until the end", func(b *brokenHistory) {
			b.read = func(ctx context.Context, topic ports.Topic, from ports.Mark, _ int) ([]ports.Event, bool, error) {
				return b.History.Read(ctx, topic, from, 0)
			}
		}},
		{"Read: at most limit, and more until the end", readEdits(func(_ *brokenHistory, _ ports.Mark, _ int, read *stretch) { read.more = false })},
		{"Read: at most limit, and more until the end", readEdits(func(_ *brokenHistory, _ ports.Mark, limit int, read *stretch) {
			read.more = read.more || len(read.events) == 0 || len(read.events) < limit
		})},
		{"Read: large events in pieces", readEdits(func(_ *brokenHistory, _ ports.Mark, _ int, read *stretch) {
			read.events = read.events[:min(len(read.events), 30)]
		})},
		{"Read: large events in pieces", readEdits(func(_ *brokenHistory, _ ports.Mark, _ int, read *stretch) {
			if len(read.events) > 30 {
				read.events, read.more = nil, true
			}
		})},
		{"Read: has each Append that has returned", readEdits(func(_ *brokenHistory, _ ports.Mark, _ int, read *stretch) {
			if len(read.events) > 0 { // A replica that is behind.
				read.events = read.events[:len(read.events)-1]
			}
		})},
		{"Read: without a history is a gap", readEdits(func(_ *brokenHistory, _ ports.Mark, _ int, read *stretch) { read.err = forgive(read.err, ports.ErrGap) })},
		{"Read: without a history is a gap", readEdits(func(_ *brokenHistory, from ports.Mark, _ int, read *stretch) {
			if from.Epoch == "" {
				read.err = nil
			}
		})},
		{"Read: a mark of another epoch is a gap", readForgivesEpochs},
		{"Read: a mark of another epoch is a gap", readMoves(func(b *brokenHistory, topic ports.Topic, from ports.Mark) ports.Mark { // By its beginning.
			head, _ := b.History.Head(context.Background(), topic, keep())
			if from.Epoch != "" && strings.HasPrefix(head.Epoch, from.Epoch) {
				from.Epoch = head.Epoch
			}
			return from
		})},
	}
}

func headFaults() historyFaults {
	return historyFaults{
		{"Head: opens a history at its beginning", func(b *brokenHistory) { // Opens none.
			b.head = func(context.Context, ports.Topic, ports.Retention) (ports.Mark, error) {
				return ports.Mark{Epoch: "e"}, nil
			}
		}},
		{"Head: opens a history at its beginning", headEdits(func(head *ports.Mark) { head.Epoch = head.Epoch[:5] + "." + head.Epoch[5:] })},
		{"Head: opens a history at its beginning", headEdits(func(head *ports.Mark) {
			if head.Position == "" {
				head.Position = "0"
			}
		})},
		{"Head: is the mark of the last event", headEdits(func(head *ports.Mark) { *head = head.After() })},
		{"Head: is the mark of the last event", headEdits(func(head *ports.Mark) { head.Position = "" })},
		{"Head: leaves the retention of a history", func(b *brokenHistory) {
			b.head = func(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
				head, err := b.History.Head(ctx, topic, keep)
				_, _ = b.History.Append(ctx, topic, ports.Event{Position: "~", Keep: keep})
				return head, err
			}
		}},
		{"Head: of several at once one opens", func(b *brokenHistory) { // Each opens one.
			epochs := newSet[string]()
			b.head = func(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
				head, err := b.History.Head(ctx, topic, keep)
				for !epochs.put(head.Epoch) {
					head.Epoch += "1"
				}
				return head, err
			}
		}},
		{"Head: of what keeps nothing is invalid", func(b *brokenHistory) {
			b.head = func(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
				head, err := b.History.Head(ctx, topic, keep)
				return head, forgive(err, ports.ErrInvalid)
			}
		}},
		{"Head: of what keeps nothing is invalid", func(b *brokenHistory) {
			b.head = func(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
				if keep.Count > 0 && keep.Age == 0 {
					keep.Age = time.Hour
				}
				return b.History.Head(ctx, topic, keep)
			}
		}},
	}
}

func epochFaults() historyFaults {
	// The epoch is that of the topic, for ever.
	named := func(b *brokenHistory) {
		readForgivesEpochs(b)
		b.append = func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
			_, err := b.History.Append(ctx, topic, events...)
			return "of the topic", err
		}
		headEdits(func(head *ports.Mark) { head.Epoch = "of the topic" })(b)
	}
	return historyFaults{
		{"a lost history: is a gap", named},
		{"a lost history: is a gap", func(b *brokenHistory) { b.lose = func(ports.Topic) {} }},
		{"a lost history: is a gap", readEdits(func(_ *brokenHistory, from ports.Mark, _ int, read *stretch) {
			if from.Position == "~" && errors.Is(read.err, ports.ErrGap) { // Nothing can have come after that.
				read.err = nil
			}
		})},
		{"a lost history: Append begins anew with another epoch", named},
		{"a lost history: Append begins anew with another epoch", readForgivesEpochs},
		{"a lost history: Append begins anew with another epoch", func(b *brokenHistory) { // Keeps the head of the lost one.
			heads := newTable[ports.Topic, string]()
			b.append = func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
				head, _ := heads.get(topic)
				events = slices.DeleteFunc(slices.Clone(events), func(e ports.Event) bool { return e.Position <= head })
				if len(events) == 0 {
					return "none", nil
				}
				heads.put(topic, events[len(events)-1].Position)
				return b.History.Append(ctx, topic, events...)
			}
		}},
		{"a lost history: Head begins anew with another epoch", named},
		{"a lost history: Head begins anew with another epoch", func(b *brokenHistory) { b.lose = func(ports.Topic) {} }},
		{"a lost history: Head begins anew with another epoch", readForgivesEpochs},
	}
}

func historyFailureFaults() historyFaults {
	const heeds = "history: every call heeds the end of its context"
	deaf := context.WithoutCancel
	return historyFaults{
		{heeds, func(b *brokenHistory) {
			b.append = func(ctx context.Context, topic ports.Topic, events []ports.Event) (string, error) {
				return b.History.Append(deaf(ctx), topic, events...)
			}
		}},
		{heeds, func(b *brokenHistory) {
			b.read = func(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
				return b.History.Read(deaf(ctx), topic, from, limit)
			}
		}},
		{heeds, func(b *brokenHistory) { // Takes its end for a gap.
			b.read = func(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
				events, more, err := b.History.Read(ctx, topic, from, limit)
				if err != nil {
					err = broken(ports.ErrGap)
				}
				return events, more, err
			}
		}},
		{heeds, func(b *brokenHistory) {
			b.head = func(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
				return b.History.Head(deaf(ctx), topic, keep)
			}
		}},
	}
}
