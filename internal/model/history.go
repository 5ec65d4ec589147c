package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/internal/protoclient"
	"github.com/fanql/fanql/ports"
)

// play plays the history, brings it to its end and checks it.
func (w *world) play() {
	consuming, stop := context.WithCancel(context.Background())
	var consumers, actors sync.WaitGroup
	for range w.shape.consumers {
		consumers.Go(func() { w.consume(consuming) })
	}
	for i := range w.shape.clients {
		actors.Go(func() { w.visit(i) })
	}
	for i := range w.shape.publishers {
		actors.Go(func() { w.publishAll(source(w.seed, fmt.Sprint("publisher ", i))) })
	}
	actors.Go(w.cutTransports)
	actors.Wait()
	for _, c := range w.clients {
		c.messages.Wait()
	}
	w.note("the faults end")
	w.faults.Stop()
	w.sockets.outage("", 0)
	w.settle()
	if w.shape.last {
		w.lastEvents()
	}
	w.checkEvents()
	w.checkClients()
	if w.shape.last {
		w.checkGone()
		w.leave()
	}
	stop()
	consumers.Wait()
	if w.backend.Stop != nil {
		w.backend.Stop()
	}
	w.checkExpiry()
}

// visit is one client after the other, as a browser's tab reconnects.
func (w *world) visit(number int) {
	random := source(w.seed, fmt.Sprint("client ", number))
	var former []resumable
	for connection := range 3 {
		pause(time.Duration(random.IntN(100)) * time.Millisecond)
		c, ok := w.connect(random, fmt.Sprintf("%d.%d", number, connection))
		if !ok {
			continue
		}
		for _, operation := range former {
			c.resume(operation)
		}
		if c.act() {
			return
		}
		c.messages.Wait() // whose answers may still be on their way
		former = c.unended()
	}
}

// cutTransports has the transport be away now and then.
func (w *world) cutTransports() {
	random := source(w.seed, "outages")
	for range w.shape.outages {
		pause(time.Duration(random.IntN(500)) * time.Millisecond)
		length := time.Duration(1+random.IntN(100)) * time.Duration(1+random.IntN(20)) * time.Millisecond
		var id ports.ConnectionID
		w.mu.Lock()
		if len(w.clients) > 0 && random.IntN(3) > 0 {
			id = w.clients[random.IntN(len(w.clients))].address.ID
		}
		w.mu.Unlock()
		w.sockets.outage(id, length)
	}
}

// act is what a client does while it is connected. True means that it stays so.
func (c *client) act() bool {
	for range 3 + c.random.IntN(8) {
		if c.closed() {
			return false
		}
		done := c.step()
		if c.closed() {
			return false
		}
		if done != nil && c.random.IntN(3) > 0 {
			<-done
		}
		pause(c.upTo(50 * time.Millisecond))
	}
	return true
}

// step is one thing that a client does.
func (c *client) step() <-chan struct{} {
	live := c.live()
	switch dice := c.random.IntN(100); {
	case dice < 45:
		return c.subscribe()
	case dice < 70 && len(live) > 0:
		return c.complete(live[c.random.IntN(len(live))])
	case dice < 75:
		c.requests++
		return c.send(must.Make(c.protocol.Start(fmt.Sprint("query ", c.requests), protoclient.Request{Query: `{ hello }`})), nil)
	case dice < 80:
		c.try("keep alive", func(p *process) error { return p.engine.KeepAlive(context.Background(), c.address) }, c.places())
	case dice < 84:
		c.disconnect()
	case dice < 88: // without a word
		c.world.note("%s is gone", c.address.ID)
		c.end(c.world, 0)
	default:
		pause(c.upTo(300 * time.Millisecond))
	}
	return nil
}

// publishAll publishes now and then.
func (w *world) publishAll(random *rand.Rand) {
	for range 4 + random.IntN(8) {
		pause(time.Duration(random.IntN(150)) * time.Millisecond)
		p := w.at(slot(random))
		if random.IntN(25) == 0 {
			w.publish(p, true, random.IntN(w.shape.topics))
			continue
		}
		var topics []int
		for range 1 + max(0, random.IntN(5)-2) {
			topics = append(topics, random.IntN(w.shape.topics))
		}
		w.publish(p, false, topics...)
	}
}

// publish publishes one event on each of the topics in one call, or their end.
func (w *world) publish(p *process, end bool, topics ...int) {
	w.actions.Add(1)
	begun := w.tick()
	var events []*event
	var published []core.Event
	w.mu.Lock()
	for _, topic := range topics {
		e := &event{number: len(w.events) + 1, topic: topic, end: end, begun: begun}
		w.events, events = append(w.events, e), append(events, e)
		made := w.feed(topic).Event(e.number)
		if end {
			made = w.feed(topic).End()
		}
		published = append(published, made)
	}
	w.mu.Unlock()
	err := p.engine.Publish(context.Background(), published...)
	returned := w.tick()
	for i, e := range events {
		w.note("published %d on %c (end: %t): %v, dead %t", e.number, 'a'+e.topic, end, err, p.dead())
		if err == nil && !p.dead() {
			e.returned, e.place = returned, i
		}
	}
}

// lastEvents are published on all topics when the faults have ended.
func (w *world) lastEvents() {
	p := w.process()
	for topic := range w.shape.topics {
		w.publish(p, false, topic)
	}
	w.settle()
}

// settle returns once all that was published has been delivered, and what deliveries
// publish to catch up.
func (w *world) settle() {
	for before := int64(-1); before != w.deliveries.Load(); {
		before = w.deliveries.Load()
		w.backend.Idle()
		pause(time.Second)
	}
}

// leave has every client disconnect, in peace.
func (w *world) leave() {
	p := w.process()
	for _, c := range w.clients {
		c.end(w, 0)
		if err := p.engine.Disconnect(context.Background(), ports.Disconnection{Address: c.address}); err != nil {
			w.violated("no row after disconnect: %s: %v", c.address.ID, err)
		}
	}
	for ref := range w.listed() {
		if !w.truth.doubtful[ref.Connection] {
			w.violated("no row after disconnect: all have left, and %v is listed", ref)
		}
	}
}

// listed are the operations of all topics.
func (w *world) listed() map[ports.OperationRef]ports.Subscriber {
	store := w.backend.Store(w.faults.Process())
	all := map[ports.OperationRef]ports.Subscriber{}
	for topic := range w.shape.topics {
		var request ports.PageRequest
		for {
			page, err := store.ListSubscribers(context.Background(), ports.Topic(w.topic(topic)), request)
			if err != nil {
				w.violated("listing: %v", err)
				return all
			}
			for _, subscriber := range page.Subscribers {
				all[subscriber.Ref] = subscriber
			}
			if request.After = page.Next; request.After == "" {
				break
			}
		}
	}
	return all
}

// checkExpiry: when every life has passed, there is nothing.
func (w *world) checkExpiry() {
	pause(3*time.Hour + time.Second)
	for ref := range w.listed() {
		w.violated("no row after expiry: %v is listed", ref)
	}
	store := w.backend.Store(w.faults.Process())
	for _, c := range w.clients {
		if _, err := store.GetConnection(context.Background(), c.address.ID); !errors.Is(err, ports.ErrNotFound) {
			w.violated("no row after expiry: %s is still there (%v)", c.address.ID, err)
		}
	}
}

// checkGone: a delivery has met every row, and so those of clients that are gone
// are no more.
func (w *world) checkGone() {
	for ref := range w.listed() {
		if w.sockets.find(ref.Connection).closed() {
			w.violated("a gone client leaves nothing: %v is listed", ref)
		}
	}
}
