package fanqltest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqltest"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// over runs a test over each transport, and over the legacy subprotocol.
func over(t *testing.T, test func(t *testing.T, options ...fanqltest.Option)) {
	t.Helper()
	for _, transport := range fanqltest.Transports() {
		t.Run(string(transport), func(t *testing.T) { test(t, fanqltest.Over(transport)) })
	}
	t.Run("legacy", func(t *testing.T) { test(t, fanqltest.Over(fanqltest.WebSocket), fanqltest.Legacy()) })
}

func end(tb testing.TB, server *fanqltest.Server, topic string) {
	tb.Helper()
	if err := server.Engine.Publish(tb.Context(), core.NewTopic[any](topic).End()); err != nil {
		tb.Error(err)
	}
}

func TestLifeOfAnOperationOverEachTransport(t *testing.T) {
	over(t, func(t *testing.T, options ...fanqltest.Option) {
		server := newServer(t)
		client := server.Connect(t, options...)
		feed := client.Subscribe(`subscription($of: String) { feed(of: $of, first: "0") }`, fanqltest.Variables{"of": "a"})
		other := client.Subscribe(`subscription { feed(of: "b") }`)
		publish(t, server, "a", "1", "2\n2")
		for _, want := range []string{"0", "1", "2\n2"} {
			equal(t, "next", fanqltest.Next[string](feed), want)
		}
		feed.Nothing()
		other.Nothing()
		end(t, server, "a")
		feed.Completed()
		feed.Nothing()
		publish(t, server, "b", "3")
		equal(t, "next", fanqltest.Next[string](other), "3")

		equal(t, "hello", fanqltest.Query[string](client, `{ hello }`), "world")
		broken := client.Subscribe(`{ hello broken }`)
		result := broken.Result()
		equal(t, "data", string(result.Data), `{"hello":"world","broken":null}`)
		equal(t, "message", result.Errors[0].Message, "out of order")
		broken.Completed()
		client.Nothing()
	})
}

func TestErrorsOverEachTransport(t *testing.T) {
	over(t, func(t *testing.T, options ...fanqltest.Option) {
		o := newServer(t).Connect(t, options...).Subscribe(`{ good bye }`)
		equal(t, "errors", len(o.Errors()), 2)
		o.Nothing()
	})
}

func TestTheClientCompletesOverEachTransport(t *testing.T) {
	over(t, func(t *testing.T, options ...fanqltest.Option) {
		server := newServer(t)
		client := server.Connect(t, options...)
		feed, other := client.Subscribe(feedOfA), client.Subscribe(feedOfA)
		publish(t, server, "a", "1")
		server.Flush(t)
		feed.Complete()
		publish(t, server, "a", "2")
		equal(t, "what came before", fanqltest.Next[string](feed), "1")
		feed.Nothing()
		equal(t, "first of the other", fanqltest.Next[string](other), "1")
		equal(t, "second of the other", fanqltest.Next[string](other), "2")
	})
}

func TestReadingLateOverEachTransport(t *testing.T) {
	over(t, func(t *testing.T, options ...fanqltest.Option) {
		server := newServer(t)
		feed := server.Connect(t, options...).Subscribe(feedOfA)
		const many = 1500 // more than a socket's queue by default
		publish(t, server, "a", make([]string, many)...)
		for range many {
			fanqltest.Next[string](feed)
		}
		feed.Nothing()
	})
}

// gatekeeper lets those in who have a header, and counts who is there.
type gatekeeper struct {
	mu    sync.Mutex
	seen  []ports.Handshake
	there map[ports.ConnectionID]bool
}

func (g *gatekeeper) hooks() core.Hooks {
	return core.Hooks{
		OnConnect: func(_ context.Context, handshake ports.Handshake) (core.Session, error) {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.seen = append(g.seen, handshake)
			user := handshake.Header.Get("Authorization")
			if user == "" {
				return core.Session{}, core.Public("say who you are")
			}
			g.there[handshake.Address.ID] = true
			return core.Session{State: user}, nil
		},
		OnDisconnect: func(_ context.Context, d core.Disconnected) {
			g.mu.Lock()
			defer g.mu.Unlock()
			delete(g.there, d.Connection.Address.ID)
		},
	}
}

func (g *gatekeeper) state() (last ports.Handshake, there int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen[len(g.seen)-1], len(g.there)
}

func TestHooksOverEachTransport(t *testing.T) {
	over(t, func(t *testing.T, options ...fanqltest.Option) {
		gate := &gatekeeper{there: map[ports.ConnectionID]bool{}}
		server := fanqltest.New(t, core.Config{Schema: feedSchema(t), Hooks: gate.hooks()})
		refusal := server.Refused(t, options...)
		equal(t, "status", refusal.Status, http.StatusForbidden)
		equal(t, "reason", refusal.Reason, "say who you are")

		client := server.Connect(t, append(options, fanqltest.Header("Authorization", "ada"),
			fanqltest.Handshake(func(h *ports.Handshake) { h.Query.Set("room", "42"); h.RemoteAddr = "198.51.100.7:80" }))...)
		equal(t, "me", fanqltest.Query[string](client, `{ me }`), "ada")
		feed := client.Subscribe(feedOfA)
		handshake, there := gate.state()
		equal(t, "query", handshake.Query.Get("room"), "42")
		equal(t, "remote address", handshake.RemoteAddr, "198.51.100.7:80")
		equal(t, "address", client.Address, handshake.Address)
		if there == 0 {
			t.Error("nobody is there")
		}
		if err := server.Engine.Publish(t.Context(), core.NewTopic[any]("a").Event("1", core.Only(client.Address.ID))); err != nil {
			t.Error(err)
		}
		equal(t, "next", fanqltest.Next[string](feed), "1")

		client.Disconnect()
		publish(t, server, "a", "2") // by whose answer a callback shows that it is gone
		server.Flush(t)
		if _, there := gate.state(); there > 0 {
			t.Errorf("%d are there", there)
		}
	})
}

// kept is a topic that keeps its latest events.
func kept(name string) core.Topic[any] { return core.NewTopic[any](name, core.Keep(3, time.Hour)) }

// keptSchema has a subscription to such topics.
func keptSchema(tb testing.TB) *graphqlgo.Schema {
	tb.Helper()
	return must.Make(graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"hello": constant("world", nil)}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"kept": &graphql.Field{
				Type: graphql.String,
				Args: graphql.FieldConfigArgument{"of": &graphql.ArgumentConfig{Type: graphql.NewList(graphql.String)}},
				Subscribe: func(p graphql.ResolveParams) (any, error) {
					for _, of := range p.Args["of"].([]any) {
						if _, err := kept(of.(string)).Subscribe(p.Context); err != nil {
							return nil, err
						}
					}
					return nil, nil
				},
				Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
			},
		}}),
	}))
}

func publishKept(tb testing.TB, server *fanqltest.Server, topic string, values ...string) {
	tb.Helper()
	for _, value := range values {
		if err := server.Engine.Publish(tb.Context(), kept(topic).Event(value)); err != nil {
			tb.Errorf("publishing on %q: %v", topic, err)
		}
	}
}

func TestResumeOverEachTransport(t *testing.T) {
	over(t, func(t *testing.T, options ...fanqltest.Option) {
		server := fanqltest.New(t, core.Config{Schema: keptSchema(t)})
		first := server.Connect(t, options...)
		one := first.Subscribe(`subscription { kept(of: ["a"]) }`)
		both := first.Subscribe(`subscription($of: [String]) { kept(of: $of) }`, fanqltest.Variables{"of": []string{"a", "b"}})
		publishKept(t, server, "a", "1", "2")
		equal(t, "read", fanqltest.Next[string](one), "1") // and 2 is lost
		if strings.Contains(t.Name(), string(fanqltest.Callback)) {
			record(t, func(tb *recorder) { server.Connect(tb, options...).Resume(one) }).
				failed(t, "cannot be resumed over callback, which carries no position")
			return
		}
		equal(t, "read of both", fanqltest.Next[string](both), "1")
		equal(t, "read of both", fanqltest.Next[string](both), "2")
		publishKept(t, server, "b", "x")
		equal(t, "read of both", fanqltest.Next[string](both), "x")
		first.Disconnect()
		publishKept(t, server, "a", "3")
		publishKept(t, server, "b", "y")

		second := server.Connect(t, options...)
		again := second.Resume(one)
		for _, want := range []string{"2", "3"} {
			equal(t, "caught up", fanqltest.Next[string](again), want)
		}
		again.Nothing()
		resumed := second.Resume(both)
		got := map[string]bool{fanqltest.Next[string](resumed): true, fanqltest.Next[string](resumed): true}
		if !got["3"] || !got["y"] {
			t.Errorf("caught up by %v", got)
		}
		publishKept(t, server, "a", "4", "5", "6", "7")
		equal(t, "live", fanqltest.Next[string](again), "4")

		// What is not kept any more is missed, and that is said.
		second.Disconnect()
		publishKept(t, server, "a", "8", "9")
		server.Flush(t)
		gone := server.Connect(t, options...).Resume(again)
		equal(t, "code", gone.Errors()[0].Extensions["code"], any(core.CodeMissed))
		gone.Nothing()
	})
}

func TestAnOperationMayResumeOverAnotherTransport(t *testing.T) {
	server := fanqltest.New(t, core.Config{Schema: keptSchema(t)})
	feed := server.Connect(t).Subscribe(`subscription { kept(of: ["a"]) }`)
	publishKept(t, server, "a", "1", "2", "3")
	for i, transport := range []fanqltest.Transport{fanqltest.ServerSentEvents, fanqltest.Multipart, fanqltest.WebSocket} {
		equal(t, "read", fanqltest.Next[string](feed), fmt.Sprint(i+1))
		feed = server.Connect(t, fanqltest.Over(transport)).Resume(feed)
	}
	feed.Nothing()
}

func TestConnectionParamsOfStreams(t *testing.T) {
	for _, transport := range []fanqltest.Transport{fanqltest.ServerSentEvents, fanqltest.Multipart} {
		t.Run(string(transport), func(t *testing.T) {
			server := fanqltest.New(t, core.Config{Schema: feedSchema(t), Hooks: core.Hooks{OnInit: signIn}})
			over := fanqltest.Over(transport)
			refusal := server.Refused(t, over)
			equal(t, "status", refusal.Status, http.StatusForbidden)
			equal(t, "reason", refusal.Reason, "say who you are")
			server.ConnectionParams = func(r *http.Request) (map[string]any, error) {
				return map[string]any{"name": r.Header.Get("User")}, nil
			}
			client := server.Connect(t, over, fanqltest.Header("User", "Ada"))
			equal(t, "hello", fanqltest.Query[string](client, `{ hello }`), "world")
		})
	}
}

func TestSocketOfAnAdapter(t *testing.T) {
	server := fanqltest.New(t, core.Config{Schema: feedSchema(t), Hooks: core.Hooks{OnInit: signIn}})
	over := fanqltest.Over(fanqltest.WebSocket)
	refusal := server.Refused(t, over, fanqltest.Payload(User{}))
	same(t, "refusal", *refusal, ports.Refusal{Code: 4403, Reason: "say who you are"})
	refusal = server.Refused(t, over, fanqltest.Handshake(func(h *ports.Handshake) { h.Protocols = []string{"mqtt"} }))
	equal(t, "code", refusal.Code, 4406)

	client := server.Connect(t, over, fanqltest.Payload(User{Name: "Ada"}))
	client.Send(`{"type":"ping"}`)
	equal(t, "frame", client.Frame(), `{"type":"pong"}`)
	var sending sync.WaitGroup
	for range 3 {
		sending.Go(func() { client.Send(`{"type":"ping"}`) })
	}
	sending.Wait()
	for range 3 {
		equal(t, "frame", client.Frame(), `{"type":"pong"}`)
	}
	client.Send(`nonsense`)
	equal(t, "reason", client.Closed(4400), "message is not a JSON object")

	raw := server.Open(t, over, fanqltest.Legacy())
	raw.Send(`{"type":"connection_init","payload":{"name":"Bob"}}`)
	equal(t, "frame", raw.Frame(), `{"type":"connection_ack"}`)
	equal(t, "frame", raw.Frame(), `{"type":"ka"}`)
}

func TestStreamsAreCutOff(t *testing.T) {
	for _, transport := range []fanqltest.Transport{fanqltest.ServerSentEvents, fanqltest.Multipart} {
		t.Run(string(transport), func(t *testing.T) {
			server := newServer(t)
			client := server.Connect(t, fanqltest.Over(transport))
			cut, also := client.Subscribe(feedOfA), client.Subscribe(feedOfA)
			publish(t, server, "a", "1")
			server.Flush(t)
			if err := server.Engine.CloseConnection(t.Context(), client.Address.ID, 1012, "restart"); err != nil {
				t.Fatal(err)
			}
			equal(t, "next", fanqltest.Next[string](also), "1")
			also.Cut()
			equal(t, "next", fanqltest.Next[string](cut), "1")
			cut.Nothing()
		})
	}
}

// Without a socket a close with a code after which nobody comes back is an error.
func TestAConnectionIsClosedOverEachTransport(t *testing.T) {
	over(t, func(t *testing.T, options ...fanqltest.Option) {
		server := newServer(t)
		client := server.Connect(t, options...)
		feed := client.Subscribe(feedOfA)
		publish(t, server, "a", "1")
		server.Flush(t)
		if err := server.Engine.CloseConnection(t.Context(), client.Address.ID, 4403, "no longer"); err != nil {
			t.Fatal(err)
		}
		equal(t, "next", fanqltest.Next[string](feed), "1")
		if strings.Contains(t.Name(), string(fanqltest.WebSocket)) || strings.Contains(t.Name(), "legacy") {
			equal(t, "reason", client.Closed(4403), "no longer")
			return
		}
		equal(t, "reason", feed.Errors()[0].Message, "no longer")
		feed.Nothing()
	})
}

func TestExpectationsFailOverTransports(t *testing.T) {
	for name, test := range map[string]struct {
		over fanqltest.Transport
		run  func(tb *recorder, server *fanqltest.Server, client *fanqltest.Client)
		want string
	}{
		"a payload without a socket": {fanqltest.Multipart, func(tb *recorder, server *fanqltest.Server, _ *fanqltest.Client) {
			server.Connect(tb, fanqltest.Over(fanqltest.Callback), fanqltest.Payload(1))
		}, "Payload is for sockets: callback has no connection_init"},
		"messages of a stream's client": {fanqltest.ServerSentEvents, func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Closed(1000)
		}, "Closed is for sockets: over server-sent events a client has no messages of its own"},
		"an unknown transport": {"", func(tb *recorder, server *fanqltest.Server, _ *fanqltest.Client) {
			server.Connect(tb, fanqltest.Over("carrier pigeon"))
		}, `there is no transport "carrier pigeon"`},
		"nothing to resume": {fanqltest.ServerSentEvents, func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Resume(client.Subscribe(feedOfA))
		}, "cannot be resumed: no result with a position was read from it"},
		"no result comes": {fanqltest.ServerSentEvents, func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Subscribe(feedOfA).Result()
		}, "but nothing came within 5s"},
		"no post comes": {fanqltest.Callback, func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Subscribe(feedOfA).Result()
		}, "but nothing came within 5s"},
		"no message comes": {fanqltest.WebSocket, func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Subscribe(feedOfA).Result()
		}, "but nothing came within 5s"},
		"something comes in place of nothing": {fanqltest.Multipart, func(tb *recorder, server *fanqltest.Server, client *fanqltest.Client) {
			feed := client.Subscribe(feedOfA)
			publish(tb, server, "a", "1")
			feed.Nothing()
		}, `got {"id":"1","type":"next","payload":{"data":{"feed":"1"}}}`},
		"an end in place of nothing": {fanqltest.ServerSentEvents, func(tb *recorder, server *fanqltest.Server, client *fanqltest.Client) {
			feed := client.Subscribe(feedOfA)
			end(tb, server, "a")
			feed.Nothing()
		}, `got {"id":"1","type":"complete"}`},
		"a stream that is cut off": {fanqltest.ServerSentEvents, func(tb *recorder, server *fanqltest.Server, client *fanqltest.Client) {
			feed := client.Subscribe(feedOfA)
			if err := server.Engine.CloseConnection(tb.Context(), client.Address.ID, 1012, ""); err != nil {
				tb.Error(err)
			}
			feed.Result()
		}, "expected a result of operation 1 (subscription { feed(of: \"a\") }), but its stream was cut off"},
		"no cut": {fanqltest.ServerSentEvents, func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Subscribe(`{ hello }`).Cut()
		}, "expected the stream cut off of operation 1 ({ hello }), got"},
		"a closed socket": {fanqltest.WebSocket, func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			feed := client.Subscribe(feedOfA)
			client.Send(`nonsense`)
			feed.Nothing()
		}, "but the server closed the connection with 4400"},
		"leaving": {fanqltest.Callback, func(_ *recorder, _ *fanqltest.Server, client *fanqltest.Client) {
			client.Disconnect()
			client.Subscribe(feedOfA)
		}, "sending a message of type subscribe: the client has disconnected"},
		"somebody is let in": {fanqltest.Callback, func(tb *recorder, server *fanqltest.Server, _ *fanqltest.Client) {
			server.Refused(tb, fanqltest.Over(fanqltest.Callback))
		}, `expected the client to be refused, got {"id":"1","type":"next","payload":{"data":{"__typename":"Query"}}} {"id":"1","type":"complete"}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				record(t, func(tb *recorder) {
					server := newServer(tb)
					test.run(tb, server, server.Connect(tb, fanqltest.Over(test.over)))
				}).failed(t, test.want)
			})
		})
	}
}

func TestARefusedSubscribeFails(t *testing.T) {
	for _, transport := range []fanqltest.Transport{fanqltest.ServerSentEvents, fanqltest.Multipart, fanqltest.Callback} {
		t.Run(string(transport), func(t *testing.T) {
			record(t, func(tb *recorder) {
				server := fanqltest.New(tb, core.Config{Schema: feedSchema(tb), Hooks: core.Hooks{
					OnConnect: func(context.Context, ports.Handshake) (core.Session, error) { return core.Session{}, core.Public("no") },
				}})
				server.Connect(tb, fanqltest.Over(transport)).Subscribe(feedOfA)
			}).failed(t, "sending a message of type subscribe: answered with the status 403: refused: no")
		})
	}
}

// A hook that does not return must not stop a test.
func TestAServerThatDoesNotAnswer(t *testing.T) {
	over(t, func(t *testing.T, options ...fanqltest.Option) {
		synctest.Test(t, func(t *testing.T) {
			record(t, func(tb *recorder) {
				server := fanqltest.New(tb, core.Config{Schema: feedSchema(tb), Hooks: core.Hooks{
					OnSubscribe: func(ctx context.Context, request ports.Request) (ports.Request, error) {
						<-ctx.Done()
						return request, errors.New("late")
					},
				}})
				server.Timeout = time.Second
				server.Connect(tb, options...).Subscribe(feedOfA)
			}).failed(t, "sending a message of type ")
		})
	})
}

func TestTransportsInABubble(t *testing.T) {
	over(t, func(t *testing.T, options ...fanqltest.Option) {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			server := newServer(t)
			client := server.Connect(t, options...)
			feed := client.Subscribe(feedOfA)
			server.Timeout = time.Hour
			time.AfterFunc(time.Minute, func() { publish(t, server, "a", "later") }) // and pings before that
			equal(t, "next", fanqltest.Next[string](feed), "later")
			equal(t, "time passed", time.Since(begin), time.Minute)
			client.Nothing()
		})
	})
}
