package core_test

import (
	"context"
	"encoding/json"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// subscriptionSchema is a schema with one subscription field.
func subscriptionSchema(name string, field *graphql.Field) *graphqlgo.Schema {
	return must.Make(graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"version": {Type: graphql.Int, Resolve: func(graphql.ResolveParams) (any, error) { return 3, nil }},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{name: field}}),
	}))
}

// scoreField is a subscription field with the goals of the home team.
func scoreField(subscribe graphql.FieldResolveFn) *graphql.Field {
	return &graphql.Field{Type: graphql.Int, Subscribe: subscribe, Resolve: func(p graphql.ResolveParams) (any, error) {
		score, err := scores.Payload(p.Context)
		return score.Home, err
	}}
}

// program is what an example composes: an engine on the memory adapters.
type program struct {
	*core.Engine
	backend *memory.Backend
	pusher  *memory.Pusher
}

// newProgram composes what a configuration leaves open. Frames may have 100 bytes, but
// where a history adds extensions.
func newProgram(config core.Config) *program {
	most := 100
	if config.History != nil {
		most = 1000
	}
	p := &program{backend: must.Make(memory.New(memory.Config{})), pusher: must.Make(memory.NewPusher(memory.PusherConfig{MaxFrameBytes: most}))}
	config.Store, config.Bus, config.Pusher = p.backend, p.backend, p.pusher
	p.Engine = must.Make(core.New(config))
	return p
}

// publish publishes events and delivers them.
func (p *program) publish(events ...core.Event) {
	if err := p.Publish(context.Background(), events...); err != nil {
		panic(err)
	}
	p.deliver()
}

// deliver delivers what was published so far; a server leaves Consume running.
func (p *program) deliver() {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.backend.Consume(ctx, p.Deliver) }()
	_ = p.backend.Flush(ctx)
	stop()
	<-done
}

// exampleClient does by hand what a transport does for a socket.
type exampleClient struct {
	engine *core.Engine
	socket *memory.Socket
	sent   time.Time
}

// connect opens a socket and brings it to its connection_ack.
func (p *program) connect(id ports.ConnectionID) *exampleClient {
	client := &exampleClient{engine: p.Engine, socket: p.pusher.Open(ports.Address{ID: id}), sent: time.Now()}
	handshake := ports.Handshake{Address: client.socket.Address(), Protocols: []string{"graphql-transport-ws"}}
	if _, err := p.Connect(context.Background(), handshake); err != nil {
		panic(err)
	}
	client.send(`{"type":"connection_init","payload":{"token":"secret"}}`)
	client.receive() // connection_ack
	return client
}

func (c *exampleClient) send(message string) {
	c.sent = c.sent.Add(1)
	err := c.engine.Receive(context.Background(), ports.Message{Address: c.socket.Address(), ReceivedAt: c.sent, Data: []byte(message)})
	if err != nil {
		panic(err)
	}
}

// subscribe asks for an operation with the ID 1.
func (c *exampleClient) subscribe(query string) {
	quoted := must.Make(json.Marshal(query))
	c.send(`{"type":"subscribe","id":"1","payload":{"query":` + string(quoted) + `}}`)
}

// receive is the next message for the client, or why there is none.
func (c *exampleClient) receive() string {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // what there is to receive is there already
	frame, err := c.socket.Receive(ctx)
	if err != nil {
		return err.Error()
	}
	return string(frame)
}
