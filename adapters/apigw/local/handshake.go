package local

import (
	"encoding/json"
	"net/http"

	"github.com/gobwas/ws"
)

// handshake lets the authorizer and $connect decide, and then opens the socket.
func (g *Gateway) handshake(w http.ResponseWriter, r *http.Request) {
	requestID := newID()
	if r.Header.Get("Sec-WebSocket-Key") == "" {
		w.Header().Set("Upgrade", "websocket")
		answerError(w, http.StatusUpgradeRequired, "", "Upgrade Required", requestID)
		return
	}
	if !g.admit() {
		answerError(w, http.StatusServiceUnavailable, "", "Service Unavailable", requestID)
		return
	}
	defer g.running.Done()
	c := g.newConnection(r)
	if g.config.Authorizer != nil {
		authorizer, ok := g.config.Authorizer(r)
		if !ok {
			answerError(w, http.StatusForbidden, "ForbiddenException", "Forbidden", requestID)
			return
		}
		c.authorizer = authorizerContext(authorizer)
	}
	response, err := g.invoke(c.connectEvent(r)) //nolint:contextcheck // an invocation outlives its request, as on AWS
	switch {
	case err != nil:
		answerError(w, http.StatusInternalServerError, "InternalServerErrorException", internalServerError, requestID)
	case response.StatusCode < 200 || response.StatusCode > 299:
		http.Error(w, response.Body, max(response.StatusCode, 400))
	default:
		g.open(w, r, c, response.Headers)
	}
}

// open upgrades the request. What is posted meanwhile waits. The headers that
// $connect answered go along, of which Sec-WebSocket-Protocol is the one that
// matters.
func (g *Gateway) open(w http.ResponseWriter, r *http.Request, c *connection, headers map[string]string) {
	header := http.Header{}
	for name, value := range headers {
		header.Set(name, value)
	}
	g.register(c)
	upgrader := ws.HTTPUpgrader{Header: header}
	conn, buffered, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		g.config.Logger.ErrorContext(r.Context(), "upgrade failed", "connection", c.id, "error", err)
		if conn != nil {
			_ = conn.Close() // the failed upgrade is what there is to report
		}
		c.shut(codeAbnormal, abnormal)
		c.disconnect(c.ending()) //nolint:contextcheck // likewise
		return
	}
	c.attach(conn)
	g.running.Add(1)            // the handshake counts too, so it is not the first
	go c.serve(buffered.Reader) //nolint:contextcheck // likewise, and so does the socket
}

func (g *Gateway) newConnection(r *http.Request) *connection {
	now := g.config.Now()
	return &connection{
		gateway:     g,
		id:          newID(),
		host:        r.Host,
		sourceIP:    sourceIP(r),
		userAgent:   r.UserAgent(),
		connectedAt: now,
		lastActive:  now,
		queue:       make(chan ws.Frame, g.config.QueuedPosts),
		closing:     make(chan struct{}),
	}
}

// answerError is an error answer of API Gateway.
func answerError(w http.ResponseWriter, status int, code, message, requestID string) {
	header := w.Header()
	header.Set("X-Amzn-Requestid", requestID)
	if code != "" {
		header.Set("X-Amzn-Errortype", code)
	}
	if message == "" { // as 410 has it
		w.WriteHeader(status)
		return
	}
	body, _ := json.Marshal(struct { // strings always have a JSON
		Message   string `json:"message"`
		RequestID string `json:"requestId"`
	}{message, requestID})
	header.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may have left
}
