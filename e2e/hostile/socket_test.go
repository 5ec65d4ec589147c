//go:build e2e

package hostile

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// patience is what anything may take that is about to happen.
const patience = 2 * time.Minute

// socket is a client's connection.
type socket struct {
	net.Conn
	in io.ReadWriter // reads what the handshake left over first
}

// dialer is one machine of many: it has an address of its own, because one
// address has no more than some 28,000 ports.
func dialer(machine int) *net.Dialer {
	address := net.IPv4(127, 0, 1, byte(machine+1))
	return &net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: address}}
}

// dial opens a connection that is cut, not closed, when it is left.
func dial(ctx context.Context, machine int, address string) (*net.TCPConn, error) {
	conn, err := dialer(machine).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	tcp := conn.(*net.TCPConn)
	return tcp, tcp.SetLinger(0)
}

// open opens a WebSocket. Whatever is done on it fails when ctx ends.
func open(ctx context.Context, machine int, address string) (*socket, error) {
	var conn *net.TCPConn
	dialer := ws.Dialer{
		Protocols: []string{"graphql-transport-ws"}, Timeout: patience,
		NetDial: func(ctx context.Context, _, address string) (_ net.Conn, err error) {
			conn, err = dial(ctx, machine, address)
			return conn, err
		},
	}
	_, early, _, err := dialer.Dial(ctx, "ws://"+address+"/graphql")
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	s := &socket{Conn: conn, in: conn}
	if early != nil {
		s.in = bufio.NewReadWriter(early, bufio.NewWriterSize(conn, 0))
	}
	return s, nil
}

// openReady opens a WebSocket and sees its connection_init accepted.
func openReady(ctx context.Context, machine int, address string) (*socket, error) {
	s, err := open(ctx, machine, address)
	if err != nil {
		return nil, err
	}
	if err = s.say(`{"type":"connection_init"}`); err == nil {
		_, err = s.next()
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *socket) say(text string) error { return wsutil.WriteClientText(s.Conn, []byte(text)) }

// next returns the next text message, and answers pings.
func (s *socket) next() ([]byte, error) { return wsutil.ReadServerText(s.in) }

// ask begins an operation.
func (s *socket) ask(id, query, variables string) error {
	return s.request(id, fmt.Sprintf(`{"query":%q,"variables":{%s}}`, query, variables))
}

// request begins the operation that a request in JSON asks for.
func (s *socket) request(id, request string) error {
	return s.say(fmt.Sprintf(`{"type":"subscribe","id":%q,"payload":%s}`, id, request))
}

func (s *socket) subscribe(id string, topic int) error {
	const query = "subscription($topic: String!) { ticks(topic: $topic) { n at text } }"
	return s.ask(id, query, fmt.Sprintf(`"topic":%q`, topicName(topic)))
}

// frame sends one frame as it is given, whatever the protocol says of it.
func (s *socket) frame(code ws.OpCode, final bool, payload []byte) error {
	frame := ws.NewFrame(code, final, payload)
	return ws.WriteFrame(s.Conn, ws.MaskFrameInPlace(frame))
}

// ignore reads what comes and forgets it, until the socket ends.
func (s *socket) ignore() { _, _ = io.Copy(io.Discard, s.in) }
