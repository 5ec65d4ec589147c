package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// recorder is a pusher that keeps what was pushed, and fails where a test sets it to.
type recorder struct {
	mu     sync.Mutex
	frames map[ports.ConnectionID][]string
	closed map[ports.ConnectionID]int
	// fail decides about each push; nil lets all of them through.
	fail func(to ports.ConnectionID, frame string) error
}

func newRecorder() *recorder {
	return &recorder{frames: map[ports.ConnectionID][]string{}, closed: map[ports.ConnectionID]int{}}
}

func (r *recorder) Push(_ context.Context, to ports.Address, frame ports.Frame) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := string(frame.AppendTo(nil))
	if r.fail != nil {
		if err := r.fail(to.ID, text); err != nil {
			return err
		}
	}
	r.frames[to.ID] = append(r.frames[to.ID], text)
	return nil
}

func (r *recorder) Close(_ context.Context, to ports.Address, code int, _ string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed[to.ID] = code
	return nil
}

// take returns what was pushed to the connection since the last time.
func (r *recorder) take(id ports.ConnectionID) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	frames := r.frames[id]
	delete(r.frames, id)
	return frames
}

// pagedStore counts the pages that are read, and may fail to read one.
type pagedStore struct {
	*memory.Store
	pages    atomic.Int64
	failPage atomic.Int64
	phantoms []ports.Subscriber
	cleared  atomic.Int64
}

func (s *pagedStore) ListSubscribers(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
	if s.pages.Add(1) == s.failPage.Load() {
		return ports.Page{}, &ports.Error{Op: "test.ListSubscribers", Kind: ports.ErrThrottled}
	}
	page, err := s.Store.ListSubscribers(ctx, topic, request)
	if request.After == "" {
		page.Subscribers = append(page.Subscribers, s.phantoms...)
	}
	return page, err
}

func (s *pagedStore) RemoveSubscribers(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
	s.cleared.Add(int64(len(refs)))
	return s.Store.RemoveSubscribers(ctx, topic, refs)
}

// fan is an engine whose deliveries are called by hand.
type fan struct {
	*core.Engine
	t          testing.TB
	store      *pagedStore
	pushed     *recorder
	executions atomic.Int64
	completed  sync.Map // ports.OperationRef -> core.CompletionReason
	left       sync.Map // ports.ConnectionID -> code
	clock      time.Time
}

type state struct{ Name string }

// The feed's resolver does what the event tells it to.
type instruction struct {
	Text string
	// IfState limits reading the ID to connections whose state has this name.
	ReadState, ReadID bool
	IfState           string
	Skip, Fail, Panic bool
}

func newFan(t testing.TB, shape func(*core.Config)) *fan {
	f := &fan{t: t, store: &pagedStore{Store: must.Make(memory.New(memory.Config{})).Store}, pushed: newRecorder(), clock: time.Now()}
	config := core.Config{
		Schema: f.schema(),
		Store:  f.store,
		Bus:    must.Make(memory.New(memory.Config{})).Bus,
		Pusher: f.pushed,
		Logger: silence(),
		Random: func() float64 { return 0 },
		Hooks: core.Hooks{
			OnConnect: func(_ context.Context, h ports.Handshake) (core.Session, error) {
				return core.Session{State: state{h.Query.Get("name")}}, nil
			},
			OnComplete: func(_ context.Context, c core.Completed) {
				if _, again := f.completed.LoadOrStore(c.Operation, c.Reason); again {
					t.Errorf("OnComplete ran twice for %v", c.Operation)
				}
			},
			OnDisconnect: func(_ context.Context, d core.Disconnected) {
				if _, again := f.left.LoadOrStore(d.Connection.Address.ID, d.Code); again {
					t.Errorf("OnDisconnect ran twice for %v", d.Connection.Address.ID)
				}
			},
		},
	}
	if shape != nil {
		shape(&config)
	}
	engine, err := core.New(config)
	if err != nil {
		t.Fatal(err)
	}
	f.Engine = engine
	return f
}

var feedTopic = core.NewTopic[instruction]("feed")

func (f *fan) schema() *graphqlgo.Schema {
	feed := func(options ...core.SubscribeOption) *graphql.Field {
		return &graphql.Field{
			Type:      graphql.String,
			Args:      graphql.FieldConfigArgument{"suffix": {Type: graphql.String, DefaultValue: ""}},
			Subscribe: func(p graphql.ResolveParams) (any, error) { return feedTopic.Subscribe(p.Context, options...) },
			Resolve:   f.resolve,
		}
	}
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"ok": {Type: graphql.Boolean}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"feed": feed(), "own": feed(core.PerSubscriber()),
			"loud":  feed(core.Where("Text", core.BeginsWith, "LOUD")),
			"state": feed(core.Where("ReadState", core.Eq, true)),
		}}),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return schema
}

func (f *fan) resolve(p graphql.ResolveParams) (any, error) {
	f.executions.Add(1)
	event, err := feedTopic.Payload(p.Context)
	if err != nil {
		return nil, err
	}
	answer := event.Text + p.Args["suffix"].(string)
	readID := event.ReadID
	if event.ReadState || event.IfState != "" {
		who, err := core.StateAs[state](p.Context)
		if err != nil {
			return nil, err
		}
		answer += "/" + who.Name
		readID = readID || event.IfState == who.Name
	}
	if readID {
		connection, _ := core.ConnectionFrom(p.Context)
		answer += "/" + string(connection.ID())
	}
	switch {
	case event.Skip:
		return nil, core.ErrSkip
	case event.Fail:
		return nil, errors.New("failed: " + answer)
	case event.Panic:
		panic("panicked: " + answer)
	}
	return answer, nil
}

// connect opens an initialized connection whose state has the given name.
func (f *fan) connect(id, name string) ports.Address {
	f.t.Helper()
	address := ports.Address{ID: ports.ConnectionID(id)}
	_, err := f.Connect(context.Background(), ports.Handshake{
		Address: address, Protocols: []string{"graphql-transport-ws"}, Query: map[string][]string{"name": {name}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.send(address, `{"type":"connection_init"}`)
	return address
}

func (f *fan) send(from ports.Address, data string) {
	f.t.Helper()
	f.clock = f.clock.Add(time.Millisecond)
	message := ports.Message{Address: from, RequestID: f.clock.String(), ReceivedAt: f.clock, Data: []byte(data)}
	if err := f.Receive(context.Background(), message); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fan) subscribe(from ports.Address, id, selection string) {
	f.t.Helper()
	message, _ := json.Marshal(map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{"query": "subscription { " + selection + " }"}})
	f.send(from, string(message))
}

// deliver delivers payloads as events of the feed and fails on a bad verdict.
func (f *fan) deliver(instructions ...instruction) {
	f.t.Helper()
	for _, err := range f.Deliver(context.Background(), feedEvents(f.t, instructions...)) {
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

func feedEvents(t testing.TB, instructions ...instruction) []ports.Event {
	t.Helper()
	events := make([]ports.Event, len(instructions))
	for i, what := range instructions {
		payload, err := json.Marshal(what)
		if err != nil {
			t.Fatal(err)
		}
		events[i] = ports.Event{ID: strconv.Itoa(i), Topic: "feed", Kind: ports.EventData, Payload: payload}
	}
	return events
}

// crowd connects n clients, three different states among them, all subscribed.
func (f *fan) crowd(n int, selection string) []ports.Address {
	f.t.Helper()
	addresses := make([]ports.Address, n)
	for i := range addresses {
		addresses[i] = f.connect(fmt.Sprintf("c%05d", i), "name"+strconv.Itoa(i%3))
		f.subscribe(addresses[i], "1", selection)
		f.pushed.take(addresses[i].ID) // the ack
	}
	return addresses
}

func next(id, field, value string) string {
	return `{"id":"` + id + `","type":"next","payload":{"data":{"` + field + `":"` + value + `"}}}`
}

func equalFrames(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got frames\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestDeliverExecutesOncePerDistinctResult(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		selection  string
		event      instruction
		executions int64
	}{
		{"nothing of the connection is read", "feed", instruction{Text: "x"}, 1},
		{"the state is read", "feed", instruction{Text: "x", ReadState: true}, 3},
		{"the ID is read", "feed", instruction{Text: "x", ReadID: true}, 30},
		{"the ID is read with one state of three", "feed", instruction{Text: "x", IfState: "name1"}, 1 + 1 + 10},
		{"the subscription is PerSubscriber", "own", instruction{Text: "x"}, 30},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// By one worker: whose result comes first decides how far it is shared.
			f := newFan(t, func(c *core.Config) { c.PushConcurrency = 1 })
			clients := f.crowd(30, test.selection)
			f.deliver(test.event)
			if got := f.executions.Load(); got != test.executions {
				t.Errorf("the resolver ran %d times, want %d", got, test.executions)
			}
			for i, client := range clients {
				want := "x"
				name := "name" + strconv.Itoa(i%3)
				if test.event.ReadState || test.event.IfState != "" {
					want += "/" + name
				}
				if test.event.ReadID || test.event.IfState == name {
					want += "/" + string(client.ID)
				}
				equalFrames(t, f.pushed.take(client.ID), []string{next("1", test.selection, want)})
			}
		})
	}
}

// Sharing must never be seen: on random events each client's shared subscription
// gets what its PerSubscriber twin gets.
func TestDeliverSharesNothingThatDiffers(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	f := newFan(t, func(c *core.Config) { c.PageSize = 7 })
	var clients []ports.Address
	for i := range 40 {
		client := f.connect(fmt.Sprintf("c%02d", i), "name"+strconv.Itoa(random.IntN(4)))
		suffix := strconv.Itoa(random.IntN(2))
		f.subscribe(client, "shared", `feed(suffix: "`+suffix+`")`)
		f.subscribe(client, "twin", `feed: own(suffix: "`+suffix+`")`)
		f.pushed.take(client.ID)
		clients = append(clients, client)
	}
	for round := range 50 {
		batch := make([]instruction, 1+random.IntN(4))
		for i := range batch {
			batch[i] = instruction{
				Text: fmt.Sprintf("%d.%d", round, i), ReadState: random.IntN(3) == 0, ReadID: random.IntN(4) == 0,
				Skip: random.IntN(6) == 0, Fail: random.IntN(6) == 0, Panic: random.IntN(6) == 0,
			}
			if random.IntN(3) == 0 {
				batch[i].IfState = "name" + strconv.Itoa(random.IntN(4))
			}
		}
		f.deliver(batch...)
		for _, client := range clients {
			byOperation := map[string][]string{}
			for _, frame := range f.pushed.take(client.ID) {
				var message struct {
					ID      string
					Payload json.RawMessage
				}
				if err := json.Unmarshal([]byte(frame), &message); err != nil {
					t.Fatal(err)
				}
				byOperation[message.ID] = append(byOperation[message.ID], string(message.Payload))
			}
			if !slices.Equal(byOperation["shared"], byOperation["twin"]) {
				t.Fatalf("client %s, batch %+v: shared got\n%v\nits twin\n%v", client.ID, batch, byOperation["shared"], byOperation["twin"])
			}
		}
	}
}

func TestDeliverKeepsOrderAcrossPagesAndListsOncePerBatch(t *testing.T) {
	t.Parallel()
	f := newFan(t, func(c *core.Config) { c.PageSize = 10 })
	clients := f.crowd(35, "feed")
	f.subscribe(clients[0], "2", "feed")
	f.deliver(instruction{Text: "a"}, instruction{Text: "b"}, instruction{Text: "c"})
	if pages := f.store.pages.Load(); pages < 4 || pages > 5 {
		t.Errorf("36 subscribers in pages of 10 were read in %d pages", pages)
	}
	for _, client := range clients[1:] {
		equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", "a"), next("1", "feed", "b"), next("1", "feed", "c")})
	}
	byID := map[string][]string{}
	for _, frame := range f.pushed.take(clients[0].ID) {
		byID[frame[:8]] = append(byID[frame[:8]], frame)
	}
	if len(byID) != 2 {
		t.Fatalf("got frames for %v, want two operations", slices.Collect(maps.Keys(byID)))
	}
	equalFrames(t, byID[`{"id":"2`], []string{next("2", "feed", "a"), next("2", "feed", "b"), next("2", "feed", "c")})
}

func TestDeliverRemovesAGoneConnectionOnce(t *testing.T) {
	t.Parallel()
	f := newFan(t, nil)
	clients := f.crowd(3, "feed")
	f.subscribe(clients[1], "2", "feed")
	tries := 0
	f.pushed.fail = func(to ports.ConnectionID, _ string) error {
		if to == clients[1].ID {
			tries++
			return &ports.Error{Op: "test.Push", Kind: ports.ErrGone}
		}
		return nil
	}
	f.deliver(instruction{Text: "a"}, instruction{Text: "b"})
	if tries != 1 {
		t.Errorf("pushed %d times to a socket that is gone, want once", tries)
	}
	equalFrames(t, f.pushed.take(clients[0].ID), []string{next("1", "feed", "a"), next("1", "feed", "b")})
	for _, id := range []ports.OperationID{"1", "2"} {
		if reason, _ := f.completed.Load(ports.OperationRef{Connection: clients[1].ID, ID: id}); reason != core.CompletedByDisconnect {
			t.Errorf("operation %s ended because of %v, want disconnect", id, reason)
		}
	}
	if _, ok := f.left.Load(clients[1].ID); !ok {
		t.Error("OnDisconnect did not run")
	}
	if _, err := f.store.GetConnection(t.Context(), clients[1].ID); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("the connection is still there: %v", err)
	}
	page, _ := f.store.Store.ListSubscribers(t.Context(), "feed", ports.PageRequest{})
	if len(page.Subscribers) != 2 {
		t.Errorf("%d rows are left, want 2", len(page.Subscribers))
	}
	if n := f.store.cleared.Load(); n != 0 {
		t.Errorf("removed %d rows that the connection had taken with it", n)
	}
}

func TestDeliverClearsRowsThatACrashLeft(t *testing.T) {
	t.Parallel()
	f := newFan(t, nil)
	client := f.crowd(1, "feed")[0]
	page, _ := f.store.Store.ListSubscribers(t.Context(), "feed", ports.PageRequest{})
	stale := page.Subscribers[0]
	stale.Ref = ports.OperationRef{Connection: "crashed", ID: "1"}
	stale.Address = ports.Address{ID: "crashed"}
	f.store.phantoms = []ports.Subscriber{stale}
	f.pushed.fail = func(to ports.ConnectionID, _ string) error {
		if to == "crashed" {
			return &ports.Error{Op: "test.Push", Kind: ports.ErrGone}
		}
		return nil
	}
	f.deliver(instruction{Text: "a"}, instruction{Text: "b"})
	if n := f.store.cleared.Load(); n != 1 {
		t.Errorf("cleared %d rows, want 1", n)
	}
	equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", "a"), next("1", "feed", "b")})
}

func TestDeliverRetriesWhatMayPass(t *testing.T) {
	t.Parallel()
	f := newFan(t, nil)
	client := f.crowd(1, "feed")[0]
	refusals := 3
	f.pushed.fail = func(ports.ConnectionID, string) error {
		if refusals--; refusals >= 0 {
			return &ports.Error{Op: "test.Push", Kind: ports.ErrThrottled}
		}
		return nil
	}
	f.deliver(instruction{Text: "a"})
	equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", "a")})
}

func TestDeliverLeavesNoSilentGap(t *testing.T) {
	t.Parallel()
	f := newFan(t, nil)
	clients := f.crowd(3, "feed")
	f.pushed.fail = func(to ports.ConnectionID, frame string) error {
		if to == clients[1].ID && strings.Contains(frame, `"next"`) || to == clients[2].ID {
			return errors.New("the network is away")
		}
		return nil
	}
	f.deliver(instruction{Text: "a"}, instruction{Text: "b"})
	f.pushed.fail = nil
	f.deliver(instruction{Text: "c"})

	equalFrames(t, f.pushed.take(clients[0].ID), []string{next("1", "feed", "a"), next("1", "feed", "b"), next("1", "feed", "c")})
	equalFrames(t, f.pushed.take(clients[1].ID), []string{
		`{"id":"1","type":"error","payload":[{"message":"an event could not be delivered; subscribe again"}]}`,
	})
	if f.pushed.closed[clients[2].ID] != 1013 {
		t.Errorf("a connection that no message reaches was closed with %d, want 1013", f.pushed.closed[clients[2].ID])
	}
	equalFrames(t, f.pushed.take(clients[2].ID), nil)
}

func TestDeliverTellsOfAResultThatIsTooLarge(t *testing.T) {
	t.Parallel()
	f := newFan(t, nil)
	clients := f.crowd(2, "feed")
	f.pushed.fail = func(to ports.ConnectionID, frame string) error {
		if to == clients[0].ID && strings.Contains(frame, "huge") {
			return &ports.Error{Op: "test.Push", Kind: ports.ErrTooLarge}
		}
		return nil
	}
	f.deliver(instruction{Text: "huge"}, instruction{Text: "b"})
	equalFrames(t, f.pushed.take(clients[0].ID), []string{
		`{"id":"1","type":"error","payload":[{"message":"the result is too large to be sent"}]}`,
	})
	equalFrames(t, f.pushed.take(clients[1].ID), []string{next("1", "feed", "huge"), next("1", "feed", "b")})
}

func TestDeliverCompleteEndsTheTopicInItsPlace(t *testing.T) {
	t.Parallel()
	f := newFan(t, nil)
	client := f.crowd(1, "feed")[0]
	events := feedEvents(t, instruction{Text: "a"}, instruction{}, instruction{Text: "b"})
	events[1] = ports.Event{ID: "end", Topic: "feed", Kind: ports.EventComplete}
	if err := errors.Join(f.Deliver(t.Context(), events)...); err != nil {
		t.Fatal(err)
	}
	equalFrames(t, f.pushed.take(client.ID), []string{next("1", "feed", "a"), `{"id":"1","type":"complete"}`})
	if reason, _ := f.completed.Load(ports.OperationRef{Connection: client.ID, ID: "1"}); reason != core.CompletedByServer {
		t.Errorf("the operation ended because of %v, want the server", reason)
	}
}

func TestDeliverReportsATopicThatCouldNotBeListed(t *testing.T) {
	t.Parallel()
	for _, failing := range []int64{1, 2} {
		f := newFan(t, func(c *core.Config) { c.PageSize = 1 })
		client := f.crowd(2, "feed")[0]
		f.store.failPage.Store(failing)
		events := feedEvents(t, instruction{Text: "a"}, instruction{Text: "b"})
		other := ports.Event{ID: "o", Topic: "other", Kind: ports.EventData, Payload: []byte(`{}`)}
		verdicts := f.Deliver(t.Context(), append(events[:1:1], other, events[1]))
		if !errors.Is(verdicts[0], ports.ErrThrottled) || verdicts[1] != nil || !errors.Is(verdicts[2], ports.ErrThrottled) {
			t.Errorf("page %d fails: verdicts %v, want only the feed's two to be errors", failing, verdicts)
		}
		if n := len(f.pushed.take(client.ID)); n != 2*int(failing-1) {
			t.Errorf("page %d fails: %d events reached a client of the first page", failing, n)
		}
	}
}

func TestDeliverOnlyAndExcept(t *testing.T) {
	t.Parallel()
	f := newFan(t, nil)
	clients := f.crowd(3, "feed")
	events := feedEvents(t, instruction{Text: "only"}, instruction{Text: "except"})
	events[0].Only = []ports.ConnectionID{clients[0].ID}
	events[1].Except = []ports.ConnectionID{clients[0].ID}
	if err := errors.Join(f.Deliver(t.Context(), events)...); err != nil {
		t.Fatal(err)
	}
	equalFrames(t, f.pushed.take(clients[0].ID), []string{next("1", "feed", "only")})
	equalFrames(t, f.pushed.take(clients[1].ID), []string{next("1", "feed", "except")})
	equalFrames(t, f.pushed.take(clients[2].ID), []string{next("1", "feed", "except")})
}

func TestDeliverEndsARequestThatTheSchemaNoLongerKnows(t *testing.T) {
	t.Parallel()
	f := newFan(t, nil)
	client := f.crowd(1, "feed")[0]
	page, _ := f.store.Store.ListSubscribers(t.Context(), "feed", ports.PageRequest{})
	old := page.Subscribers[0]
	if err := f.store.Store.RemoveSubscribers(t.Context(), "feed", []ports.OperationRef{old.Ref}); err != nil {
		t.Fatal(err)
	}
	old.Request = []byte(`{"query":"subscription { gone }"}`)
	f.store.phantoms = []ports.Subscriber{old}
	f.deliver(instruction{Text: "a"})
	frames := f.pushed.take(client.ID)
	if len(frames) != 1 || !strings.HasPrefix(frames[0], `{"id":"1","type":"error","payload":[{"message":"Cannot query field`) {
		t.Errorf("got %v, want one error that names the field", frames)
	}
}

func TestDeliverFiltersBeforeItExecutes(t *testing.T) {
	t.Parallel()
	f := newFan(t, nil)
	client := f.connect("c", "ann")
	f.subscribe(client, "all", "feed")
	f.subscribe(client, "loud", "feed: loud")
	f.subscribe(client, "state", "feed: state")
	f.pushed.take(client.ID)
	f.deliver(instruction{Text: "soft"}, instruction{Text: "LOUD"}, instruction{Text: "x", ReadState: true})
	byOperation := map[string]int{}
	for _, frame := range f.pushed.take(client.ID) {
		byOperation[strings.Split(frame, `"`)[3]]++
	}
	if byOperation["all"] != 3 || byOperation["loud"] != 1 || byOperation["state"] != 1 {
		t.Errorf("got %v, want 3 events for all, 1 for loud, 1 for state", byOperation)
	}
	if n := f.executions.Load(); n != 5 {
		t.Errorf("the resolvers ran %d times, want 5: filtered events are not executed", n)
	}
}

func TestDeliverSharesBetweenFilters(t *testing.T) {
	t.Parallel()
	f := newFan(t, nil)
	page := func() []ports.Subscriber {
		page, _ := f.store.Store.ListSubscribers(t.Context(), "feed", ports.PageRequest{})
		return page.Subscribers
	}
	f.crowd(2, "feed")
	other := page()[0]
	other.Ref = ports.OperationRef{Connection: "x", ID: "1"}
	other.Address = ports.Address{ID: "x"}
	other.Filters = []byte(`{"where":[{"field":"Text","op":"eq","value":"x"}]}`)
	f.store.phantoms = []ports.Subscriber{other}
	f.deliver(instruction{Text: "x"})
	if n := f.executions.Load(); n != 1 {
		t.Errorf("the resolver ran %d times for three subscribers with one request, want once", n)
	}
	equalFrames(t, f.pushed.take("x"), []string{next("1", "feed", "x")})
}

func TestDeliverNamesTheEventInExtensions(t *testing.T) {
	t.Parallel()
	f := newFan(t, func(c *core.Config) { c.EventExtensions = true })
	client := f.crowd(1, "feed")[0]
	events := feedEvents(t, instruction{Text: "a"})
	events[0].Position = "0001"
	if err := f.Deliver(t.Context(), events)[0]; err != nil {
		t.Fatal(err)
	}
	equalFrames(t, f.pushed.take(client.ID), []string{
		`{"id":"1","type":"next","payload":{"data":{"feed":"a"},"extensions":{"event":{"id":"0"}}}}`,
	})
}

// A worker that is stopped, or has lost its lease, ends nobody's subscription and
// leaves no checkpoint: the events are delivered again.
func TestDeliveryThatIsCancelledLeavesEverythingAsItWas(t *testing.T) {
	t.Parallel()
	for _, pageSize := range []int{0, 2} {
		f := newFan(t, func(c *core.Config) { c.PageSize, c.PushConcurrency = pageSize, 1 })
		clients := f.crowd(5, "feed")
		events := positioned(feedEvents(t, instruction{Text: "a"}))
		ctx, cancel := context.WithCancel(t.Context())
		pushes := 0
		f.pushed.fail = func(ports.ConnectionID, string) error {
			if pushes++; pushes > 2 {
				cancel()
				return ctx.Err()
			}
			return nil
		}
		if verdict := f.Deliver(ctx, events)[0]; !errors.Is(verdict, context.Canceled) {
			t.Errorf("the verdict is %v, want cancelled", verdict)
		}
		if _, err := f.store.LoadCheckpoint(t.Context(), "feed"); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("there is a checkpoint: %v", err)
		}
		f.pushed.fail = nil
		f.deliverAgain(t, events)
		for _, client := range clients {
			if frames := f.pushed.take(client.ID); len(frames) == 0 || frames[len(frames)-1] != next("1", "feed", "a") {
				t.Errorf("%s got %v", client.ID, frames)
			}
		}
	}
}
