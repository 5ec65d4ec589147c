package callback

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/http"

	"github.com/fanql/fanql/ports"
)

// Push posts the frame and returns when the router has answered. One request at a time
// is under way for a subscription.
//
// ErrGone: the router has ended the subscription (404, another 4xx, 3xx or 1xx), it or
// its host has failed for Config.GiveUp, or its URL is not allowed. ErrThrottled: 429.
// ErrTooLarge: 413. An error without a kind: 5xx, or the network. Its cause is a
// *StatusError where the router answered.
func (c *Callbacks) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	const op = "callback.Push"
	m, err := read(frame)
	if err != nil {
		return &ports.Error{Op: op, Kind: ports.ErrInvalid, Err: err}
	}
	if captureOf(ctx, to).take(m) || m.action == nothing {
		return nil
	}
	return c.send(ctx, op, to, m)
}

// Close ends the subscription: with an error that has the reason, unless the code is
// CloseNormal.
func (c *Callbacks) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	if captureOf(ctx, to).close(code, reason) {
		return nil
	}
	m := message{action: complete}
	if code != ports.CloseNormal {
		m.payload = ports.NewResponseErrors(reason).AppendJSON(nil)
	}
	err := c.send(ctx, "callback.Close", to, m)
	if errors.Is(err, ports.ErrGone) {
		return nil
	}
	return err
}

// Tags implements ports.Tagger: by its topic Run finds a subscription.
func (c *Callbacks) Tags(of ports.Address) []ports.Topic {
	to, ok := targetOf(of)
	if !ok || c.config.NoHeartbeats {
		return nil
	}
	return []ports.Topic{topicOf(classOf(to.heartbeat), shardOf(of.ID))}
}

func shardOf(id ports.ConnectionID) int {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(id)) // never fails
	return int(sum.Sum32() % shards)
}

// send posts a message in its turn, unless there is no hope.
func (c *Callbacks) send(ctx context.Context, op string, at ports.Address, m message) error {
	to, ok := targetOf(at)
	if !ok {
		return &ports.Error{Op: op, Kind: ports.ErrInvalid, Err: errors.New("the address is none of a callback")}
	}
	if err := c.decide(to.url, to.id); err != nil {
		return &ports.Error{Op: op, Kind: ports.ErrGone, Err: err}
	}
	done, err := c.turns.take(ctx, at.ID)
	if err != nil {
		return &ports.Error{Op: op, Err: err}
	}
	defer done()
	id, host := string(at.ID), to.url.Scheme+"://"+to.url.Host
	switch err := c.health.admit(id, host); {
	case errors.Is(err, ports.ErrGone):
		return &ports.Error{Op: op, Kind: ports.ErrGone, Err: errTooLong}
	case err != nil:
		return &ports.Error{Op: op, Err: err}
	}
	return c.outcome(ctx, op, at, host, c.post(ctx, to, m))
}

// errTooLong: the callback has failed for Config.GiveUp.
var errTooLong = errors.New("the callback has failed for too long")

// outcome is what a post has come to, as the port has it.
func (c *Callbacks) outcome(ctx context.Context, op string, at ports.Address, host string, err error) error {
	id := string(at.ID)
	if err == nil {
		c.health.passed(id, host, answers(host))
		c.health.took(host)
		return nil
	}
	if ctx.Err() != nil { // the caller had no more time, which says nothing of the router
		return &ports.Error{Op: op, Err: err}
	}
	kind := kindOf(err)
	answer, hasStatus := errors.AsType[*StatusError](err)
	_, unreadable := errors.AsType[unreadableError](err)
	answered := hasStatus || unreadable
	if answered {
		c.health.passed(host)
	}
	switch {
	case kind == ports.ErrGone: //nolint:errorlint // kindOf returns the sentinels themselves
		c.health.passed(id, answers(host))
		c.health.took(host)
	case kind == nil && c.hasFailedForTooLong(id, host, answered, weight(err)):
		kind, err = ports.ErrGone, errors.Join(errTooLong, err)
	}
	if hasStatus && kind == ports.ErrGone && answer.Status != http.StatusNotFound { //nolint:errorlint // likewise
		c.config.Logger.WarnContext(ctx, "a router has ended a subscription",
			slog.String("connection", id), slog.String("host", answer.Host), slog.Int("status", answer.Status))
	}
	return &ports.Error{Op: op, Kind: kind, Err: err}
}

// hasFailedForTooLong notes a failure of a callback, and of its host: of the connection
// to it, or of its answers. A host whose answers fail is not left alone, since it may be
// the callback's own failure.
func (c *Callbacks) hasFailedForTooLong(id, host string, answered bool, weight int) bool {
	of := host
	if answered {
		of = answers(host)
	}
	hostFails := c.health.hostFailed(of)
	return c.health.callbackFailed(id, weight) || hostFails || c.health.isAlone(id, host)
}

// answers is the name by which health knows the answers of a host.
func answers(host string) string { return "answers of " + host }

// weight is what a failure counts. One that took all the time counts as all tries, so
// that a callback which does not answer costs the others that time once.
func weight(err error) int {
	if isTimeout(err) {
		return tries
	}
	return 1
}

// Beside returns a Pusher for an engine that has other clients too: what is for a
// callback goes there, and the rest to others.
func (c *Callbacks) Beside(others ports.Pusher) ports.Pusher { return &both{c, others} }

// both is a Pusher for callbacks and others.
type both struct {
	*Callbacks
	others ports.Pusher
}

var _ ports.Tagger = (*both)(nil)

// Push implements ports.Pusher.
func (b *both) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	if isCallback(to) {
		return b.Callbacks.Push(ctx, to, frame)
	}
	return b.others.Push(ctx, to, frame)
}

// Close implements ports.Pusher.
func (b *both) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	if isCallback(to) {
		return b.Callbacks.Close(ctx, to, code, reason)
	}
	return b.others.Close(ctx, to, code, reason)
}

// Tags implements ports.Tagger.
func (b *both) Tags(of ports.Address) []ports.Topic {
	if isCallback(of) {
		return b.Callbacks.Tags(of)
	}
	if tagger, ok := b.others.(ports.Tagger); ok {
		return tagger.Tags(of)
	}
	return nil
}

// topicOf is the topic by which the subscriptions of a class are found.
func topicOf(class, shard int) ports.Topic {
	return ports.Topic(fmt.Sprintf("fanql:callback:%d:%d", class, shard))
}
