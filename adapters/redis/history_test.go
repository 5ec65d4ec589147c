package redis_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

func TestHistoryContract(t *testing.T) { historyContract(t, newServer(t), redis.Config{}) }

// TestHistoryContractWhenEveryRequestComesTwice: an answer that is lost changes nothing.
func TestHistoryContractWhenEveryRequestComesTwice(t *testing.T) {
	client := newServer(t)
	client.AddHook(&hook{twice: true})
	historyContract(t, client, redis.Config{})
}

// historyContract runs the contract's suite on a server, whatever it is.
func historyContract(t *testing.T, client goredis.UniversalClient, config redis.Config) {
	t.Helper()
	history := func(clock *porttest.Clock) ports.History {
		config := config
		config.Now = clock.Now
		return newBackend(client, config)
	}
	prefix := config.Prefix
	if prefix == "" {
		prefix = "fanql:"
	}
	porttest.TestHistory(t, porttest.HistoryAdapter{
		New:    func(_ *testing.T, clock *porttest.Clock) ports.History { return history(clock) },
		Reopen: func(_ *testing.T, clock *porttest.Clock, _ ports.History) ports.History { return history(clock) },
		Lacks:  []string{"TooLarge"},
		Lose: func(t *testing.T, _ *porttest.Clock, _ ports.History, topic ports.Topic) {
			t.Helper()
			key := prefix + "{t:" + string(topic) + "}:history"
			if there, err := client.Exists(t.Context(), key).Result(); there != 1 || err != nil {
				t.Fatalf("%d keys would be lost, %v", there, err)
			}
			success(t, client.Del(t.Context(), key).Err())
		},
	})
}

// kept are events with the numbers from first to last, kept for an hour.
func kept(first, last int) []ports.Event {
	var list []ports.Event
	for n := first; n <= last; n++ {
		list = append(list, ports.Event{
			ID: fmt.Sprint(n), Position: fmt.Sprintf("%04d", n), Topic: "t", Kind: ports.EventData, Payload: []byte(`1`),
			Keep: ports.Retention{Count: 1000, Age: time.Hour},
		})
	}
	return list
}

// TestHistoryExpiresAsAWhole: the key of a topic outlives its last event, or the last
// question for its head, by the event's age and a day. Then another epoch begins.
func TestHistoryExpiresAsAWhole(t *testing.T) {
	f := newFixture(t)
	epoch, err := f.Append(t.Context(), "t", kept(1, 2)...)
	success(t, err)
	for range 2 {
		f.server.FastForward(24 * time.Hour)
		head, err := f.Head(t.Context(), "t", kept(1, 1)[0].Keep)
		if want := (ports.Mark{Epoch: epoch, Position: "0002"}); head != want || err != nil {
			t.Errorf("the head is %v, %v, want %v", head, err, want)
		}
	}
	f.server.FastForward(26 * time.Hour)
	if keys := f.server.Keys(); len(keys) != 0 {
		t.Errorf("the keys %q are left", keys)
	}
	_, _, err = f.Read(t.Context(), "t", ports.Mark{Epoch: epoch, Position: "0003"}, 0)
	refused(t, err, ports.ErrGap)
	if again, err := f.Append(t.Context(), "t", kept(3, 3)...); again == epoch || err != nil {
		t.Errorf("the epoch is %q again, %v", again, err)
	}
}

// TestHistoryShortensNoLife: an event with a shorter retention leaves the life of the
// key, in which others may not have aged.
func TestHistoryShortensNoLife(t *testing.T) {
	f := newFixture(t)
	long := kept(1, 1)
	long[0].Keep.Age = 1000 * time.Hour
	_, err := f.Append(t.Context(), "t", long...)
	success(t, err)
	_, err = f.Append(t.Context(), "t", kept(1, 1)...) // It is there already.
	success(t, err)
	f.server.FastForward(900 * time.Hour)
	if head, err := f.Head(t.Context(), "t", kept(1, 1)[0].Keep); head.Position != "0001" || err != nil {
		t.Errorf("the head is %v, %v", head, err)
	}
}

// TestHistoryOfOtherPartitions: their positions do not compare with those before.
func TestHistoryOfOtherPartitions(t *testing.T) {
	client := newServer(t)
	before, after := newBackend(client, redis.Config{Partitions: 4}), newBackend(client, redis.Config{Partitions: 5})
	epoch, err := before.Append(t.Context(), "t", kept(5, 6)...)
	success(t, err)
	from := ports.Mark{Epoch: epoch, Position: "0006"}
	_, _, err = after.Read(t.Context(), "t", from, 0)
	refused(t, err, ports.ErrGap)
	again, err := after.Append(t.Context(), "t", kept(1, 2)...)
	success(t, err)
	if read, _, err := after.Read(t.Context(), "t", ports.Mark{Epoch: again}, 0); again == epoch || len(read) != 2 || err != nil {
		t.Errorf("there are %d events in the epoch %q after %q, %v", len(read), again, epoch, err)
	}
	_, _, err = after.Read(t.Context(), "t", from, 0)
	refused(t, err, ports.ErrGap)
	head, err := before.Head(t.Context(), "t", kept(1, 1)[0].Keep)
	if head.Epoch == epoch || head.Epoch == again || head.Position != "" || err != nil {
		t.Errorf("the head is %v, %v, want that of a third epoch", head, err)
	}
}

// TestHistoryReadIsBounded: a read ends at 1 MiB, and has one event at least.
func TestHistoryReadIsBounded(t *testing.T) {
	f := newFixture(t)
	large := kept(1, 7)
	for i, size := range []int{400_000, 400_000, 400_000, 2_000_000, 400_000, 1, 1} {
		large[i].Payload = make([]byte, size)
	}
	epoch, err := f.Append(t.Context(), "t", large...)
	success(t, err)
	from := ports.Mark{Epoch: epoch}
	for _, want := range []int{2, 1, 1, 3} {
		read, more, err := f.Read(t.Context(), "t", from, 0)
		success(t, err)
		if len(read) != want {
			t.Fatalf("from %q there are %d events, want %d", from.Position, len(read), want)
		}
		from.Position = read[want-1].Position
		if last := from.Position == "0007"; more == last {
			t.Errorf("after %q there is more: %t", from.Position, more)
		}
		from = from.After()
	}
}

// TestHistoryReadEnds: a read ends after 1,000 events, whatever the limit.
func TestHistoryReadEnds(t *testing.T) {
	f := newFixture(t)
	many := kept(1, 1001)
	many[1000].Keep.Count = 2000
	epoch, err := f.Append(t.Context(), "t", many...)
	success(t, err)
	for _, limit := range []int{0, 5000} {
		read, more, err := f.Read(t.Context(), "t", ports.Mark{Epoch: epoch}, limit)
		if len(read) != 1000 || !more || err != nil {
			t.Errorf("%d events, more is %t, %v; want 1,000 and more", len(read), more, err)
		}
	}
}

// TestHistoryForgetsWhatItTrims: nothing of a trimmed event is left in the key.
func TestHistoryForgetsWhatItTrims(t *testing.T) {
	f := newFixture(t)
	for n := 1; n <= 50; n += 5 {
		few := kept(n, n+4)
		for i := range few {
			few[i].Keep.Count = 3
		}
		_, err := f.Append(t.Context(), "t", few...)
		success(t, err)
	}
	fields := func() int {
		keys, err := f.server.HKeys("fanql:{t:t}:history")
		success(t, err)
		return len(keys)
	}
	const others = 7
	if got := fields(); got != others+3*2 {
		t.Errorf("there are %d fields, want %d", got, others+3*2)
	}
	f.clock.Advance(2 * time.Hour)
	last := ports.Mark{Epoch: f.server.HGet("fanql:{t:t}:history", "epoch"), Position: f.server.HGet("fanql:{t:t}:history", "last")}
	_, _, err := f.Read(t.Context(), "t", last.After(), 0)
	success(t, err)
	if got := fields(); got != others {
		t.Errorf("there are %d fields when all have aged, want %d", got, others)
	}
}

func TestHistoryRefusesWhatItCannotKeep(t *testing.T) {
	f := newFixture(t)
	bad := kept(1, 1)
	bad[0].ID = "\xff"
	_, err := f.Append(t.Context(), "t", bad...)
	refused(t, err, ports.ErrInvalid)
	for _, value := range []string{"", "\x05", "\x02{]"} {
		epoch, err := f.Append(t.Context(), "t", kept(1, 1)...)
		success(t, err)
		f.server.HSet("fanql:{t:t}:history", "e1", value)
		if _, _, err := f.Read(t.Context(), "t", ports.Mark{Epoch: epoch}, 0); err == nil || errors.Is(err, ports.ErrGap) {
			t.Errorf("%q was read: %v", value, err)
		}
	}
}
