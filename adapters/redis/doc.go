// Package redis is a Backend in Redis: it keeps connections and subscriptions
// (Store), publishes through Streams (Bus), and joins processes with sockets into
// one fleet (Backend.Router): on Redis standalone, with Sentinel or as a Cluster, version 6.2 or
// later, whatever the redis.UniversalClient that it is given talks to.
//
// The keys are in docs/redis-keys.md, and why they are so in
// docs/decisions/0009-redis-layout.md.
//
// # What holds for every call
//
// Every decision is a Lua script, which Redis carries out in one step, on the keys
// of one slot. Scripts go to masters, so that reads are consistent also where the
// client reads from replicas. A row whose time has passed counts as absent by the
// configured clock, to the nanosecond; Redis deletes its key two minutes later.
//
// An answer that is lost on the way is harmless, except to Bus.Publish, whose events
// are then there twice, with the same IDs: whatever else the client repeats is
// recognized. What a call that failed or whose process ended has left half done,
// its repetition finishes.
//
// What Redis has acknowledged can still be lost with it: replication is
// asynchronous, and persistence is a matter of its configuration.
//
// # The client
//
// It stays the caller's. Set ContextTimeoutEnabled, or a deadline does not cut an
// answer that is waited for; the client's own ReadTimeout does. Where it gives up on
// an answer (MaxRetries), the error has no kind.
package redis
