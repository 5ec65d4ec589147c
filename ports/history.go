package ports

import (
	"context"
	"strings"
	"time"
)

// Retention is how much of a topic its history keeps: an event is there until Count
// later ones have come, or Age has passed since it was appended, whichever is first.
// The zero Retention keeps nothing; otherwise both are positive.
type Retention struct {
	Count int
	Age   time.Duration
}

// None reports whether nothing is kept.
func (r Retention) None() bool { return r.Count <= 0 || r.Age <= 0 }

// Mark is a position in one history of a topic. Marks of one epoch compare by their
// positions, as strings.
type Mark struct {
	// Epoch names the history: one that was lost and began anew has another. It has
	// no dot, and is never empty but in the zero Mark and in that of an event that no
	// history has.
	Epoch string
	// Position is that of an event, or between two events. Empty: before the first.
	Position string
}

// After is the mark right after: no event is between the two.
func (m Mark) After() Mark { return Mark{m.Epoch, m.Position + "\x00"} }

// String is the mark as ParseMark reads it; empty for the zero Mark.
func (m Mark) String() string {
	if m == (Mark{}) {
		return ""
	}
	return m.Epoch + "." + m.Position
}

// ParseMark reads what String has written. It reports false for anything else.
func ParseMark(text string) (Mark, bool) {
	if text == "" {
		return Mark{}, true
	}
	epoch, position, ok := strings.Cut(text, ".")
	return Mark{epoch, position}, ok && (epoch != "" || position != "")
}

// History keeps the latest events of topics, so that a subscriber who was away can
// catch up. It is an ability of a backend beside its Store and its EventBus.
//
// A history is complete from a floor on: it has every event that was appended since.
// What is trimmed, or expires, raises the floor; nothing lowers it. A history that is
// lost or expires as a whole, floor and all, begins anew with another epoch. It expires
// no earlier than a day after its last event has: until then a mark after that event
// is no gap.
//
// Positions are those of the backend's bus. Where they may begin again, because another
// stream takes the place of the former, so does the history.
type History interface {
	// Append adds events of one topic, in the order of their positions. What the Keep
	// of the last event says that was added holds for the whole history. Append returns
	// the epoch, and opens a history with a new one where there is none. Events that are
	// not after the last one that was ever appended are left out: those are there
	// already, or were trimmed. So a repetition succeeds and changes nothing. Each event
	// is kept whole, but for its Trace.
	//
	// An event that is too large for the history, and whatever is before it, is left
	// out of what can be read: the floor is then after it. That is no error.
	//
	// ErrInvalid: there is no event, or one has no position or keeps nothing; nothing
	// was appended. After any other error the first few of the events may have been.
	Append(ctx context.Context, topic Topic, events ...Event) (epoch string, err error)

	// Read returns events from a mark on, which is included, in the order of their
	// positions: at most limit, where it is not 0, and perhaps fewer. More says that
	// others may come after them; then there is at least one. The end is that of the
	// history when Read was called, or later: it has each event of each Append that
	// had returned.
	//
	// ErrGap: the history is not provably complete from the mark on. So it is where
	// the mark is of another epoch, before the floor, or there is no history; and where
	// it is behind Head().After(), because a backend that has lost writes has lost what
	// was between.
	Read(ctx context.Context, topic Topic, from Mark, limit int) (events []Event, more bool, err error)

	// Head returns the mark of the last event that was appended: a Read from
	// Head().After() on has all that is appended afterwards. Where there is no history
	// it opens one, which lives on as keep says, and returns its beginning.
	// ErrInvalid: keep keeps nothing.
	Head(ctx context.Context, topic Topic, keep Retention) (Mark, error)
}
