package core_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
)

type score struct {
	Home int `json:"home"`
}

// Where no engine runs a resolver, its channel has what the listener receives.
func TestChannelListensOutsideTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := memory.NewBroadcast()
		publisher, err := core.NewPublisher(core.PublisherConfig{Bus: bus})
		if err != nil {
			t.Fatal(err)
		}
		outside, leave := context.WithCancel(core.WithListener(core.WithPublisher(t.Context(), publisher), bus))
		defer leave()
		scores := core.NewTopic[score]("scores", core.Shards(2))
		channel, err := scores.Channel(outside, core.Where("home", core.Gt, 1),
			core.Initial(func(context.Context) (any, error) { return score{0}, nil }))
		if err != nil {
			t.Fatal(err)
		}
		other, err := scores.Channel(outside)
		if err != nil {
			t.Fatal(err)
		}
		for home := 1; home <= 3; home++ {
			if err := scores.Publish(outside, score{home}); err != nil {
				t.Fatal(err)
			}
		}
		if err := core.Publish(outside, scores.Event(score{9}, core.Only("somebody")), scores.End()); err != nil {
			t.Fatal(err)
		}
		for name, test := range map[string]struct {
			channel <-chan score
			want    []int
		}{"filtered": {channel, []int{0, 2, 3}}, "all": {other, []int{1, 2, 3}}} {
			var got []int
			for payload := range test.channel {
				got = append(got, payload.Home)
			}
			if len(got) != len(test.want) || got[0] != test.want[0] || got[2] != test.want[2] {
				t.Errorf("%s: got %v, want %v", name, got, test.want)
			}
		}
		leave()
		synctest.Wait()
	})
}

func TestChannelEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outside, leave := context.WithCancel(core.WithListener(t.Context(), memory.NewBroadcast()))
		channel, err := core.NewTopic[score]("scores").Channel(outside)
		if err != nil {
			t.Fatal(err)
		}
		leave()
		if _, open := <-channel; open {
			t.Error("the channel has something")
		}
	})
}

// TestChannelWhoseInitialPanicsFails: as it does where an engine runs the resolver.
func TestChannelWhoseInitialPanicsFails(t *testing.T) {
	outside := core.WithListener(t.Context(), memory.NewBroadcast())
	initial := core.Initial(func(context.Context) (any, error) { return nil, throw("string") })
	if _, err := core.NewTopic[score]("scores").Channel(outside, initial); err == nil || err.Error() != "panic: thrown" {
		t.Errorf("got %v", err)
	}
}

func TestChannelNeedsAnEngineOrAListener(t *testing.T) {
	if _, err := core.NewTopic[score]("scores").Channel(t.Context()); !errors.Is(err, core.ErrNoEvent) {
		t.Errorf("got %v", err)
	}
}
