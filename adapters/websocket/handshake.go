package websocket

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/ports"
)

// retryAfter is when to ask again, in seconds, where there is no room now or a store
// is away.
const retryAfter = "5"

// handshake answers one request: with a socket, or with the reason why not.
func (s *Server) handshake(engine Engine, w http.ResponseWriter, r *http.Request) {
	if status, problem := checkUpgrade(r); status != 0 {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-WebSocket-Version", "13")
		http.Error(w, problem, status)
		return
	}
	if !s.originAllowed(r) {
		http.Error(w, "this origin may not connect", http.StatusForbidden)
		return
	}
	c, err := s.admit(engine, nil)
	if err != nil {
		w.Header().Set("Retry-After", retryAfter)
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	protocol, err := c.connect(r, protocols(r.Header))
	if err == nil {
		err = c.upgrade(ctx, cancel, w, r, protocol)
	} else {
		refuse(w, err)
	}
	if err != nil {
		c.finish(ctx, cancel)
		return
	}
	go c.serve(ctx, cancel)
}

// connect asks the engine. It returns the subprotocol to answer with.
func (c *connection) connect(r *http.Request, offered []string) (protocol string, err error) {
	defer c.recovered(r.Context(), &err)
	c.received = c.server.config.Now().Round(0)
	ctx, cancel := context.WithTimeout(r.Context(), c.server.config.HandshakeTimeout)
	defer cancel()
	accepted, err := c.engine.Connect(ctx, ports.Handshake{
		Address:    c.address,
		RequestID:  string(c.address.ID),
		ReceivedAt: c.received,
		Protocols:  offered,
		Header:     r.Header,
		Query:      r.URL.Query(),
		RemoteAddr: r.RemoteAddr,
	})
	var refusal *ports.Refusal
	switch {
	case err == nil:
		c.accepted = true
		c.identify(accepted.Identity)
		return accepted.Protocol, nil
	case !errors.As(err, &refusal):
		// A client that has left is no fault of the server's.
		if r.Context().Err() == nil {
			c.server.log(r.Context(), "connect failed", c, err)
		}
	case refusal.Code == ports.CloseSubprotocol: // the one that a client receives over an open socket (graphql-ws, PROTOCOL.md)
		c.close(refusal.Code, refusal.Reason)
		return "", nil
	}
	return "", err
}

// refuse answers a handshake that the engine did not accept.
func refuse(w http.ResponseWriter, err error) {
	var refusal *ports.Refusal
	if !errors.As(err, &refusal) {
		status := http.StatusInternalServerError
		if ports.Unavailable(err) {
			w.Header().Set("Retry-After", retryAfter)
			status = http.StatusServiceUnavailable
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	status := refusal.Status
	if status == 0 {
		status = http.StatusForbidden
	}
	http.Error(w, refusal.Reason, status)
}

// upgrade turns the request into a socket and opens the connection on it.
func (c *connection) upgrade(ctx context.Context, cancel context.CancelFunc, w http.ResponseWriter, r *http.Request, protocol string) error {
	header := http.Header{}
	if protocol != "" {
		header.Set("Sec-WebSocket-Protocol", protocol)
	}
	upgrader := ws.HTTPUpgrader{Timeout: c.server.config.WriteTimeout, Header: header}
	conn, buffered, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		if conn == nil {
			c.server.log(ctx, "upgrade failed", c, err)
			return err
		}
		// The connection was taken over. That the client has left meanwhile, or that its
		// request is refused with a 4xx after all, is no fault of the server's.
		_ = conn.Close()
		return err
	}
	c.open(ctx, cancel, conn, early(buffered.Reader))
	return nil
}

// early returns what the client sent before it had our answer. It is copied,
// because net/http's buffer is larger than most connections ever need.
func early(r *bufio.Reader) []byte {
	if r.Buffered() == 0 {
		return nil
	}
	data := make([]byte, r.Buffered())
	n, _ := r.Read(data) // of what is buffered already: it cannot fail
	return data[:n]
}

// checkUpgrade says what keeps a request from being a WebSocket handshake (RFC
// 6455, section 4.2.1), with the status to answer; 0 when nothing does.
func checkUpgrade(r *http.Request) (status int, problem string) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(r.Header.Get("Sec-WebSocket-Key")))
	switch {
	case !r.ProtoAtLeast(1, 1) || r.ProtoMajor > 1:
		return http.StatusUpgradeRequired, "connect with HTTP/1.1: this endpoint speaks WebSocket"
	case !hasToken(r.Header, "Connection", "upgrade") || !hasToken(r.Header, "Upgrade", "websocket"):
		return http.StatusUpgradeRequired, "connect with a WebSocket client: this endpoint speaks GraphQL over WebSocket, not plain HTTP"
	case r.Method != http.MethodGet:
		return http.StatusBadRequest, "a WebSocket handshake is a GET request"
	case r.ContentLength != 0:
		return http.StatusBadRequest, "a WebSocket handshake has no body"
	case len(r.Header.Values("Sec-WebSocket-Key")) > 1 || len(r.Header.Values("Origin")) > 1 || len(r.Header.Values("Sec-WebSocket-Version")) > 1:
		return http.StatusBadRequest, "a WebSocket handshake has one Sec-WebSocket-Key, one Sec-WebSocket-Version and at most one Origin"
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return http.StatusUpgradeRequired, "only version 13 of the WebSocket protocol is spoken here"
	case err != nil || len(key) != 16:
		return http.StatusBadRequest, "the Sec-WebSocket-Key is missing or not 16 bytes in base64"
	}
	return 0, ""
}

// originAllowed keeps pages of other sites from connecting with the cookies of
// their visitors.
func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	var allowed bool
	if s.config.CheckOrigin != nil {
		allowed = s.config.CheckOrigin(r)
	} else {
		allowed = ports.OriginAllowed(origin, r.Host, s.config.Origins)
	}
	if !allowed {
		s.config.Logger.WarnContext(r.Context(), "a handshake is refused: websocket.Config.Origins has not its origin", "origin", origin, "host", r.Host)
	}
	return allowed
}

// protocols lists the offered subprotocols, from every line of the header.
func protocols(header http.Header) []string { return tokens(header, "Sec-WebSocket-Protocol") }

func hasToken(header http.Header, name, token string) bool {
	for _, t := range tokens(header, name) {
		if strings.EqualFold(t, token) {
			return true
		}
	}
	return false
}

// tokens splits every line of a header at its commas.
func tokens(header http.Header, name string) []string {
	var all []string
	for _, line := range header.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if token := strings.TrimSpace(part); token != "" {
				all = append(all, token)
			}
		}
	}
	return all
}
