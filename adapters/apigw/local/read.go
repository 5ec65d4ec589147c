package local

import (
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// ending is the end of a socket as an error of the reader.
type ending struct {
	code   int
	reason string
	// violation: the client may still be sending, and does not know yet.
	violation bool
}

// Error tells the reason.
func (e *ending) Error() string { return e.reason }

// read takes messages until the socket ends, and says how.
func (c *connection) read(source io.Reader) *ending {
	reader := &wsutil.Reader{
		Source:         source,
		State:          ws.StateServerSide,
		MaxFrameSize:   c.gateway.config.FrameLimit,
		MaxMessageSize: c.gateway.config.MessageLimit,
		OnIntermediate: c.control,
	}
	for {
		if err := c.readFrame(reader); err != nil {
			return endingOf(err)
		}
	}
}

// readFrame reads one control frame, or one message with all its frames.
func (c *connection) readFrame(reader *wsutil.Reader) error {
	header, err := reader.NextFrame()
	if err != nil {
		return err
	}
	c.active()
	switch {
	case header.OpCode.IsControl():
		if err := c.control(header, reader); err != nil {
			return err
		}
		return reader.Discard()
	case c.isClosed():
		return reader.Discard()
	case header.OpCode != ws.OpText:
		return &ending{code: closeUnsupported, reason: "Unsupported data", violation: true}
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	if !utf8.Valid(body) {
		return &ending{code: closeInvalid, reason: "Invalid frame payload data", violation: true}
	}
	c.gateway.running.Add(1)                              // the socket counts too, so it is not the first
	go c.receive(c.messageEvent(body), c.gateway.delay()) // with the time of its arrival
	return nil
}

// control handles a ping, a pong or a close frame (RFC 6455, section 5.5).
func (c *connection) control(header ws.Header, body io.Reader) error {
	payload := make([]byte, header.Length)
	if _, err := io.ReadFull(body, payload); err != nil {
		return err
	}
	switch header.OpCode {
	case ws.OpPing:
		c.send(ws.NewPongFrame(payload)) // one that finds the queue full is dropped
	case ws.OpClose:
		return closeFrame(payload)
	}
	return nil
}

// closeFrame is the ending by the client, which is echoed.
func closeFrame(payload []byte) *ending {
	if len(payload) < 2 {
		return &ending{code: codeNoStatus, reason: noStatus}
	}
	return &ending{code: int(binary.BigEndian.Uint16(payload)), reason: string(payload[2:])}
}

// endingOf explains an error of the reader.
func endingOf(err error) *ending {
	var end *ending
	var protocol ws.ProtocolError
	switch {
	case errors.As(err, &end):
		return end
	case errors.Is(err, wsutil.ErrFrameTooLarge), errors.Is(err, wsutil.ErrMessageTooLarge):
		return &ending{code: closeTooBig, reason: "Message too big", violation: true}
	case errors.As(err, &protocol):
		return &ending{code: closeProtocol, reason: protocol.Error(), violation: true}
	}
	return &ending{code: codeAbnormal, reason: abnormal}
}
