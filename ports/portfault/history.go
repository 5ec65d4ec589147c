package portfault

import (
	"context"

	"github.com/fanql/fanql/ports"
)

var _ ports.History = (*History)(nil)

// History is a history that one process uses. It may be used by many goroutines at
// once.
type History struct {
	process *Process
	inner   ports.History
}

// History wraps a history. Partial is to Append that the first of the events are
// appended and the call fails, and to Read one event; Head has no parts. Duplicate is
// to Append a second call, whose answer the caller gets; the others have none.
func (p *Process) History(inner ports.History) *History { return &History{p, inner} }

// Append implements ports.History.
func (h *History) Append(ctx context.Context, topic ports.Topic, events ...ports.Event) (string, error) {
	do := func(ctx context.Context) (string, error) { return h.inner.Append(ctx, topic, events...) }
	c := call[string]{name: "Append", subject: string(topic), do: do, repeated: twice(do)}
	c.part = func(ctx context.Context, drawn fault) (string, error) {
		if some := drawn.random.IntN(len(events) + 1); some > 0 {
			if _, err := h.inner.Append(ctx, topic, events[:some]...); err != nil {
				return "", err
			}
		}
		return "", c.failure(nil, ErrInjected)
	}
	return invoke(ctx, h.process, c)
}

// stretch is what a Read returns.
type stretch struct {
	events []ports.Event
	more   bool
}

// Read implements ports.History.
func (h *History) Read(ctx context.Context, topic ports.Topic, from ports.Mark, limit int) ([]ports.Event, bool, error) {
	read := func(ctx context.Context, limit int) (stretch, error) {
		events, more, err := h.inner.Read(ctx, topic, from, limit)
		return stretch{events, more}, err
	}
	answer, err := invoke(ctx, h.process, call[stretch]{
		name: "Read", subject: string(topic),
		do:   func(ctx context.Context) (stretch, error) { return read(ctx, limit) },
		part: func(ctx context.Context, _ fault) (stretch, error) { return read(ctx, 1) },
	})
	return answer.events, answer.more, err
}

// Head implements ports.History.
func (h *History) Head(ctx context.Context, topic ports.Topic, keep ports.Retention) (ports.Mark, error) {
	return invoke(ctx, h.process, call[ports.Mark]{
		name: "Head", subject: string(topic),
		do: func(ctx context.Context) (ports.Mark, error) { return h.inner.Head(ctx, topic, keep) },
	})
}
