package porttest

import (
	"context"
	"errors"
	"slices"

	"github.com/fanql/fanql/ports"
)

// batcherChecks are about pushes to several connections in one call.
func batcherChecks() []check[pusherFixture] {
	checks := []check[pusherFixture]{
		{name: "PushAll: each client has its own, in order, and between what is pushed before and after", run: func(t tester, f pusherFixture) {
			clients := make([]Client, 3)
			pushes := make([]ports.Push, len(clients))
			for i := range clients {
				var to ports.Address
				to, clients[i] = f.open()
				f.push(t, to, "before")
				pushes[i] = ports.Push{To: to, Frames: texts(numbers(8 + i)...)}
			}
			f.pushAll(t, pushes)
			for i, client := range clients {
				f.push(t, pushes[i].To, "after")
				receivesUntil(t, client, slices.Concat([]string{"before"}, numbers(8+i), []string{"after"})...)
			}
		}},
		{name: "PushAll: leaves the parts as they are", run: func(t tester, f pusherFixture) {
			to, client := f.open()
			spare := []byte("head......payload......tail......")
			frame := ports.Frame{Head: spare[:4], Payload: spare[10:17], Tail: spare[23:27]}
			f.pushAll(t, []ports.Push{{To: to, Frames: []ports.Frame{frame, frame}}})
			receives(t, client, "headpayloadtail", "headpayloadtail")
			if string(spare) != "head......payload......tail......" {
				t.Errorf("PushAll wrote into its argument: %q", spare)
			}
		}},
		{name: "PushAll: a client that hung up is gone, and the others have theirs", run: func(t tester, f pusherFixture) {
			one, first := f.open()
			gone, hungUp := f.open()
			other, second := f.open()
			success(t, "HangUp", hungUp.HangUp(t.Context()))
			results := f.pushSome(t.Context(), t, []ports.Push{
				{To: one, Frames: texts("a", "b")}, {To: gone, Frames: texts("a", "b")}, {To: other, Frames: texts("a", "b")},
			})
			accepts(t, results[0], 2, nil)
			accepts(t, results[1], 0, ports.ErrGone)
			accepts(t, results[2], 2, nil)
			receives(t, first, "a", "b")
			receives(t, second, "a", "b")
		}},
		{name: "PushAll: nothing for nobody", run: func(t tester, f pusherFixture) {
			f.pushSome(t.Context(), t, nil)
		}},
		{name: "PushAll: heeds the end of its context, which ends nothing else", run: func(t tester, f pusherFixture) {
			to, client := f.open()
			results := f.pushSome(endedContext(t), t, []ports.Push{{To: to, Frames: texts("perhaps")}})
			if cancelled(t, "PushAll", results[0].Err); results[0].Accepted != 0 {
				t.Errorf("PushAll with a cancelled context: %d frames were accepted", results[0].Accepted)
			}
			f.goesOn(t, to, client)
		}},
	}
	for i := range checks {
		checks[i].needs = []need[pusherFixture]{batcher()}
	}
	return append(checks, refusedAmongOthersChecks()...)
}

// refusedAmongOthersChecks are about a frame that is not accepted: no later one of its
// connection is sent.
func refusedAmongOthersChecks() []check[pusherFixture] {
	among := func(t tester, f pusherFixture, accepted []string, over string, kind error) {
		to, client := f.open()
		other, second := f.open()
		results := f.pushSome(t.Context(), t, []ports.Push{
			{To: to, Frames: texts(append(slices.Clone(accepted), over, "later")...)}, {To: other, Frames: texts("a")},
		})
		accepts(t, results[0], len(accepted), kind)
		accepts(t, results[1], 1, nil)
		receives(t, client, accepted...)
		f.push(t, to, "next")
		receives(t, client, "next")
		receives(t, second, "a")
	}
	return []check[pusherFixture]{
		{
			name:  "PushAll: of what is too large, and comes after, nothing is sent",
			needs: []need[pusherFixture]{batcher(), maxFrame()},
			run: func(t tester, f pusherFixture) {
				among(t, f, []string{"a"}, string(make([]byte, f.maxFrame+1)), ports.ErrTooLarge)
			},
		},
		{
			name:  "PushAll: of what is throttled, and comes after, nothing is sent",
			needs: []need[pusherFixture]{batcher(), capacity()},
			run: func(t tester, f pusherFixture) {
				among(t, f, numbers(f.capacity), "over", ports.ErrThrottled)
			},
		},
	}
}

func batcher() need[pusherFixture] {
	return need[pusherFixture]{"Batcher", func(f pusherFixture) bool {
		_, ok := f.Pusher.(ports.Batcher)
		return ok
	}}
}

// pushSome is one PushAll, which has a result for each.
func (f pusherFixture) pushSome(ctx context.Context, t tester, pushes []ports.Push) []ports.Pushed {
	t.Helper()
	results := f.Pusher.(ports.Batcher).PushAll(ctx, pushes)
	if len(results) != len(pushes) {
		t.Fatalf("PushAll has %d results for %d connections", len(results), len(pushes))
	}
	for i, result := range results {
		if result.Accepted < 0 || result.Accepted > len(pushes[i].Frames) || result.Accepted == len(pushes[i].Frames) && result.Err != nil {
			t.Fatalf("PushAll: of %d frames %d were accepted, error %v", len(pushes[i].Frames), result.Accepted, result.Err)
		}
	}
	return results
}

// pushAll pushes, and again what was not tried, until all is accepted.
func (f pusherFixture) pushAll(t tester, pushes []ports.Push) {
	t.Helper()
	for left := slices.Clone(pushes); len(left) > 0; {
		var after []ports.Push
		progress := false
		for i, result := range f.pushSome(t.Context(), t, left) {
			success(t, "PushAll", result.Err)
			progress = progress || result.Accepted > 0
			if result.Accepted < len(left[i].Frames) {
				after = append(after, ports.Push{To: left[i].To, Frames: left[i].Frames[result.Accepted:]})
			}
		}
		if !progress {
			t.Fatalf("PushAll tries nothing of %d pushes", len(left))
		}
		left = after
	}
}

// accepts reports a result with other frames accepted, or another error.
func accepts(t tester, got ports.Pushed, accepted int, kind error) {
	t.Helper()
	if got.Accepted != accepted || !errors.Is(got.Err, kind) {
		t.Errorf("PushAll: %d frames were accepted, error %v; want %d and %v", got.Accepted, got.Err, accepted, kind)
	}
}

// receivesUntil reports a client whose messages, up to the last one wanted, are others.
func receivesUntil(t tester, client Client, want ...string) {
	t.Helper()
	var all []string
	for len(all) == 0 || all[len(all)-1] != want[len(want)-1] {
		message, err := client.Receive(t.Context())
		success(t, "Receive", err)
		all = append(all, string(message))
	}
	if !slices.Equal(all, want) {
		t.Errorf("received %s, want %s", brief(all), brief(want))
	}
}

func texts(all ...string) []ports.Frame {
	frames := make([]ports.Frame, len(all))
	for i := range all {
		frames[i] = text(all[i])
	}
	return frames
}
