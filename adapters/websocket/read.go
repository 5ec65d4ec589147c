package websocket

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/fanql/fanql/ports"
)

const (
	// readBuffer holds most of what clients send; longer messages pass it by.
	readBuffer = 1 << 10
	// firstRead is the most that a frame's announced length reserves.
	firstRead = 4 << 10
)

// ending is why reading ended: the client's close frame, a violation of ours or
// the protocol's rules, or a socket that was cut.
type ending struct {
	code      int // to close with; codeCut when there is nobody to tell
	reason    string
	violation bool // the client may still be sending
}

// Error makes an ending something that a read can fail with.
func (e *ending) Error() string { return e.reason }

// read hands the client's messages to the engine until the socket ends.
func (c *connection) read(ctx context.Context) error {
	buffered := bufio.NewReaderSize(c.conn, readBuffer)
	reader := c.newReader(ctx, buffered)
	for {
		if _, err := buffered.Peek(1); err != nil {
			return err
		}
		c.conn.beginMessage(c.server.config.ReadTimeout)
		err := c.readFrame(ctx, reader)
		c.conn.endMessage()
		if err != nil {
			return err
		}
	}
}

func (c *connection) newReader(ctx context.Context, buffered *bufio.Reader) *wsutil.Reader {
	reader := wsutil.NewServerSideReader(buffered)
	reader.MaxMessageSize = int64(c.server.config.MaxMessageBytes)
	reader.OnIntermediate = func(header ws.Header, body io.Reader) error {
		if err := c.keepPace(ctx); err != nil {
			return err
		}
		return c.answer(header, body)
	}
	reader.OnContinuation = func(ws.Header, io.Reader) error { return c.keepPace(ctx) }
	return reader
}

// readFrame reads one control frame, or one message with all its frames.
func (c *connection) readFrame(ctx context.Context, reader *wsutil.Reader) error {
	header, err := reader.NextFrame()
	if err == nil {
		err = c.keepPace(ctx)
	}
	switch {
	case err != nil:
		return err
	case header.OpCode.IsControl():
		if err := c.answer(header, reader); err != nil {
			return err
		}
		return reader.Discard()
	case c.isClosing():
		return reader.Discard()
	case header.OpCode != ws.OpText:
		return &ending{code: codeUnsupported, reason: "only text messages are understood", violation: true}
	}
	data, err := readMessage(reader, header.Length)
	if err != nil {
		return err
	}
	if !utf8.Valid(data) {
		return &ending{code: codeInvalidData, reason: "a text message is not UTF-8", violation: true}
	}
	return c.dispatch(ctx, data)
}

// readMessage reads to the end of the message. What it reserves grows with what
// has come, not with what the client says will come.
func readMessage(reader io.Reader, length int64) ([]byte, error) {
	data := make([]byte, 0, min(length, firstRead)+1) // one more, to meet the end without growing
	for {
		n, err := reader.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, err
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

// answer handles a ping, a pong or a close frame (RFC 6455, section 5.5).
func (c *connection) answer(header ws.Header, body io.Reader) error {
	payload := make([]byte, header.Length)
	if _, err := io.ReadFull(body, payload); err != nil {
		return err
	}
	switch header.OpCode {
	case ws.OpPing:
		c.control(ws.OpPong, payload)
	case ws.OpClose:
		return closeFrame(payload)
	}
	return nil // a pong: that it came is all there is to it
}

// closeFrame turns the payload of a close frame into the ending that echoes it.
func closeFrame(payload []byte) *ending {
	if len(payload) == 0 {
		return &ending{}
	}
	if len(payload) == 1 || !sendable(int(binary.BigEndian.Uint16(payload))) || !utf8.Valid(payload[2:]) {
		return &ending{code: codeProtocol, reason: "malformed close frame", violation: true}
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
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &ending{code: ports.ClosePolicy, reason: "message not received in time", violation: true}
	case errors.Is(err, wsutil.ErrMessageTooLarge):
		return &ending{code: ports.CloseTooBig, reason: "message too big", violation: true}
	case errors.As(err, &protocol):
		return &ending{code: codeProtocol, reason: protocol.Error(), violation: true}
	case errors.Is(err, ws.ErrHeaderLengthMSB), errors.Is(err, ws.ErrHeaderLengthUnexpected):
		return &ending{code: codeProtocol, reason: "malformed frame length", violation: true}
	}
	return &ending{code: codeCut}
}

// dispatch hands a message to the engine, in a goroutine of its own so that a
// long query does not hold up a ping. It waits for a place: see takePlaces.
func (c *connection) dispatch(ctx context.Context, data []byte) error {
	places, err := c.takePlaces(ctx)
	if err != nil {
		return err
	}
	c.messages++
	c.received = c.after(c.received)
	c.server.running.Add(1) // the connection counts too, so it is not the first
	handle := c.take(ctx, ports.Message{
		Address:    c.address,
		RequestID:  string(c.address.ID) + "/" + strconv.Itoa(c.messages),
		ReceivedAt: c.received,
		KeptAlive:  true,
		Identified: c.identified,
		ReadOnly:   c.stream != nil && c.stream.ReadOnly,
		Data:       data,
	})
	go c.handle(ctx, handle, places)
	return nil
}

// take never returns nil: after a panic of the engine there is nothing to handle.
func (c *connection) take(ctx context.Context, message ports.Message) (handle func(context.Context) error) {
	handle = func(context.Context) error { return nil }
	c.call(ctx, "taking a message failed", func() error {
		handle = c.engine.Take(message)
		return nil
	})
	return handle
}

func (c *connection) handle(ctx context.Context, handle func(context.Context) error, taken places) {
	defer c.server.running.Done()
	defer c.answered()
	defer c.release(taken)
	limited, cancel := context.WithTimeout(ctx, c.server.config.HandleTimeout)
	defer cancel()
	c.call(ctx, "handling a message failed", func() error { return handle(limited) })
}

// after is the time now, or just after the time before where the clock has not
// moved on: two messages never have the same.
func (c *connection) after(before time.Time) time.Time {
	now := c.server.config.Now().Round(0) // the wall clock alone, which is what stores compare
	if now.After(before) {
		return now
	}
	return before.Add(time.Nanosecond)
}

func (c *connection) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}
