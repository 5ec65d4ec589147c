package local

import (
	"bufio"
	"context"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// Close codes of RFC 6455, section 7.4.1, and the words that API Gateway has for
// some of them.
const (
	closeNormal      = 1000
	closeGoingAway   = 1001
	closeProtocol    = 1002
	closeUnsupported = 1003
	codeNoStatus     = 1005 // never sent
	codeAbnormal     = 1006 // never sent
	closeInvalid     = 1007
	closeTooBig      = 1009

	noStatus = "Client-side close frame status not set"
	abnormal = "Connection closed abnormally"
)

// connection is one client socket.
type connection struct {
	gateway                   *Gateway
	id                        string
	host, sourceIP, userAgent string
	authorizer                map[string]any
	connectedAt               time.Time

	conn  net.Conn      // nil before the handshake is answered
	queue chan ws.Frame // what is not yet written

	mu         sync.Mutex
	lastActive time.Time
	idle, life *time.Timer
	closed     bool          // nothing more is taken
	closing    chan struct{} // closed with it
	code       int           // of the close frame
	reason     string
}

// attach gives the connection its socket.
func (c *connection) attach(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = conn
	end := func() { c.shut(closeGoingAway, "Going away") }
	c.idle = time.AfterFunc(c.gateway.config.IdleTimeout, end)
	c.life = time.AfterFunc(c.gateway.config.Lifetime, end)
	if c.closed {
		c.limitClosing()
	}
}

// serve is the life of the socket.
func (c *connection) serve(early *bufio.Reader) {
	defer c.gateway.running.Done()
	// Shutdown may lose its patience.
	stop := context.AfterFunc(c.gateway.ctx, func() { _ = c.conn.Close() })
	defer stop()
	var writing sync.WaitGroup
	writing.Go(c.write)
	end := c.read(early)
	c.shut(end.code, end.reason)
	if end.code == codeAbnormal {
		_ = c.conn.Close() // so that the writer stops
	}
	writing.Wait()
	if end.violation {
		c.linger()
	}
	_ = c.conn.Close() // it is over either way
	c.stopTimers()
	c.disconnect(c.ending())
}

// linger waits for the client to end its side. To close a socket with unread
// data on it resets it, and the close frame could be lost with it.
func (c *connection) linger() {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // a courtesy
	}
	_, _ = io.Copy(io.Discard, c.conn) // until CloseTimeout at the latest
}

// disconnect sends the $disconnect event.
func (c *connection) disconnect(code int, reason string) {
	if !c.gateway.config.NoDisconnect {
		_, _ = c.gateway.invoke(c.disconnectEvent(code, reason)) // it logs its failure, and nobody waits for the answer
	}
}

// shut lets nothing more in and queues the close frame after what was posted.
// The first call decides what is sent and what $disconnect says.
func (c *connection) shut(code int, reason string) {
	c.gateway.forget(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	c.code, c.reason = code, reason
	close(c.closing)
	if c.conn != nil {
		c.limitClosing()
	}
}

// limitClosing gives the client CloseTimeout to take what is queued and to answer
// the close frame.
func (c *connection) limitClosing() {
	_ = c.conn.SetDeadline(time.Now().Add(c.gateway.config.CloseTimeout)) // a socket that is gone ends anyway
}

func (c *connection) ending() (code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code, c.reason
}

func (c *connection) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// outcome is what became of a frame that was to be sent.
type outcome int

const (
	queued outcome = iota
	gone
	throttled
)

// send queues a frame.
func (c *connection) send(frame ws.Frame) outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return gone
	}
	select {
	case c.queue <- frame:
		c.activeLocked()
		return queued
	default:
		return throttled
	}
}

// sendText queues a text message.
func (c *connection) sendText(body []byte) outcome { return c.send(ws.NewTextFrame(body)) }

// write sends what is queued until the close frame is out or the socket fails.
func (c *connection) write() {
	for {
		select {
		case frame := <-c.queue:
			if c.writeFrame(frame) != nil {
				return
			}
		case <-c.closing:
			c.writeRest()
			return
		}
	}
}

// writeRest sends what was queued before the close frame, and that.
func (c *connection) writeRest() {
	for {
		select {
		case frame := <-c.queue:
			if c.writeFrame(frame) != nil {
				return
			}
		default:
			_ = c.writeFrame(ws.NewCloseFrame(closeBody(c.ending()))) // the last there is to do
			return
		}
	}
}

// writeFrame sends a frame in one write.
func (c *connection) writeFrame(frame ws.Frame) error {
	compiled, err := ws.CompileFrame(frame)
	if err != nil {
		return err
	}
	_, err = c.conn.Write(compiled)
	return err
}

// closeBody is empty for the codes that no close frame may carry.
func closeBody(code int, reason string) []byte {
	if code == codeNoStatus || code == codeAbnormal {
		return nil
	}
	return ws.NewCloseFrameBody(ws.StatusCode(code), reason) //nolint:gosec // close codes have 16 bits
}
