package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
)

// dialEvents asks for a stream of events, whose answer it does not wait for.
func dialEvents(ctx context.Context, c *crowd, wanted subscription, number int) (*client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.server.address)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(wanted.payload(number))
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nX-Name: client %d\r\nAccept: text/event-stream\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", c.server.address, number, len(body), body)
	return &client{crowd: c, conn: conn, first: (*client).head}, err
}

// head reads the head of the answer.
func (c *client) head(data []byte) (size int, err error) {
	head, _, found := bytes.Cut(data, []byte("\r\n\r\n"))
	if !found {
		return 0, nil
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
		return 0, fmt.Errorf("the answer is %s", head)
	}
	c.first = (*client).chunk
	return len(head) + 4, nil
}

// chunk handles one chunk of HTTP, which is one event here.
func (c *client) chunk(data []byte) (size int, err error) {
	line, rest, found := bytes.Cut(data, []byte("\r\n"))
	if !found {
		return 0, nil
	}
	length, err := strconv.ParseUint(string(line), 16, 31)
	if err != nil {
		return 0, err
	}
	if len(rest) < int(length)+2 {
		return 0, nil
	}
	size = len(line) + 2 + int(length) + 2
	if event := rest[:length]; event[0] != ':' { // a comment
		if !bytes.HasPrefix(event, []byte("event: next\ndata: ")) || !bytes.HasSuffix(event, []byte("\n\n")) {
			return 0, fmt.Errorf("no result but %q", event)
		}
		return size, c.next(event)
	}
	return size, nil
}
