package core_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// posts is a pusher whose frames take their time, and whose sockets may never answer.
type posts struct {
	*recorder

	takes time.Duration
	// hangs is the connection that never answers, and closes whether it can be closed.
	hangs  ports.ConnectionID
	closes bool
}

func (p *posts) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	if to.ID == p.hangs {
		return p.hang(ctx)
	}
	select {
	case <-time.After(p.takes):
		return p.recorder.Push(ctx, to, frame)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hang is a call that has no answer for as long as the transport waits for one.
func (p *posts) hang(ctx context.Context) error {
	select {
	case <-time.After(10 * time.Second):
		return errAway
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *posts) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	if to.ID == p.hangs && !p.closes {
		return p.hang(ctx)
	}
	return p.recorder.Close(ctx, to, code, reason)
}

// posting is a fan whose frames are posts.
func posting(t *testing.T, clients, pageSize int, reserve time.Duration) (*fan, []ports.Address, *posts) {
	transport := &posts{}
	f := newFan(t, func(c *core.Config) {
		transport.recorder = c.Pusher.(*recorder)
		c.Pusher, c.PageSize, c.Reserve = transport, pageSize, reserve
	})
	return f, f.crowd(clients, "feed"), transport
}

// invoke delivers in an invocation that must end before its timeout.
func (f *fan) invoke(timeout time.Duration, events []ports.Event) []error {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	began := time.Now()
	verdicts := f.Deliver(ctx, events)
	if took := time.Since(began); took >= timeout {
		f.t.Errorf("an invocation of %v took %v", timeout, took)
	}
	return verdicts
}

// A burst of events that is too much for an invocation gets further in each, to
// everybody once and in order, whether the bus hands over all that is left or cuts it.
func TestABurstGetsFurtherInEveryInvocation(t *testing.T) {
	for _, test := range []struct {
		timeout, reserve time.Duration
		pageSize, window int
	}{
		{5 * time.Second, 1500 * time.Millisecond, 200, 60},
		{5 * time.Second, 1500 * time.Millisecond, 200, 7},
		{5 * time.Second, 1500 * time.Millisecond, 0, 60},
		{3 * time.Second, 5 * time.Second, 200, 60},
		{8 * time.Second, 5 * time.Second, 200, 60},
		{30 * time.Second, 5 * time.Second, 200, 60},
		{900 * time.Second, 5 * time.Second, 200, 60},
	} {
		t.Run(fmt.Sprintf("%+v", test), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				subscribers := 600
				if raced && test.timeout < 10*time.Second {
					subscribers = 300 // too much for such an invocation as well
				}
				f, clients, transport := posting(t, subscribers, test.pageSize, test.reserve)
				transport.takes = 100 * time.Millisecond
				var instructions []instruction
				for i := range 60 {
					instructions = append(instructions, instruction{Text: fmt.Sprint(i)})
				}
				open := positioned(feedEvents(t, instructions...))
				invocations := 0
				for ; len(open) > 0; invocations++ {
					batch := open[:min(test.window, len(open))]
					left := undelivered(t, batch, f.invoke(test.timeout, batch))
					open = open[len(batch)-len(left):]
					if invocations > 200 {
						t.Fatal("the delivery does not end")
					}
				}
				t.Logf("%d invocations", invocations)
				for _, client := range clients {
					var want []string
					for _, what := range instructions {
						want = append(want, next("1", "feed", what.Text))
					}
					equalFrames(t, f.pushed.take(client.ID), want)
				}
			})
		})
	}
}

// A bus may be able to hand over only together what was published together. Then a
// topic of one page gets the first event again.
func TestABurstThatIsHandedOverTogetherGetsFurther(t *testing.T) {
	for _, pageSize := range []int{0, 200} {
		t.Run(fmt.Sprintf("pages of %d", pageSize), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, clients, transport := posting(t, 600, pageSize, 1500*time.Millisecond)
				transport.takes = 100 * time.Millisecond
				var texts []string
				var instructions []instruction
				for i := range 20 {
					texts = append(texts, fmt.Sprint(i))
					instructions = append(instructions, instruction{Text: fmt.Sprint(i)})
				}
				events := positioned(feedEvents(t, instructions...))
				invocations := 1
				for ; undelivered(t, events, f.invoke(5*time.Second, events)) != nil; invocations++ {
					if invocations > 40 {
						t.Fatal("the delivery does not end")
					}
				}
				t.Logf("%d invocations", invocations)
				for _, client := range clients {
					frames := f.pushed.take(client.ID)
					if repeats := len(frames) - len(texts); repeats > 0 && pageSize > 0 {
						t.Errorf("%s got %d repeats", client.ID, repeats)
					}
					first := results("0")[0]
					frames = append(frames[:1:1], slices.DeleteFunc(frames[1:], func(frame string) bool { return frame == first })...)
					equalFrames(t, frames, results(texts...))
				}
			})
		})
	}
}
