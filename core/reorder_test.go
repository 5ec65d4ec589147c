package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// TestReordering: the messages of each connection are handled concurrently, in
// any order, and by several processes, as on AWS Lambda. What remains is what
// the order in which they were received says.
func TestReordering(t *testing.T) {
	t.Parallel()
	seeds := uint64(400)
	if testing.Short() {
		seeds = 40
	}
	for seed := range seeds {
		if problems := reorder(t, seed); len(problems) > 0 {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(problems, "\n"))
		}
	}
}

// TestReorderingNoticesABrokenStore: a test that cannot fail proves nothing.
func TestReorderingNoticesABrokenStore(t *testing.T) {
	t.Parallel()
	for name, shape := range map[string]func(*core.Config){
		"that loses tombstones": func(config *core.Config) {
			config.Store = &forgetfulStore{tappedStore: config.Store.(*tappedStore), placed: map[ports.OperationRef]time.Time{}}
		},
		"that keeps the rows of a deleted connection": func(config *core.Config) {
			config.Store = &keepingStore{config.Store.(*tappedStore)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(100) {
				if problems := reorder(t, seed, shape); len(problems) > 0 {
					t.Logf("seed %d: %s", seed, problems[0])
					return
				}
			}
			t.Error("it was not noticed")
		})
	}
}

// forgetfulStore leaves no tombstone where there is nothing to remove.
type forgetfulStore struct {
	*tappedStore

	mu     sync.Mutex
	placed map[ports.OperationRef]time.Time
}

func (s *forgetfulStore) AddOperation(ctx context.Context, operation ports.Operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.Store.AddOperation(ctx, operation)
	if err == nil {
		s.placed[operation.Ref] = operation.ReceivedAt
	}
	return err
}

func (s *forgetfulStore) RemoveOperation(ctx context.Context, ref ports.OperationRef, receivedAt time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if placed, ok := s.placed[ref]; !ok || placed.After(receivedAt) {
		return false, nil
	}
	delete(s.placed, ref)
	return s.Store.RemoveOperation(ctx, ref, receivedAt)
}

// keepingStore says that it has deleted a connection, and keeps its rows.
type keepingStore struct{ *tappedStore }

func (s *keepingStore) DeleteConnection(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
	connection, err := s.GetConnection(ctx, id)
	return ports.Removed{Found: err == nil, Connection: connection}, nil
}

// reorder plays the scenario of a seed and says what is not as promised.
func reorder(t *testing.T, seed uint64, shape ...func(*core.Config)) (problems []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, seed, shape)
		s.play()
		s.checkPlaced()
		s.checkDelivered()
		s.checkNothingRemains()
		problems = s.problems
	})
	return problems
}

// scenario is several clients, each with a sequence of messages.
type scenario struct {
	*harness
	actors    []*actor
	processes []*core.Engine

	mu       sync.Mutex
	random   *rand.Rand
	problems []string
}

// actor is a client with what it sends and what has to come of that.
type actor struct {
	*client
	steps []step
	// refused: its connection_init is. left: it disconnects at the end.
	refused, left bool
	// placed has the topic and the alias of the subscription that each ID ends up
	// with; nothing for one that ends up completed.
	placed map[string]placement
	// stopped are the IDs whose last message is a stop.
	stopped map[string]bool
}

type placement struct{ topic, alias string }

// step is one message, or the end of the connection.
type step struct {
	message ports.Message
	end     bool
	// latency is how long after it was received it is handled, and process by
	// which.
	latency time.Duration
	process *core.Engine
}

func newScenario(t *testing.T, seed uint64, shape []func(*core.Config)) *scenario {
	t.Helper()
	s := &scenario{random: rand.New(rand.NewPCG(seed, 0))}
	s.harness = newHarness(t, append([]func(*core.Config){s.hooks}, shape...)...)
	s.processes = []*core.Engine{s.engine, s.process(), s.process()}
	for range 1 + s.number(4) {
		s.actors = append(s.actors, s.actor())
	}
	s.store.delay = func() { pause(s.upTo(3 * time.Millisecond)) }
	return s
}

// hooks take their time, so that there is something between their steps.
func (s *scenario) hooks(config *core.Config) {
	config.Hooks.OnInit = func(_ context.Context, payload json.RawMessage) (core.Session, error) {
		pause(s.upTo(50 * time.Millisecond))
		if payload != nil {
			return core.Session{}, core.Public("no")
		}
		return core.Session{}, nil
	}
	config.Hooks.OnSubscribe = func(ctx context.Context, request ports.Request) (ports.Request, error) {
		pause(s.upTo(20 * time.Millisecond))
		return s.onSubscribe(ctx, request)
	}
}

func (s *scenario) number(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(n)
}

func (s *scenario) upTo(d time.Duration) time.Duration { return time.Duration(s.number(int(d))) }

func (s *scenario) chance(percent int) bool { return s.number(100) < percent }

func (s *scenario) report(format string, values ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, fmt.Sprintf(format, values...))
}

// actor makes up a client. A modern one has its ack before it goes on; a legacy
// one sends its start right after its connection_init.
func (s *scenario) actor() *actor {
	a := &actor{placed: map[string]placement{}, stopped: map[string]bool{}, left: s.chance(30)}
	if s.chance(50) {
		a.client = s.dial(modern)
	} else {
		a.client = s.open(legacy)
		a.refused = s.chance(10)
		s.add(a, map[bool]string{false: `{"type":"connection_init"}`, true: `{"type":"connection_init","payload":{}}`}[a.refused])
	}
	active := map[string]bool{}
	for n := range s.number(12) {
		id := fmt.Sprint(s.number(3))
		again := active[id] && a.protocol == legacy && s.chance(20) // start over start
		if active[id] && !again {
			s.add(a, a.completing(id))
			active[id] = false
			a.stopped[id] = true
			delete(a.placed, id)
			continue
		}
		active[id] = true
		delete(a.stopped, id)
		delete(a.placed, id)
		// No query over a start: once it has run its ID is free, and the start
		// that it overtook is taken for a new one.
		if !again && s.chance(20) {
			s.add(a, a.subscribing(id, `{ hello }`))
			continue
		}
		want := placement{[]string{"a", "b"}[s.number(2)], fmt.Sprintf("m%d", n)}
		s.add(a, a.subscribing(id, fmt.Sprintf(`subscription { %s: %s }`, want.alias, map[string]string{"a": "a", "b": "onB"}[want.topic])))
		a.placed[id] = want
	}
	if a.left {
		s.addStep(a, step{end: true})
	}
	if a.left || a.refused {
		clear(a.placed)
	}
	return a
}

func (s *scenario) add(a *actor, data string) { s.addStep(a, step{message: a.message(data)}) }

func (s *scenario) addStep(a *actor, next step) {
	next.latency = s.upTo(200 * time.Millisecond)
	next.process = s.processes[s.number(len(s.processes))]
	a.steps = append(a.steps, next)
}

// play has every message handled, while events are published.
func (s *scenario) play() {
	var handled sync.WaitGroup
	for _, a := range s.actors {
		for _, step := range a.steps {
			handled.Go(func() {
				pause(step.latency)
				if err := s.handle(a, step); err != nil {
					s.report("%s: %s: %v", a.id(), step.message.Data, err)
				}
			})
		}
	}
	for range 20 {
		pause(s.upTo(20 * time.Millisecond))
		s.publish("a", "meanwhile")
		s.publish("b", "meanwhile")
	}
	handled.Wait()
	pause(time.Minute) // of fake time: deliveries under way come to their end
}

func (s *scenario) handle(a *actor, step step) error {
	if !step.end {
		return step.process.Receive(s.t.Context(), step.message)
	}
	a.socket.HangUp()
	return step.process.Disconnect(s.t.Context(), ports.Disconnection{Address: a.socket.Address()})
}

// checkPlaced: what is listed is what ended up in place, and no socket was
// closed but those that had to be.
func (s *scenario) checkPlaced() {
	want := map[string][]string{"a": {}, "b": {}}
	for _, a := range s.actors {
		for id, placed := range a.placed {
			want[placed.topic] = append(want[placed.topic], string(a.id())+" "+id)
		}
		var closed *memory.CloseError
		wasClosed := errors.As(a.socket.Closed(), &closed)
		switch {
		case wasClosed && !a.refused && !a.left:
			s.report("%s (%s) was %v", a.id(), a.protocol, closed)
		case wasClosed && a.refused && closed.Code != 4403:
			s.report("%s was refused, and %v", a.id(), closed)
		case wasClosed && closed.Code == 4409:
			s.report("%s was %v", a.id(), closed)
		case a.refused && !a.left && !wasClosed:
			s.report("%s was refused, and not closed", a.id())
		}
	}
	for topic := range want {
		slices.Sort(want[topic])
		if listed := s.listed(topic); !slices.Equal(listed, want[topic]) {
			s.report("on %s are %q, want %q", topic, listed, want[topic])
		}
	}
}

// checkDelivered: every client gets the next event once for each of its
// subscriptions, as it was asked for last, and has had nothing but what the
// protocol has.
func (s *scenario) checkDelivered() {
	for _, a := range s.actors {
		completed := map[string]bool{}
		for _, message := range a.received() {
			switch message.Type {
			case "error", "connection_error":
				if !a.refused {
					s.report("%s got %+v", a.id(), message)
				}
			case "complete":
				completed[message.ID] = true
			}
		}
		for id := range a.stopped {
			if a.protocol == legacy && !a.refused && !a.left && !completed[id] {
				s.report("%s stopped %q and got no complete", a.id(), id)
			}
		}
	}
	s.publish("a", "last")
	s.publish("b", "last")
	pause(time.Minute)
	for _, a := range s.actors {
		got, want := []string{}, []string{}
		for _, message := range a.received() {
			got = append(got, message.ID+string(message.Payload))
		}
		for id, placed := range a.placed {
			want = append(want, id+`{"data":{"`+placed.alias+`":"last"}}`)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			s.report("%s got %q of the last events, want %q", a.id(), got, want)
		}
	}
}

type received struct {
	ID, Type string
	Payload  json.RawMessage
}

// received takes what has come for the client.
func (a *actor) received() []received {
	ended, cancel := context.WithCancel(a.t.Context())
	cancel()
	var all []received
	for a.socket.Queued() > 0 {
		data, err := a.socket.Receive(ended)
		if err != nil {
			return all
		}
		var message received
		if err := json.Unmarshal(data, &message); err != nil {
			a.t.Fatalf("%s: %v", data, err)
		}
		all = append(all, message)
	}
	return all
}

// checkNothingRemains: when all have gone, so has what was kept for them, and
// every hook has run once for each subject.
func (s *scenario) checkNothingRemains() {
	for _, a := range s.actors {
		for range 2 {
			if err := s.handle(a, step{end: true, process: s.engine}); err != nil {
				s.report("%s: disconnect: %v", a.id(), err)
			}
		}
	}
	for _, passed := range []time.Duration{0, 6 * time.Hour} { // then every TTL has ended
		pause(passed)
		for _, topic := range []string{"a", "b"} {
			if listed := s.listed(topic); len(listed) > 0 {
				s.report("after %v on %s are still %q", passed, topic, listed)
			}
		}
	}
	if len(s.gone) != len(s.actors) {
		s.report("OnDisconnect ran %d times for %d connections", len(s.gone), len(s.actors))
	}
	if len(s.ended) != s.begun {
		s.report("OnComplete ran %d times for %d operations", len(s.ended), s.begun)
	}
	if len(s.errors) > 0 {
		s.report("OnError received %q", s.errors)
	}
}
