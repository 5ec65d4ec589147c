package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/graphql-go/graphql"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/bench/internal/peer"
	"github.com/fanql/fanql/core"
)

// topicOf is the topic of the event with that number.
func topicOf(number, topics int) core.Topic[peer.Message] {
	return core.NewTopic[peer.Message]("message-" + strconv.Itoa(number%topics))
}

// serveGateway runs one gateway until its input ends.
func serveGateway(ctx context.Context, s settings) error {
	client := goredis.NewClient(&goredis.Options{Addr: s.Redis, ContextTimeoutEnabled: true})
	asked := &counter{}
	client.AddHook(asked)
	sockets, err := websocket.NewServer(websocket.Config{Endpoint: s.Name, FramesPerSecond: 1 << 20})
	if err != nil {
		return err
	}
	backend, err := redis.New(redis.Config{Client: client})
	if err != nil {
		return err
	}
	router, err := backend.Router(s.Name, sockets)
	if err != nil {
		return err
	}
	schema, err := newSchema(s.Topics)
	if err != nil {
		return err
	}
	engine, err := core.New(core.Config{
		Schema: schema, Store: backend, Bus: backend, Pusher: router, MaxMessagesPerSecond: 1 << 20,
	})
	if err != nil {
		return err
	}
	go func() { _ = router.Run(ctx, engine.Disconnect) }()
	if err := router.Ready(ctx); err != nil {
		return err
	}
	go func() { _ = backend.Consume(ctx, engine.Deliver) }()
	return peer.ServeUsage(sockets.Handler(engine), func(...peer.Message) error { return nil }, func(used *peer.Usage) {
		used.Requests = asked.requests.Load()
	})
}

func newSchema(topics int) (*graphqlgo.Schema, error) {
	text := &graphql.Field{Type: graphql.NewNonNull(graphql.String)}
	message := graphql.NewNonNull(graphql.NewObject(graphql.ObjectConfig{Name: "Message", Fields: graphql.Fields{
		"id": {Type: graphql.NewNonNull(graphql.ID)}, "text": text, "author": text, "sentAt": text,
	}}))
	argument := &graphql.ArgumentConfig{Type: graphql.NewNonNull(graphql.String)}
	return graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"ok": {Type: graphql.Boolean}}}),
		Mutation: graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: graphql.Fields{
			"send": {
				Type: message,
				Args: graphql.FieldConfigArgument{
					"id": {Type: graphql.NewNonNull(graphql.ID)}, "text": argument, "author": argument, "sentAt": argument,
				},
				Resolve: func(p graphql.ResolveParams) (any, error) {
					sent := peer.Message{}
					sent.ID, _ = p.Args["id"].(string)
					sent.Text, _ = p.Args["text"].(string)
					sent.Author, _ = p.Args["author"].(string)
					sent.SentAt, _ = p.Args["sentAt"].(string)
					number, err := strconv.Atoi(strings.TrimPrefix(sent.ID, "event-"))
					if err != nil {
						return nil, err
					}
					return sent, topicOf(number, topics).Publish(p.Context, sent)
				},
			},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"message": {
				Type: message,
				Args: graphql.FieldConfigArgument{"topic": {Type: graphql.NewNonNull(graphql.Int)}},
				Subscribe: func(p graphql.ResolveParams) (any, error) {
					topic, _ := p.Args["topic"].(int)
					return topicOf(topic, topics).Subscribe(p.Context)
				},
				Resolve: func(p graphql.ResolveParams) (any, error) {
					topic, _ := p.Args["topic"].(int)
					return topicOf(topic, topics).Payload(p.Context)
				},
			},
		}}),
	})
}

// counter counts what a client asks of Redis: commands, and scripts as one each.
type counter struct{ requests atomic.Uint64 }

func (*counter) DialHook(next goredis.DialHook) goredis.DialHook {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return next(ctx, network, address)
	}
}

func (c *counter) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, command goredis.Cmder) error {
		c.requests.Add(1)
		return next(ctx, command)
	}
}

func (c *counter) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, commands []goredis.Cmder) error {
		c.requests.Add(uint64(len(commands)))
		return next(ctx, commands)
	}
}

// name is that of a gateway.
func name(number int) string { return fmt.Sprintf("gateway-%d", number) }
