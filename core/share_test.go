package core_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/core/internal/delivery"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// FuzzSharing: that one execution serves many subscribers shows in nothing they
// get. A seed makes a schema, documents, subscribers and events; the subscribers
// are served by an engine, and again by a twin that executes each event for each
// subscriber alone. Replay one with
//
//	go test -run 'FuzzSharing/seed#17$' ./core
func FuzzSharing(f *testing.F) {
	for seed := range sharingSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		t.Parallel()
		s := newSharing(seed)
		for _, difference := range s.differences(t, exact) {
			t.Error(difference)
		}
		if t.Failed() {
			t.Logf("seed %d:\n%s", seed, s)
		}
	})
}

// sharingSeeds is how many seeds there are without fuzzing. The first ten find each mutant.
func sharingSeeds() uint64 {
	if raced {
		return 100
	}
	return 250
}

// exact has an engine share as it does outside of tests.
func exact(*delivery.Sharing) {}

// differences are what shows of sharing, in an engine with a change of how it does that.
func (s *sharing) differences(t *testing.T, change func(*delivery.Sharing)) []string {
	t.Helper()
	engine, twin := s.serve(t, change, false), s.serve(t, exact, true)
	var found []string
	for _, id := range s.connections() {
		got, want := engine.take(id), twin.take(id)
		found = append(found, s.foreign(id, got)...)
		if got, want := canonical(t, got), canonical(t, want); !slices.Equal(got, want) {
			found = append(found, fmt.Sprintf("%s got\n  %s\nwant\n  %s", id, strings.Join(got, "\n  "), strings.Join(want, "\n  ")))
		}
	}
	return found
}

// sharing is what a seed makes.
type sharing struct {
	*rand.Rand
	types []*sharedType
	root  []*sharedField
	// prepares has NewContext read the state.
	prepares    bool
	pageSize    int
	concurrency int
	subscribers []sharingSubscriber
	batches     [][]ports.Event
}

type sharingSubscriber struct {
	connection, state, protocol, id string
	payload                         map[string]any
}

const switches = 4

func newSharing(seed uint64) *sharing {
	s := &sharing{Rand: rand.New(rand.NewPCG(seed, 0))}
	s.prepares, s.pageSize, s.concurrency = s.one(8), 1+s.IntN(8), 1+s.IntN(4)
	s.types = make([]*sharedType, 2+s.IntN(3))
	for i := range s.types {
		s.types[i] = s.newType(i)
	}
	for i := range 1 + s.IntN(3) {
		field := s.newField(fmt.Sprint("root", i), 0)
		field.rule.skips = s.one(6)
		s.root = append(s.root, field)
	}
	s.populate()
	for range 1 + s.IntN(2) {
		s.batches = append(s.batches, s.batch())
	}
	return s
}

func (s *sharing) one(in int) bool { return s.IntN(in) == 0 }

// populate has a few connections subscribe to a few documents.
func (s *sharing) populate() {
	documents := make([]map[string]any, 1+s.IntN(2))
	for i := range documents {
		documents[i] = s.document()
	}
	for c := range 3 + s.IntN(8) {
		who := sharingSubscriber{
			connection: fmt.Sprint("c", c), state: []string{"", "ann", "ann", "bob"}[s.IntN(4)], protocol: []string{modern, legacy}[s.IntN(2)],
		}
		for o := range 1 + s.IntN(3) {
			who.id, who.payload = fmt.Sprint("o", o), maps.Clone(documents[s.IntN(len(documents))])
			who.payload["variables"] = map[string]any{"number": s.IntN(5) / 4, "flag": s.one(5)}
			if _, several := who.payload["operationName"]; several {
				who.payload["operationName"] = []string{"A", "B"}[s.IntN(2)]
			}
			s.subscribers = append(s.subscribers, who)
		}
	}
}

func (s *sharing) batch() []ports.Event {
	events := make([]ports.Event, 1+s.IntN(4))
	for i := range events {
		payload := map[string]any{"items": s.IntN(3), "text": s.word()}
		for n := range switches {
			payload[fmt.Sprint("switch", n)] = s.one(2)
		}
		encoded, _ := json.Marshal(payload)
		events[i] = ports.Event{ID: fmt.Sprint(i), Topic: []ports.Topic{"x", "y"}[s.IntN(2)], Kind: ports.EventData, Payload: encoded}
	}
	return events
}

func (s *sharing) word() string { return []string{"red", "green", "blue"}[s.IntN(3)] }

// String is the case as a reader of a failure needs it.
func (s *sharing) String() string {
	var b strings.Builder
	for _, kind := range s.types {
		fmt.Fprintf(&b, "%s, its type read from the connection: %v\n", kind.name, kind.union)
		for _, field := range kind.fields {
			fmt.Fprintf(&b, "  %s\n", field)
		}
	}
	for _, field := range s.root {
		fmt.Fprintf(&b, "%s\n", field)
	}
	for _, to := range s.subscribers {
		fmt.Fprintf(&b, "%s %s %s %s: %v\n", to.connection, to.id, to.protocol, to.state, to.payload)
	}
	for _, batch := range s.batches {
		for _, event := range batch {
			fmt.Fprintf(&b, "%s: %s\n", event.Topic, event.Payload)
		}
	}
	return b.String()
}

// sharedType is an object type; its fields lead to types behind it only. One
// that is a union of two has its fields in the first, and a name in the other.
type sharedType struct {
	name   string
	fields []*sharedField
	union  bool
}

// sharedField is a field of a generated type.
type sharedField struct {
	name string
	// leaf is the field's scalar, or else object its type.
	leaf   *graphql.Scalar
	object int
	// list, and what is not null: the items of the list, and the whole.
	list, itemNonNull, nonNull bool
	// plain fields have no resolver: their object has the value.
	plain bool
	rule  rule
}

// rule is what a resolver does with an event.
type rule struct {
	// when is the switch of the event that has it do what follows; -1: always.
	when int
	// item, unless negative, limits that to the list item with the number.
	item  int
	reads reading
	// thunk has it done later, and items has each list item a thunk of its own.
	thunk, items bool
	does         doing
	// only limits what it does to a state, for which it reads that.
	only  string
	skips bool
}

type reading int

const (
	readsNothing reading = iota
	readsState
	readsID
	readsIDOfSome // of the connections whose state is ann
	readsEither   // by another switch
	readings
)

type doing int

const (
	answers doing = iota
	isNull
	fails
	panicsWithError
	panicsWithString
	panicsOfItself
	doings
)

func (f *sharedField) String() string {
	return fmt.Sprintf("%s: leaf %v, type %d, list %v, items non-null %v, non-null %v, plain %v, %+v",
		f.name, f.leaf, f.object, f.list, f.itemNonNull, f.nonNull, f.plain, f.rule)
}

func (s *sharing) newType(number int) *sharedType {
	kind := &sharedType{name: fmt.Sprint("Type", number), union: number > 0 && s.one(4)}
	for i := range 2 + s.IntN(3) {
		kind.fields = append(kind.fields, s.newField(fmt.Sprintf("type%dfield%d", number, i), number+1))
	}
	kind.fields[0].leaf = graphql.String // or the last type could have none
	return kind
}

// newField makes one that may lead to the types from the number on.
func (s *sharing) newField(name string, from int) *sharedField {
	f := &sharedField{name: name, list: s.one(3), itemNonNull: s.one(3), nonNull: s.one(3), object: from + s.IntN(2)}
	if f.object >= len(s.types) || s.one(2) && (from > 0 || s.one(2)) {
		f.leaf = []*graphql.Scalar{graphql.String, graphql.Int, graphql.Boolean}[s.IntN(3)]
	}
	f.plain = from > 0 && f.leaf == graphql.String && !f.list && s.one(3)
	f.rule = rule{when: s.IntN(switches+1) - 1, item: s.IntN(4) - 1, thunk: s.one(5), items: s.one(5)}
	if s.one(2) {
		f.rule.reads = reading(s.IntN(int(readings)))
	} else if s.one(4) {
		f.rule.reads = readsIDOfSome // the rarest to matter
	}
	if s.one(4) {
		f.rule.does = doing(s.IntN(int(doings)))
	}
	if s.one(4) {
		f.rule.only = []string{"", "ann", "bob"}[s.IntN(3)]
	}
	return f
}

// schema is the same for every call but for the option of its subscriptions.
func (s *sharing) schema(t *testing.T, options ...core.SubscribeOption) *graphqlgo.Schema {
	t.Helper()
	types := make([]graphql.Output, len(s.types))
	for i := len(types) - 1; i >= 0; i-- {
		types[i] = s.types[i].build(types)
	}
	root := graphql.Fields{}
	for i, field := range s.root {
		root[field.name] = field.build(types)
		root[field.name].Subscribe = func(p graphql.ResolveParams) (any, error) {
			return core.Subscribe(p.Context, [][]string{{"x"}, {"y"}, {"x", "y"}}[i], options...)
		}
	}
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query:        graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"ok": {Type: graphql.Boolean}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: root}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func (k *sharedType) build(types []graphql.Output) graphql.Output {
	fields := graphql.Fields{}
	for _, field := range k.fields {
		fields[field.name] = field.build(types)
	}
	object := graphql.NewObject(graphql.ObjectConfig{Name: k.name, Fields: fields})
	if !k.union {
		return object
	}
	other := graphql.NewObject(graphql.ObjectConfig{Name: k.name + "Other", Fields: graphql.Fields{"plain": {Type: graphql.String}}})
	return graphql.NewUnion(graphql.UnionConfig{Name: k.name + "Union", Types: []*graphql.Object{object, other},
		ResolveType: func(p graphql.ResolveTypeParams) *graphql.Object {
			if asked(p.Info.RootValue, 0) && stateOf(p.Context) == "bob" {
				return other
			}
			return object
		}})
}

func (f *sharedField) build(types []graphql.Output) *graphql.Field {
	var kind graphql.Output = f.leaf
	if f.leaf == nil {
		kind = types[f.object]
	}
	if f.list && f.itemNonNull {
		kind = graphql.NewNonNull(kind)
	}
	if f.list {
		kind = graphql.NewList(kind)
	}
	if f.nonNull {
		kind = graphql.NewNonNull(kind)
	}
	field := &graphql.Field{Type: kind, Args: graphql.FieldConfigArgument{"number": {Type: graphql.Int}}, Resolve: f.resolve}
	if f.plain {
		field.Resolve = nil
	}
	return field
}

func (f *sharedField) resolve(p graphql.ResolveParams) (any, error) {
	if f.rule.skips && asked(p.Info.RootValue, f.rule.when) && f.rule.suits(p) {
		return nil, core.ErrSkip
	}
	if f.rule.thunk {
		return func() (any, error) { return f.act(p) }, nil
	}
	return f.act(p)
}

func (f *sharedField) act(p graphql.ResolveParams) (any, error) {
	saw := ""
	if place, isItem := p.Source.(map[string]any)["place"]; asked(p.Info.RootValue, f.rule.when) && (f.rule.item < 0 || !isItem || place == f.rule.item) {
		saw = f.rule.look(p)
		if f.rule.suits(p) {
			switch f.rule.does {
			case isNull:
				return nil, nil
			case fails:
				return nil, errors.New(f.name + " failed" + saw)
			case panicsWithError:
				panic(errors.New(f.name + " panicked" + saw))
			case panicsWithString:
				panic(f.name + " panicked" + saw)
			case panicsOfItself:
				var none map[string]string
				none[saw] = saw
			}
		}
	}
	saw = fmt.Sprint(f.name, p.Args["number"], p.Info.RootValue.(map[string]any)["text"], saw)
	if !f.list {
		return f.value(saw, -1), nil
	}
	list := make([]any, p.Info.RootValue.(map[string]any)["items"].(int)+int(hash(saw)%2))
	for i := range list {
		list[i] = f.value(saw, i)
		if f.rule.items {
			value := list[i]
			list[i] = func() (any, error) { return value, f.itemError(p, i) }
		}
	}
	return list, nil
}

// itemError fails the first item of a list for some states.
func (f *sharedField) itemError(p graphql.ResolveParams, place int) error {
	if place == 0 && asked(p.Info.RootValue, 1) && stateOf(p.Context) == "bob" {
		return errors.New(f.name + " has no first item")
	}
	return nil
}

// value is what a resolver found out, as a value of the field's type.
func (f *sharedField) value(saw string, place int) any {
	switch f.leaf {
	case graphql.String:
		return fmt.Sprint(place, saw)
	case graphql.Int:
		return int(hash(saw) % 1000)
	case graphql.Boolean:
		return hash(saw)%2 == 0
	}
	object := map[string]any{"plain": saw}
	for i := range 4 * 4 {
		object[fmt.Sprintf("type%dfield%d", i/4, i%4)] = saw // for those that are plain
	}
	if place >= 0 {
		object["place"] = place
	}
	return object
}

func hash(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return h.Sum32()
}

// suits says whether a rule is for the connection.
func (r rule) suits(p graphql.ResolveParams) bool {
	return r.only == "" || stateOf(p.Context) == r.only
}

// look reads what the rule reads of the connection, and tells it.
func (r rule) look(p graphql.ResolveParams) string {
	reads := r.reads
	if reads == readsEither {
		reads = readsState
		if asked(p.Info.RootValue, 3) {
			reads = readsID
		}
	}
	connection, _ := core.ConnectionFrom(p.Context)
	switch reads {
	case readsState:
		return " state:" + stateOf(p.Context)
	case readsID:
		return " id:" + string(connection.ID())
	case readsIDOfSome:
		if stateOf(p.Context) == "ann" {
			return " id:" + string(connection.ID())
		}
	}
	return ""
}

// asked says whether an event has a switch on.
func asked(event any, number int) bool {
	return number < 0 || event.(map[string]any)[fmt.Sprint("switch", number)] == true
}

// stateOf reads the connection's state; empty where there is none.
func stateOf(ctx context.Context) string {
	who, err := core.StateAs[state](ctx)
	if err != nil && !errors.Is(err, core.ErrNoState) {
		return err.Error()
	}
	return who.Name
}

// document is a request for one of the root fields, or one with two operations.
func (s *sharing) document() map[string]any {
	if !s.one(4) {
		return map[string]any{"query": s.operation("")}
	}
	return map[string]any{"query": s.operation("A") + s.operation("B"), "operationName": "A"}
}

// documentWriter writes one operation.
type documentWriter struct {
	*sharing
	name      string
	names     int
	fragments strings.Builder
	numbers   bool
	flags     bool
}

func (s *sharing) operation(name string) string {
	w := &documentWriter{sharing: s, name: name}
	selection := w.field(s.root[s.IntN(len(s.root))], false)
	var variables []string
	if w.numbers {
		variables = append(variables, "$number: Int")
	}
	if w.flags {
		variables = append(variables, "$flag: Boolean!")
	}
	header := "subscription " + name
	if variables != nil {
		header += "(" + strings.Join(variables, ", ") + ")"
	}
	return header + " { " + selection + " }\n" + w.fragments.String()
}

// selection selects a few fields of a type.
func (w *documentWriter) selection(number int) string {
	kind := w.types[number]
	parts := []string{}
	for range 1 + w.IntN(3) {
		parts = append(parts, w.field(kind.fields[w.IntN(len(kind.fields))], true))
	}
	switch inner := strings.Join(parts, " "); {
	case kind.union:
		return "{ __typename ... on " + kind.name + "Other { plain } ... on " + kind.name + " { " + inner + " } }"
	case w.one(3):
		w.names++
		fragment := fmt.Sprintf("Fragment%s%d", w.name, w.names)
		fmt.Fprintf(&w.fragments, "fragment %s on %s { %s }\n", fragment, kind.name, inner)
		return "{ __typename ..." + fragment + " }"
	default:
		return "{ " + inner + " }"
	}
}

func (w *documentWriter) field(f *sharedField, optional bool) string {
	text := f.name
	if w.one(2) {
		w.names++
		text = "alias" + strconv.Itoa(w.names) + ": " + text
		switch w.IntN(3) {
		case 0:
			w.numbers = true
			text += "(number: $number)"
		case 1:
			text += "(number: 7)"
		}
		if optional && w.one(4) {
			w.flags = true
			text += " @include(if: $flag)"
		}
	}
	if f.leaf != nil {
		return text
	}
	return text + " " + w.selection(f.object)
}

// serve has all subscribers subscribe, and delivers all events to them. Alone
// executes them for each subscriber by itself: neither does the engine share,
// nor is there anybody with the same request.
func (s *sharing) serve(t *testing.T, change func(*delivery.Sharing), alone bool) *recorder {
	t.Helper()
	pushed := newRecorder()
	var options []core.SubscribeOption
	if alone {
		options = append(options, core.PerSubscriber())
	}
	backend := must.Make(memory.New(memory.Config{}))
	engine, err := core.NewSharing(core.Config{
		Schema: s.schema(t, options...), Store: backend,
		Bus: backend, Pusher: pushed, Logger: silence(),
		PageSize: s.pageSize, PushConcurrency: s.concurrency,
		Hooks: core.Hooks{OnConnect: func(_ context.Context, h ports.Handshake) (core.Session, error) {
			if name := h.Query.Get("name"); name != "" {
				return core.Session{State: state{name}}, nil
			}
			return core.Session{}, nil
		}},
		NewContext: func(ctx context.Context) context.Context {
			if event, ok := core.EventFrom(ctx); ok && s.prepares && bytes.Contains(event.Payload, []byte(`"switch2":true`)) {
				stateOf(ctx)
			}
			return ctx
		},
	}, change)
	if err != nil {
		t.Fatal(err)
	}
	s.subscribe(t, engine, alone)
	for _, id := range s.connections() {
		pushed.take(id) // the ack
	}
	for _, batch := range s.batches {
		if err := errors.Join(engine.Deliver(t.Context(), batch)...); err != nil {
			t.Fatal(err)
		}
	}
	return pushed
}

func (s *sharing) subscribe(t *testing.T, engine *core.Engine, alone bool) {
	t.Helper()
	clock := time.Now()
	for i, to := range s.subscribers {
		address := ports.Address{ID: ports.ConnectionID(to.connection)}
		receive := func(message map[string]any) {
			clock = clock.Add(time.Millisecond)
			data, _ := json.Marshal(message)
			if err := engine.Receive(t.Context(), ports.Message{Address: address, RequestID: clock.String(), ReceivedAt: clock, Data: data}); err != nil {
				t.Fatal(err)
			}
		}
		if i == 0 || s.subscribers[i-1].connection != to.connection {
			_, err := engine.Connect(t.Context(), ports.Handshake{
				Address: address, Protocols: []string{to.protocol}, Query: map[string][]string{"name": {to.state}},
			})
			if err != nil {
				t.Fatal(err)
			}
			receive(map[string]any{"type": "connection_init"})
		}
		payload := to.payload
		if alone {
			payload = map[string]any{"query": fmt.Sprint(payload["query"], "# ", i), "variables": payload["variables"], "operationName": payload["operationName"]}
		}
		receive(map[string]any{"type": map[string]string{modern: "subscribe", legacy: "start"}[to.protocol], "id": to.id, "payload": payload})
	}
}

// connections are the IDs of all, each once.
func (s *sharing) connections() []ports.ConnectionID {
	var ids []ports.ConnectionID
	for _, to := range s.subscribers {
		ids = append(ids, ports.ConnectionID(to.connection))
	}
	return slices.Compact(ids)
}

// foreign is what a connection was sent of what another one's resolvers read.
func (s *sharing) foreign(id ports.ConnectionID, frames []string) []string {
	name := ""
	for _, to := range s.subscribers {
		if to.connection == string(id) {
			name = to.state
		}
	}
	own := []string{"id:" + string(id), "state:" + name}
	var found []string
	for _, frame := range frames {
		for _, read := range regexp.MustCompile(`(id|state):\w*`).FindAllString(frame, -1) {
			if !slices.Contains(own, read) {
				found = append(found, fmt.Sprintf("%s received %s: %s", id, read, frame))
			}
		}
	}
	return found
}

// canonical is results in a form that is the same however graphql-go chose between
// equals.
func canonical(t *testing.T, frames []string) []string {
	t.Helper()
	list := make([]string, len(frames))
	for i, frame := range frames {
		list[i] = canonicalResult(t, frame)
	}
	return list
}

// canonicalResult sorts the errors of a result, because graphql-go resolves the fields
// of an object in any order. For the same reason the first of several errors that
// make their parent null may be any of them: such a one is only counted as one.
func canonicalResult(t *testing.T, frame string) string {
	t.Helper()
	var message struct {
		ID, Type string
		Payload  struct {
			Data       any              `json:"data"`
			Errors     []map[string]any `json:"errors"`
			Extensions map[string]any   `json:"extensions,omitempty"`
		}
	}
	if err := json.Unmarshal([]byte(frame), &message); err != nil || message.Type != "next" && message.Type != "data" {
		t.Fatalf("%s is no result of an event (%v)", frame, err)
	}
	var errs []string
	for _, e := range message.Payload.Errors {
		path, _ := e["path"].([]any)
		if null := nullOn(message.Payload.Data, path); null < len(path) {
			e = map[string]any{"null": path[:null]}
		}
		encoded, _ := json.Marshal(e)
		errs = append(errs, string(encoded))
	}
	slices.Sort(errs)
	data, _ := json.Marshal(message.Payload.Data)
	return fmt.Sprint(message.ID, " ", message.Type, " ", string(data), " ", slices.Compact(errs))
}

// nullOn is how far a path leads into the data: up to the first null.
func nullOn(data any, path []any) int {
	for i, step := range path {
		switch inner := data.(type) {
		case map[string]any:
			data = inner[step.(string)]
		case []any:
			data = inner[int(step.(float64))]
		default:
			return i
		}
	}
	return len(path)
}
