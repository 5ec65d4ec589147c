package fanqltest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqltest"
)

// feedSchema has a subscription to the strings of any topic, optionally with a
// first one, and queries that succeed and fail.
func feedSchema(tb testing.TB) *graphqlgo.Schema {
	tb.Helper()
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"hello":  constant("world", nil),
			"broken": constant(nil, core.Public("out of order")),
			"me": &graphql.Field{Type: graphql.String, Resolve: func(p graphql.ResolveParams) (any, error) {
				return core.StateAs[string](p.Context)
			}},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"feed": &graphql.Field{
				Type:      graphql.String,
				Args:      graphql.FieldConfigArgument{"of": text(), "first": text()},
				Subscribe: subscribe,
				Resolve:   func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
			},
		}}),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return schema
}

func constant(value any, err error) *graphql.Field {
	return &graphql.Field{Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) { return value, err }}
}

func text() *graphql.ArgumentConfig { return &graphql.ArgumentConfig{Type: graphql.String} }

func subscribe(p graphql.ResolveParams) (any, error) {
	var options []core.SubscribeOption
	if first, ok := p.Args["first"].(string); ok {
		options = append(options, core.Initial(initially(first)))
	}
	topic, _ := p.Args["of"].(string)
	return core.Subscribe(p.Context, []string{topic}, options...)
}

func initially(first string) func(context.Context) (any, error) {
	return func(context.Context) (any, error) { return first, nil }
}

func newServer(tb testing.TB) *fanqltest.Server {
	tb.Helper()
	return fanqltest.New(tb, core.Config{Schema: feedSchema(tb)})
}

// publish publishes strings on a topic.
func publish(tb testing.TB, server *fanqltest.Server, topic string, values ...string) {
	tb.Helper()
	for _, value := range values {
		if err := server.Engine.Publish(tb.Context(), core.NewTopic[any](topic).Event(value)); err != nil {
			tb.Errorf("publishing on %q: %v", topic, err)
		}
	}
}

func equal[T comparable](tb testing.TB, what string, got, want T) {
	tb.Helper()
	if got != want {
		tb.Errorf("%s: %v, want %v", what, got, want)
	}
}

// same is equal for what has maps.
func same[T any](tb testing.TB, what string, got, want T) {
	tb.Helper()
	if !reflect.DeepEqual(got, want) {
		tb.Errorf("%s: %v, want %v", what, got, want)
	}
}

// recorder is a test whose failures another test reads.
type recorder struct {
	testing.TB

	mu       sync.Mutex
	failures []string
	output   bytes.Buffer
	cleanups []func()
}

// record runs a test to its end, its cleanups included.
func record(tb testing.TB, test func(tb *recorder)) *recorder {
	tb.Helper()
	r := &recorder{TB: tb}
	var run sync.WaitGroup
	run.Go(func() { test(r) }) // of its own, because Fatalf ends it
	run.Wait()
	for _, cleanup := range slices.Backward(r.cleanups) {
		cleanup()
	}
	return r
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Logf(format string, args ...any) { fmt.Fprintf(r, format+"\n", args...) }

func (r *recorder) Output() io.Writer { return r }

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.output.Write(p)
}

func (r *recorder) Cleanup(cleanup func()) { r.cleanups = append(r.cleanups, cleanup) }

// failed expects exactly one failure.
func (r *recorder) failed(tb testing.TB, want string) {
	tb.Helper()
	if len(r.failures) != 1 || !strings.Contains(r.failures[0], want) {
		tb.Errorf("the failures are\n\t%s\nwant one with\n\t%s", strings.Join(r.failures, "\n\t"), want)
	}
}
