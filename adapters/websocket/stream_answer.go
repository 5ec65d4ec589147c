package websocket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

// takeOver begins the answer, and returns what the rest is written to: the client's
// connection, or a *response where net/http keeps that. A *ports.Refusal: a middleware
// keeps back what a *response needs.
func (c *connection) takeOver(w http.ResponseWriter, r *http.Request) (conn net.Conn, err error) {
	header := w.Header()
	maps.Copy(header, c.stream.Header)
	header.Del("Content-Length")
	control := http.NewResponseController(w)
	if r.ProtoMajor == 1 {
		if conn, _, err = control.Hijack(); err == nil {
			return conn, c.begin(conn, c.head(r, header))
		}
	}
	if err := c.beginShared(r.Context(), control); err != nil {
		return nil, err
	}
	conn = &response{ResponseWriter: w, control: control, request: r, done: make(chan struct{})}
	return conn, c.begin(conn, c.stream.Format.Begin())
}

// beginShared sends the header. Without deadlines nothing would end a write to a client
// that does not read, and without flushes nothing would arrive.
func (c *connection) beginShared(ctx context.Context, control *http.ResponseController) error {
	err := control.SetWriteDeadline(time.Now().Add(c.server.config.WriteTimeout))
	if err == nil {
		err = control.Flush() // with the status 200
		_ = control.SetWriteDeadline(time.Time{})
	}
	if errors.Is(err, errors.ErrUnsupported) {
		c.server.log(ctx, "a stream was refused: a middleware keeps back SetWriteDeadline or Flush, and has no Unwrap", c, err)
		return &ports.Refusal{Status: http.StatusInternalServerError, Reason: "internal error"}
	}
	return nil // of a client that has left the next write says so
}

func (c *connection) begin(conn net.Conn, data []byte) error {
	_ = conn.SetWriteDeadline(time.Now().Add(c.server.config.WriteTimeout)) // the write says what is wrong
	_, err := conn.Write(data)
	_ = conn.SetWriteDeadline(time.Time{})
	if err != nil {
		_ = conn.Close() // the failed write is what there is to report
	}
	return err
}

// head is the head of an answer on a connection that was taken over, and what the
// answer begins with.
func (c *connection) head(r *http.Request, header http.Header) []byte {
	c.stream.chunked = r.ProtoAtLeast(1, 1)
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var b bytes.Buffer
	if c.stream.chunked {
		// The connection closes after the answer. But where "Connection: close" says so,
		// the fetch of Node.js takes any end for the end of the answer.
		header.Del("Connection")
		header.Set("Keep-Alive", "timeout=0")
		header.Set("Transfer-Encoding", "chunked")
		b.WriteString("HTTP/1.1 200 OK\r\n")
	} else {
		b.WriteString("HTTP/1.0 200 OK\r\n")
	}
	_ = header.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	begin := ports.Frame{Payload: c.stream.Format.Begin()}
	if c.stream.chunked {
		return appendChunk(b.Bytes(), begin)
	}
	return begin.AppendTo(b.Bytes())
}

// response is the connection of a stream that net/http writes to: over HTTP/2, or
// where a middleware does not let go of the connection.
type response struct {
	http.ResponseWriter
	control *http.ResponseController
	request *http.Request

	writing sync.Mutex // held by Write

	mu       sync.Mutex
	isOver   bool          // nothing is written any more
	aborted  bool          // it is over, but not at its end
	returned bool          // net/http has the answer back
	done     chan struct{} // closed when it is over
}

var _ net.Conn = (*response)(nil)

// Read waits for the end of the answer, by the client or by the server.
func (r *response) Read([]byte) (int, error) {
	select {
	case <-r.done:
	case <-r.request.Context().Done():
	}
	return 0, io.EOF
}

// Write writes and flushes.
func (r *response) Write(data []byte) (n int, err error) {
	r.writing.Lock()
	defer r.writing.Unlock()
	if r.over() {
		return 0, net.ErrClosed
	}
	if n, err = r.ResponseWriter.Write(data); err == nil {
		err = r.control.Flush()
	}
	return n, err
}

func (r *response) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.isOver
}

// CloseWrite ends the answer at its end.
func (r *response) CloseWrite() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endLocked()
	return nil
}

// Close ends the answer; what is under way is cut off.
func (r *response) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.isOver || r.returned {
		return nil
	}
	r.aborted = true
	r.endLocked()
	return r.control.SetWriteDeadline(time.Unix(1, 0))
}

func (r *response) endLocked() {
	if !r.isOver {
		r.isOver = true
		close(r.done)
	}
}

// end gives the answer back to net/http, once nobody writes to it, and reports
// whether it was cut off.
func (r *response) end() (aborted bool) {
	_ = r.Close() // if it is not over
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.returned = true
	return r.aborted
}

// SetWriteDeadline implements net.Conn.
func (r *response) SetWriteDeadline(at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.isOver {
		return net.ErrClosed
	}
	return r.control.SetWriteDeadline(at)
}

// SetReadDeadline and SetDeadline are for a connection that is read.
func (r *response) SetReadDeadline(time.Time) error { return nil }
func (r *response) SetDeadline(at time.Time) error  { return r.SetWriteDeadline(at) }
func (r *response) LocalAddr() net.Addr             { return remote(r.request.Host) }
func (r *response) RemoteAddr() net.Addr            { return remote(r.request.RemoteAddr) }

// remote is an address that only has a name.
type remote string

func (remote) Network() string  { return "tcp" }
func (a remote) String() string { return string(a) }
