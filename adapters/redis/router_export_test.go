package redis

import "context"

// WithLease is a context as Consume makes it.
func WithLease(ctx context.Context, lease Lease) context.Context {
	leased, _ := withLease(ctx, lease)
	return leased
}

// WithLostLease is such a context after the lease was lost.
func WithLostLease(ctx context.Context, lease Lease) context.Context {
	lost, lose := withLease(ctx, lease)
	lose(errLeaseLost)
	return lost
}
