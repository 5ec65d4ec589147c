package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/fanql/fanql/ports"
)

const (
	// reapPage is the most connections that are read at a time.
	reapPage = 100
	// reapers is how many of them are disconnected at a time.
	reapers = 16
)

// reap disconnects every connection that a dead member had, and then forgets the
// member. After a failure the rest stays, for whoever gets the member next. Another process may do the same at the same time, which is why the
// members of the set are drawn: two processes seldom draw the same ones.
func (r *router) reap(ctx context.Context, disconnect ports.DisconnectFunc, member string) error {
	key := r.connectionsKey(member)
	for {
		ids, err := r.client.SRandMemberN(ctx, key, reapPage).Result()
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return r.client.ZRem(ctx, r.deadKey(), member).Err()
		}
		done, failure := disconnectAll(ctx, disconnect, processOf(member), ids)
		if len(done) > 0 {
			err = r.client.SRem(ctx, key, done...).Err()
		}
		if err := errors.Join(failure, err); err != nil {
			return err
		}
	}
}

// disconnectAll returns those that it has disconnected, and the last of the
// failures.
func disconnectAll(ctx context.Context, disconnect ports.DisconnectFunc, process string, ids []string) (done []any, err error) {
	var removals sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, reapers)
	for _, id := range ids {
		slots <- struct{}{}
		removals.Go(func() {
			defer func() { <-slots }()
			address := ports.Address{ID: ports.ConnectionID(id), Endpoint: process}
			failure := disconnect(ctx, ports.Disconnection{Address: address})
			mu.Lock()
			defer mu.Unlock()
			if failure != nil {
				err = fmt.Errorf("disconnecting: %w", failure)
				return
			}
			done = append(done, id)
		})
	}
	removals.Wait()
	return done, err
}
