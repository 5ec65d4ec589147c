package redis

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"
)

// Lease is a worker's right to deliver the events of one partition. It ends when
// the worker gives it back or does not renew it in time: because it died, was
// suspended, or could not reach Redis. A worker that was suspended may find out
// late. Whoever acts on a delivery can tell: it refuses a token that is lower than
// one it has seen of the same bus and partition.
type Lease struct {
	// Bus is the prefix of the bus's keys, which names it. Buses that share what
	// acts on their deliveries have different ones.
	Bus       string
	Partition int
	// Token is greater than that of every earlier lease of the partition.
	Token int64
}

type leaseKey struct{}

// leased is the lease that a context has, and the end of that context.
type leased struct {
	Lease
	lose context.CancelCauseFunc
}

// withLease is a context of deliveries under the lease.
func withLease(parent context.Context, lease Lease) (ctx context.Context, lose context.CancelCauseFunc) {
	ctx, lose = context.WithCancelCause(parent)
	return context.WithValue(ctx, leaseKey{}, leased{lease, lose}), lose
}

// LeaseFrom returns the lease under which a delivery takes place; ctx is the one
// that Consume called its DeliverFunc with, or made from it. That context ends
// when the lease is lost.
func LeaseFrom(ctx context.Context) (Lease, bool) {
	l, ok := ctx.Value(leaseKey{}).(leased)
	return l.Lease, ok
}

// loseLease ends deliveries under a lease that somebody has found out of date.
func loseLease(ctx context.Context) {
	if l, ok := ctx.Value(leaseKey{}).(leased); ok {
		l.lose(errLeaseLost)
	}
}

var errLeaseLost = errors.New("the lease was lost")

// lease is a Lease in the hands of the worker that has it.
type lease struct {
	Lease
	bus *Bus
	// value is what the lease's key holds as long as the worker has it.
	value string
	// until is when the worker no longer relies on it. By then Redis may have it
	// still, because its time begins when the request arrives.
	until time.Time
}

// acquire leases a partition to a worker; nil when another one has it. Now is the
// time by a server, in milliseconds.
func (b *Bus) acquire(ctx context.Context, partition int, worker string, now int64) (*lease, error) {
	asked := time.Now()
	answer, err := run(ctx, b.client, call{
		script: b.scripts.acquire,
		keys:   []string{b.lease(partition), b.token(partition)},
		args:   []any{worker, b.config.LeaseTTL.Milliseconds(), now},
	})
	if err != nil || answer == nil {
		return nil, err
	}
	text, _ := answer.(string)
	token, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, err
	}
	return &lease{
		Lease: Lease{Bus: b.keys.prefix, Partition: partition, Token: token},
		bus:   b, value: text + " " + worker, until: asked.Add(b.config.LeaseTTL),
	}, nil
}

// hold renews the lease until the function that it returns is called. The
// context, which has the values of parent and the Lease, ends then or when the
// lease is lost.
func (l *lease) hold(parent context.Context) (held context.Context, stop func()) {
	held, lose := withLease(context.WithoutCancel(parent), l.Lease)
	var renewing sync.WaitGroup
	renewing.Go(func() { l.renew(held, lose) })
	return held, func() {
		lose(nil)
		renewing.Wait()
	}
}

func (l *lease) renew(held context.Context, lose context.CancelCauseFunc) {
	ttl := l.bus.config.LeaseTTL
	expiry := time.AfterFunc(time.Until(l.until), func() { lose(errLeaseLost) })
	defer expiry.Stop()
	ticker := time.NewTicker(ttl / 3)
	defer ticker.Stop()
	for {
		select {
		case <-held.Done():
			return
		case <-ticker.C:
		}
		asked := time.Now()
		_, err := l.run(held, l.bus.scripts.renew, nil, ttl.Milliseconds())
		switch {
		case err == nil:
			expiry.Reset(time.Until(asked.Add(ttl)))
		case errors.Is(err, errLeaseLost):
			lose(err)
		case held.Err() == nil:
			l.bus.logFailure(held, "renewing a lease", err)
		}
	}
}

// release gives the lease back. Without an answer it ends by itself.
func (l *lease) release(ctx context.Context) {
	if _, err := l.run(ctx, l.bus.scripts.release, nil); err != nil {
		l.bus.logFailure(ctx, "giving a lease back", err)
	}
}

// run runs a script that does nothing unless the worker still has the lease, and
// whose answer is nil when it has not: errLeaseLost.
func (l *lease) run(ctx context.Context, script *script, keys []string, args ...any) (any, error) {
	answer, err := run(ctx, l.bus.client, call{
		script: script,
		keys:   append([]string{l.bus.lease(l.Partition)}, keys...),
		args:   append([]any{l.value}, args...),
	})
	if err == nil && answer == nil {
		err = errLeaseLost
	}
	return answer, err
}
