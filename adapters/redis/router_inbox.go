package redis

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/fanql/fanql/ports"
)

// inbox handles what other processes publish to this one. It belongs to one
// goroutine.
type inbox struct {
	router  *router
	senders map[sender]progress
}

// sender is one life of a process.
type sender struct {
	process  string
	instance uint64
}

// progress is how far a sender has got.
type progress struct {
	sequence uint64
	at       time.Time
}

// memory is how long a sender that sends nothing is remembered: longer than any
// message is under way.
const memory = 10 * time.Minute

// handle does what a message asks for and answers it. An empty message is the
// process's own sign of life.
func (i *inbox) handle(ctx context.Context, data []byte) {
	if len(data) == 0 {
		return
	}
	r := i.router
	m, err := decodeMessage(data)
	if err != nil {
		r.logFailure(ctx, "reading a message", err)
		return
	}
	r.outbox.answered(m.from, r.instance, m.answers)
	if m.sequence == 0 || !i.isNew(sender{m.from, m.instance}, m.sequence) {
		return
	}
	reply := answer{instance: m.instance, sequence: m.sequence}
	for index := range m.entries {
		accepted, err := r.do(ctx, &m.entries[index])
		if status := statusOf(err); status != delivered {
			reply.exceptions = append(reply.exceptions, exception{index, status, accepted})
		}
	}
	r.outbox.reply(m.from, reply)
}

// isNew refuses a batch that came before, or one that has been overtaken: the
// client repeats what it has no answer to, and the first may still arrive.
func (i *inbox) isNew(from sender, sequence uint64) bool {
	now := time.Now()
	known, ok := i.senders[from]
	if ok && sequence <= known.sequence {
		return false
	}
	if !ok {
		maps.DeleteFunc(i.senders, func(_ sender, p progress) bool { return now.Sub(p.at) > memory })
	}
	i.senders[from] = progress{sequence, now}
	return true
}

func statusOf(err error) status {
	switch {
	case err == nil:
		return delivered
	case errors.Is(err, ports.ErrGone):
		return gone
	case errors.Is(err, ports.ErrThrottled):
		return throttled
	case errors.Is(err, ports.ErrTooLarge):
		return tooLarge
	case errors.Is(err, errLeaseLost):
		return late
	default:
		return failed
	}
}
