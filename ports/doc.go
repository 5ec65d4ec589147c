// Package ports holds the contracts between FanQL's engine and the world: what
// the engine needs (ConnectionStore, SubscriptionStore, EventBus, Pusher, Schema, and
// History where topics keep events) and what a transport tells it (Handshake, Message,
// Disconnection, Request).
//
// The package imports the standard library only. An adapter implements these
// interfaces and imports nothing else of FanQL; the doc comment of each method
// is its contract, and package porttest is the proof.
//
// # Rules that hold for every port
//
// Every method may be called concurrently, from many goroutines and, for stores
// that are shared, from many processes. A method honours the cancellation and
// the deadline of its context, keeps no reference to it, and starts no goroutine
// that outlives the call (EventSource.Consume runs until its context ends).
//
// Failures are *Error values: errors.Is finds the kind (ErrNotFound, ...), and
// errors.As finds the SDK's own error. A failure without a kind means that the
// outcome is unknown; every method here may be repeated after one.
//
// Byte slices and slices that are passed in belong to the callee from then on,
// and slices that come back belong to the caller; neither side modifies them,
// so both may keep them.
//
// ReceivedAt keeps its nanoseconds, because it orders messages; other times may
// be cut to the millisecond.
//
// A row whose ExpiresAt has passed is absent, whether or not the backend has
// deleted it yet. Now comes from the adapter's configuration.
package ports
