package redis

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

var (
	errRunning      = errors.New("the router is running already")
	errNoProcess    = errors.New("the name of the process is required")
	errNotListening = errors.New("the process that has the connection is not listening for the moment")
	errEnded        = errors.New("the router has ended")
	errUnsubscribed = errors.New("the server has ended the subscription")
	errElsewhere    = errors.New("the channel is subscribed to at another node than others publish to")
)

// Run implements ports.Router. What is left of the sockets when ctx ends, another
// process disconnects. It returns an error where the client was closed, or where a
// command or channel is forbidden before the process is ready.
func (r *router) Run(ctx context.Context, disconnect ports.DisconnectFunc) error {
	if r.running.Swap(true) {
		return &ports.Error{Op: "redis.Run", Kind: ports.ErrInvalid, Err: errRunning}
	}
	defer r.running.Store(false)
	defer r.makeEnded()
	running, end := context.WithCancelCause(ctx)
	var parts sync.WaitGroup
	parts.Go(func() { end(r.listen(running)) })
	parts.Go(func() { r.send(running) })
	parts.Go(func() { end(r.live(running, disconnect)) })
	parts.Wait()
	r.outbox.close()
	if cause := context.Cause(running); ctx.Err() == nil {
		return failure("Run", cause)
	}
	return nil
}

// stays says whether a failure is one that does not pass: the client was closed,
// or something that the process needs to be ready for others is forbidden.
func (r *router) stays(err error) bool {
	return errors.Is(err, goredis.ErrClosed) || isForbidden(err) && !r.isReady()
}

// listen keeps the process's channel subscribed to until ctx ends. Its error is a
// failure that stays.
func (r *router) listen(ctx context.Context) error {
	const first, most = 50 * time.Millisecond, 2 * time.Second
	inbox := inbox{router: r, senders: make(map[sender]progress)}
	for rest := first; ctx.Err() == nil; rest = min(2*rest, most) {
		began := time.Now()
		err := r.receive(ctx, &inbox)
		if time.Since(began) > most {
			rest = first
		}
		r.logFailure(ctx, "listening for other processes", err)
		if r.stays(err) && ctx.Err() == nil {
			return err
		}
		if errors.Is(err, errUnsubscribed) && rest == first {
			continue
		}
		select {
		case <-time.After(rest):
		case <-ctx.Done():
		}
	}
	return nil
}

// receive subscribes, and handles messages until something fails. It never
// returns nil. The process receives a message of its own at every heartbeat, so
// that silence is a failure too: of a connection that is broken, or of a server that no longer has the channel.
func (r *router) receive(ctx context.Context, inbox *inbox) error {
	sharded, err := r.supportsShards(ctx)
	if err != nil {
		return err
	}
	subscribe := r.client.Subscribe
	if sharded {
		subscribe = r.client.SSubscribe
	}
	subscription := subscribe(ctx, r.channel(r.process))
	defer subscription.Close() //nolint:errcheck // closed twice when ctx ends
	defer r.listening.Store(false)
	here, stop := r.whileHere(ctx)
	defer stop()
	defer context.AfterFunc(here, func() { _ = subscription.Close() })()
	for {
		received, err := subscription.ReceiveTimeout(ctx, r.config.DeadAfter)
		if err != nil && errors.Is(context.Cause(here), errElsewhere) {
			return errElsewhere
		}
		if err != nil {
			return err
		}
		switch received := received.(type) {
		case *goredis.Subscription:
			if received.Count == 0 { // as when the slot moves to another node
				return errUnsubscribed
			}
			r.sharded.Store(sharded)
			r.listening.Store(true)
			r.checkReady()
			r.outbox.signal()
		case *goredis.Message:
			inbox.handle(ctx, []byte(received.Payload))
		}
	}
}

// whileHere is a context that ends with errElsewhere where the subscription is found to
// be at the wrong node.
func (r *router) whileHere(ctx context.Context) (here context.Context, stop func()) {
	here, leave := context.WithCancelCause(ctx)
	select {
	case <-r.elsewhere: // of a subscription before
	default:
	}
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-r.elsewhere:
			leave(errElsewhere)
		case <-here.Done():
		}
	})
	return here, func() {
		leave(nil)
		watching.Wait()
	}
}

// supportsShards asks the server for sharded pub/sub, which Redis has from 7.0
// on and an ACL may withhold.
func (r *router) supportsShards(ctx context.Context) (bool, error) {
	err := r.client.Process(ctx, r.publication(ctx, true, r.process, nil))
	if isForbidden(err) {
		return false, nil
	}
	return err == nil, err
}

// send publishes what waits, one round after the other: what is added during
// one travels together in the next. While the process could not receive
// answers, it waits.
func (r *router) send(ctx context.Context) {
	for {
		select {
		case <-r.outbox.wake:
		case <-ctx.Done():
			return
		}
		if r.listening.Load() {
			r.publish(ctx, r.outbox.take())
		}
	}
}

func (r *router) publish(ctx context.Context, parcels []parcel) {
	pipeline := r.client.Pipeline()
	results := make([]*goredis.IntCmd, len(parcels))
	for i, p := range parcels {
		m := message{from: r.process, instance: r.instance, answers: p.answers}
		if p.batch != nil {
			m.sequence, m.entries = p.batch.sequence, p.batch.entries
		}
		results[i] = r.publication(ctx, r.sharded.Load(), p.to, m.encode())
		_ = pipeline.Process(ctx, results[i]) // only queues it
	}
	_, _ = pipeline.Exec(ctx) // every result has its error
	var unreceived []parcel
	for i, p := range parcels {
		receivers, err := results[i].Result()
		switch {
		case p.batch == nil: // an answer that is lost, the other side notices
		case err != nil:
			r.outbox.settle(p.to, p.batch, outcome{kindOf(err), withoutArguments(err)})
		case receivers == 0:
			unreceived = append(unreceived, p)
		}
	}
	if len(unreceived) > 0 {
		r.settleUnreceived(ctx, unreceived)
	}
}

// settleUnreceived tells processes that are dead from those that are about to
// subscribe again, as when a cluster moves the slot of their channel. What is for
// these waits for it, as long as for an answer.
func (r *router) settleUnreceived(ctx context.Context, parcels []parcel) {
	pipeline := r.client.Pipeline()
	alive := make([]*goredis.IntCmd, len(parcels))
	for i, p := range parcels {
		alive[i] = pipeline.Exists(ctx, r.aliveKey(p.to))
	}
	_, _ = pipeline.Exec(ctx) // every result has its error
	for i, p := range parcels {
		if count, err := alive[i].Result(); err == nil && count == 0 {
			r.outbox.settle(p.to, p.batch, outcome{kind: ports.ErrGone})
			continue
		}
		r.outbox.again(p.to, p.batch)
	}
}

// publication is the command that publishes to a process. In a cluster it goes
// to the node of the channel's slot, where the process listens: there the
// number of receivers is right and messages stay in order, also without shards.
func (r *router) publication(ctx context.Context, sharded bool, to string, data []byte) *goredis.IntCmd {
	verb := "publish"
	if sharded {
		verb = "spublish"
	}
	command := goredis.NewIntCmd(ctx, verb, r.channel(to), data)
	command.SetFirstKeyPos(1)
	return command
}

func (r *router) logFailure(ctx context.Context, doing string, err error) {
	if err != nil && ctx.Err() == nil {
		err = withoutArguments(err)
		r.problem.Store(&err)
		r.config.Logger.WarnContext(ctx, doing, slog.String("process", r.process), slog.Any("error", err))
	}
}
