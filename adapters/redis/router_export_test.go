package redis

import "context"

// WithLease is a context as Consume makes it.
func WithLease(ctx context.Context, lease Lease) context.Context {
	return context.WithValue(ctx, leaseKey{}, lease)
}

// WithLostLease is such a context after the lease was lost.
func WithLostLease(ctx context.Context, lease Lease) context.Context {
	lost, lose := context.WithCancelCause(WithLease(ctx, lease))
	lose(errLeaseLost)
	return lost
}
