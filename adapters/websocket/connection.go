package websocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fanql/fanql/ports"
)

// disconnectTimeout bounds Engine.Disconnect, which runs when there is nobody
// left to wait for it.
const disconnectTimeout = 30 * time.Second

// connection is one client socket or stream, from before its handshake is decided
// until the engine has been called about its end.
type connection struct {
	server   *Server
	engine   Engine
	writer   *writer
	stream   *stream                           // nil for a socket
	encode   func(b []byte, o outgoing) []byte // what waits in the queue
	address  ports.Address
	accepted bool // the engine accepted, so Disconnect is called at the end

	conn *socket         // the client's; nil until open
	raw  syscall.RawConn // nil where a write cannot be tried without blocking

	// What only the reading goroutine uses.
	received time.Time // of the latest message
	messages int
	pace     pace

	slots       chan struct{}         // one for each message being handled
	share       atomic.Pointer[share] // of the connection's identity; nil until it has one
	initialized atomic.Bool           // its connection_init has been accepted
	changed     chan struct{}         // has something when takePlace is to look again

	paused atomic.Bool // the socket is not read for the moment
	active atomic.Bool // the client sent something since the latest ping

	wrote time.Time // when the writer last flushed; only it uses this

	// writing is held while the queue is emptied into the socket. It is taken
	// before mu.
	writing sync.Mutex

	mu     sync.Mutex
	cancel context.CancelFunc
	timer  *time.Timer
	queue  queue
	rest   []byte // of a write that the socket took a part of
	// scheduled: the writer is going to flush. blocked: nothing can be flushed,
	// because there is no socket yet or because drain is waiting for it.
	scheduled, blocked bool
	closing            bool          // nothing more is taken from either side
	finished           bool          // nothing may start any more
	code               int           // as Disconnect tells it
	reason             string        // likewise
	flushed            chan struct{} // made with the close frame, closed when it is out
}

// open gives the connection its socket. What was queued meanwhile goes out.
func (c *connection) open(ctx context.Context, cancel context.CancelFunc, conn net.Conn, early []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel = cancel
	c.conn = &socket{Conn: conn, early: early, active: &c.active, resets: c.stream != nil && !c.stream.chunked}
	c.raw = rawConn(conn)
	c.blocked = false
	c.schedule()
	if c.closing {
		c.limitClosing()
	} else {
		c.startClock(ctx)
	}
}

// serve reads until the socket ends, and tells the engine.
func (c *connection) serve(ctx context.Context, cancel context.CancelFunc) {
	end := endingOf(c.read(ctx))
	if end.code != codeCut {
		c.close(end.code, end.reason)
		c.awaitFlush(ctx)
	}
	if end.violation {
		c.linger()
	}
	c.finish(ctx, cancel)
}

// finish ends what admit began, with or without a socket.
func (c *connection) finish(ctx context.Context, cancel context.CancelFunc) {
	defer c.server.running.Done()
	c.server.release(c)
	c.mu.Lock()
	c.finished = true
	c.stopLocked()
	disconnection := ports.Disconnection{Address: c.address, Code: c.code, Reason: c.reason}
	c.mu.Unlock()
	if c.conn != nil {
		_ = c.conn.Close() // it is over either way
	}
	cancel()
	if !c.accepted {
		return
	}
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), disconnectTimeout)
	defer cancel()
	c.call(ctx, "disconnect failed", func() error { return c.engine.Disconnect(ctx, disconnection) })
}

// terminate cuts the socket off; the reading goroutine notices and finishes.
func (c *connection) terminate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopLocked()
	if c.conn != nil {
		c.conn.cut()
		c.cancel()
	}
}

// stopLocked drops what waits and lets nothing more in.
func (c *connection) stopLocked() {
	c.closing = true
	c.stream.decide()
	c.queue.clear()
	c.rest = nil
	if c.timer != nil {
		c.timer.Stop()
	}
}

// start counts a piece of work that Shutdown waits for, unless it is too late
// for it. The caller calls running.Done.
func (c *connection) start() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.startLocked()
}

func (c *connection) startLocked() bool {
	if c.finished {
		return false
	}
	c.server.running.Add(1)
	return true
}

// call runs one call of the engine and logs what came of it.
func (c *connection) call(ctx context.Context, what string, call func() error) {
	var err error
	func() {
		defer c.recovered(ctx, &err)
		err = call()
	}()
	if err == nil || ctx.Err() != nil || errors.Is(err, errPanic) || errors.Is(err, ports.ErrGone) {
		return
	}
	c.server.log(ctx, what, c, err)
}

// errPanic stands for a panic of the engine, which is logged where it happens.
var errPanic = errors.New("panic in the engine")

// recovered, deferred around a call of the engine, turns a panic into a log
// line and the end of the connection. The line has the panic's type and its
// stack but not its text, which may quote a payload.
func (c *connection) recovered(ctx context.Context, err *error) {
	value := recover()
	if value == nil {
		return
	}
	*err = errPanic
	c.server.log(ctx, "panic in the engine", c, fmt.Errorf("%T\n%s", value, debug.Stack()))
	c.close(codeInternal, "internal error")
}
