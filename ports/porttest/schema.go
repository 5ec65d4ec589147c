package porttest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/fanql/fanql/ports"
)

// SchemaSDL is the schema that a SchemaAdapter makes. Its resolvers are:
//
//   - int, float, string, boolean and id return their argument.
//   - ints returns its items, and then writes 0 over each item of the argument.
//   - point returns the sum of x and y; null counts as 0.
//   - fail returns what Fail makes of its text, and panic panics with the text.
//   - nest returns an object, and nests returns n of them. Of a Nest string is "s",
//     fail is Fail("failed"), and nest is another one.
//   - append returns what Append returns.
//   - event returns, as long as Deciding, what Subscribed returns, and the event
//     that Delivered returns afterwards. A resolver of each, as in graphql-go,
//     need not ask.
const SchemaSDL = `
type Query {
  int(v: Int): Int
  float(v: Float): Float
  string(v: String = "default"): String
  boolean(v: Boolean): Boolean
  id(v: ID): ID
  ints(v: [Int!]!): [Int!]!
  point(v: Point!): Int!
  fail(text: String!): String
  panic(text: String!): String
  nest: Nest
  nests(n: Int!): [Nest!]!
}
input Point { x: Int! = 7, y: Int }
type Nest { string: String!, fail: String!, nest: Nest }
type Mutation { append(v: Int!): Int! }
type Subscription { event(topic: String!): Event }
type Event { id: ID!, text: String }
`

// SchemaAdapter is a schema to try.
type SchemaAdapter struct {
	// New returns the schema of SchemaSDL with its resolvers. It is called once a
	// subtest.
	New func(t *testing.T) ports.Schema
}

// TestSchema tries what a schema promises.
func TestSchema(t *testing.T, adapter SchemaAdapter) {
	t.Helper()
	run(t, schemaChecks(), nil, adapter.fixture)
}

func (a SchemaAdapter) fixture(t *testing.T) schemaFixture { return schemaFixture{Schema: a.New(t)} }

func schemaChecks() []check[schemaFixture] {
	var all []check[schemaFixture]
	for _, checks := range [][]check[schemaFixture]{
		prepareChecks(), operationChecks(), bindChecks(), subscribeChecks(), executeChecks(), errorsOfExecutionChecks(), costChecks(),
	} {
		all = append(all, checks...)
	}
	return all
}

// SchemaEvent is the Event of SchemaSDL.
type SchemaEvent struct{ ID, Text string }

// record is what the resolvers of one call have done, and what they are given.
type record struct {
	event *SchemaEvent // nil while a subscription is decided about

	mu        sync.Mutex
	topics    []string
	appended  []int
	delivered int
}

type recordKey struct{}

// recorded is a context for resolvers.
func recorded(ctx context.Context, event *SchemaEvent) (context.Context, *record) {
	r := &record{event: event}
	return context.WithValue(ctx, recordKey{}, r), r
}

func recordFrom(ctx context.Context) *record {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return r
	}
	return &record{}
}

// Fail is the error of a resolver: one that clients may read if its text begins
// with "public".
func Fail(text string) error {
	if strings.HasPrefix(text, "public") {
		return ports.Public("%s", text)
	}
	return errors.New(text)
}

// Append notes a number, and returns how many numbers the execution has noted.
func Append(ctx context.Context, v int) int {
	r := recordFrom(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.appended = append(r.appended, v)
	return len(r.appended)
}

// Deciding reports whether a subscription is decided about, and not an event
// executed.
func Deciding(ctx context.Context) bool { return recordFrom(ctx).event == nil }

// Subscribed notes a topic. It fails for one that begins with "public" or with
// "private", as Fail does, and panics for the topic "panic".
func Subscribed(ctx context.Context, topic string) error {
	r := recordFrom(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.topics = append(r.topics, topic)
	if topic == "panic" {
		panic("private panic")
	}
	if strings.HasPrefix(topic, "public") || strings.HasPrefix(topic, "private") {
		return Fail(topic)
	}
	return nil
}

// Delivered returns the event that is executed. It fails with ports.ErrSkip for
// the ID "skip", and with Fail for the ID "private".
func Delivered(ctx context.Context) (SchemaEvent, error) {
	r := recordFrom(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delivered++
	switch {
	case r.event == nil:
		return SchemaEvent{}, Fail("no event")
	case r.event.ID == "skip":
		return SchemaEvent{}, ports.ErrSkip
	case r.event.ID == "private":
		return SchemaEvent{}, Fail("private")
	}
	return *r.event, nil
}
