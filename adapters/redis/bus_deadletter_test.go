package redis_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

func deadLetters(t *testing.T, bus *redis.Backend) []redis.DeadLetter {
	t.Helper()
	var letters []redis.DeadLetter
	for letter, err := range bus.DeadLetters(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		letters = append(letters, letter)
	}
	return letters
}

func TestEventIsADeadLetterAfterMaxAttempts(t *testing.T) {
	t.Parallel()
	config := quick()
	config.MaxAttempts = 3
	reported := make(chan redis.DeadLetter, 10)
	config.OnDeadLetter = func(letter redis.DeadLetter) { reported <- letter }
	bus := newBackend(miniredisDial(t).connect(t), config)
	bad := events("t", "bad")[0]
	bad.Only, bad.Payload = []ports.ConnectionID{"c"}, []byte(`{"a":1}`)
	if err := bus.Publish(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	publish(t, bus, "t", "good")
	publish(t, bus, "u", "good")
	var delivered record
	var healed atomic.Bool
	stop := consuming(t, bus, func(ctx context.Context, events []ports.Event) []error {
		verdicts := delivered.deliver(ctx, events)
		for i := range events {
			if events[i].ID == "bad" && !healed.Load() {
				verdicts[i] = errDown
			}
		}
		return verdicts
	})
	defer stop()
	drained(t, bus)
	attempts := slices.DeleteFunc(delivered.ids("t"), func(id string) bool { return id != "bad" })
	if len(attempts) != 3 || len(delivered.ids("u")) != 1 {
		t.Errorf("delivered %q and %q, want the bad event 3 times and others once", delivered.ids("t"), delivered.ids("u"))
	}
	letters := deadLetters(t, bus)
	if len(letters) != 1 {
		t.Fatalf("%d dead letters, want 1", len(letters))
	}
	if count, err := bus.CountDeadLetters(t.Context()); count != 1 || err != nil {
		t.Errorf("CountDeadLetters: %d, %v, want 1", count, err)
	}
	letter := letters[0]
	if e := letter.Event; e.ID != bad.ID || e.Topic != bad.Topic || string(e.Payload) != string(bad.Payload) ||
		!slices.Equal(e.Only, bad.Only) || e.Position == "" || letter.Attempts != 3 || letter.Cause != errDown.Error() {
		t.Errorf("the dead letter is %+v", letter)
	}
	if of := <-reported; fmt.Sprint(of) != fmt.Sprint(letter) {
		t.Errorf("OnDeadLetter received %+v, want %+v", of, letter)
	}
	healed.Store(true)
	if err := errors.Join(bus.Publish(t.Context(), letter.Event), bus.DropDeadLetter(t.Context(), letter)); err != nil {
		t.Fatal(err)
	}
	drained(t, bus)
	if err := bus.DropDeadLetter(t.Context(), letter); err != nil { // again
		t.Errorf("DropDeadLetter of none: %v", err)
	}
	if got := delivered.ids("t"); got[len(got)-1] != "bad" || len(deadLetters(t, bus)) != 0 {
		t.Errorf("delivered %q and %d dead letters are left, want the bad event after all", got, len(deadLetters(t, bus)))
	}
}

func TestDeadLettersAreBounded(t *testing.T) {
	t.Parallel()
	config := quick()
	config.Partitions, config.MaxAttempts, config.MaxDeadLetters = 1, 1, 150
	bus := newBackend(miniredisDial(t).connect(t), config)
	publish(t, bus, "t", number(200)...)
	stop := consuming(t, bus, func(_ context.Context, events []ports.Event) []error {
		return slices.Repeat([]error{errDown}, len(events))
	})
	drained(t, bus)
	stop()
	var got []string
	for _, letter := range deadLetters(t, bus) {
		got = append(got, letter.Event.ID)
	}
	if want := number(200)[50:]; !slices.Equal(got, want) {
		t.Errorf("the dead letters are %q, want the latest 150 in order", got)
	}
	for range bus.DeadLetters(t.Context()) {
		break // The rest is not wanted.
	}
}

func TestEntryOfAnotherProgramIsADeadLetter(t *testing.T) {
	t.Parallel()
	config := quick()
	config.Partitions = 1
	client := miniredisDial(t).connect(t)
	bus := newBackend(client, config)
	stream := config.Prefix + "{b:0}:events"
	for _, fields := range [][]string{{"a", "b"}, {"topic", "t", "event", "no JSON"}} {
		if err := client.XAdd(t.Context(), &goredis.XAddArgs{Stream: stream, Values: fields}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, bus, "t", "1")
	var delivered record
	stop := consuming(t, bus, delivered.deliver)
	drained(t, bus)
	stop()
	if got := delivered.ids("t"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("delivered %q, want the event", got)
	}
	letters := deadLetters(t, bus)
	if len(letters) != 2 || letters[0].Event.Position == "" || letters[0].Cause == "" || letters[0].Attempts != 0 {
		t.Errorf("the dead letters are %+v, want the 2 entries", letters)
	}
	if first, second := letters[0].ID(), letters[1].ID(); first == second || !strings.HasPrefix(first, "0/") {
		t.Errorf("the letters are named %q and %q, want two names with their partition", first, second)
	}
}

func TestDeadLettersEndWithAnError(t *testing.T) {
	t.Parallel()
	client := miniredisDial(t).connect(t)
	bus := newBackend(client, quick())
	client.cut.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for ctx, want := range map[context.Context]error{t.Context(): errDead, ctx: context.Canceled} {
		n := 0
		for _, err := range bus.DeadLetters(ctx) {
			if n++; !errors.Is(err, want) {
				t.Errorf("DeadLetters: got error %v, want %v", err, want)
			}
		}
		if n != 1 {
			t.Errorf("DeadLetters yielded %d times, want one error", n)
		}
	}
	if err := bus.DropDeadLetter(t.Context(), redis.DeadLetter{}); !errors.Is(err, errDead) {
		t.Errorf("DropDeadLetter: got error %v, want %v", err, errDead)
	}
}
