package redis

import (
	"context"
	"crypto/rand"

	"github.com/fanql/fanql/ports"
)

// Consume implements ports.EventSource. Each call is a worker, in this process or
// in another; workers share the partitions evenly, and one that comes or goes is
// noticed within a tenth of LeaseTTL, one that dies within LeaseTTL. It has one
// connection to itself, whatever the number of partitions, on which it receives
// the number of one that is no longer empty.
//
// The context that deliver gets has the values of ctx and the Lease. It ends when
// the lease is lost. It has no deadline until the worker has to end or to give the
// partition back, and from then on that of DrainTimeout. What has no verdict by
// then is delivered by the next worker, what was cut short again. An event without
// a verdict has failed.
//
// The error says that Redis could not be reached at the beginning, or that the
// client was closed while Consume ran. Consume logs every other failure, and goes
// on when Redis is back.
func (b *Bus) Consume(ctx context.Context, deliver ports.DeliverFunc) error {
	const op = "Consume"
	w := &worker{
		bus: b, deliver: deliver, id: rand.Text(),
		serving: make(map[int]*service), ended: make(chan int, b.config.Partitions),
	}
	if ctx.Err() != nil {
		return nil
	}
	share, err := w.join(ctx)
	if err != nil && ctx.Err() == nil {
		return failure(op, err)
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	err = w.work(working, share)
	stop()
	for len(w.serving) > 0 {
		w.gone(<-w.ended)
	}
	if err != nil {
		return failure(op, err)
	}
	w.leave(context.WithoutCancel(ctx))
	return nil
}
