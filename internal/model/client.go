package model

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/internal/protoclient"
	"github.com/fanql/fanql/ports"
)

// client is one connection of a client, from its handshake on.
type client struct {
	*socket
	world    *world
	random   *rand.Rand
	protocol protoclient.Protocol
	// messages are under way.
	messages sync.WaitGroup

	// The client's own goroutine uses these until it has ended.
	operations []*operation
	requests   int
}

// operation is a subscription that a client has sent.
type operation struct {
	id, alias  string
	topics     []int
	receivedAt time.Time
	// reused: the client has used the ID before.
	reused bool
	// completed is when the client sent its complete, and handled when that was
	// handled; 0 if it was not.
	completed, handled int64
	// asked: the client has asked for positions. Resumes is the operation of a former
	// connection that this one goes on with, and resumed is that another one does with
	// this.
	asked bool
	// tries are how often its message was handed over.
	tries   atomic.Int32
	resumes *resumable
	resumed bool
}

// resumable is an operation with its client.
type resumable struct {
	client    *client
	operation *operation
}

func (o *operation) ref(c *client) ports.OperationRef {
	return ports.OperationRef{Connection: c.address.ID, ID: ports.OperationID(o.id)}
}

// slot is a place at which a message is handled.
func slot(random *rand.Rand) string { return fmt.Sprint("gateway ", random.IntN(3)) }

// connect does the handshake and connection_init, and reports whether the client
// may go on.
func (w *world) connect(random *rand.Rand, name string) (*client, bool) {
	id := ports.ConnectionID(w.name + "/" + name)
	c := &client{socket: w.sockets.dial(id), world: w, random: random, protocol: protoclient.Modern}
	if random.IntN(3) == 0 {
		c.protocol = protoclient.Legacy
	}
	w.mu.Lock()
	w.clients = append(w.clients, c)
	w.mu.Unlock()
	handshake := ports.Handshake{Address: c.address, Protocols: []string{string(c.protocol)}, ReceivedAt: w.now()}
	if !c.try("connect", func(p *process) error {
		_, err := p.engine.Connect(context.Background(), handshake)
		return err
	}, c.places()) {
		return c, false
	}
	waited := c.send(must.Make(protoclient.Init(nil)), nil)
	if c.protocol == protoclient.Legacy && random.IntN(2) == 0 {
		return c, true // its start may overtake
	}
	<-waited
	return c, c.got(protoclient.TypeAck, "")
}

// places are where a message is tried, one after the other, and how long it takes
// to get there.
func (c *client) places() []string {
	list := []string{slot(c.random)}
	for len(list) < 3 && c.random.IntN(2) == 0 {
		list = append(list, slot(c.random))
	}
	return list
}

// try hands something over to one process after the other, until one has dealt
// with it. When none has, the transport closes the socket: that is what a client
// sees of a process that ended, or of an invocation that failed.
func (c *client) try(what string, do func(*process) error, places []string) bool {
	c.world.actions.Add(1)
	for _, place := range places {
		p := c.world.at(place)
		err := do(p)
		c.world.note("%s %s at process %s: %v, dead %t", c.address.ID, what, place, err, p.dead())
		if err == nil && !p.dead() {
			return true
		}
	}
	c.end(c.world, 0)
	return false
}

// send has a message handled; the channel is closed when it was. Handled, unless
// nil, is called once it was.
func (c *client) send(data []byte, handled func(at int64)) <-chan struct{} {
	return c.sendAt(c.world.receivedAt(), data, handled, new(atomic.Int32))
}

func (c *client) sendAt(receivedAt time.Time, data []byte, handled func(at int64), tries *atomic.Int32) <-chan struct{} {
	c.requests++
	message := ports.Message{
		Address: c.address, RequestID: fmt.Sprint(c.address.ID, " ", c.requests), ReceivedAt: receivedAt, Data: data,
	}
	latency, places := c.upTo(200*time.Millisecond), c.places()
	done := make(chan struct{})
	c.messages.Go(func() {
		defer close(done)
		pause(latency)
		receive := func(p *process) error {
			tries.Add(1)
			return p.engine.Receive(context.Background(), message)
		}
		if c.try(string(data), receive, places) && handled != nil {
			handled(c.world.tick())
		}
	})
	return done
}

func (c *client) upTo(d time.Duration) time.Duration { return time.Duration(c.random.Int64N(int64(d))) }

// live are the operations that the client has not completed, and that have not
// been ended.
func (c *client) live() []*operation {
	var list []*operation
	for _, o := range c.operations {
		if o.completed == 0 && !c.got("error", o.id) && !c.got("complete", o.id) {
			list = append(list, o)
		}
	}
	return list
}

// subscribe starts a subscription, sometimes with an ID that was used before.
func (c *client) subscribe() <-chan struct{} {
	o := &operation{id: fmt.Sprint(len(c.operations)), receivedAt: c.world.receivedAt()}
	if len(c.operations) > 0 && c.random.IntN(4) == 0 {
		c.reuse(o, c.operations[c.random.IntN(len(c.operations))].id)
	}
	if o.alias == "" {
		o.alias = "use0"
	}
	letters := ""
	for topic := range c.world.shape.topics {
		if c.random.IntN(2) == 0 || topic == c.world.shape.topics-1 && letters == "" {
			o.topics = append(o.topics, topic)
			letters += string(rune('a' + topic))
		}
	}
	c.operations = append(c.operations, o)
	initial := ""
	if c.random.IntN(8) == 0 {
		initial = ", initial: true"
	}
	o.asked = c.world.shape.keep > 0 && c.random.IntN(4) > 0
	return c.sendSubscribe(o, letters, initial, nil)
}

func (c *client) sendSubscribe(o *operation, letters, initial string, positions []string) <-chan struct{} {
	query := fmt.Sprintf(`subscription { %s: feed(topics: "%s"%s) }`, o.alias, letters, initial)
	request := protoclient.Request{Query: query}
	if o.asked {
		request.Extensions = map[string]any{"resume": append([]string{}, positions...)}
	}
	return c.sendAt(o.receivedAt, must.Make(c.protocol.Start(o.id, request)), nil, &o.tries)
}

// resume goes on with an operation of a former connection, as far as that has a
// position of each of its topics.
func (c *client) resume(former resumable) {
	positions := former.client.positions(former.operation)
	if len(positions) < len(former.operation.topics) {
		return
	}
	o := &operation{
		id: fmt.Sprint(len(c.operations)), alias: "use0", topics: former.operation.topics,
		receivedAt: c.world.receivedAt(), asked: true, resumes: &former,
	}
	former.operation.resumed = true
	c.operations = append(c.operations, o)
	letters := make([]byte, len(o.topics))
	for i, topic := range o.topics {
		letters[i] = "abc"[topic]
	}
	c.sendSubscribe(o, string(letters), "", positions)
}

// positions are the last ones of each topic that the client has, of an operation and of
// those that it goes on with.
func (c *client) positions(o *operation) []string {
	last := map[string]string{}
	if o.resumes != nil {
		for _, position := range o.resumes.client.positions(o.resumes.operation) {
			key, _, _ := strings.Cut(position, ".")
			last[key] = position
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.frames {
		if f.id != o.id || f.alias != o.alias && f.alias != "" {
			continue
		}
		for _, position := range f.positions {
			key, _, _ := strings.Cut(position, ".")
			last[key] = position
		}
	}
	return slices.Sorted(maps.Values(last))
}

// unended are the operations whose client still wants them after its connection has
// ended, as far as it knows.
func (c *client) unended() []resumable {
	var list []resumable
	for _, o := range c.live() {
		if !o.reused {
			list = append(list, resumable{c, o})
		}
	}
	return list
}

// reuse gives an operation an ID that is free again. In the legacy protocol it
// need not be: then the former operation is stopped.
func (c *client) reuse(o *operation, id string) {
	var uses []*operation
	for _, former := range c.operations {
		if former.id == id {
			uses = append(uses, former)
		}
	}
	last := uses[len(uses)-1]
	if last.completed == 0 && c.protocol != protoclient.Legacy {
		return
	}
	if last.completed == 0 {
		last.completed = c.world.tick()
	}
	last.reused, o.reused = true, true
	o.id, o.alias = id, fmt.Sprint("use", len(uses))
}

// complete ends an operation.
func (c *client) complete(o *operation) <-chan struct{} {
	o.completed = c.world.tick()
	receivedAt := c.world.receivedAt()
	return c.sendAt(receivedAt, must.Make(c.protocol.Stop(o.id)), func(at int64) {
		o.handled = at
		c.world.truth.complete(o.ref(c), receivedAt)
	}, new(atomic.Int32))
}

// disconnect closes the socket from the client's side, and the transport tells
// the engine: as often as it takes, or after a failure maybe not at all.
func (c *client) disconnect() {
	c.end(c.world, 0)
	c.try("disconnect", func(p *process) error {
		return p.engine.Disconnect(context.Background(), ports.Disconnection{Address: c.address})
	}, c.places())
}
