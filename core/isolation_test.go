package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"
	"testing/synctest"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// private is what belongs to one connection and no other may ever see: it has the
// connection's ID in it, wherever it comes from.
var private = regexp.MustCompile(`secret of (connection\d+)`)

func secretOf(id ports.ConnectionID) string { return "secret of " + string(id) }

// TestNothingOfAConnectionReachesAnother: clients ask for whatever shows their own
// state, in the same words as others or in their own, and events, queries, errors
// and panics go criss-cross. What carries a secret goes to its owner only. Replay
// a seed with -run 'TestNothingOfAConnectionReachesAnother/seed_17$'.
func TestNothingOfAConnectionReachesAnother(t *testing.T) {
	t.Parallel()
	seeds := uint64(200)
	if raced {
		seeds = 100
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { testIsolation(t, seed) })
		})
	}
}

func testIsolation(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	h := newHarness(t, keepingSecrets(t, seed%2 == 0))
	clients := make([]*client, 8)
	for i := range clients {
		clients[i] = h.dial([]string{modern, legacy}[random.IntN(2)])
		for range 1 + random.IntN(4) {
			clients[i].send(clients[i].requesting(clients[i].someID(random), clients[i].somethingPrivate(random)))
		}
	}
	for range 6 {
		c := clients[random.IntN(len(clients))]
		switch random.IntN(4) {
		case 0:
			h.publish("shared", random.IntN(4))
		case 1:
			h.publish("shared", secretOf(c.id()), core.Only(c.id()))
		case 2:
			c.send(c.requesting("query", map[string]any{"query": `{ mine fails throws echo(text: "` + secretOf(c.id()) + `") }`}))
		case 3:
			c.send(c.requesting("bad", map[string]any{"query": `{ nothing(like: "` + secretOf(c.id()) + `") }`}))
		}
	}
	synctest.Wait()
	seen := 0
	for _, c := range clients {
		for _, frame := range c.pending() {
			for _, match := range private.FindAllStringSubmatch(frame, -1) {
				seen++
				if match[1] != string(c.id()) {
					t.Errorf("%s got the %s: %s", c.id(), match[0], frame)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("nobody got anything private: the test shows nothing")
	}
}

// someID is an operation ID, the same as another connection's or its own.
func (c *client) someID(random *rand.Rand) string {
	return []string{"1", "2", "3", secretOf(c.id())}[random.IntN(4)]
}

// somethingPrivate is a subscription that shows who subscribed.
func (c *client) somethingPrivate(random *rand.Rand) map[string]any {
	variables := map[string]any{}
	if random.IntN(2) == 0 {
		variables["text"] = secretOf(c.id())
	}
	fields := []string{"mine", "sometimes", "fails", "throws", "id", "prepared", "items { owner }", "echo(text: $text)", "event"}
	query := "subscription ($text: String) { shared(unused: $text) {"
	for range 1 + random.IntN(3) {
		query += " " + fields[random.IntN(len(fields))]
	}
	return map[string]any{"query": query + " } }", "variables": variables}
}

// pending is all that waits for the client.
func (c *client) pending() (frames []string) {
	ended, cancel := context.WithCancel(c.t.Context())
	cancel()
	for {
		data, err := c.socket.Receive(ended)
		if err != nil {
			return frames
		}
		frames = append(frames, string(data))
	}
}

type preparedKey struct{}

// keepingSecrets has every connection keep its secret in its state, and a schema
// that shows it in every way there is.
func keepingSecrets(t *testing.T, prepares bool) func(*core.Config) {
	return func(c *core.Config) {
		c.Schema = secretSchema(t)
		c.Hooks.OnInit = func(ctx context.Context, _ json.RawMessage) (core.Session, error) {
			connection, _ := core.ConnectionFrom(ctx)
			return core.Session{State: session{secretOf(connection.ID())}, Identity: secretOf(connection.ID())}, nil
		}
		if !prepares {
			return // then it is the resolvers that read the state first
		}
		c.NewContext = func(ctx context.Context) context.Context {
			state, _ := core.StateAs[session](ctx) // not of a request over HTTP
			return context.WithValue(ctx, preparedKey{}, state.User)
		}
	}
}

func secretSchema(t *testing.T) *graphqlgo.Schema {
	t.Helper()
	item := graphql.NewObject(graphql.ObjectConfig{Name: "Item", Fields: graphql.Fields{"owner": text(user)}})
	fields := func() graphql.Fields {
		return graphql.Fields{
			"mine": text(user),
			"sometimes": text(func(p graphql.ResolveParams) (any, error) {
				if event, _ := core.EventFrom(p.Context); len(event.Payload) > 0 && event.Payload[0]%2 == 0 {
					return user(p)
				}
				return "nobody's", nil
			}),
			"fails": text(func(p graphql.ResolveParams) (any, error) {
				name, err := user(p)
				return nil, errors.Join(err, core.Public("%v is not allowed", name))
			}),
			"throws": text(func(p graphql.ResolveParams) (any, error) {
				name, _ := user(p)
				panic(core.Public("%v is thrown", name))
			}),
			"id": text(func(p graphql.ResolveParams) (any, error) {
				connection, _ := core.ConnectionFrom(p.Context)
				return secretOf(connection.ID()), nil
			}),
			"prepared": text(func(p graphql.ResolveParams) (any, error) { return p.Context.Value(preparedKey{}), nil }),
			"items":    {Type: graphql.NewList(item), Resolve: func(graphql.ResolveParams) (any, error) { return []int{1, 2}, nil }},
			"event": text(func(p graphql.ResolveParams) (any, error) {
				event, _ := core.EventFrom(p.Context)
				return string(event.Payload), nil
			}),
			"echo": {Type: graphql.String, Args: graphql.FieldConfigArgument{"text": {Type: graphql.String}},
				Resolve: func(p graphql.ResolveParams) (any, error) { return p.Args["text"], nil }},
		}
	}
	shared := &graphql.Field{
		Type: graphql.NewObject(graphql.ObjectConfig{Name: "Shared", Fields: fields()}),
		Args: graphql.FieldConfigArgument{"unused": {Type: graphql.String}},
		Subscribe: func(p graphql.ResolveParams) (any, error) {
			return core.Subscribe(p.Context, []string{"shared"}, core.Initial(func(ctx context.Context) (any, error) {
				state, err := core.StateAs[session](ctx)
				return state.User, err
			}))
		},
		Resolve: func(p graphql.ResolveParams) (any, error) { return map[string]any{}, nil },
	}
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query:        graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: fields()}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"shared": shared}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
