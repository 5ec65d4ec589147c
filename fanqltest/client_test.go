package fanqltest_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqltest"
	"github.com/fanql/fanql/ports"
)

const feedOfA = `subscription { feed(of: "a") }`

// subprotocols are the options for each.
func subprotocols() map[string][]fanqltest.Option {
	return map[string][]fanqltest.Option{"modern": nil, "legacy": {fanqltest.Legacy()}}
}

func TestWhatIsPublishedAfterSubscribeArrivesInOrder(t *testing.T) {
	for name, options := range subprotocols() {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			feed := server.Connect(t, options...).Subscribe(feedOfA)
			publish(t, server, "a", "1", "2", "3")
			for _, want := range []string{"1", "2", "3"} {
				equal(t, "next", fanqltest.Next[string](feed), want)
			}
			feed.Nothing()
		})
	}
}

func TestAClientMayReadLate(t *testing.T) {
	server := newServer(t)
	feed := server.Connect(t).Subscribe(feedOfA)
	const many = 1500 // more than a memory.Pusher keeps by default
	publish(t, server, "a", make([]string, many)...)
	server.Flush(t)
	for range many {
		fanqltest.Next[string](feed)
	}
	feed.Nothing()
}

func TestNothingIsOfOneOperation(t *testing.T) {
	server := newServer(t)
	client := server.Connect(t)
	a := client.Subscribe(feedOfA)
	b := client.Subscribe(`subscription Feed($of: String) { feed(of: $of) }`, fanqltest.Variables{"of": "b"})
	publish(t, server, "b", "1")
	a.Nothing()
	client.Nothing()
	equal(t, "next", fanqltest.Next[string](b), "1")
	publish(t, server, "a", "2")
	b.Nothing()
	equal(t, "next", fanqltest.Next[string](a), "2")
}

func TestVariablesAreMerged(t *testing.T) {
	server := newServer(t)
	feed := server.Connect(t).Subscribe(`subscription($of: String, $first: String) { feed(of: $of, first: $first) }`,
		fanqltest.Variables{"of": "a", "first": "x"}, fanqltest.Variables{"first": "y"})
	equal(t, "initial", fanqltest.Next[string](feed), "y")
}

func TestQuery(t *testing.T) {
	for name, options := range subprotocols() {
		t.Run(name, func(t *testing.T) {
			client := newServer(t).Connect(t, options...)
			equal(t, "hello", fanqltest.Query[string](client, `{ hello }`), "world")

			o := client.Subscribe(`{ hello broken }`)
			result := o.Result()
			equal(t, "data", string(result.Data), `{"hello":"world","broken":null}`)
			equal(t, "message", result.Errors[0].Message, "out of order")
			equal(t, "path", result.Errors[0].Path[0], any("broken"))
			o.Completed()
			o.Nothing()
		})
	}
}

func TestErrorsOfARequestThatCameToNothing(t *testing.T) {
	for name, options := range subprotocols() {
		t.Run(name, func(t *testing.T) {
			o := newServer(t).Connect(t, options...).Subscribe(`{ good bye }`)
			errors := o.Errors()
			equal(t, "errors", len(errors), 2)
			equal(t, "first", errors[0].Message, `Cannot query field "good" on type "Query".`)
			o.Nothing()
		})
	}
}

func TestTheServerCompletes(t *testing.T) {
	for name, options := range subprotocols() {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			feed := server.Connect(t, options...).Subscribe(feedOfA)
			publish(t, server, "a", "last")
			if err := server.Engine.Publish(t.Context(), core.NewTopic[any]("a").End()); err != nil {
				t.Fatal(err)
			}
			equal(t, "next", fanqltest.Next[string](feed), "last")
			feed.Completed()
			feed.Nothing()
		})
	}
}

func TestTheClientCompletes(t *testing.T) {
	for name, options := range subprotocols() {
		t.Run(name, func(t *testing.T) {
			server := newServer(t)
			client := server.Connect(t, options...)
			feed := client.Subscribe(feedOfA)
			publish(t, server, "a", "before")
			server.Flush(t)
			feed.Complete()
			publish(t, server, "a", "after")
			equal(t, "next", fanqltest.Next[string](feed), "before")
			feed.Nothing()
			client.Nothing()
			feed.Complete() // again is harmless
			feed.Nothing()
		})
	}
}

func TestSendAndFrame(t *testing.T) {
	server := newServer(t)
	client := server.Open(t)
	for _, exchange := range [][2]string{
		{`{"type":"ping","payload":{"n":1}}`, `{"type":"pong","payload":{"n":1}}`},
		{`{"type":"connection_init"}`, `{"type":"connection_ack"}`},
		{`{"type":"subscribe","id":"mine","payload":{"query":"{ nope }"}}`,
			`{"id":"mine","type":"error","payload":[{"message":"Cannot query field \"nope\" on type \"Query\".","locations":[{"line":1,"column":3}]}]}`},
	} {
		client.Send(exchange[0])
		equal(t, "answer to "+exchange[0], client.Frame(), exchange[1])
	}
	client.Send(`{"type":"pong"}`)
	client.Nothing()
	client.Send(`{"type":"nonsense"}`)
	equal(t, "reason", client.Closed(4400), `invalid message type "nonsense"`)
	client.Nothing()
}

func TestLegacyFramesOfTheConnection(t *testing.T) {
	server := newServer(t)
	client := server.Connect(t, fanqltest.Legacy())
	if err := server.Engine.KeepAlive(t.Context(), client.Address); err != nil {
		t.Fatal(err)
	}
	equal(t, "keepalive", client.Frame(), `{"type":"ka"}`)
	client.Send("nonsense")
	equal(t, "error", client.Frame(), `{"type":"connection_error","payload":{"message":"message is not a JSON object"}}`)
}

func TestSendFromSeveralGoroutines(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	server := fanqltest.New(t, core.Config{Schema: feedSchema(t), Hooks: core.Hooks{
		OnSubscribe: func(_ context.Context, request ports.Request) (ports.Request, error) {
			entered <- struct{}{}
			<-release
			return request, nil
		},
	}})
	client := server.Connect(t)
	var senders sync.WaitGroup
	for _, message := range []string{
		`{"type":"subscribe","id":"x","payload":{"query":"subscription { feed(of: \"a\") }"}}`,
		`{"type":"subscribe","id":"y","payload":{"query":"{ hello }"}}`,
	} {
		senders.Go(func() { client.Send(message) })
		<-entered
	}
	client.Send(`{"type":"complete","id":"x"}`) // overtakes its subscribe
	close(release)
	senders.Wait()
	equal(t, "result", client.Frame(), `{"id":"y","type":"next","payload":{"data":{"hello":"world"}}}`)
	equal(t, "end", client.Frame(), `{"id":"y","type":"complete"}`)
	publish(t, server, "a", "unheard")
	client.Nothing()
}

func TestConnectBringsAndGets(t *testing.T) {
	var seen ports.Handshake
	server := fanqltest.New(t, core.Config{Schema: feedSchema(t), Hooks: core.Hooks{
		OnConnect: func(_ context.Context, handshake ports.Handshake) (core.Session, error) {
			seen = handshake
			return core.Session{}, nil
		},
		OnInit: func(_ context.Context, payload json.RawMessage) (core.Session, error) {
			return core.Session{State: string(payload), Ack: map[string]int{"version": 2}}, nil
		},
	}})
	client := server.Connect(t,
		fanqltest.Header("Authorization", "Bearer x"),
		fanqltest.Handshake(func(handshake *ports.Handshake) { handshake.Query.Set("room", "42") }),
		fanqltest.Payload(map[string]string{"token": "y"}),
	)
	equal(t, "header", seen.Header.Get("Authorization"), "Bearer x")
	equal(t, "query", seen.Query.Get("room"), "42")
	equal(t, "address", client.Address, seen.Address)
	equal(t, "ack", string(client.Ack), `{"version":2}`)
	equal(t, "payload", fanqltest.Query[string](client, `{ me }`), `{"token":"y"}`)
	if other := server.Connect(t); other.Address == client.Address {
		t.Errorf("two clients have the address %v", other.Address)
	}
}

func TestRefused(t *testing.T) {
	server := fanqltest.New(t, core.Config{Schema: feedSchema(t), Hooks: core.Hooks{
		OnConnect: func(_ context.Context, handshake ports.Handshake) (core.Session, error) {
			if handshake.Header.Get("From") == "elsewhere" {
				return core.Session{}, &ports.PublicError{Message: "not from there", Extensions: map[string]any{"code": "PLACE"}}
			}
			return core.Session{}, nil
		},
		OnInit: func(_ context.Context, payload json.RawMessage) (core.Session, error) {
			if payload == nil {
				return core.Session{}, &ports.PublicError{Code: 4444, Message: "no token"}
			}
			return core.Session{}, nil
		},
	}})
	token := fanqltest.Payload(map[string]string{"token": "x"})
	for name, test := range map[string]struct {
		options []fanqltest.Option
		want    ports.Refusal
	}{
		"by OnConnect":      {[]fanqltest.Option{token, fanqltest.Header("From", "elsewhere")}, ports.Refusal{Status: 403, Code: 4403, Reason: "not from there", Extensions: map[string]any{"code": "PLACE"}}},
		"by OnInit":         {nil, ports.Refusal{Code: 4444, Reason: "no token"}},
		"by OnInit, legacy": {[]fanqltest.Option{fanqltest.Legacy()}, ports.Refusal{Code: 4444, Reason: "no token"}},
		"no subprotocol": {
			[]fanqltest.Option{token, fanqltest.Handshake(func(handshake *ports.Handshake) { handshake.Protocols = []string{"mqtt"} })},
			ports.Refusal{Status: 400, Code: 4406, Reason: "Subprotocol not acceptable: offer graphql-transport-ws or graphql-ws"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, "refusal", *server.Refused(t, test.options...), test.want)
		})
	}
	for _, transport := range []fanqltest.Transport{fanqltest.ServerSentEvents, fanqltest.Multipart, fanqltest.Callback} {
		t.Run("by OnConnect over "+string(transport), func(t *testing.T) {
			same(t, "refusal", *server.Refused(t, fanqltest.Over(transport), fanqltest.Header("From", "elsewhere")),
				ports.Refusal{Status: 403, Reason: "not from there", Extensions: map[string]any{"code": "PLACE"}})
		})
	}
	server.Connect(t, token) // the others are let in
}

func TestClosedAfterWhatCameBefore(t *testing.T) {
	server := newServer(t)
	client := server.Connect(t)
	feed := client.Subscribe(feedOfA)
	publish(t, server, "a", "1")
	server.Flush(t)
	if err := server.Engine.CloseConnection(t.Context(), client.Address.ID, 4999, "enough"); err != nil {
		t.Fatal(err)
	}
	equal(t, "reason", client.Closed(4999), "enough")
	equal(t, "again", client.Closed(4999), "enough")
	equal(t, "next", fanqltest.Next[string](feed), "1")
	feed.Nothing()
}

func TestDisconnect(t *testing.T) {
	var completed []core.CompletionReason
	var codes []int
	server := fanqltest.New(t, core.Config{Schema: feedSchema(t), Hooks: core.Hooks{
		OnComplete:   func(_ context.Context, c core.Completed) { completed = append(completed, c.Reason) },
		OnDisconnect: func(_ context.Context, d core.Disconnected) { codes = append(codes, d.Code) },
	}})
	client := server.Connect(t)
	feed := client.Subscribe(feedOfA)
	client.Disconnect()
	client.Disconnect()
	publish(t, server, "a", "unheard")
	feed.Nothing()
	if len(completed) != 1 || completed[0] != core.CompletedByDisconnect || len(codes) != 1 || codes[0] != 1000 {
		t.Errorf("completed %v, disconnected %v", completed, codes)
	}
}
