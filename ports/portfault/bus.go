package portfault

import (
	"context"
	"sync"

	"github.com/fanql/fanql/ports"
)

var (
	_ ports.EventBus    = (*Bus)(nil)
	_ ports.EventSource = (*Source)(nil)
)

// Bus is a bus that one process publishes to. It may be used by many goroutines
// at once.
type Bus struct {
	process *Process
	inner   ports.EventBus
}

// Bus wraps a bus. Partial is that the first of several events are taken, and
// Publish fails. Duplicate is that all are taken twice, with the same IDs.
func (p *Process) Bus(inner ports.EventBus) *Bus { return &Bus{p, inner} }

// Publish implements ports.EventBus.
func (b *Bus) Publish(ctx context.Context, events ...ports.Event) error {
	do := plain(func(ctx context.Context) error { return b.inner.Publish(ctx, events...) })
	c := call[nothing]{name: "Publish", subject: topicOf(events), do: do, repeated: twice(do)}
	c.part = func(ctx context.Context, drawn fault) (nothing, error) {
		some := events[:drawn.random.IntN(len(events)+1)]
		if err := b.inner.Publish(ctx, some...); len(some) > 0 && err != nil {
			return nothing{}, err
		}
		return nothing{}, c.failure(nil, ErrInjected)
	}
	return b.process.run(ctx, c)
}

// Source is a bus that one process pulls from. It may be used by many goroutines
// at once.
type Source struct {
	process *Process
	inner   ports.EventSource
}

// Source wraps a bus that is pulled from. Its deliveries are as Deliver says.
func (p *Process) Source(inner ports.EventSource) *Source { return &Source{p, inner} }

// Consume implements ports.EventSource. When the process crashes it ends, and
// returns ErrCrashed.
func (s *Source) Consume(ctx context.Context, deliver ports.DeliverFunc) error {
	consuming, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-s.process.crashed:
			cancel()
		case <-consuming.Done():
		}
	})
	err := s.inner.Consume(consuming, s.process.Deliver(deliver))
	cancel()
	watching.Wait()
	if s.process.dead() {
		return call[nothing]{name: "Consume"}.failure(nil, ErrCrashed)
	}
	return err
}

// Deliver wraps what a bus calls: Throttled and Timeout are that it is not
// called, LostAnswer and Crash that its verdicts are lost, Duplicate that it is
// called twice. Partial is that it is called for the first of the events, and of
// those too a verdict may be lost. An event whose verdict is lost has an error
// verdict, so that the bus delivers it again.
func (p *Process) Deliver(deliver ports.DeliverFunc) ports.DeliverFunc {
	return func(ctx context.Context, events []ports.Event) []error {
		do := func(ctx context.Context) ([]error, error) { return deliver(ctx, events), nil }
		c := call[[]error]{name: "Deliver", subject: topicOf(events), do: do, repeated: twice(do)}
		c.part = func(ctx context.Context, drawn fault) ([]error, error) {
			some := drawn.random.IntN(len(events) + 1)
			verdicts := make([]error, len(events))
			if some > 0 {
				copy(verdicts, deliver(ctx, events[:some:some]))
			}
			for i := range verdicts {
				if i >= some || drawn.random.IntN(len(events)) == 0 {
					verdicts[i] = c.failure(nil, ErrInjected)
				}
			}
			return verdicts, nil
		}
		verdicts, err := invoke(ctx, p, c)
		if err == nil {
			return verdicts
		}
		verdicts = make([]error, len(events))
		for i := range verdicts {
			verdicts[i] = err
		}
		return verdicts
	}
}

func topicOf(events []ports.Event) string {
	if len(events) == 0 {
		return ""
	}
	return string(events[0].Topic)
}
