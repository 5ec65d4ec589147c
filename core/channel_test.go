package core_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
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
			if !slices.Equal(got, test.want) {
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

// listening is a listener that knows how many listen.
type listening struct {
	core.Listener
	count atomic.Int64
}

func (l *listening) Listen(ctx context.Context, topics ...ports.Topic) <-chan ports.Event {
	l.count.Add(1)
	context.AfterFunc(ctx, func() { l.count.Add(-1) })
	return l.Listener.Listen(ctx, topics...)
}

// A channel that is closed, or was not made, listens no more, although the context of
// its resolver goes on.
func TestChannelThatIsOverDoesNotListen(t *testing.T) {
	scores, failed := core.NewTopic[score]("scores"), errors.New("failed")
	for name, test := range map[string]struct {
		initial core.SubscribeOption
		err     error
	}{
		"the end of the topic": {initial: core.Initial(func(context.Context) (any, error) { return nil, core.ErrSkip })},
		"an error of Initial":  {initial: core.Initial(func(context.Context) (any, error) { return nil, failed }), err: failed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bus := memory.NewBroadcast()
				publisher, err := core.NewPublisher(core.PublisherConfig{Bus: bus})
				if err != nil {
					t.Fatal(err)
				}
				listener := &listening{Listener: bus}
				outside, leave := context.WithCancel(core.WithListener(core.WithPublisher(t.Context(), publisher), listener))
				defer leave()
				channel, err := scores.Channel(outside, test.initial)
				if !errors.Is(err, test.err) {
					t.Fatalf("got error %v, want %v", err, test.err)
				}
				if err == nil {
					if err := core.Publish(outside, scores.End()); err != nil {
						t.Fatal(err)
					}
					for range channel {
						t.Error("the channel has something")
					}
				}
				synctest.Wait()
				if n := listener.count.Load(); n != 0 {
					t.Errorf("%d listen, want 0", n)
				}
			})
		})
	}
}

// What is no payload of the topic is left out, and what comes after it is not.
func TestChannelLeavesOutWhatItCannotDecode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := memory.NewBroadcast()
		publisher, err := core.NewPublisher(core.PublisherConfig{Bus: bus})
		if err != nil {
			t.Fatal(err)
		}
		outside := core.WithListener(core.WithPublisher(t.Context(), publisher), bus)
		scores := core.NewTopic[score]("scores")
		channel, err := scores.Channel(outside)
		if err != nil {
			t.Fatal(err)
		}
		wrong := core.NewTopic[string]("scores").Event("no score")
		if err := core.Publish(outside, wrong, scores.Event(score{1}), scores.End()); err != nil {
			t.Fatal(err)
		}
		var got []int
		for payload := range channel {
			got = append(got, payload.Home)
		}
		if !slices.Equal(got, []int{1}) {
			t.Errorf("got %v, want 1", got)
		}
	})
}

func TestChannelNeedsAnEngineOrAListener(t *testing.T) {
	if _, err := core.NewTopic[score]("scores").Channel(t.Context()); !errors.Is(err, core.ErrNoEvent) {
		t.Errorf("got %v", err)
	}
}
