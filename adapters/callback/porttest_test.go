package callback_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

// texts pushes texts as results, because bodies hold nothing else.
type texts struct{ ports.Pusher }

func (p texts) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	quoted, err := json.Marshal(string(frame.AppendTo(nil)))
	if err != nil {
		return err
	}
	return p.Pusher.Push(ctx, to, ports.Frame{Head: []byte(`{"id":"1","type":"next","payload":`), Payload: quoted, Tail: []byte("}")})
}

// far is the far end of a subscription.
type far struct {
	router *router
	sub    *routed
}

// Receive implements porttest.Client.
func (f far) Receive(ctx context.Context) ([]byte, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case p := <-f.sub.posts:
		if p.Action == "complete" {
			return nil, &porttest.Closed{}
		}
		var text string
		err := json.Unmarshal(p.Payload, &text)
		return []byte(text), err
	}
}

// HangUp implements porttest.Client.
func (f far) HangUp(context.Context) error {
	f.router.leave(f.sub.id)
	return nil
}

func TestPusherContract(t *testing.T) {
	t.Parallel()
	porttest.TestPusher(t, porttest.PusherAdapter{Lacks: []string{"MaxFrame", "Capacity", "Codes", "Batcher"}, New: func(t *testing.T) (ports.Pusher, func() (ports.Address, porttest.Client)) {
		r := newRouter(t)
		s := newSubgraph(t, r)
		known := map[ports.ConnectionID]bool{}
		return texts{s.callbacks}, func() (ports.Address, porttest.Client) {
			sub := r.subscribe(string(rune('a'+len(known))), `subscription { number }`)
			page, err := s.backend.ListSubscribers(t.Context(), "number", ports.PageRequest{Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			for _, subscriber := range page.Subscribers {
				if !known[subscriber.Ref.Connection] {
					known[subscriber.Ref.Connection] = true
					return ended(r, sub, subscriber.Address)
				}
			}
			t.Fatal("the subscription is not in place")
			return ports.Address{}, nil
		}
	}})
}

// ended has the router forget a subscription when it has the complete.
func ended(r *router, sub *routed, address ports.Address) (ports.Address, porttest.Client) {
	sub.answer = func(w http.ResponseWriter, _ *http.Request, p post) {
		if p.Action == "complete" {
			r.leave(sub.id)
		}
		sub.posts <- p
		w.WriteHeader(http.StatusNoContent)
	}
	return address, far{r, sub}
}
