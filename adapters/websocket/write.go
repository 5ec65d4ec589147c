package websocket

import (
	"bytes"
	"context"
	"sync"
	"syscall"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/ports"
)

// batchSize is how many bytes of frames are meant to share one system call.
const batchSize = 64 << 10

const (
	// restFactor is how long a writer rests after a round, measured by the round
	// itself: the more there is to write, the more frames share a call, and where
	// there is little nobody waits.
	restFactor = 10
	// shortestRest is what is worth a timer.
	shortestRest = 100 * time.Microsecond
)

// writer empties the queues of its share of a server's connections, in rounds:
// what a connection is pushed while a round lasts goes out together in the
// next. It never blocks, and its goroutine ends when nothing waits.
type writer struct {
	delay time.Duration
	loop  func() // run, made once: starting it allocates nothing

	mu      sync.Mutex
	running bool
	waiting []*connection
	spare   []*connection // what only the running goroutine uses
}

func newWriter(delay time.Duration) *writer {
	w := &writer{delay: delay}
	w.loop = w.run
	return w
}

// add has a connection flushed in the next round.
func (w *writer) add(c *connection) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, c)
	if !w.running {
		w.running = true
		go w.loop()
	}
}

func (w *writer) run() {
	for round := w.take(); round != nil; round = w.take() {
		began := time.Now()
		returning := 0
		for _, c := range round {
			if began.Sub(c.wrote) < 2*w.delay {
				returning++
			}
			c.wrote = began
			c.flush()
		}
		// A single burst has nothing to wait for: rest only where most connections
		// come back, and their frames can share a call.
		worthwhile := 2*returning > len(round)
		clear(round)
		if rest := min(restFactor*time.Since(began), w.delay); worthwhile && rest >= shortestRest {
			time.Sleep(rest) //nolint:forbidigo // for milliseconds; there is no context to end it
		}
	}
}

// take returns the connections that wait, or nil, and then the goroutine is
// over.
func (w *writer) take() []*connection {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 {
		w.running = false
		return nil
	}
	w.waiting, w.spare = w.spare[:0], w.waiting
	return w.spare
}

// batch is encoded frames on their way into a socket.
type batch struct {
	data  []byte
	n     int
	err   error
	write func(fd uintptr) bool // made once, as it is what RawConn wants
}

func newBatch() *batch {
	b := &batch{}
	b.write = func(fd uintptr) bool {
		b.n, b.err = writeNow(fd, b.data)
		return true // done either way: never wait for the socket
	}
	return b
}

// writeTo writes what the socket takes at once and returns the rest.
func (b *batch) writeTo(raw syscall.RawConn) (rest []byte, err error) {
	b.n, b.err = 0, nil
	if err := raw.Write(b.write); err != nil {
		return nil, err
	}
	return b.data[b.n:], b.err
}

func (s *Server) batch() *batch { return s.batches.Get().(*batch) }

func (s *Server) reuse(b *batch) {
	if cap(b.data) <= 2*batchSize {
		s.batches.Put(b)
	}
}

// push queues a message of the engine. It returns a kind of ports.Error.
func (c *connection) push(frame ports.Frame) error {
	if c.stream != nil {
		return c.pushToStream(frame)
	}
	return c.pushFrame(frame)
}

func (c *connection) pushFrame(frame ports.Frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closing && !c.blocked && !c.fits(frame) {
		// Full, but perhaps only because frames come faster than the writer
		// does its rounds. The client is slow if the socket takes no more.
		c.mu.Unlock()
		c.flush()
		c.mu.Lock()
	}
	switch {
	case c.closing:
		return ports.ErrGone
	case c.fits(frame):
		c.sendLocked(ws.OpText, frame)
		return nil
	case c.server.config.SlowConsumer == ThrottleSlowConsumer:
		return ports.ErrThrottled
	default:
		c.queue.clear()
		c.closeLocked(ports.CloseTryAgainLater, "slow consumer")
		return ports.ErrGone
	}
}

func (c *connection) fits(frame ports.Frame) bool {
	config := &c.server.config
	return len(c.queue.frames) == 0 ||
		len(c.queue.frames) < config.MaxQueuedFrames && c.queue.bytes+frame.Len() <= config.MaxQueuedBytes
}

func (c *connection) sendLocked(code ws.OpCode, frame ports.Frame) {
	c.queue.add(outgoing{code: code, frame: frame})
	c.schedule()
}

// schedule has the writer flush what waits.
func (c *connection) schedule() {
	if c.blocked || c.scheduled || len(c.queue.frames) == 0 {
		return
	}
	c.scheduled = true
	c.writer.add(c)
}

// answered has what waits go out once a message has been handled: a client that
// waits for an answer does not wait for a writer to rest. While more of its messages
// are handled, their answers share a call.
func (c *connection) answered() {
	if len(c.slots) == 0 && c.isScheduled() {
		c.flush()
	}
}

func (c *connection) isScheduled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.scheduled
}

// flush empties the queue into the socket as far as that goes without blocking.
// What the socket does not take is left to drain.
func (c *connection) flush() {
	c.writing.Lock()
	defer c.writing.Unlock()
	b := c.server.batch()
	defer c.server.reuse(b)
	for c.next(b) {
		rest, err := b.writeTo(c.raw)
		if err != nil {
			c.terminate()
			return
		}
		if len(rest) > 0 {
			c.mu.Lock()
			c.rest = bytes.Clone(rest)
			c.drainLocked()
			c.mu.Unlock()
			return
		}
	}
}

// next fills the batch for flush, unless there is nothing to do for it.
func (c *connection) next(b *batch) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scheduled = false
	if c.blocked || c.emptied() {
		return false
	}
	if c.raw == nil {
		c.drainLocked()
		return false
	}
	b.data = c.queue.moveTo(b.data[:0], batchSize, c.encode)
	return true
}

// emptied says whether nothing waits. With nothing after it, a close frame is
// out.
func (c *connection) emptied() bool {
	if len(c.queue.frames) > 0 || len(c.rest) > 0 {
		return false
	}
	if c.flushed != nil {
		close(c.flushed)
		c.flushed = nil
		if c.stream != nil {
			c.endStream()
		}
	}
	return true
}

// drainLocked has a goroutine empty the queue that may block.
func (c *connection) drainLocked() {
	c.blocked = true
	if c.startLocked() {
		go c.drain()
	}
}

func (c *connection) drain() {
	defer c.server.running.Done()
	b := c.server.batch()
	defer c.server.reuse(b)
	for c.nextBlocking(b) {
		if _, err := c.conn.Write(b.data); err != nil {
			c.terminate()
			return
		}
	}
}

// nextBlocking fills the batch for drain. When nothing waits any more, the
// writer takes over again.
func (c *connection) nextBlocking(b *batch) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	var deadline time.Time
	more := !c.emptied()
	switch {
	case len(c.rest) > 0:
		b.data, c.rest = append(b.data[:0], c.rest...), nil
	case more:
		b.data = c.queue.moveTo(b.data[:0], batchSize, c.encode)
	}
	if more {
		deadline = time.Now().Add(c.server.config.WriteTimeout)
	} else {
		c.blocked = false
	}
	_ = c.conn.SetWriteDeadline(deadline) // fails only when closed, as the write then says
	return more
}

// awaitFlush waits until the close frame is out or the socket is cut.
func (c *connection) awaitFlush(ctx context.Context) {
	c.mu.Lock()
	flushed := c.flushed
	c.mu.Unlock()
	if flushed == nil {
		return
	}
	select {
	case <-flushed:
	case <-ctx.Done():
	}
}
