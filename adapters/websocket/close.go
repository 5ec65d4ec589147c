package websocket

import (
	"encoding/binary"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/ports"
)

// Close codes that the server itself sends, beside those of package ports (RFC 6455,
// section 7.4.1).
const (
	codeProtocol    = 1002
	codeUnsupported = 1003
	codeNoStatus    = 1005
	codeInvalidData = 1007
	codeInternal    = 1011
)

// codeCut says that a socket ended without a close frame. It is never sent.
const codeCut = -1

// maxReason is what a control frame has room for beside the code.
const maxReason = ws.MaxControlFramePayloadSize - 2

// close queues the close frame after what waits. The first call decides what
// is sent and what the engine receives; from then on nothing is taken from
// either side, and the socket has CloseTimeout left.
func (c *connection) close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked(code, reason)
}

func (c *connection) closeLocked(code int, reason string) {
	if c.closing {
		return
	}
	c.closing = true
	c.code, c.reason = wireCode(code), wireReason(reason)
	c.flushed = make(chan struct{})
	if c.stream != nil {
		c.closeStream()
	} else {
		c.sendLocked(ws.OpClose, ports.Frame{Payload: closeBody(c.code, c.reason)})
	}
	if c.conn != nil {
		c.limitClosing()
	}
}

// limitClosing gives the client CloseTimeout to answer the close frame.
func (c *connection) limitClosing() {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.timer = time.AfterFunc(c.server.config.CloseTimeout, c.terminate)
}

// linger ends our side and waits for the client to end its own. To close a
// socket with unread data on it resets it, and the close frame could be lost
// with it. The timer that close set ends the wait.
func (c *connection) linger() {
	c.conn.endWriting()
	_, _ = io.Copy(io.Discard, c.conn)
}

// closeBody encodes the payload of a close frame; code 0 leaves it empty.
func closeBody(code int, reason string) []byte {
	if code == 0 {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...) //nolint:gosec // a wireCode
}

// wireCode replaces what no close frame may carry; 0 is for a frame without a
// code.
func wireCode(code int) int {
	switch {
	case code == 0 || code == codeNoStatus:
		return 0
	case sendable(code):
		return code
	default:
		return codeInternal
	}
}

// sendable says whether a close frame may carry the code (RFC 6455, section
// 7.4, and the codes that IANA has registered since).
func sendable(code int) bool {
	switch code {
	case 1004, 1005, 1006:
		return false
	}
	return 1000 <= code && code <= 1014 || 3000 <= code && code <= 4999
}

// wireReason cuts a reason to what fits, between characters.
func wireReason(reason string) string {
	reason = strings.ToValidUTF8(reason, "\uFFFD")
	if len(reason) <= maxReason {
		return reason
	}
	end := maxReason
	for !utf8.RuneStart(reason[end]) {
		end--
	}
	return reason[:end]
}
