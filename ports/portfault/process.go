package portfault

import (
	"context"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

// Process is one process in the eyes of its ports. Its methods may be called
// concurrently.
type Process struct {
	faults  *Faults
	number  int
	once    sync.Once
	crashed chan struct{}
}

// Crash ends the process: no call reaches anything any more, and calls that are
// under way return ErrCrashed, whatever their effect.
func (p *Process) Crash() { p.once.Do(func() { close(p.crashed) }) }

// Crashed is closed once the process has crashed.
func (p *Process) Crashed() <-chan struct{} { return p.crashed }

// Do makes a call that no port describes, such as one request of an adapter's
// client: so a crash comes between two writes of one call of a port. It can have
// Latency, Timeout, LostAnswer and Crash. The error is do's own, unless it is
// ErrInjected or ErrCrashed.
func (p *Process) Do(ctx context.Context, name, subject string, do func(context.Context) error) error {
	return p.run(ctx, call[nothing]{name: name, subject: subject, unthrottled: true, do: plain(do)})
}

// nothing is the result of a call that has only an error.
type nothing = struct{}

// plain is a call that has only an error.
func plain(do func(context.Context) error) func(context.Context) (nothing, error) {
	return func(ctx context.Context) (nothing, error) { return nothing{}, do(ctx) }
}

// run makes a call that has only an error.
func (p *Process) run(ctx context.Context, c call[nothing]) error {
	_, err := invoke(ctx, p, c)
	return err
}

// call is one call of a port, and what can become of it.
type call[T any] struct {
	name, subject string
	do            func(context.Context) (T, error)
	// part, unless nil, does a part of it.
	part func(ctx context.Context, drawn fault) (T, error)
	// repeated, unless nil, does it twice.
	repeated func(context.Context) (T, error)
	// unthrottled: it cannot be refused for now.
	unthrottled bool
}

// twice is a repetition whose answer is the second one's: as a client gets it
// that has asked again because the first was lost.
func twice[T any](do func(context.Context) (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		if answer, err := do(ctx); err != nil {
			return answer, err
		}
		return do(ctx)
	}
}

// first is a repetition whose answer is the first one's.
func first[T any](do func(context.Context) (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		answer, err := do(ctx)
		if err == nil {
			_, _ = do(ctx)
		}
		return answer, err
	}
}

// possible are the kinds of fault that the call can have.
func (c call[T]) possible() map[Kind]bool {
	return map[Kind]bool{
		Latency: true, Throttled: !c.unthrottled, Timeout: true, LostAnswer: true,
		Partial: c.part != nil, Duplicate: c.repeated != nil, Crash: true,
	}
}

// invoke makes a call with the fault that is drawn for it. A process that has
// crashed meanwhile receives ErrCrashed.
func invoke[T any](ctx context.Context, p *Process, c call[T]) (T, error) {
	var none T
	if p.dead() {
		return none, c.failure(nil, ErrCrashed)
	}
	answer, err := c.meet(ctx, p, p.faults.draw(p.number, c.name, c.subject, c.possible()))
	if p.dead() {
		return none, c.failure(nil, ErrCrashed)
	}
	return answer, err
}

func (c call[T]) meet(ctx context.Context, p *Process, drawn fault) (none T, err error) {
	switch drawn.kind {
	case Latency:
		return c.late(ctx, p, drawn)
	case Throttled:
		return none, c.failure(ports.ErrThrottled, ErrInjected)
	case Timeout:
		return none, c.failure(nil, ErrInjected)
	case LostAnswer:
		_, _ = c.do(ctx)
		return none, c.failure(nil, ErrInjected)
	case Partial:
		return c.part(ctx, drawn)
	case Duplicate:
		return c.repeated(ctx)
	case Crash:
		if drawn.random.IntN(2) == 0 {
			_, _ = c.do(ctx)
		}
		p.Crash()
		return none, nil // invoke says what came of it
	default:
		return c.do(ctx)
	}
}

// late waits, before the call has its effect and after it.
func (c call[T]) late(ctx context.Context, p *Process, drawn fault) (none T, err error) {
	total := time.Duration(drawn.random.Int64N(int64(p.faults.config.MaxLatency)))
	before := time.Duration(drawn.random.Float64() * float64(total))
	if err := p.wait(ctx, before); err != nil {
		return none, c.failure(nil, err)
	}
	answer, err := c.do(ctx)
	if late := p.wait(ctx, total-before); late != nil {
		return none, c.failure(nil, late)
	}
	return answer, err
}

func (c call[T]) failure(kind, cause error) error {
	return &ports.Error{Op: "portfault." + c.name, Kind: kind, Err: cause}
}

// wait returns early when the context ends, and when the process does.
func (p *Process) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.crashed:
		return ErrCrashed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Process) dead() bool {
	select {
	case <-p.crashed:
		return true
	default:
		return false
	}
}
