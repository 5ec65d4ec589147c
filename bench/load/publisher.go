package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/gobwas/ws/wsutil"

	"github.com/fanql/fanql/bench/internal/peer"
)

// publisher is a client that publishes over a socket of its own, an event a message: by
// a mutation, or as a publication of Centrifuge.
type publisher struct {
	conn     net.Conn
	protocol string
}

func dialPublisher(ctx context.Context, address string) (*publisher, error) {
	conn, protocol, err := openSocket(ctx, address, "publisher")
	return &publisher{conn, protocol}, err
}

const mutation = "mutation ($id: ID!, $text: String!, $author: String!, $sentAt: String!) " +
	"{ send(id: $id, text: $text, author: $author, sentAt: $sentAt) { id } }"

// publish publishes n events, numbered from first, one after the answer to the other.
func (p *publisher) publish(first, n int) error {
	for number := first; number < first+n; number++ {
		event := peer.NewMessage(number, strconv.FormatInt(time.Now().UnixNano(), 10))
		id := strconv.Itoa(number)
		message := map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{"query": mutation, "variables": event}}
		answers := []string{`"data":{"send":{"id":"` + event.ID, `"type":"complete"`}
		if p.protocol == centrifugeProtocol {
			message = map[string]any{"id": number, "publish": map[string]any{"channel": centrifugeChannel, "data": event}}
			answers = []string{`{"id":` + id + `,"publish":`}
		}
		if err := sendText(p.conn, message); err != nil {
			return err
		}
		for _, answer := range answers {
			if err := p.await(answer); err != nil {
				return err
			}
		}
	}
	return nil
}

// await reads until an answer, which contains something.
func (p *publisher) await(wanted string) error {
	for {
		answer, err := wsutil.ReadServerText(p.conn)
		switch {
		case err != nil:
			return err
		case string(answer) == "{}":
			err = wsutil.WriteClientText(p.conn, answer)
		case bytes.Contains(answer, []byte(`"type":"ping"`)):
			err = sendText(p.conn, map[string]any{"type": "pong"})
		case !bytes.Contains(answer, []byte(wanted)):
			return fmt.Errorf("no %s but %s", wanted, answer)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}
