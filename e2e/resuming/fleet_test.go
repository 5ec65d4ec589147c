//go:build e2e

package resuming

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/internal/redislocal"
)

// fleet is gateways on one Redis, of which clients know some.
type fleet struct {
	redis, binary string

	mu       sync.Mutex
	gateways []program.Program // those that clients are sent to
	ending   map[int]bool
	started  int
}

// start returns once the gateway has joined the fleet.
func (f *fleet) start(t *testing.T) program.Program {
	t.Helper()
	f.mu.Lock()
	f.started++
	name := "gateway-" + strconv.Itoa(f.started)
	f.mu.Unlock()
	gateway := program.Run(t, f.binary, "-addr", "127.0.0.1:0", "-redis", f.redis, "-process", name)
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(gateway.Base + "/readyz")
		if err == nil {
			_ = response.Body.Close()
		}
		switch {
		case err == nil && response.StatusCode == http.StatusOK:
			return gateway
		case time.Since(began) > program.Patience:
			t.Errorf("%s is not ready: %v", name, err)
			return gateway
		}
	}
}

// choose is the address of a gateway that is not ending.
func (f *fleet) choose(t *testing.T) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range rand.Perm(len(f.gateways)) {
		if !f.ending[f.gateways[i].ID] {
			return host(t, f.gateways[i].Base)
		}
	}
	return ""
}

// replace ends a gateway and starts another in its place.
func (f *fleet) replace(t *testing.T, slot int, end func(program.Program)) {
	f.mu.Lock()
	old := f.gateways[slot]
	f.ending[old.ID] = true
	f.mu.Unlock()
	end(old)
	started := f.start(t)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gateways[slot] = started
}

// TestOnTheFleet: gateways on one Redis, which are killed with kill -9 and restarted by
// turns. What publishes is a gateway of its own, so that each number is published once.
func TestOnTheFleet(t *testing.T) {
	t.Parallel()
	server, err := redislocal.Start(t.Context(), redislocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	f := &fleet{redis: server.Addr(), binary: program.Build(t, "examples/chat/redis", "-race", "-tags="), ending: map[int]bool{}}
	publisher := f.start(t)
	f.gateways = []program.Program{f.start(t), f.start(t)}
	p := &passage{
		publish: func(ctx context.Context, text string) error { return program.Publish(ctx, publisher.Base, room, text) },
		choose:  func() string { return f.choose(t) },
	}
	for i := range 6 {
		end := func(g program.Program) { g.Kill() }
		if i%2 == 1 {
			end = func(g program.Program) { g.Stop() }
		}
		p.ends = append(p.ends, func() { f.replace(t, i/2%2, end) })
	}
	p.run(t)
}
