package main

import (
	"bytes"
	"fmt"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// centrifugeChannel is what the clients of centrifuge subscribe to.
const centrifugeChannel = "message"

// subscribeCentrifuge subscribes by the JSON protocol of Centrifuge.
func (c *client) subscribeCentrifuge() error {
	c.first = (*client).centrifugeFrame
	c.marks = [][]byte{[]byte(`{"push":{"channel":"` + centrifugeChannel + `","pub":`)}
	return sendText(c.conn, map[string]any{"id": 2, "subscribe": map[string]any{"channel": centrifugeChannel}})
}

// centrifugeFrame handles the first frame of a socket of Centrifuge: messages in lines.
func (c *client) centrifugeFrame(data []byte) (size int, err error) {
	code, payload, size := frame(data)
	switch {
	case size == 0:
		return 0, nil
	case code == ws.OpPing:
		return size, wsutil.WriteClientMessage(c.conn, ws.OpPong, payload)
	case code != ws.OpText:
		return size, fmt.Errorf("a frame with the opcode %#x: %q", code, payload)
	}
	for line := range bytes.SplitSeq(payload, []byte("\n")) {
		switch {
		case len(line) == 0, bytes.HasPrefix(line, []byte(`{"id":2,"subscribe":`)):
		case string(line) == "{}": // a ping
			err = wsutil.WriteClientText(c.conn, line)
		default:
			err = c.next(line)
		}
		if err != nil {
			return size, err
		}
	}
	return size, nil
}
