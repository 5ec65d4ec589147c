package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/google/uuid"
)

// The subprotocols that clients offer; each server takes the one that it speaks.
const (
	graphqlProtocol    = "graphql-transport-ws"
	centrifugeProtocol = "centrifuge-json"
)

// dialSocket opens a socket and subscribes.
func dialSocket(ctx context.Context, c *crowd, wanted subscription, number int) (*client, error) {
	conn, protocol, err := openSocket(ctx, c.addressOf(number), "client "+strconv.Itoa(number))
	if err != nil {
		return nil, err
	}
	dialed := &client{crowd: c, conn: conn}
	if protocol == centrifugeProtocol {
		return dialed, dialed.subscribeCentrifuge()
	}
	id := uuid.NewString()
	dialed.first = (*client).frame
	dialed.marks = [][]byte{[]byte(`"type":"next"`), []byte(`"id":"` + id + `"`)}
	return dialed, sendText(conn, map[string]any{"type": "subscribe", "id": id, "payload": wanted.payload(number)})
}

// openSocket opens a socket and says who the client is. The server has accepted it.
func openSocket(ctx context.Context, address, name string) (conn net.Conn, protocol string, err error) {
	dialer := ws.Dialer{Protocols: []string{graphqlProtocol, centrifugeProtocol}}
	conn, early, handshake, err := dialer.Dial(ctx, "ws://"+address+"/graphql")
	if err != nil {
		return nil, "", err
	}
	if early != nil {
		return nil, "", errors.New("the server speaks before it is spoken to")
	}
	hello, acknowledged := map[string]any{"type": "connection_init", "payload": map[string]any{"name": name}}, `"connection_ack"`
	if handshake.Protocol == centrifugeProtocol {
		hello, acknowledged = map[string]any{"id": 1, "connect": map[string]any{}}, `"connect"`
	}
	if err := sendText(conn, hello); err != nil {
		return nil, "", err
	}
	answer, err := wsutil.ReadServerText(conn)
	if err == nil && !bytes.Contains(answer, []byte(acknowledged)) {
		err = fmt.Errorf("no %s but %s", acknowledged, answer)
	}
	return conn, handshake.Protocol, err
}

// frame handles the first frame of a socket with GraphQL.
func (c *client) frame(data []byte) (size int, err error) {
	code, payload, size := frame(data)
	if size == 0 {
		return 0, nil
	}
	return size, c.handle(code, payload)
}

func (c *client) handle(code ws.OpCode, message []byte) error {
	switch {
	case code == ws.OpPing:
		return wsutil.WriteClientMessage(c.conn, ws.OpPong, message)
	case code != ws.OpText:
		return fmt.Errorf("a frame with the opcode %#x: %q", code, message)
	case bytes.Contains(message, []byte(`"type":"ping"`)):
		return sendText(c.conn, map[string]any{"type": "pong"})
	case bytes.Contains(message, []byte(`"type":"pong"`)):
		return nil
	}
	return c.next(message)
}
