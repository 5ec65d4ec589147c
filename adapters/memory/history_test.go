package memory_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

// TestHistoryIsDroppedWhenIdle: a history outlives its last event, or the last question
// for its head, by the event's age and a day.
func TestHistoryIsDroppedWhenIdle(t *testing.T) {
	clock, keep := porttest.NewClock(), ports.Retention{Count: 10, Age: time.Hour}
	history := must.Make(memory.New(memory.Config{Now: clock.Now}))
	epoch, err := history.Append(t.Context(), "t", ports.Event{Position: "1", Keep: keep})
	success(t, err)
	for range 3 {
		clock.Advance(25*time.Hour - time.Second)
		head, err := history.Head(t.Context(), "t", keep)
		if want := (ports.Mark{Epoch: epoch, Position: "1"}); head != want || err != nil {
			t.Fatalf("the head is %+v, %v, want %+v", head, err, want)
		}
	}
	clock.Advance(25 * time.Hour)
	if _, _, err := history.Read(t.Context(), "t", ports.Mark{Epoch: epoch, Position: "2"}, 0); !errors.Is(err, ports.ErrGap) {
		t.Errorf("Read: got error %v, want a gap", err)
	}
	if head, err := history.Head(t.Context(), "t", keep); head.Epoch == epoch || err != nil {
		t.Errorf("the head is %+v, %v, want that of another epoch", head, err)
	}
}

// TestHistoryFreesWhatHasAged: also of a topic that nobody asks for.
func TestHistoryFreesWhatHasAged(t *testing.T) {
	clock, keep := porttest.NewClock(), ports.Retention{Count: 10, Age: time.Hour}
	history := must.Make(memory.New(memory.Config{Now: clock.Now}))
	freed := make(chan struct{})
	func() {
		payload := new([1 << 20]byte)
		runtime.AddCleanup(payload, func(freed chan struct{}) { close(freed) }, freed)
		_, err := history.Append(t.Context(), "t", ports.Event{Position: "1", Payload: payload[:], Keep: keep})
		success(t, err)
	}()
	clock.Advance(30 * time.Minute)
	_, err := history.Append(t.Context(), "t", ports.Event{Position: "2", Keep: keep})
	success(t, err)
	clock.Advance(40 * time.Minute)
	_, err = history.Head(t.Context(), "another", keep)
	success(t, err)
	for done := false; !done; {
		runtime.GC()
		select {
		case <-freed:
			done = true
		default:
		}
	}
	runtime.KeepAlive(history)
}

func success(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestNoOrderNoCatchUp(t *testing.T) {
	catchUp := ports.Event{Topic: "t", Kind: ports.EventCatchUp}
	bus := memory.NewBroadcast()
	events := bus.Listen(t.Context(), "t")
	if err := bus.Publish(t.Context(), ports.Event{Topic: "t", ID: "bad"}, catchUp); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("Broadcast: got error %v, want ErrInvalid", err)
	}
	success(t, bus.Publish(t.Context(), ports.Event{Topic: "t", ID: "good"}))
	if event := <-events; event.ID != "good" {
		t.Errorf("the event %q was published of a call that was refused", event.ID)
	}
}
