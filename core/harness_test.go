package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

const (
	modern = "graphql-transport-ws"
	legacy = "graphql-ws"
)

// both runs a test once for each subprotocol, in a bubble of its own.
func both(t *testing.T, test func(t *testing.T, protocol string)) {
	t.Helper()
	for _, protocol := range []string{modern, legacy} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, protocol) })
		})
	}
}

// pause lets time pass: in a bubble it costs none.
func pause(d time.Duration) { <-time.After(d) }

// harness is an engine on the memory adapters. It lives in a synctest bubble, so
// that after synctest.Wait all that was published has been delivered.
type harness struct {
	t      *testing.T
	config core.Config
	engine *core.Engine
	store  *tappedStore
	pusher *memory.Pusher
	stage  *stage

	mu      sync.Mutex
	sockets int
	inits   int
	begun   int
	ended   []core.Completed
	gone    []core.Disconnected
	errors  []error
}

// newHarness makes an engine whose hooks do nothing but take notes, unless an
// option replaces them.
func newHarness(t *testing.T, options ...func(*core.Config)) *harness {
	t.Helper()
	h := &harness{
		t: t, store: &tappedStore{Store: must.Make(memory.New(memory.Config{})).Store},
		pusher: must.Make(memory.NewPusher(memory.PusherConfig{})), stage: &stage{gate: make(chan struct{})},
	}
	bus := must.Make(memory.New(memory.Config{})).Bus
	config := core.Config{
		Schema: newSchema(t, h.stage), Store: h.store, Bus: bus, Pusher: h.pusher,
		Hooks: core.Hooks{OnInit: h.onInit, OnSubscribe: h.onSubscribe, OnComplete: h.onComplete, OnDisconnect: h.onDisconnect, OnError: h.onError},
	}
	for _, option := range options {
		option(&config)
	}
	h.config = config
	h.engine = h.process()
	ctx, cancel := context.WithCancel(t.Context())
	consumed := make(chan error)
	go func() { consumed <- bus.Consume(ctx, h.engine.Deliver) }()
	t.Cleanup(func() {
		cancel()
		if err := <-consumed; err != nil {
			t.Error(err)
		}
	})
	return h
}

// process is an engine as another process has it: with the same ports.
func (h *harness) process() *core.Engine {
	h.t.Helper()
	engine, err := core.New(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	return engine
}

func (h *harness) onInit(context.Context, json.RawMessage) (core.Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inits++
	return core.Session{}, nil
}

func (h *harness) onSubscribe(_ context.Context, request ports.Request) (ports.Request, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begun++
	return request, nil
}

func (h *harness) onComplete(_ context.Context, completed core.Completed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = append(h.ended, completed)
}

func (h *harness) onDisconnect(_ context.Context, disconnected core.Disconnected) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gone = append(h.gone, disconnected)
}

func (h *harness) onError(_ context.Context, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.errors = append(h.errors, err)
}

// completions are the IDs and reasons that OnComplete has heard, in order.
func (h *harness) completions() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	heard := []string{}
	for _, completed := range h.ended {
		heard = append(heard, string(completed.Operation.ID)+" "+string(completed.Reason))
	}
	return heard
}

func (h *harness) expectCompletions(want ...string) {
	h.t.Helper()
	synctest.Wait()
	if got := h.completions(); !slices.Equal(got, want) {
		h.t.Errorf("OnComplete heard %q, want %q", got, want)
	}
}

// expectErrors checks what OnError was told, each by a part of its text.
func (h *harness) expectErrors(want ...string) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	matches := len(h.errors) == len(want)
	for i := 0; matches && i < len(want); i++ {
		matches = strings.Contains(h.errors[i].Error(), want[i])
	}
	if !matches {
		h.t.Errorf("OnError was told %q, want %q", h.errors, want)
	}
}

// expectTold checks that OnError was told at least of this, by a part of its text.
func (h *harness) expectTold(part string) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.ContainsFunc(h.errors, func(err error) bool { return strings.Contains(err.Error(), part) }) {
		h.t.Errorf("OnError was told %q, and nothing of %q", h.errors, part)
	}
}

func (h *harness) publish(topic string, payload any, options ...core.EventOption) {
	h.t.Helper()
	if err := h.engine.Publish(h.t.Context(), core.NewTopic[any](topic).Event(payload, options...)); err != nil {
		h.t.Fatal(err)
	}
}

// listed are the operations on a topic, as connection and ID.
func (h *harness) listed(topic string) []string {
	h.t.Helper()
	page, err := h.store.Store.ListSubscribers(h.t.Context(), ports.Topic(topic), ports.PageRequest{Limit: 100_000})
	if err != nil {
		h.t.Fatal(err)
	}
	refs := []string{}
	for _, subscriber := range page.Subscribers {
		refs = append(refs, string(subscriber.Ref.Connection)+" "+string(subscriber.Ref.ID))
	}
	slices.Sort(refs)
	return refs
}

// client is one socket, as its client sees it.
type client struct {
	*harness
	protocol string
	socket   *memory.Socket
	messages int
}

// open opens a socket and passes the handshake.
func (h *harness) open(protocol string) *client {
	h.t.Helper()
	h.sockets++
	address := ports.Address{ID: ports.ConnectionID(fmt.Sprintf("connection%d", h.sockets))}
	c := &client{harness: h, protocol: protocol, socket: h.pusher.Open(address)}
	accepted, err := h.engine.Connect(h.t.Context(), c.handshake())
	if err != nil {
		h.t.Fatal(err)
	}
	if accepted.Protocol != protocol {
		h.t.Fatalf("accepted %q, want %q", accepted.Protocol, protocol)
	}
	return c
}

func (c *client) handshake() ports.Handshake {
	return ports.Handshake{Address: c.socket.Address(), ReceivedAt: time.Now(), Protocols: []string{c.protocol}}
}

// dial opens a socket and brings it to its ack.
func (h *harness) dial(protocol string) *client {
	h.t.Helper()
	c := h.open(protocol)
	c.send(`{"type":"connection_init"}`)
	c.expect(`{"type":"connection_ack"}`)
	return c
}

func (c *client) id() ports.ConnectionID { return c.socket.Address().ID }

// message stamps data as the next message of the client.
func (c *client) message(data string) ports.Message {
	pause(time.Millisecond)
	c.messages++
	return ports.Message{Address: c.socket.Address(), RequestID: fmt.Sprintf("%s-%d", c.id(), c.messages),
		ReceivedAt: time.Now(), Data: []byte(data)}
}

// send has the engine handle one message, to its end.
func (c *client) send(data string) {
	c.t.Helper()
	if err := c.engine.Receive(c.t.Context(), c.message(data)); err != nil {
		c.t.Fatalf("%.200s: %v", data, err)
	}
}

// sendAside has the engine handle one message until it waits for something, and
// returns what waits for the rest.
func (c *client) sendAside(data string) (wait func()) {
	c.t.Helper()
	message := c.message(data)
	done := make(chan error, 1)
	go func() { done <- c.engine.Receive(c.t.Context(), message) }()
	synctest.Wait()
	return func() {
		c.t.Helper()
		if err := <-done; err != nil {
			c.t.Fatalf("%.200s: %v", data, err)
		}
	}
}

// pick returns the protocol's own word.
func (c *client) pick(modernWord, legacyWord string) string {
	if c.protocol == legacy {
		return legacyWord
	}
	return modernWord
}

// subscribing is the message that asks for an operation.
func (c *client) subscribing(id, query string) string {
	return c.requesting(id, map[string]any{"query": query})
}

func (c *client) requesting(id string, payload map[string]any) string {
	data, err := json.Marshal(map[string]any{"id": id, "type": c.pick("subscribe", "start"), "payload": payload})
	if err != nil {
		c.t.Fatal(err)
	}
	return string(data)
}

func (c *client) subscribe(id, query string) {
	c.t.Helper()
	c.send(c.subscribing(id, query))
}

// complete ends an operation, without looking at what the engine answers.
func (c *client) complete(id string) {
	c.t.Helper()
	c.send(c.completing(id))
}

func (c *client) completing(id string) string {
	return fmt.Sprintf(`{"id":%q,"type":%q}`, id, c.pick("complete", "stop"))
}

// next is the next message for the client, which must be there already.
func (c *client) next() string {
	c.t.Helper()
	synctest.Wait()
	ended, cancel := context.WithCancel(c.t.Context())
	cancel()
	data, err := c.socket.Receive(ended)
	if err != nil {
		c.t.Fatalf("%s has no message: %v", c.id(), err)
	}
	return string(data)
}

// expect checks that these messages are there, in this order, to the letter.
func (c *client) expect(want ...string) {
	c.t.Helper()
	for _, message := range want {
		if got := c.next(); got != message {
			c.t.Fatalf("%s got %s, want %s", c.id(), got, message)
		}
	}
}

func (c *client) expectNext(id, payload string) {
	c.t.Helper()
	c.expect(fmt.Sprintf(`{"id":%q,"type":%q,"payload":%s}`, id, c.pick("next", "data"), payload))
}

func (c *client) expectComplete(id string) {
	c.t.Helper()
	c.expect(fmt.Sprintf(`{"id":%q,"type":"complete"}`, id))
}

// expectStopped is what follows the client's own complete: nothing where that is
// not echoed, a complete in the legacy protocol.
func (c *client) expectStopped(id string) {
	c.t.Helper()
	if c.protocol == legacy {
		c.expectComplete(id)
	}
	c.expectNothing()
}

// expectError checks that an error for the operation is there: a non-empty list,
// in the legacy protocol as errors beside the first one's message. The texts are
// parts of the messages.
func (c *client) expectError(id string, texts ...string) {
	c.t.Helper()
	data := c.next()
	var frame struct {
		ID      *string
		Type    string
		Payload json.RawMessage
	}
	list := []struct{ Message string }{}
	err := json.Unmarshal([]byte(data), &frame)
	if c.protocol == legacy {
		var payload struct {
			Message string
			Errors  json.RawMessage
		}
		err = errors.Join(err, json.Unmarshal(frame.Payload, &payload), json.Unmarshal(payload.Errors, &list))
		if len(list) > 0 && payload.Message != list[0].Message {
			c.t.Errorf("the message is not the first error's: %s", data)
		}
	} else {
		err = errors.Join(err, json.Unmarshal(frame.Payload, &list))
	}
	if err != nil || frame.Type != "error" || frame.ID == nil || *frame.ID != id || len(list) == 0 {
		c.t.Fatalf("%s got %s, want an error for %q with a list of errors (%v)", c.id(), data, id, err)
	}
	for i, text := range texts {
		if i >= len(list) || !strings.Contains(list[i].Message, text) {
			c.t.Errorf("%s got %s, want an error with %q", c.id(), data, text)
		}
	}
}

func (c *client) expectConnectionError(text string) {
	c.t.Helper()
	c.expect(`{"type":"connection_error","payload":{"message":"` + text + `"}}`)
}

// expectNothing checks that nothing has come and that the socket is open.
func (c *client) expectNothing() {
	c.t.Helper()
	synctest.Wait()
	if c.socket.Queued() > 0 {
		c.t.Fatalf("%s got %s, want nothing", c.id(), c.next())
	}
	if err := c.socket.Closed(); err != nil {
		c.t.Fatalf("%s was %v", c.id(), err)
	}
}

// expectClosed checks that nothing has come but the end of the socket, and that
// the connection is forgotten.
func (c *client) expectClosed(code int, reason string) {
	c.t.Helper()
	synctest.Wait()
	if c.socket.Queued() > 0 {
		c.t.Fatalf("%s got %s, want a close", c.id(), c.next())
	}
	var closed *memory.CloseError
	if !errors.As(c.socket.Closed(), &closed) {
		c.t.Fatalf("%s is open or gone (%v), want %d: %s", c.id(), c.socket.Closed(), code, reason)
	}
	if closed.Code != code || closed.Reason != reason {
		c.t.Errorf("%s was %v, want %d: %s", c.id(), closed, code, reason)
	}
	if _, err := c.store.Store.GetConnection(c.t.Context(), c.id()); !errors.Is(err, ports.ErrNotFound) {
		c.t.Errorf("%s is still kept: %v", c.id(), err)
	}
}

// expectWorking checks that the socket still does what it is for.
func (c *client) expectWorking() {
	c.t.Helper()
	c.subscribe("working", `{ hello }`)
	c.expectNext("working", `{"data":{"hello":"world"}}`)
	c.expectComplete("working")
	c.expectNothing()
}

// tappedStore is a memory store that takes notes of the calls and lets something
// happen between a call and its caller.
type tappedStore struct {
	*memory.Store
	// delay, unless nil, comes before and after every call.
	delay func()

	mu    sync.Mutex
	calls []string
	after map[string]func()
}

var (
	_ ports.ConnectionStore   = (*tappedStore)(nil)
	_ ports.SubscriptionStore = (*tappedStore)(nil)
)

// afterNext has something happen once, behind the next call of that name.
func (s *tappedStore) afterNext(call string, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = map[string]func(){call: do}
}

// expectCalls checks what was called since it was asked last.
func (s *tappedStore) expectCalls(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.calls, want) {
		t.Errorf("the store was called with %q, want %q", s.calls, want)
	}
	s.calls = nil
}

// expectCalled checks how often something was called since it was asked last.
func (s *tappedStore) expectCalled(t *testing.T, call string, times int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	others := slices.DeleteFunc(slices.Clone(s.calls), func(c string) bool { return c == call })
	if got := len(s.calls) - len(others); got != times {
		t.Errorf("%s was called %d times, want %d", call, got, times)
	}
	s.calls = nil
}

// tap is deferred by every call; what it returns runs behind it.
func (s *tappedStore) tap(call string) func() {
	if s.delay != nil {
		s.delay()
	}
	return func() {
		s.mu.Lock()
		s.calls = append(s.calls, call)
		do := s.after[call]
		delete(s.after, call)
		s.mu.Unlock()
		if do != nil {
			do()
		}
		if s.delay != nil {
			s.delay()
		}
	}
}

func (s *tappedStore) CreateConnection(ctx context.Context, connection ports.Connection) error {
	defer s.tap("CreateConnection")()
	return s.Store.CreateConnection(ctx, connection)
}

func (s *tappedStore) GetConnection(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
	defer s.tap("GetConnection")()
	return s.Store.GetConnection(ctx, id)
}

func (s *tappedStore) InitConnection(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
	defer s.tap("InitConnection")()
	return s.Store.InitConnection(ctx, id, init)
}

func (s *tappedStore) TouchConnection(ctx context.Context, id ports.ConnectionID, expiresAt time.Time) error {
	defer s.tap("TouchConnection")()
	return s.Store.TouchConnection(ctx, id, expiresAt)
}

func (s *tappedStore) DeleteConnection(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
	defer s.tap("DeleteConnection")()
	return s.Store.DeleteConnection(ctx, id)
}

func (s *tappedStore) AddOperation(ctx context.Context, operation ports.Operation) error {
	defer s.tap("AddOperation")()
	return s.Store.AddOperation(ctx, operation)
}

func (s *tappedStore) RemoveOperation(ctx context.Context, ref ports.OperationRef, receivedAt time.Time) (bool, error) {
	defer s.tap("RemoveOperation")()
	return s.Store.RemoveOperation(ctx, ref, receivedAt)
}

func (s *tappedStore) ListSubscribers(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
	defer s.tap("ListSubscribers")()
	return s.Store.ListSubscribers(ctx, topic, request)
}

func (s *tappedStore) RemoveSubscribers(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
	defer s.tap("RemoveSubscribers")()
	return s.Store.RemoveSubscribers(ctx, topic, refs)
}

// stage is what the resolvers of the tests' schema share with the test.
type stage struct {
	// gate holds the field "blocked" until it is closed.
	gate chan struct{}

	mu       sync.Mutex
	resolved map[string]int
}

// note counts an execution of a field and returns how many there were.
func (s *stage) note(field string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resolved == nil {
		s.resolved = map[string]int{}
	}
	s.resolved[field]++
	return s.resolved[field]
}

func (s *stage) count(field string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resolved[field]
}

// said is the payload of what is published on a room's topic.
type said struct {
	Text string `json:"text"`
}

// session is the state that the hooks of the tests keep.
type session struct {
	User string `json:"user"`
}

func room(name string) core.Topic[said] { return core.NewTopic[said]("room/" + name) }

func newSchema(t *testing.T, s *stage) *graphqlgo.Schema {
	t.Helper()
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query:    graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: queries(s)}),
		Mutation: graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: mutations(s)}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{
			Name: "Subscription", Fields: subscriptions(s),
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// text is a field of type String.
func text(resolve graphql.FieldResolveFn, arguments ...string) *graphql.Field {
	field := &graphql.Field{Type: graphql.String, Resolve: resolve, Args: graphql.FieldConfigArgument{}}
	for _, name := range arguments {
		field.Args[name] = &graphql.ArgumentConfig{Type: graphql.NewNonNull(graphql.String)}
	}
	return field
}

func argument(p graphql.ResolveParams, name string) string {
	value, _ := p.Args[name].(string)
	return value
}

func queries(s *stage) graphql.Fields {
	return graphql.Fields{
		"hello":  text(func(graphql.ResolveParams) (any, error) { return "world", nil }),
		"greet":  text(func(p graphql.ResolveParams) (any, error) { return "hello " + argument(p, "name"), nil }, "name"),
		"fails":  text(func(graphql.ResolveParams) (any, error) { return nil, core.Public("failed") }),
		"panics": text(func(p graphql.ResolveParams) (any, error) { return nil, throw(argument(p, "with")) }, "with"),
		"thunk": text(func(p graphql.ResolveParams) (any, error) {
			return func() (any, error) { return nil, throw(argument(p, "with")) }, nil
		}, "with"),
		"secret":   text(func(p graphql.ResolveParams) (any, error) { return nil, secretError(argument(p, "of")) }, "of"),
		"required": {Type: graphql.NewNonNull(graphql.String), Resolve: func(graphql.ResolveParams) (any, error) { return nil, nil }},
		"long":     text(func(graphql.ResolveParams) (any, error) { return strings.Repeat("x", 4096), nil }),
		"user":     text(user),
		"increment": {Type: graphql.Int, Args: graphql.FieldConfigArgument{"number": {Type: graphql.NewNonNull(graphql.Int)}},
			Resolve: func(p graphql.ResolveParams) (any, error) {
				number, _ := p.Args["number"].(int)
				return number + 1, nil
			}},
		"blocked": text(func(p graphql.ResolveParams) (any, error) {
			s.note("blocked")
			select {
			case <-s.gate:
				return "open", nil
			case <-p.Context.Done():
				return nil, p.Context.Err()
			}
		}),
	}
}

// secretError has a secret in its text, and something public in some kinds of it.
func secretError(of string) error {
	secret := errors.New("password 1234")
	switch of {
	case "public":
		return fmt.Errorf("%w: %w", secret, core.Public("no room %q", "x"))
	case "code":
		return &ports.PublicError{Message: "no such room", Extensions: map[string]any{"code": "NOT_FOUND"}, Err: secret}
	case "refusal":
		return fmt.Errorf("%w: %w", secret, core.Public("members only"))
	}
	return secret
}

// throw panics with a value of every kind.
func throw(with string) error {
	switch with {
	case "error":
		panic(errors.New("thrown"))
	case "string":
		panic("thrown")
	case "number":
		panic(7)
	case "nil map":
		var users map[string]int
		users["thrown"]++
	case "nil pointer":
		var thrown *said
		thrown.Text = ""
	}
	return nil
}

// user is who the connection's state says is asking.
func user(p graphql.ResolveParams) (any, error) {
	state, err := core.StateAs[session](p.Context)
	return state.User, err
}

func mutations(s *stage) graphql.Fields {
	return graphql.Fields{
		"say": text(func(p graphql.ResolveParams) (any, error) {
			words := said{argument(p, "text")}
			return words.Text, room(argument(p, "room")).Publish(p.Context, words)
		}, "room", "text"),
	}
}

func subscriptions(s *stage) graphql.Fields {
	// on is a field that subscribes to the topics.
	on := func(topics []string, resolve graphql.FieldResolveFn, options ...core.SubscribeOption) *graphql.Field {
		field := text(resolve)
		field.Subscribe = func(p graphql.ResolveParams) (any, error) { return core.Subscribe(p.Context, topics, options...) }
		return field
	}
	// refusing is a field whose Subscribe resolver does nothing else.
	source := func(p graphql.ResolveParams) (any, error) { return p.Source, nil }
	refusing := func(subscribe graphql.FieldResolveFn) *graphql.Field {
		return &graphql.Field{Type: graphql.String, Subscribe: subscribe, Resolve: source}
	}
	typed := text(func(p graphql.ResolveParams) (any, error) {
		payload, err := room(argument(p, "room")).Payload(p.Context)
		return payload.Text, err
	}, "room")
	typed.Subscribe = func(p graphql.ResolveParams) (any, error) { return room(argument(p, "room")).Subscribe(p.Context) }
	return graphql.Fields{
		"said":    typed,
		"any":     on([]string{"a", "b", "a"}, source),
		"a":       on([]string{"a"}, source),
		"onB":     on([]string{"b"}, source),
		"failing": on([]string{"a"}, func(graphql.ResolveParams) (any, error) { return nil, core.Public("failed") }),
		"panicking": on([]string{"a"}, func(p graphql.ResolveParams) (any, error) {
			return nil, throw("error")
		}),
		"odd": on([]string{"numbers"}, func(p graphql.ResolveParams) (any, error) {
			if number, _ := p.Source.(int); number%2 == 0 {
				return nil, core.ErrSkip
			}
			return p.Source, nil
		}),
		"counted":       on([]string{"a"}, func(graphql.ResolveParams) (any, error) { return s.note("counted"), nil }),
		"perSubscriber": on([]string{"a"}, func(graphql.ResolveParams) (any, error) { return s.note("perSubscriber"), nil }, core.PerSubscriber()),
		"byUser": on([]string{"a"}, func(p graphql.ResolveParams) (any, error) {
			s.note("byUser")
			return user(p)
		}),
		"byConnection": on([]string{"a"}, func(p graphql.ResolveParams) (any, error) {
			connection, _ := core.ConnectionFrom(p.Context)
			return string(connection.ID()), nil
		}),
		"initial":      on([]string{"a"}, source, core.Initial(func(context.Context) (any, error) { return "first", nil })),
		"initialSkips": on([]string{"a"}, source, core.Initial(func(context.Context) (any, error) { return nil, core.ErrSkip })),
		"initialHidden": on([]string{"a"}, func(p graphql.ResolveParams) (any, error) {
			if p.Source == "first" {
				return nil, core.ErrSkip
			}
			return p.Source, nil
		}, core.Initial(func(context.Context) (any, error) { return "first", nil })),
		"initialNoJSON": on([]string{"a"}, source, core.Initial(func(context.Context) (any, error) { return func() {}, nil })),
		"initialFails":  on([]string{"a"}, source, core.Initial(func(context.Context) (any, error) { return nil, core.Public("no beginning") })),
		"initialPanics": on([]string{"a"}, source, core.Initial(func(context.Context) (any, error) { return nil, throw("error") })),
		"initialPublish": on([]string{"a"}, source, core.Initial(func(ctx context.Context) (any, error) {
			return "first", core.NewTopic[any]("a").Publish(ctx, "second")
		})),
		"longInitial":   on([]string{"a"}, source, core.Initial(func(context.Context) (any, error) { return strings.Repeat("x", 4096), nil })),
		"emptyTopic":    on([]string{""}, source),
		"longTopic":     on([]string{strings.Repeat("x", core.MaxTopicBytes+1)}, source),
		"manyTopics":    on(numbered(51), source),
		"none":          refusing(func(graphql.ResolveParams) (any, error) { return nil, nil }),
		"secretly":      refusing(func(graphql.ResolveParams) (any, error) { return nil, secretError("") }),
		"initialSecret": on([]string{"a"}, source, core.Initial(func(context.Context) (any, error) { return nil, secretError("") })),
		"secretEvent":   on([]string{"a"}, func(graphql.ResolveParams) (any, error) { return nil, secretError("") }),
		"refused":       refusing(func(graphql.ResolveParams) (any, error) { return nil, core.Public("not in this room") }),
		"throwing":      refusing(func(graphql.ResolveParams) (any, error) { return nil, throw("string") }),
		"mine": refusing(func(p graphql.ResolveParams) (any, error) {
			state, err := core.StateAs[session](p.Context)
			if err != nil {
				return nil, err
			}
			return core.Subscribe(p.Context, []string{"of/" + state.User})
		}),
	}
}

func numbered(n int) []string {
	topics := make([]string, n)
	for i := range topics {
		topics[i] = fmt.Sprint(i)
	}
	return topics
}
