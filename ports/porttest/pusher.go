package porttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fanql/fanql/ports"
)

// Client is the far end of a socket.
type Client interface {
	// Receive returns the next message; after the last one of a socket that was
	// closed it returns a *Closed.
	Receive(ctx context.Context) ([]byte, error)
	// HangUp closes the socket and returns when the transport knows.
	HangUp(ctx context.Context) error
}

// Closed is how a client learns that its socket was closed.
type Closed struct {
	Code   int
	Reason string
}

// Error tells the code and the reason.
func (c *Closed) Error() string { return fmt.Sprintf("closed with %d: %s", c.Code, c.Reason) }

// PusherAdapter is a pusher to try.
type PusherAdapter struct {
	// New returns a pusher and a way to open sockets that it reaches. It is
	// called once a subtest.
	New func(t *testing.T) (pusher ports.Pusher, open func() (ports.Address, Client))
	// MaxFrame is the size in bytes over which a frame is too large; 0 when there
	// is no limit.
	MaxFrame int
	// Capacity is how many frames may be pushed to a client that receives none
	// before it is throttled; 0 when there is no such number.
	Capacity int
	// Lacks names what the adapter has no such thing for: MaxFrame, Capacity, Codes where
	// the transport cannot send a close code and a reason, and Batcher where the pusher is
	// no ports.Batcher. What needs them is not tried. What is both or neither fails.
	Lacks []string
}

// TestPusher tries a pusher.
func TestPusher(t *testing.T, adapter PusherAdapter) {
	t.Helper()
	run(t, pusherChecks(), adapter.Lacks, adapter.fixture)
}

func (a PusherAdapter) fixture(t *testing.T) pusherFixture {
	pusher, open := a.New(t)
	return pusherFixture{Pusher: pusher, open: open, maxFrame: a.MaxFrame, capacity: a.Capacity, codes: !slices.Contains(a.Lacks, "Codes")}
}

// pusherFixture is a pusher with what checks need to talk to it.
type pusherFixture struct {
	ports.Pusher
	open               func() (ports.Address, Client)
	maxFrame, capacity int
	codes              bool
}

func maxFrame() need[pusherFixture] {
	return need[pusherFixture]{"MaxFrame", func(f pusherFixture) bool { return f.maxFrame > 0 }}
}

func capacity() need[pusherFixture] {
	return need[pusherFixture]{"Capacity", func(f pusherFixture) bool { return f.capacity > 0 }}
}

func pusherChecks() []check[pusherFixture] {
	return slices.Concat(pushChecks(), notSentChecks(), batcherChecks(), closeChecks())
}

func pushChecks() []check[pusherFixture] {
	return []check[pusherFixture]{
		{name: "Push: the parts arrive as one message", run: func(t tester, f pusherFixture) {
			to, client := f.open()
			for _, frame := range []ports.Frame{
				{Head: []byte("head,"), Payload: []byte("payload ☃ 😀"), Tail: []byte(",tail")},
				{Head: []byte("head only")}, {Payload: []byte("payload only")}, {Tail: []byte("tail only")},
				{Head: []byte("head,"), Payload: []byte(strings.Repeat("long", 500)), Tail: []byte(",tail")},
			} {
				success(t, "Push", f.Push(t.Context(), to, frame))
				receives(t, client, string(frame.AppendTo(nil)))
			}
		}},
		{name: "Push: frames arrive in order", run: func(t tester, f pusherFixture) {
			to, client := f.open()
			for _, text := range numbers(16) {
				f.push(t, to, text)
			}
			receives(t, client, numbers(16)...)
		}},
		{name: "Push: each client has its own", run: func(t tester, f pusherFixture) {
			one, first := f.open()
			other, second := f.open()
			f.push(t, one, "a")
			f.push(t, other, "b")
			f.push(t, one, "c")
			f.push(t, other, "d")
			receives(t, first, "a", "c")
			receives(t, second, "b", "d")
		}},
		{name: "Push: leaves the parts as they are", run: func(t tester, f pusherFixture) {
			to, client := f.open()
			spare := []byte("head......payload......tail......")
			frame := ports.Frame{Head: spare[:4], Payload: spare[10:17], Tail: spare[23:27]}
			for range 2 {
				success(t, "Push", f.Push(t.Context(), to, frame))
				receives(t, client, "headpayloadtail")
			}
			if !bytes.Equal(spare, []byte("head......payload......tail......")) {
				t.Errorf("Push wrote into its argument: %q", spare)
			}
		}},
		{name: "Push: from many at once all arrive whole and in order", run: pushTogether},
	}
}

// pushTogether pushes from several goroutines to one client.
func pushTogether(t tester, f pusherFixture) {
	const pushers, frames = 4, 4
	to, client := f.open()
	errs := make([]error, pushers)
	together(pushers, func(i int) {
		for n := range frames {
			frame := ports.Frame{Head: fmt.Appendf(nil, "%d", i), Payload: []byte("/"), Tail: fmt.Appendf(nil, "%d", n)}
			errs[i] = errors.Join(errs[i], f.Push(t.Context(), to, frame))
		}
	})
	success(t, "Push", errors.Join(errs...))
	f.push(t, to, "end")
	next := make([]int, pushers)
	for {
		message, err := client.Receive(t.Context())
		success(t, "Receive", err)
		if string(message) == "end" {
			break
		}
		var i, n int
		if _, err := fmt.Sscanf(string(message), "%d/%d", &i, &n); err != nil || i >= pushers || n != next[i] {
			t.Fatalf("received %q, which is not the next of a pusher", message)
		}
		next[i]++
	}
	for i, n := range next {
		if n != frames {
			t.Errorf("of pusher %d %d frames arrived, want %d", i, n, frames)
		}
	}
}

// notSentChecks are about frames that are refused.
func notSentChecks() []check[pusherFixture] {
	return []check[pusherFixture]{
		{name: "Push: a client that hung up is gone", run: func(t tester, f pusherFixture) {
			to, client := f.open()
			success(t, "HangUp", client.HangUp(t.Context()))
			refused(t, "Push", f.Push(t.Context(), to, text("a")), ports.ErrGone)
		}},
		{
			name:  "Push: over the limit is too large and not sent",
			needs: []need[pusherFixture]{maxFrame()},
			run: func(t tester, f pusherFixture) {
				to, client := f.open()
				most := strings.Repeat("x", f.maxFrame)
				over := ports.Frame{Head: []byte("x"), Payload: []byte(most[1:]), Tail: []byte("x")}
				refused(t, "Push", f.Push(t.Context(), to, over), ports.ErrTooLarge)
				f.push(t, to, most)
				receives(t, client, most)
			},
		},
		{
			name:  "Push: to a client that does not receive is throttled and not sent",
			needs: []need[pusherFixture]{capacity()},
			run: func(t tester, f pusherFixture) {
				to, client := f.open()
				want := numbers(f.capacity)
				for _, text := range want {
					f.push(t, to, text)
				}
				refused(t, "Push", f.Push(t.Context(), to, text("over")), ports.ErrThrottled)
				receives(t, client, want...)
				f.push(t, to, "later")
				receives(t, client, "later")
			},
		},
		{name: "Push: heeds the end of its context, which ends nothing else", run: func(t tester, f pusherFixture) {
			to, client := f.open()
			cancelled(t, "Push", f.Push(endedContext(t), to, text("perhaps")))
			f.goesOn(t, to, client)
		}},
	}
}

func closeChecks() []check[pusherFixture] {
	return []check[pusherFixture]{
		{name: "Close: comes after what was pushed before", run: func(t tester, f pusherFixture) {
			to, client := f.open()
			for _, text := range numbers(8) {
				f.push(t, to, text)
			}
			success(t, "Close", f.Close(t.Context(), to, 4403, "Forbidden"))
			receives(t, client, numbers(8)...)
			closed(t, client)
		}},
		{
			name:  "Close: the client has the code and the reason",
			needs: []need[pusherFixture]{{"Codes", func(f pusherFixture) bool { return f.codes }}},
			run: func(t tester, f pusherFixture) {
				for code, reason := range map[int]string{4409: "Subscriber for 1 already exists", 4400: strings.Repeat("☃", 41), 1001: ""} {
					to, client := f.open()
					success(t, "Close", f.Close(t.Context(), to, code, reason))
					if got := closed(t, client); got.Code != code || got.Reason != reason {
						t.Errorf("closed with %d %q, want %d %q", got.Code, got.Reason, code, reason)
					}
				}
			},
		},
		{name: "Close: afterwards the socket is gone", run: func(t tester, f pusherFixture) {
			to, _ := f.open()
			success(t, "Close", f.Close(t.Context(), to, 4400, "Bad Request"))
			refused(t, "Push", f.Push(t.Context(), to, text("a")), ports.ErrGone)
		}},
		{name: "Close: a socket that is gone is success", run: func(t tester, f pusherFixture) {
			closed, _ := f.open()
			success(t, "Close", f.Close(t.Context(), closed, 4400, "Bad Request"))
			success(t, "Close again", f.Close(t.Context(), closed, 4400, "Bad Request"))
			gone, client := f.open()
			success(t, "HangUp", client.HangUp(t.Context()))
			success(t, "Close", f.Close(t.Context(), gone, 4400, "Bad Request"))
		}},
		{name: "Close: leaves the others open", run: func(t tester, f pusherFixture) {
			one, _ := f.open()
			other, client := f.open()
			success(t, "Close", f.Close(t.Context(), one, 4400, "Bad Request"))
			f.push(t, other, "a")
			receives(t, client, "a")
		}},
		{name: "Close: heeds the end of its context", run: func(t tester, f pusherFixture) {
			to, _ := f.open()
			cancelled(t, "Close", f.Close(endedContext(t), to, 4400, "Bad Request"))
		}},
	}
}

func text(s string) ports.Frame { return ports.Frame{Payload: []byte(s)} }

func (f pusherFixture) push(t tester, to ports.Address, message string) {
	t.Helper()
	success(t, "Push", f.Push(t.Context(), to, text(message)))
}

// goesOn reports a client that does not get the next message after "perhaps", of which the
// outcome is open.
func (f pusherFixture) goesOn(t tester, to ports.Address, client Client) {
	t.Helper()
	f.push(t, to, "next")
	message, err := client.Receive(t.Context())
	if success(t, "Receive", err); string(message) == "perhaps" {
		message, err = client.Receive(t.Context())
		success(t, "Receive", err)
	}
	if string(message) != "next" {
		t.Errorf("received %q, want %q", message, "next")
	}
}

// receives reports a client whose next messages are others.
func receives(t tester, client Client, want ...string) {
	t.Helper()
	for _, message := range want {
		got, err := client.Receive(t.Context())
		success(t, "Receive", err)
		if string(got) != message {
			t.Errorf("received %.100q, want %.100q", got, message)
		}
	}
}

// closed ends the check unless the client's next is that it was closed.
func closed(t tester, client Client) *Closed {
	t.Helper()
	message, err := client.Receive(t.Context())
	end, ok := errors.AsType[*Closed](err)
	if !ok {
		t.Fatalf("received %.100q and error %v, want a *Closed", message, err)
	}
	return end
}
