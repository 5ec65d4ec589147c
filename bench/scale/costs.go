package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// costs are what one event takes of the processor for one subscriber.
type costs struct {
	// engine is the engine's part, where the result is shared by all; own where
	// each subscriber has an execution of its own.
	engine, own time.Duration
	// row is for reading the subscriber's row, post for posting to it.
	row, post time.Duration
}

func (c costs) perSubscriber() time.Duration { return c.engine + c.row + c.post }

func (c costs) print(out io.Writer) {
	fmt.Fprintln(out, "| processor time for a subscriber | µs |")
	fmt.Fprintln(out, "|---|--:|")
	for _, line := range []struct {
		what string
		cost time.Duration
	}{
		{"the engine, where the result is shared", c.engine},
		{"reading its row from a page of a Query", c.row},
		{"posting to it, the server's part of the loopback included", c.post},
		{"all of these", c.perSubscriber()},
		{"more where each has an execution of its own", c.own - c.engine},
	} {
		fmt.Fprintf(out, "| %s | %.1f |\n", line.what, float64(line.cost)/float64(time.Microsecond))
	}
}

// The measured topic: four full pages and a bit, as DynamoDB would make them.
const (
	measuredSubscribers = 10_000
	pageRows            = queryBytes / rowBytes
	measuredPages       = (measuredSubscribers + pageRows - 1) / pageRows
)

// measure has the real engine deliver to many subscribers: in memory to a pusher
// that only counts, then with DynamoDB's or API Gateway's adapter in its place,
// whose other side is a stand-in in this process.
func measure(ctx context.Context) (c costs, err error) {
	store, err := memory.New(memory.Config{})
	if err != nil {
		return c, err
	}
	pusher := &counter{}
	setUp, err := newEngine(store, pusher)
	if err != nil {
		return c, err
	}
	if err := crowd(ctx, setUp); err != nil {
		return c, err
	}
	if c.engine, err = delivery(ctx, store, pusher, false); err != nil {
		return c, err
	}
	if c.own, err = delivery(ctx, store, pusher, true); err != nil {
		return c, err
	}
	listing, err := newTable(ctx)
	if err != nil {
		return c, err
	}
	if c.row, err = delivery(ctx, split{store, listing.store}, pusher, false); err != nil {
		return c, err
	}
	if listing.queries != rounds*measuredPages {
		return c, fmt.Errorf("the engine made %d queries in %d deliveries of %d pages", listing.queries, rounds, measuredPages)
	}
	gateway, err := newGateway()
	if err != nil {
		return c, err
	}
	defer gateway.close()
	if c.post, err = delivery(ctx, store, gateway.pusher, false); err != nil {
		return c, err
	}
	if n := gateway.posts.Load(); n != rounds*measuredSubscribers {
		return c, fmt.Errorf("the engine made %d posts in %d deliveries to %d subscribers", n, rounds, measuredSubscribers)
	}
	c.row, c.post = c.row-c.engine, c.post-c.engine
	return c, nil
}

// rounds is how often each delivery is measured; the median counts.
const rounds = 5

// delivery is what a subscriber costs.
func delivery(ctx context.Context, store ports.Store, pusher ports.Pusher, own bool) (time.Duration, error) {
	engine, err := newEngine(store, pusher)
	if err != nil {
		return 0, err
	}
	payload, err := json.Marshal(message{Text: "The quick brown fox jumps over the lazy dog.", Author: "Ada", Own: own})
	if err != nil {
		return 0, err
	}
	event := ports.Event{ID: "event", Topic: topicName, Kind: ports.EventData, Payload: payload}
	var took []time.Duration
	for range rounds {
		before, err := processorTime()
		if err != nil {
			return 0, err
		}
		if err := errors.Join(engine.Deliver(ctx, []ports.Event{event})...); err != nil {
			return 0, err
		}
		after, err := processorTime()
		if err != nil {
			return 0, err
		}
		took = append(took, (after-before)/measuredSubscribers)
	}
	slices.Sort(took)
	return took[rounds/2], nil
}

// processorTime is what this process has used so far.
func processorTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// counter is a pusher that takes no time.
type counter struct{ posts atomic.Int64 }

func (c *counter) Push(context.Context, ports.Address, ports.Frame) error {
	c.posts.Add(1)
	return nil
}

func (c *counter) Close(context.Context, ports.Address, int, string) error { return nil }

const topicName = "messages"

// message is what is published. Own has the resolver read who is asking.
type message struct {
	Text   string `json:"text"`
	Author string `json:"author"`
	Own    bool   `json:"own"`
}

// split lists subscribers in one store, and keeps everything else in another.
type split struct {
	ports.ConnectionStore
	ports.SubscriptionStore
}

func newEngine(store ports.Store, pusher ports.Pusher) (*core.Engine, error) {
	topic := core.NewTopic[message](topicName)
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"ok": {Type: graphql.Boolean}}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"messages": {
			Type: graphql.NewObject(graphql.ObjectConfig{Name: "Message", Fields: graphql.Fields{
				"text": {Type: graphql.String}, "author": {Type: graphql.String},
			}}),
			Subscribe: func(p graphql.ResolveParams) (any, error) { return topic.Subscribe(p.Context) },
			Resolve: func(p graphql.ResolveParams) (any, error) {
				published, err := topic.Payload(p.Context)
				if connection, ok := core.ConnectionFrom(p.Context); ok && published.Own {
					published.Author = string(connection.ID())
				}
				return published, err
			},
		}}}),
	})
	if err != nil {
		return nil, err
	}
	bus, err := memory.New(memory.Config{})
	if err != nil {
		return nil, err
	}
	return core.New(core.Config{
		Schema: schema, Store: store,
		Bus: bus, Pusher: pusher, PageSize: pageRows,
		Hooks: core.Hooks{OnConnect: func(context.Context, ports.Handshake) (core.Session, error) {
			return core.Session{State: map[string]string{"user": "0123456789", "name": "Ada Lovelace"}}, nil
		}},
	})
}

// connectionFormat makes IDs like API Gateway's.
const connectionFormat = "L0SM9cOFv%05dIhw="

// crowd has everybody subscribe.
func crowd(ctx context.Context, engine *core.Engine) error {
	for i := range measuredSubscribers {
		address := ports.Address{ID: ports.ConnectionID(fmt.Sprintf(connectionFormat, i))}
		_, err := engine.Connect(ctx, ports.Handshake{Address: address, ReceivedAt: time.Now(), Protocols: []string{"graphql-transport-ws"}})
		if err != nil {
			return err
		}
		for _, data := range []string{`{"type":"connection_init"}`, subscribing} {
			message := ports.Message{Address: address, RequestID: data, ReceivedAt: time.Now(), Data: []byte(data)}
			if err := engine.Receive(ctx, message); err != nil {
				return err
			}
		}
	}
	return nil
}

const subscribing = `{"type":"subscribe","id":"f81d4fae-7dec-11d0-a765-000000000001",` +
	`"payload":{"query":"subscription Messages { messages { text author } }"}}`
