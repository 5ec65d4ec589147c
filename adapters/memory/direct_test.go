package memory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

// delivered keeps what a Direct has delivered, for a suite that asks later.
type delivered struct {
	mu     sync.Mutex
	events []ports.Event
}

func (d *delivered) deliver(_ context.Context, events []ports.Event) []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, events...)
	return make([]error, len(events))
}

func (d *delivered) Consume(ctx context.Context, deliver ports.DeliverFunc) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	deliver(ctx, d.events)
	d.events = nil
	return nil
}

func TestDirectContract(t *testing.T) {
	porttest.TestBus(t, porttest.BusAdapter{
		New: func(*testing.T) (ports.EventBus, ports.EventSource) {
			source := &delivered{}
			return must.Make(memory.NewDirect(source.deliver)), source
		},
		Unordered: true,
		Lacks:     []string{"Capacity", "TooLarge"},
	})
}

var errDirect = errors.New("down")

func TestDirectDeliversWhatFailedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var deliveries []string
		bus := must.Make(memory.NewDirect(func(_ context.Context, events []ports.Event) []error {
			verdicts := make([]error, len(events))
			for i, event := range events {
				deliveries = append(deliveries, event.ID)
				if event.ID == "fails" && len(deliveries) < 4 {
					verdicts[i] = errDirect
				}
			}
			return verdicts[:len(verdicts)-1] // The last has none.
		}))
		err := bus.Publish(t.Context(),
			ports.Event{ID: "1", Topic: "t"}, ports.Event{ID: "fails", Topic: "t"}, ports.Event{ID: "none", Topic: "u"})
		if want := []string{"1", "fails", "none", "fails", "none", "none"}; !slices.Equal(deliveries, want) || err == nil {
			t.Errorf("delivered %q, %v, want %q and an error", deliveries, err, want)
		}
	})
}

func TestDirectReturnsTheVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deliveries := 0
		bus := must.Make(memory.NewDirect(func(context.Context, []ports.Event) []error {
			deliveries++
			return []error{&ports.Error{Kind: ports.ErrThrottled, Err: errDirect}}
		}))
		err := bus.Publish(t.Context(), ports.Event{ID: "1", Topic: "t"})
		if failed, ok := errors.AsType[*ports.Error](err); !ok || failed.Kind != nil || errors.Is(err, ports.ErrThrottled) || deliveries != 3 {
			t.Errorf("Publish: %v after %d deliveries, want no kind after 3", err, deliveries)
		}
	})
}

func TestDirectEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		defer cancel()
		deliveries := 0
		bus := must.Make(memory.NewDirect(func(context.Context, []ports.Event) []error {
			deliveries++
			<-ctx.Done()
			return []error{errDirect}
		}))
		if err := bus.Publish(ctx, ports.Event{ID: "1", Topic: "t"}); err == nil || deliveries != 1 {
			t.Errorf("Publish: %v after %d deliveries, want an error after 1", err, deliveries)
		}
	})
}

func ExampleNewDirect() {
	bus := must.Make(memory.NewDirect(func(_ context.Context, events []ports.Event) []error {
		for _, event := range events {
			fmt.Println(event.Topic, event.ID)
		}
		return make([]error, len(events))
	}))
	fmt.Println(bus.Publish(context.Background(), ports.Event{ID: "one", Topic: "room/42"}))
	// Output:
	// room/42 one
	// <nil>
}
