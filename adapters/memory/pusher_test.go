package memory

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

var here = ports.Address{ID: "a", Endpoint: "here"}

func TestPushToUnknownAddressIsGone(t *testing.T) {
	pusher := must.Make(NewPusher(PusherConfig{}))
	pusher.Open(here)
	for _, to := range []ports.Address{{ID: "b", Endpoint: "here"}, {ID: "a", Endpoint: "there"}} {
		if err := pusher.Push(t.Context(), to, ports.Frame{}); !errors.Is(err, ports.ErrGone) {
			t.Errorf("got error %v, want %v", err, ports.ErrGone)
		}
	}
}

func TestReceiveWaitsForTheNextFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pusher := must.Make(NewPusher(PusherConfig{}))
		socket := pusher.Open(here)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() {
			time.Sleep(time.Second)
			_ = pusher.Push(ctx, here, ports.Frame{Payload: []byte("one")})
		}()
		if got, err := socket.Receive(ctx); err != nil || string(got) != "one" {
			t.Errorf("received %q and %v, want one", got, err)
		}
		if _, err := socket.Receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want %v", err, context.DeadlineExceeded)
		}
		if err := pusher.Push(t.Context(), here, ports.Frame{}); err != nil {
			t.Errorf("a Receive that was given up ended the socket: %v", err)
		}
	})
}

func TestQueuedAndClosedDoNotWait(t *testing.T) {
	pusher := must.Make(NewPusher(PusherConfig{}))
	socket := pusher.Open(here)
	if socket.Queued() != 0 || socket.Closed() != nil {
		t.Errorf("a new socket has %d frames and is closed with %v", socket.Queued(), socket.Closed())
	}
	if err := pusher.Push(t.Context(), here, ports.Frame{}); err != nil {
		t.Fatal(err)
	}
	if err := pusher.Close(t.Context(), here, 4400, "Bad Request"); err != nil {
		t.Fatal(err)
	}
	var end *CloseError
	if socket.Queued() != 1 || !errors.As(socket.Closed(), &end) || *end != (CloseError{4400, "Bad Request"}) {
		t.Errorf("the socket has %d frames and is closed with %v", socket.Queued(), socket.Closed())
	}
}

func TestEverybodyLearnsOfTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, end := range []func(*Pusher, *Socket){
			func(p *Pusher, _ *Socket) { _ = p.Close(t.Context(), here, 1001, "") },
			func(_ *Pusher, s *Socket) { s.HangUp() },
			func(p *Pusher, _ *Socket) { p.Open(here) }, // Another socket has the address.
		} {
			pusher := must.Make(NewPusher(PusherConfig{}))
			socket := pusher.Open(here)
			var receivers sync.WaitGroup
			for range 3 {
				receivers.Go(func() {
					if _, err := socket.Receive(t.Context()); err == nil {
						t.Error("received a frame that nobody pushed")
					}
				})
			}
			synctest.Wait()
			end(pusher, socket)
			receivers.Wait()
		}
	})
}

func TestReopenedAddressIsTheNewSocket(t *testing.T) {
	pusher := must.Make(NewPusher(PusherConfig{}))
	former := pusher.Open(here)
	socket := pusher.Open(here)
	former.HangUp()
	if err := pusher.Push(t.Context(), here, ports.Frame{Payload: []byte("one")}); err != nil {
		t.Fatal(err)
	}
	if got, err := socket.Receive(t.Context()); err != nil || string(got) != "one" {
		t.Errorf("received %q and %v, want one", got, err)
	}
	if err := former.Closed(); !errors.Is(err, ports.ErrGone) {
		t.Errorf("the former socket is closed with %v, want %v", err, ports.ErrGone)
	}
}

func TestClosedSocketsHoldNoMemory(t *testing.T) {
	pusher := must.Make(NewPusher(PusherConfig{}))
	pusher.Open(here).HangUp()
	pusher.Open(here)
	if err := pusher.Close(t.Context(), here, 1000, ""); err != nil {
		t.Fatal(err)
	}
	if len(pusher.sockets) != 0 {
		t.Errorf("the pusher holds %d sockets, want 0", len(pusher.sockets))
	}
}
