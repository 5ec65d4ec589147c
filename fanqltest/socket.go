package fanqltest

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/ports"
)

// socket is the link of WebSocket.
type socket struct {
	*line
	inbox   inbox
	writing sync.Mutex
}

// openSocket opens a socket, and returns the subprotocol that was chosen. The error is a
// *ports.Refusal if the handshake was answered so.
func (h *host) openSocket(ctx context.Context, handshake ports.Handshake, in inbox) (*socket, string, error) {
	l, err := h.dial(ctx, handshake.RemoteAddr)
	if err != nil {
		return nil, "", err
	}
	request, err := newRequest(ctx, handshake, http.MethodGet, nil)
	if err != nil {
		return nil, "", err
	}
	key := make([]byte, 16)
	_, _ = rand.Read(key) // never fails
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", "websocket")
	request.Header.Set("Sec-WebSocket-Version", "13")
	request.Header.Set("Sec-WebSocket-Key", base64.StdEncoding.EncodeToString(key))
	request.Header.Set("Sec-WebSocket-Protocol", strings.Join(handshake.Protocols, ", "))
	a, err := l.exchange(ctx, request)
	if err != nil {
		return nil, "", err
	}
	if a.status != http.StatusSwitchingProtocols {
		body, err := l.readAll(ctx, a)
		if err != nil {
			return nil, "", err
		}
		return nil, "", refusal(a.status, body)
	}
	s := &socket{line: l, inbox: in}
	go s.read(a.rest)
	return s, a.header.Get("Sec-WebSocket-Protocol"), nil
}

// read puts messages into the inbox until the socket ends.
func (s *socket) read(reader *bufio.Reader) {
	code, reason := 1006, "" // without a close frame (RFC 6455, section 7.1.5)
	for code == 1006 {
		header, err := ws.ReadHeader(reader)
		if err != nil {
			break
		}
		payload := make([]byte, header.Length)
		if _, err := io.ReadFull(reader, payload); err != nil {
			break
		}
		switch header.OpCode { //nolint:exhaustive // the adapter sends no others
		case ws.OpText:
			s.inbox.put(payload)
			s.update(func(s *state) { s.received++ })
		case ws.OpPing:
			_ = s.write(ws.NewPongFrame(payload)) // a socket that has failed has no more frames either
		case ws.OpClose:
			status, text := ws.ParseCloseFrameData(payload)
			code, reason = int(status), text
			_ = s.write(ws.NewCloseFrame(payload)) // likewise
		}
	}
	_ = s.conn.Close() // it is over either way
	s.inbox.close(code, reason)
	s.update(func(s *state) { s.ended = true })
}

func (s *socket) write(frame ws.Frame) error {
	data, err := ws.CompileFrame(ws.MaskFrame(frame))
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err = s.conn.Write(data)
	return err
}

func (s *socket) send(ctx context.Context, message []byte) error {
	var before int
	s.update(func(state *state) {
		state.asked[string(message)]++
		before = state.asked[string(message)]
	})
	if err := s.writeUntil(ctx, ws.NewTextFrame(message)); err != nil {
		return err
	}
	err := s.await(ctx, func(state *state) bool { return state.ended || state.handled[string(message)] >= before })
	if err != nil {
		return err
	}
	return s.settle(ctx)
}

// writeUntil writes while the context lasts. A socket that the server has closed
// meanwhile is no failure: the inbox says so.
func (s *socket) writeUntil(ctx context.Context, frame ws.Frame) error {
	defer context.AfterFunc(ctx, func() { _ = s.conn.SetWriteDeadline(time.Unix(1, 0)) })()
	err := s.write(frame)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return s.await(ctx, func(state *state) bool { return state.ended })
	}
	return nil
}

func (s *socket) leave(ctx context.Context) error {
	_ = s.writeUntil(ctx, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))
	err := s.await(ctx, func(state *state) bool { return state.disconnected })
	_ = s.conn.Close() // it is over either way
	return err
}
