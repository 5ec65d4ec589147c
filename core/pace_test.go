package core_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// throttle is a pusher that takes 5 ms for a frame, and refuses some.
type throttle struct {
	ports.Pusher

	mu     sync.Mutex
	pushes int
	// refuses decides about the nth push; nil refuses none.
	refuses func(n int, to ports.ConnectionID) bool
	// last is when an event was accepted.
	last map[ports.ConnectionID]time.Time
}

func (t *throttle) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	t.mu.Lock()
	t.pushes++
	refused := t.refuses != nil && t.refuses(t.pushes, to.ID)
	t.mu.Unlock()
	if t.last == nil { // the clients are still connecting
		return t.Pusher.Push(ctx, to, frame)
	}
	time.Sleep(5 * time.Millisecond)
	if refused {
		return &ports.Error{Op: "test.Push", Kind: ports.ErrThrottled}
	}
	t.mu.Lock()
	t.last[to.ID] = time.Now()
	t.mu.Unlock()
	return t.Pusher.Push(ctx, to, frame)
}

func (t *throttle) begin(refuses func(n int, to ports.ConnectionID) bool) {
	t.pushes, t.refuses, t.last = 0, refuses, map[ports.ConnectionID]time.Time{}
}

// throttled is a fan of clients whose transport is throttled.
func throttled(t *testing.T, clients int) (*fan, []ports.Address, *throttle) {
	transport := &throttle{}
	f := newFan(t, func(c *core.Config) {
		transport.Pusher = c.Pusher
		c.Pusher, c.Random = transport, func() float64 { return 0.5 }
	})
	return f, f.crowd(clients, "feed"), transport
}

// took is how long an event takes to everybody.
func (f *fan) took(text string) time.Duration {
	f.t.Helper()
	began := time.Now()
	f.deliver(instruction{Text: text})
	return time.Since(began)
}

func (f *fan) expectEach(clients []ports.Address, texts ...string) {
	f.t.Helper()
	for _, client := range clients {
		if frames := f.pushed.take(client.ID); len(frames) != len(texts) {
			f.t.Errorf("%s got %q, want %q", client.ID, frames, texts)
		}
	}
}

func TestRefusalsOfAnInstantSlowNobodyDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, clients, transport := throttled(t, 2000)
		transport.begin(func(n int, _ ports.ConnectionID) bool { return n <= 64 })
		if took := f.took("a"); took > time.Second {
			t.Errorf("64 refusals at once made an event of 0.2 s take %v", took)
		}
		f.expectEach(clients, "a")
	})
}

func TestThePaceIsBackAtFullSpeedAfterTheLastRefusal(t *testing.T) {
	for name, share := range map[string]int{"30 in 100": 30, "all": 100} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, clients, transport := throttled(t, 2000)
				end := time.Now().Add(5 * time.Second)
				transport.begin(func(n int, _ ports.ConnectionID) bool { return time.Now().Before(end) && n%100 < share })
				events := feedEvents(t, instruction{Text: "a"})
				for f.Deliver(t.Context(), events)[0] != nil {
				}
				if over := time.Since(end); over > 2*time.Second {
					t.Errorf("the event ended %v after the last refusal", over)
				}
				time.Sleep(time.Until(end.Add(2 * time.Second)))
				if took := f.took("b"); took > 200*time.Millisecond {
					t.Errorf("2 s after the last refusal an event takes %v", took)
				}
				for _, client := range clients {
					if frames := f.pushed.take(client.ID); len(frames) < 2 {
						t.Errorf("%s got %q", client.ID, frames)
					}
				}
			})
		})
	}
}

// Connections that are always throttled are slow by themselves.
func TestThrottledConnectionsSlowNobodyDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const every = 33 // 3 %
		f, clients, transport := throttled(t, 2000)
		refused := map[ports.ConnectionID]bool{}
		for i := 0; i < len(clients); i += every {
			refused[clients[i].ID] = true
		}
		transport.begin(func(_ int, to ports.ConnectionID) bool { return refused[to] })
		began := time.Now()
		var pinged time.Duration
		go func() {
			time.Sleep(100 * time.Millisecond)
			sent := time.Now()
			if err := f.Receive(context.Background(), ports.Message{Address: clients[1], Data: []byte(`{"type":"ping"}`)}); err != nil {
				t.Error(err)
			}
			pinged = time.Since(sent)
		}()
		if took := f.took("a"); took > 15*time.Second {
			t.Errorf("the delivery took %v", took)
		}
		if pinged > 10*time.Millisecond {
			t.Errorf("a ping was answered after %v", pinged)
		}
		for _, client := range clients {
			if after := transport.last[client.ID].Sub(began); !refused[client.ID] && after > time.Second {
				t.Errorf("%s was served after %v", client.ID, after)
			}
			if code := f.pushed.closed[client.ID]; refused[client.ID] != (code == 1013) {
				t.Errorf("%s was closed with %d", client.ID, code)
			}
		}
	})
}

// While events wait in the pace, answers and ends do not.
func TestAnswersPassEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, clients, transport := throttled(t, 200)
		end := time.Now().Add(time.Second)
		transport.begin(func(int, ports.ConnectionID) bool { return time.Now().Before(end) })
		go f.Deliver(context.Background(), feedEvents(t, instruction{Text: "a"}))
		time.Sleep(time.Second)
		sent := time.Now()
		f.send(clients[0], `{"type":"ping"}`)
		if took := time.Since(sent); took != 5*time.Millisecond {
			t.Errorf("a ping was answered after %v", took)
		}
		synctest.Wait()
		time.Sleep(time.Minute)
	})
}
