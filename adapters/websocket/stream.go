package websocket

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/ports"
)

// maxAfterRequest is how much a client may send after the request that a stream
// answers. Nothing of it is looked at.
const maxAfterRequest = 64 << 10

// Streams holds streams for one engine among the sockets of a Server.
type Streams struct {
	server *Server
	engine Engine
}

// Streams returns what holds streams for engine. It may be called more than once.
//
// A stream is a connection of the engine and of the server like a socket: the
// settings of Config bound it, Push, Close and Connections know it, and Shutdown
// closes it in its turn.
func (s *Server) Streams(engine Engine) *Streams { return &Streams{server: s, engine: engine} }

// Hold answers a request with a stream, whose one operation the engine is given as a
// subscribe message after a connection_init. It returns once the stream is open, if
// the connection could be taken over from net/http (HTTP/1.1), and otherwise once it
// has ended; then it panics with http.ErrAbortHandler where the stream was cut off.
//
// The error is a *ports.Refusal, and then nothing is answered yet: 403 for the origin
// of a page, 503 with a Retry-After where there is no room or a store is away or full,
// the status with which the engine refused the handshake, or that of the code with which it refused
// connection_init, 500 where w has no deadlines or flushes (http.ResponseController) and
// cannot be taken over: http.TimeoutHandler's, say.
//
// A stream ends after its operation, by its format's End. If the server closes it
// with a code after which clients come back (ports.MayReconnect), it is cut off, since
// clients take every other end for the end of the operation; after other codes it has
// Refused and End.
func (h *Streams) Hold(w http.ResponseWriter, r *http.Request, what ports.Stream) error {
	s := h.server
	if !s.originAllowed(r) {
		return &ports.Refusal{Status: http.StatusForbidden, Reason: "pages of this origin may not connect"}
	}
	c, err := s.admit(h.engine, newStream(what))
	if err != nil {
		return unavailable(w, err.Error())
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	if err := c.beginStream(ctx, cancel, w, r); err != nil {
		c.finish(ctx, cancel)
		return err
	}
	conn, err := c.takeOver(w, r)
	answer, shared := conn.(*response)
	if err != nil { // the client has left, unless it is a refusal
		c.finish(ctx, cancel)
		if refusal, ok := errors.AsType[*ports.Refusal](err); ok {
			return refusal
		}
	} else {
		c.open(ctx, cancel, conn, nil)
		c.requestOperation(ctx)
		if !shared {
			go c.serveStream(ctx, cancel)
			return nil
		}
		c.serveStream(ctx, cancel)
	}
	if shared && answer.end() {
		panic(http.ErrAbortHandler) //nolint:forbidigo // the way to have net/http cut an answer off
	}
	return nil
}

func unavailable(w http.ResponseWriter, reason string) error {
	w.Header().Set("Retry-After", retryAfter)
	return &ports.Refusal{Status: http.StatusServiceUnavailable, Reason: reason}
}

// beginStream asks the engine about the handshake, and does what connection_init does
// on a socket. The client may leave meanwhile.
func (c *connection) beginStream(ctx context.Context, cancel context.CancelFunc, w http.ResponseWriter, r *http.Request) error {
	defer context.AfterFunc(r.Context(), cancel)() //nolint:contextcheck // ctx outlives the request, but not before the answer
	limit := time.AfterFunc(c.server.config.HandshakeTimeout, cancel)
	defer limit.Stop()
	if _, err := c.connect(r, []string{streamProtocol}); err != nil {
		if refusal, ok := errors.AsType[*ports.Refusal](err); ok {
			return refusal
		}
		if ports.Unavailable(err) {
			return unavailable(w, "Try again later") // it is logged
		}
		return &ports.Refusal{Status: http.StatusInternalServerError, Reason: "internal error"} // likewise
	}
	if c.dispatch(ctx, c.stream.initMessage()) == nil {
		select {
		case <-c.stream.decided:
		case <-ctx.Done():
		}
	}
	return c.decision(w)
}

// decision is nil if connection_init was acknowledged and the connection is open.
func (c *connection) decision(w http.ResponseWriter) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing && !ports.MayReconnect(c.code):
		return &ports.Refusal{Status: statusOf(c.code), Reason: c.reason}
	case c.closing && c.reason != "":
		return unavailable(w, c.reason)
	case c.closing, !c.stream.acknowledged:
		return unavailable(w, "not decided in time")
	}
	return nil
}

// statusOf is the HTTP status that is nearest to a close code.
func statusOf(code int) int {
	switch {
	case code >= 4400 && code <= 4499: // made of the statuses
		return code - 4000
	case code == ports.ClosePolicy:
		return http.StatusTooManyRequests
	case code == ports.CloseTooBig:
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusInternalServerError
}

// requestOperation hands the stream's operation to the engine, once there is a place
// for it.
func (c *connection) requestOperation(ctx context.Context) {
	if !c.start() {
		return
	}
	go func() {
		defer c.server.running.Done()
		message := c.stream.subscribeMessage()
		c.stream.forgetRequest()
		_ = c.dispatch(ctx, message) // fails only when the stream has ended
	}()
}

// serveStream waits for the end of the stream, and tells the engine.
func (c *connection) serveStream(ctx context.Context, cancel context.CancelFunc) {
	// Nearly always nothing comes, so the buffer is small.
	for left, buffer := maxAfterRequest, make([]byte, 128); left > 0; {
		n, err := c.conn.Read(buffer)
		if err != nil {
			break
		}
		left -= n
	}
	c.finish(ctx, cancel)
}

// pushToStream queues a message of the engine as the stream has it.
func (c *connection) pushToStream(frame ports.Frame) error {
	if c.isClosing() {
		return ports.ErrGone
	}
	kind, payload := readAnswer(frame)
	switch kind {
	case acknowledgement:
		c.acknowledge()
	case next:
		return c.pushFrame(c.stream.Format.Next(payload))
	case failure:
		if err := c.pushFrame(c.stream.Format.Errors(payload)); err != nil {
			return err
		}
		c.close(ports.CloseNormal, "")
	case completion:
		c.close(ports.CloseNormal, "")
	case other: // a ping: a stream has no answer
	}
	return nil
}

func (c *connection) acknowledge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stream.acknowledged = true
	c.stream.decide()
}

// closeStream queues the end of a stream. The caller holds mu.
func (c *connection) closeStream() {
	c.stream.decide()
	c.sendLocked(ws.OpClose, c.stream.ending(c.code, c.reason))
}

// endStream ends the connection of a stream, after all that was queued. The caller
// holds mu.
func (c *connection) endStream() {
	if c.stream.cut {
		c.conn.cut()
		return
	}
	c.conn.endWriting()
}
