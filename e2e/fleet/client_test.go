//go:build e2e

package fleet

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// client is one subscriber of one topic. It connects again whenever its socket
// ends.
type client struct {
	crowd *crowd
	topic *topic
	slot  int // of the gateway that it prefers

	mu      sync.Mutex
	conn    net.Conn // nil while there is none
	gateway *gateway
	// moving is true when it is about to end its socket by itself.
	moving bool
	life   life
	tally  tally
}

// life is one subscription.
type life struct {
	// inPlace is true once the subscription is known to be, and then due is the
	// number of the first event that has to come.
	inPlace bool
	due     int
	// first and latest are the numbers of events that came; 0 before.
	first, latest int
}

// tally is what a client counts until it is asked to begin anew.
type tally struct {
	deliveries, repeats int
	// latencies are of first occurrences, from just before they were published.
	latencies []time.Duration
	// Of sockets that ended: how long until the next subscription was in place,
	// and how many events were not sent meanwhile; how many were closed with 1001.
	away   []time.Duration
	missed []int
	asked  int
}

// note takes the number of an event that came, and says if it had come before.
// After the first each has to follow the one before.
func (l *life) note(n int) (repeat bool, err error) {
	switch {
	case l.first == 0 && l.inPlace && n > l.due:
		return false, fmt.Errorf("the first event is %d, though %d was published when the subscription was in place", n, l.due)
	case l.first == 0:
		l.first, l.latest = n, n
	case n == l.latest+1:
		l.latest = n
	case n > l.latest || n < l.first:
		return false, fmt.Errorf("event %d after %d to %d", n, l.first, l.latest)
	default:
		return true, nil
	}
	return false, nil
}

// reached reports whether everything up to n has come that has to.
func (l *life) reached(n int) bool {
	return l.inPlace && (l.latest >= n || l.first == 0 && l.due > n)
}

// live subscribes until ctx ends, one life after the other.
func (c *client) live(ctx context.Context) {
	var ended time.Time
	latest := 0
	for ctx.Err() == nil {
		g := c.crowd.fleet.choose(c.slot)
		if g == nil {
			rest(ctx, 10*time.Millisecond)
			continue
		}
		err := c.subscribe(ctx, g, ended, latest)
		if ctx.Err() != nil {
			return
		}
		if closed, ok := errors.AsType[wsutil.ClosedError](err); ok && closed.Code == ws.StatusGoingAway {
			c.count(func(t *tally) { t.asked++ })
		}
		c.mu.Lock()
		expected := g.ending.Load() || c.moving
		latest = max(latest, c.life.latest)
		c.moving, c.life = false, life{}
		c.mu.Unlock()
		if !expected {
			c.crowd.fail(fmt.Errorf("a client of %s on %s: %w", c.topic.name, g.name, err))
			return
		}
		ended = time.Now()
		rest(ctx, backoff())
	}
}

// backoff is how long a client waits before it connects again: less than people's
// clients do, which makes it harder.
func backoff() time.Duration { return 50*time.Millisecond + rand.N(450*time.Millisecond) }

// subscribe is one life. Ended is when the one before was over, and latest the
// latest event that came in it.
func (c *client) subscribe(ctx context.Context, g *gateway, ended time.Time, latest int) error {
	reader, err := c.open(ctx, g)
	if err != nil {
		return err
	}
	defer c.shut()
	var buffer []byte
	for {
		var code ws.OpCode
		if code, buffer, err = readFrame(reader, buffer); err != nil {
			return err
		}
		switch {
		case code == ws.OpClose:
			status, reason := ws.ParseCloseFrameData(buffer)
			return wsutil.ClosedError{Code: status, Reason: reason}
		case code == ws.OpPing:
			err = wsutil.WriteClientMessage(c.conn, ws.OpPong, buffer)
		case bytes.Contains(buffer, []byte(`"type":"connection_ack"`)):
			err = wsutil.WriteClientText(c.conn, c.request())
		case bytes.Contains(buffer, []byte(`"type":"ping"`)):
			err = wsutil.WriteClientText(c.conn, []byte(`{"type":"pong"}`))
		case bytes.Contains(buffer, []byte(`"type":"next"`)):
			err = c.next(buffer, ended, latest)
		case !bytes.Contains(buffer, []byte(`"type":"pong"`)):
			err = fmt.Errorf("got a frame %#x: %q", code, buffer)
		}
		if err != nil {
			return err
		}
	}
}

// open connects, a few clients at a time.
func (c *client) open(ctx context.Context, g *gateway) (*bufio.Reader, error) {
	c.crowd.opening <- struct{}{}
	defer func() { <-c.crowd.opening }()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, _, _, err := ws.Dialer{Protocols: []string{"graphql-transport-ws"}}.Dial(ctx, "ws://"+g.address+"/graphql")
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.conn, c.gateway = conn, g
	c.mu.Unlock()
	if err := wsutil.WriteClientText(conn, []byte(`{"type":"connection_init"}`)); err != nil {
		return nil, err
	}
	return bufio.NewReader(conn), nil
}

// request is the subscription.
func (c *client) request() []byte {
	return fmt.Appendf(nil, `{"type":"subscribe","id":"1","payload":{"query":"%s","variables":{"topic":%q}}}`,
		"subscription ($topic: String!) { event(topic: $topic) { n at } }", c.topic.name)
}

// shut ends the socket.
func (c *client) shut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		_ = c.conn.Close()
	}
}

// settled reports whether the client is subscribed on the gateway that it prefers.
// On another it leaves. The caller holds mu.
func (c *client) settled() bool {
	if c.life.inPlace && c.gateway != c.crowd.fleet.gateway(c.slot) {
		c.moving = true
		_ = c.conn.Close()
	}
	return c.life.inPlace && !c.moving
}

// readFrame reads one frame into the buffer.
func readFrame(reader io.Reader, buffer []byte) (ws.OpCode, []byte, error) {
	header, err := ws.ReadHeader(reader)
	if err != nil {
		return 0, buffer, err
	}
	if int64(cap(buffer)) < header.Length {
		buffer = make([]byte, header.Length)
	}
	buffer = buffer[:header.Length]
	_, err = io.ReadFull(reader, buffer)
	return header.OpCode, buffer, err
}

// next handles a result.
func (c *client) next(message []byte, ended time.Time, latest int) error {
	n, err := number(message, `"n":`)
	if err != nil {
		return err
	}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if n == 0 {
		if !ended.IsZero() && !c.life.inPlace {
			c.tally.away = append(c.tally.away, now.Sub(ended))
		}
		c.life.inPlace, c.life.due = true, int(c.topic.handed.Load())+1
		return nil
	}
	if !ended.IsZero() && c.life.first == 0 {
		c.tally.missed = append(c.tally.missed, max(0, n-latest-1))
	}
	repeat, err := c.life.note(n)
	if err != nil {
		return err
	}
	c.tally.deliveries++
	if repeat {
		c.tally.repeats++
		return nil
	}
	at, err := number(message, `"at":"`)
	if err != nil {
		return err
	}
	c.tally.latencies = append(c.tally.latencies, now.Sub(time.Unix(0, int64(at))))
	return nil
}

// number is the one after a marker.
func number(message []byte, marker string) (int, error) {
	_, rest, found := bytes.Cut(message, []byte(marker))
	digits := rest[:len(rest)-len(bytes.TrimLeft(rest, "0123456789"))]
	if !found || len(digits) == 0 {
		return 0, fmt.Errorf("no %s in %s", marker, message)
	}
	return strconv.Atoi(string(digits))
}

func (c *client) count(change func(*tally)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.tally)
}
