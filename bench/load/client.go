package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// client is one socket, or stream of events, with one subscription. It reads frames by
// hand, so that the load program leaves the machine to the server.
type client struct {
	crowd *crowd
	conn  io.ReadWriteCloser
	// first handles the first frame in what was read; its size is 0 while that is not
	// whole.
	first func(*client, []byte) (size int, err error)
	marks [][]byte // in each of its events
	rest  []byte   // of what was read: the beginning of a frame

	latest    int // event
	latencies []time.Duration
}

// dialFunc opens a connection and subscribes.
type dialFunc func(ctx context.Context, c *crowd, wanted subscription, number int) (*client, error)

// sendText sends a message in JSON.
func sendText(conn io.Writer, message any) error {
	data, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return wsutil.WriteClientText(conn, data)
}

// take handles the frames in what was read.
func (c *client) take(data []byte) error {
	if len(c.rest) > 0 {
		c.rest = append(c.rest, data...)
		data = c.rest
	}
	for {
		size, err := c.first(c, data)
		if err != nil {
			return err
		}
		if size == 0 {
			c.rest = append(c.rest[:0], data...)
			return nil
		}
		data = data[size:]
	}
}

// frame finds the first frame of a server (RFC 6455, section 5.2); its size is 0
// while it is not whole.
func frame(data []byte) (code ws.OpCode, payload []byte, size int) {
	const short, long = 126, 127 // lengths that say where the length is
	if len(data) < 2 {
		return 0, nil, 0
	}
	begin, length := 2, int(data[1])
	switch {
	case length == short && len(data) >= 4:
		begin, length = 4, int(binary.BigEndian.Uint16(data[2:]))
	case length == long && len(data) >= 10:
		begin, length = 10, int(binary.BigEndian.Uint64(data[2:]))
	}
	if len(data) < begin+length {
		return 0, nil, 0
	}
	return ws.OpCode(data[0] & 0x0f), data[begin : begin+length], begin + length
}

// next checks a result and counts it.
func (c *client) next(message []byte) error {
	event, err := number(message, []byte(`"id":"event-`))
	if err != nil {
		return err
	}
	for _, mark := range c.marks {
		if !bytes.Contains(message, mark) {
			return fmt.Errorf("not for this client: no %s in %s", mark, message)
		}
	}
	if c.latest != 0 && event != c.latest+c.crowd.topics {
		return fmt.Errorf("event %d after %d", event, c.latest)
	}
	c.latest = event
	if c.crowd.noting.Load() {
		sent, err := number(message, []byte(`"sentAt":"`))
		if err != nil {
			return err
		}
		c.latencies = append(c.latencies, time.Since(time.Unix(0, int64(sent))))
	}
	c.crowd.reached(event)
	return nil
}

// number reads the digits after a marker.
func number(message, marker []byte) (int, error) {
	_, rest, found := bytes.Cut(message, marker)
	if !found {
		return 0, fmt.Errorf("no %s in %s", marker, message)
	}
	n := 0
	for i := 0; i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
		n = 10*n + int(rest[i]-'0')
	}
	return n, nil
}
