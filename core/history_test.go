package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// ticks is a topic whose history keeps events.
func ticks(name string) core.Topic[int] { return core.NewTopic[int](name, core.Keep(50, time.Hour)) }

// keptSchema has subscriptions on topics with histories. It keeps nothing, so that one
// will do for all tests.
var keptSchema = sync.OnceValue(func() *graphqlgo.Schema {
	field := func(options func(graphql.ResolveParams) []core.SubscribeOption, topics ...core.Topic[int]) *graphql.Field {
		return &graphql.Field{
			Type: graphql.Int, Args: graphql.FieldConfigArgument{"after": {Type: graphql.String}},
			Subscribe: func(p graphql.ResolveParams) (any, error) {
				for i, topic := range topics {
					var of []core.SubscribeOption
					if i == 0 && options != nil {
						of = options(p)
					}
					if _, err := topic.Subscribe(p.Context, of...); err != nil {
						return nil, err
					}
				}
				return nil, nil
			},
			Resolve: func(p graphql.ResolveParams) (any, error) { return topics[0].Payload(p.Context) },
		}
	}
	initial := func(graphql.ResolveParams) []core.SubscribeOption {
		return []core.SubscribeOption{core.Initial(func(context.Context) (any, error) { return -1, nil })}
	}
	after := func(p graphql.ResolveParams) []core.SubscribeOption {
		if position, _ := p.Args["after"].(string); position != "" {
			return []core.SubscribeOption{core.After(position)}
		}
		return nil
	}
	return must.Make(graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"hello": {Type: graphql.String}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"tick": field(nil, ticks("tick")), "both": field(nil, ticks("tick"), ticks("tock")),
			"first": field(initial, ticks("tick")), "cursor": field(after, ticks("tick")),
			"sharded": field(nil, core.NewTopic[int]("sharded", core.Keep(50, time.Hour), core.Shards(8))),
			"unkept":  field(nil, core.NewTopic[int]("unkept")),
		}}),
	}))
})

// kept is a harness whose schema has subscriptions on topics with histories.
func kept(t *testing.T, options ...func(*core.Config)) (*harness, *outage) {
	t.Helper()
	backend := must.Make(memory.New(memory.Config{}))
	return newOutage(t, append([]func(*core.Config){func(c *core.Config) {
		c.Schema, c.History = keptSchema(), backend
	}}, options...)...)
}

func (h *harness) tick(topic core.Topic[int], numbers ...int) {
	h.t.Helper()
	for _, n := range numbers {
		if err := h.engine.Publish(h.t.Context(), topic.Event(n)); err != nil {
			h.t.Fatal(err)
		}
	}
}

// frame is a message to a client, as far as these tests read it.
type frame struct {
	Type    string
	Payload json.RawMessage
}

type tickPayload struct {
	Data       map[string]int
	Extensions struct {
		Event struct {
			Position  string
			Start     []string
			Recovered *bool
			CaughtUp  bool
		}
	}
}

// ticked is what a client has received: the numbers, and the last positions by topic.
type ticked struct {
	numbers   []int
	caughtUp  []int
	positions map[string]string
	recovered *bool
	ended     string
}

func (p *ticked) note(position string) {
	if position != "" {
		key, _, _ := strings.Cut(position, ".")
		p.positions[key] = position
	}
}

func (p *ticked) resume() []string {
	resume := []string{}
	for _, position := range p.positions {
		resume = append(resume, position)
	}
	return resume
}

func (c *client) ticked() *ticked {
	c.t.Helper()
	got := &ticked{positions: map[string]string{}}
	for _, text := range c.received() {
		var message frame
		if err := json.Unmarshal([]byte(text), &message); err != nil {
			c.t.Fatal(err)
		}
		if message.Type != c.pick("next", "data") {
			got.ended = text
			continue
		}
		var payload tickPayload
		if err := json.Unmarshal(message.Payload, &payload); err != nil {
			c.t.Fatal(err)
		}
		event := payload.Extensions.Event
		got.note(event.Position)
		for _, position := range event.Start {
			got.note(position)
		}
		if event.Recovered != nil {
			got.recovered = event.Recovered
		}
		for _, number := range payload.Data {
			got.numbers = append(got.numbers, number)
			if event.CaughtUp {
				got.caughtUp = append(got.caughtUp, number)
			}
		}
	}
	return got
}

func (c *client) resume(id, query string, positions ...string) {
	c.t.Helper()
	if positions == nil {
		positions = []string{}
	}
	c.send(c.requesting(id, map[string]any{"query": query, "extensions": map[string]any{"resume": positions}}))
}

func expectNumbers(t *testing.T, what string, got []int, want ...int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// A topic that keeps its events ends nobody's subscription in an outage, however long:
// each client gets every event, in order.
func TestNobodyMissesAnythingWhereAHistoryReachesBack(t *testing.T) {
	for _, length := range []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second, 30 * time.Second} {
		for _, refused := range []string{"one", "all", "the only one"} {
			t.Run(fmt.Sprintf("%v, %s", length, refused), func(t *testing.T) {
				both(t, func(t *testing.T, protocol string) {
					h, away := kept(t)
					clients := make([]*client, 20)
					if refused == "the only one" {
						clients = clients[:1]
					}
					for i := range clients {
						clients[i] = h.dial(protocol)
						clients[i].subscribe("1", `subscription { tick }`)
					}
					if refused == "one" {
						away.only = clients[7].id()
					}
					away.begin(length)
					h.tick(ticks("tick"), 1, 2)
					pause(length / 2)
					h.tick(ticks("tick"), 3)
					pause(length + 30*time.Second)
					h.tick(ticks("tick"), 4)
					for _, c := range clients {
						got := c.ticked()
						expectNumbers(t, string(c.id()), got.numbers, 1, 2, 3, 4)
						if got.ended != "" || c.socket.Closed() != nil {
							t.Errorf("%s was ended: %q", c.id(), got.ended)
						}
					}
				})
			})
		}
	}
}

// What nobody triggers later is caught up all the same: the outage ends, and no event
// of the topic comes any more.
func TestCatchesUpWithoutALaterEvent(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, away := kept(t)
		c, other := h.dial(protocol), h.dial(protocol)
		c.subscribe("1", `subscription { tick }`)
		other.subscribe("1", `subscription { tick }`)
		away.only = c.id()
		away.begin(40 * time.Second)
		h.tick(ticks("tick"), 1, 2)
		pause(time.Minute)
		got := c.ticked()
		expectNumbers(t, "behind", got.numbers, 1, 2)
		expectNumbers(t, "live", other.ticked().numbers, 1, 2)
	})
}

func TestResume(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, _ := kept(t)
		c := h.dial(protocol)
		c.resume("1", `subscription { tick }`)
		h.tick(ticks("tick"), 1, 2)
		before := c.ticked()
		expectNumbers(t, "before", before.numbers, 1, 2)
		_ = h.engine.Disconnect(t.Context(), disconnection(c))
		h.tick(ticks("tick"), 3, 4)
		again := h.dial(protocol)
		again.resume("1", `subscription { tick }`, before.resume()...)
		h.tick(ticks("tick"), 5)
		got := again.ticked()
		expectNumbers(t, "after", got.numbers, 3, 4, 5)
		expectNumbers(t, "caught up", got.caughtUp, 3, 4)
	})
}

// A client that has received nothing yet resumes where it began.
func TestResumeFromTheStart(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		for _, published := range []int{0, 1} { // a history that is there, or not yet
			h, _ := kept(t)
			for range published {
				h.tick(ticks("tick"), 0)
			}
			c := h.dial(protocol)
			c.resume("1", `subscription { tick }`)
			start := c.ticked()
			if len(start.positions) != 1 {
				t.Fatalf("the client began at %v", start.positions)
			}
			_ = h.engine.Disconnect(t.Context(), disconnection(c))
			h.tick(ticks("tick"), 1, 2)
			again := h.dial(protocol)
			again.resume("1", `subscription { tick }`, start.resume()...)
			expectNumbers(t, "after", again.ticked().numbers, 1, 2)
		}
	})
}

func TestResumeOnSeveralTopics(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, _ := kept(t)
		c := h.dial(protocol)
		c.resume("1", `subscription { both }`)
		h.tick(ticks("tick"), 1)
		before := c.ticked()
		if len(before.positions) != 2 {
			t.Fatalf("positions %v, want those of two topics", before.positions)
		}
		_ = h.engine.Disconnect(t.Context(), disconnection(c))
		h.tick(ticks("tick"), 2)
		h.tick(ticks("tock"), 10, 11)
		again := h.dial(protocol)
		again.resume("1", `subscription { both }`, before.resume()...)
		got := again.ticked().numbers
		slices.Sort(got)
		expectNumbers(t, "after", got, 2, 10, 11)
	})
}

func TestResumeOnAShardedTopic(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, _ := kept(t)
		sharded := core.NewTopic[int]("sharded", core.Keep(50, time.Hour), core.Shards(8))
		c := h.dial(protocol)
		c.resume("1", `subscription { sharded }`)
		h.tick(sharded, 1)
		before := c.ticked()
		_ = h.engine.Disconnect(t.Context(), disconnection(c))
		h.tick(sharded, 2, 3)
		for range 8 { // whatever shard they would be on
			again := h.dial(protocol)
			again.resume("1", `subscription { sharded }`, before.resume()...)
			expectNumbers(t, "after", again.ticked().numbers, 2, 3)
		}
	})
}

// A gap is said: by an error, or by Initial where there is one.
func TestResumeAfterAGap(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, _ := kept(t)
		c := h.dial(protocol)
		c.resume("1", `subscription { tick }`)
		h.tick(ticks("tick"), 1)
		before := c.ticked()
		for n := range 60 { // the topic keeps 50
			h.tick(ticks("tick"), n)
		}
		again := h.dial(protocol)
		again.resume("1", `subscription { tick }`, before.resume()...)
		if got := again.ticked(); len(got.numbers) > 0 || !strings.Contains(got.ended, core.CodeMissed) {
			t.Errorf("got %v and %q, want an error", got.numbers, got.ended)
		}
		again.resume("2", `subscription { first }`, before.resume()...)
		h.tick(ticks("tick"), 100)
		got := again.ticked()
		expectNumbers(t, "with Initial", got.numbers, -1, 100)
		if got.recovered == nil || *got.recovered {
			t.Error("nothing says that events are missing")
		}
		if len(h.listed("tick")) != 2 {
			t.Errorf("listed are %v", h.listed("tick"))
		}
	})
}

// A client that sends one position, as EventSource does, has no use for the positions
// where its subscription begins anew.
func TestResumeWithOnePositionHasNoStart(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, _ := kept(t)
		c := h.dial(protocol)
		c.subscribe("1", `subscription { first }`)
		h.tick(ticks("tick"), 1)
		position := c.ticked().resume()[0]
		for n := range 60 { // the topic keeps 50
			h.tick(ticks("tick"), n)
		}
		again := h.dial(protocol)
		again.send(again.requesting("1", map[string]any{"query": `subscription { first }`, "extensions": map[string]any{"resume": position}}))
		received := again.received()
		if len(received) != 1 || !strings.Contains(received[0], `"recovered":false`) || strings.Contains(received[0], "start") {
			t.Errorf("got %q, want the initial result alone", received)
		}
	})
}

// A resumed subscription that lacks nothing gets no initial result.
func TestResumeRunsInitialOnlyAtAGap(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, _ := kept(t)
		c := h.dial(protocol)
		c.resume("1", `subscription { first }`)
		before := c.ticked()
		expectNumbers(t, "at first", before.numbers, -1)
		h.tick(ticks("tick"), 1)
		again := h.dial(protocol)
		again.resume("1", `subscription { first }`, before.resume()...)
		expectNumbers(t, "resumed", again.ticked().numbers, 1)
	})
}

func TestAfter(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, _ := kept(t)
		c := h.dial(protocol)
		c.subscribe("1", `subscription { cursor }`)
		h.tick(ticks("tick"), 1)
		position := c.ticked().resume()[0]
		h.tick(ticks("tick"), 2)
		c.received()
		c.subscribe("2", `subscription { cursor(after: "`+position+`") }`)
		expectNumbers(t, "after", c.ticked().numbers, 2)
		c.subscribe("3", `subscription { cursor(after: "nonsense") }`)
		if got := c.ticked().ended; !strings.Contains(got, "internal error") {
			t.Errorf("got %q", got)
		}
	})
}

func TestResumeIsChecked(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, _ := kept(t)
		c := h.dial(protocol)
		for i, test := range []struct{ resume, want string }{
			{`5`, "extensions.resume must be a position or a list of them"},
			{`{}`, "extensions.resume must be a position or a list of them"},
			{`[1]`, "extensions.resume must be a position or a list of them"},
			{`"x"`, "position 1 is not a position"},
			{`["12345678.a.b", "12345678."]`, "position 2 is not a position"},
			{`["` + strings.Repeat("a", 600) + `"]`, "position 1 is not a position"},
			{`[` + strings.Repeat(`"12345678.a.b",`, 60) + `"12345678.a.b"]`, "at most 50 positions"},
			{`"12345678.a.b"`, core.CodeMissed}, // of a topic that is not this operation's
		} {
			id := fmt.Sprint(i)
			c.send(c.requesting(id, map[string]any{"query": `subscription { tick }`, "extensions": map[string]any{"resume": json.RawMessage(test.resume)}}))
			// By the code a client forgets its positions.
			if got := c.ticked().ended; !strings.Contains(got, test.want) || !strings.Contains(got, core.CodeMissed) {
				t.Errorf("%s: got %q, want %q and the code", test.resume, got, test.want)
			}
		}
		c.resume("unkept", `subscription { unkept }`) // there is nothing to resume
		h.tick(core.NewTopic[int]("unkept"), 1)
		expectNumbers(t, "without a history", c.ticked().numbers, 1)
	})
}

func TestKeepIsChecked(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, _ string) {
		h, _ := kept(t)
		for _, topic := range []core.Topic[int]{
			core.NewTopic[int]("a", core.Keep(0, time.Hour)), core.NewTopic[int]("a", core.Keep(1, 0)),
			core.NewTopic[int]("a", core.Keep(0, 0)), core.NewTopic[int]("a", core.Keep(-1, time.Hour)),
		} {
			if err := h.engine.Publish(t.Context(), topic.Event(1)); err == nil || !strings.Contains(err.Error(), "core.Keep") {
				t.Errorf("got %v", err)
			}
		}
	})
}

func disconnection(c *client) ports.Disconnection {
	return ports.Disconnection{Address: c.socket.Address(), Code: 1006}
}

// A subscribe that is handed over again, after it had been placed, gives no start: events
// may have failed to reach it since.
func TestASubscribeThatIsHandedOverAgainHidesNothing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h, away := kept(t)
		h.tick(ticks("tick"), 1)
		c := h.dial(protocol)
		message := c.message(c.requesting("1", map[string]any{"query": `subscription { tick }`, "extensions": map[string]any{"resume": []string{}}}))
		away.begin(20 * time.Second)
		if err := c.engine.Receive(t.Context(), message); err == nil {
			t.Fatal("the start was pushed, although the transport is away")
		}
		h.tick(ticks("tick"), 2)
		pause(10 * time.Second)
		away.begin(0)
		if err := c.engine.Receive(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		before := c.ticked() // and then it leaves
		if before.ended != "" && !strings.Contains(before.ended, core.CodeMissed) {
			t.Errorf("ended by %q", before.ended)
		}
		_ = h.engine.Disconnect(t.Context(), disconnection(c))
		again := h.dial(protocol)
		again.resume("1", `subscription { tick }`, before.resume()...)
		if got := append(before.numbers, again.ticked().numbers...); before.ended == "" && !slices.Contains(got, 2) {
			t.Errorf("got %v, and resumed at %v: 2 is missed in silence", got, before.positions)
		}
	})
}
