package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

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
	case "nil error":
		var thrown *ports.PublicError
		return thrown
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
		"initialPrepared": on([]string{"a"}, source, core.Initial(func(ctx context.Context) (any, error) {
			return nil, core.Public("%v", ctx.Value(loadersKey{}))
		})),
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
		"held": refusing(func(p graphql.ResolveParams) (any, error) {
			<-p.Context.Done()
			return nil, p.Context.Err()
		}),
		"throwing": refusing(func(graphql.ResolveParams) (any, error) { return nil, throw("string") }),
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
