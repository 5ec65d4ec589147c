package callback

import (
	"context"
	"sync"

	"github.com/fanql/fanql/ports"
)

// turns let one request at a time be under way for each subscription: nothing else
// keeps the order of requests.
type turns struct {
	mu   sync.Mutex
	byID map[ports.ConnectionID]*turn
}

type turn struct {
	token chan struct{}
	users int
}

func newTurns() *turns { return &turns{byID: map[ports.ConnectionID]*turn{}} }

// take waits for the turn. Done ends it.
func (t *turns) take(ctx context.Context, id ports.ConnectionID) (done func(), err error) {
	t.mu.Lock()
	of := t.byID[id]
	if of == nil {
		of = &turn{token: make(chan struct{}, 1)}
		t.byID[id] = of
	}
	of.users++
	t.mu.Unlock()
	select {
	case of.token <- struct{}{}:
		return func() { <-of.token; t.leave(id, of) }, nil
	case <-ctx.Done():
		t.leave(id, of)
		return nil, ctx.Err()
	}
}

func (t *turns) leave(id ports.ConnectionID, of *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if of.users--; of.users == 0 {
		delete(t.byID, id)
	}
}
