package callback

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/fanql/fanql/ports"
)

// Handler serves requests for callbacks, and lets others answer all other requests:
// the handler of graphqlhttp, say. The package documentation says what is answered.
func (c *Callbacks) Handler(engine Engine, others http.Handler) http.Handler {
	return &handler{Callbacks: c, engine: engine, others: others}
}

type handler struct {
	*Callbacks
	engine Engine
	others http.Handler
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !accepts(r.Header) || !isJSON(r.Header) {
		h.others.ServeHTTP(w, r)
		return
	}
	body, err := ports.ReadBody(w, r, int64(h.config.MaxBodyBytes))
	if err != nil {
		refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is over %d bytes, or has not come whole", h.config.MaxBodyBytes)).write(w)
		return
	}
	asked, err := parse(body)
	switch {
	case err != nil:
		refuse(http.StatusBadRequest, err.Error()).write(w)
	case asked.subscription == nil: // a query, of a router that asks for callbacks always
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.others.ServeHTTP(w, r)
	default:
		h.serve(r, asked).write(w)
	}
}

// serve opens a connection for the subscription, and closes it unless the subscription
// is in place.
func (h *handler) serve(r *http.Request, asked asked) answer {
	to, refused := h.target(asked.subscription)
	if refused != nil {
		h.config.Logger.WarnContext(r.Context(), "a request for callbacks was refused",
			slog.String("reason", refused.reason), slog.String("remote", r.RemoteAddr))
		return *refused
	}
	address := to.address()
	// What comes again while it is being put in place waits, and then takes its place.
	done, err := h.requests.take(r.Context(), address.ID)
	if err != nil {
		return h.refusal(r.Context(), err)
	}
	defer done()
	if err := h.connect(r, address); err != nil {
		return h.refusal(r.Context(), err)
	}
	given, inPlace := h.open(r.Context(), to, address, asked.operation)
	if !inPlace {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), cleanUpTimeout)
		defer cancel()
		if err := h.engine.Disconnect(ctx, ports.Disconnection{Address: address}); err != nil {
			h.config.Logger.ErrorContext(ctx, "removing a connection", slog.String("connection", string(address.ID)), slog.Any("error", err))
		}
	}
	return given
}

// cleanUpTimeout bounds work that has to be done although the router has left.
const cleanUpTimeout = 5 * time.Second

// target is where the subscription's results go to, if they may.
func (h *handler) target(s *subscription) (target, *answer) {
	u, err := h.check(s.CallbackURL, s.SubscriptionID)
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, errNotAllowed) {
			status = http.StatusForbidden
		}
		refused := refuse(status, "extensions.subscription: "+err.Error())
		return target{}, &refused
	}
	heartbeat := time.Duration(s.HeartbeatIntervalMs) * time.Millisecond
	switch {
	case heartbeat > 0 && h.config.NoHeartbeats:
		refused := refuse(http.StatusBadRequest, "heartbeats are not sent here: turn them off in the router (heartbeatIntervalMs 0)")
		return target{}, &refused
	case heartbeat > 0 && heartbeat < h.config.MinHeartbeat:
		refused := refuse(http.StatusBadRequest, fmt.Sprintf("extensions.subscription.heartbeatIntervalMs must be 0, or %d at least", h.config.MinHeartbeat.Milliseconds()))
		return target{}, &refused
	}
	return target{url: u, id: s.SubscriptionID, verifier: s.Verifier, heartbeat: heartbeat}, nil
}

// connect opens the connection. One that is there is of the same router, which has
// begun anew: routers derive IDs and verifiers from requests.
func (h *handler) connect(r *http.Request, address ports.Address) error {
	const attempts = 3
	for attempt := 1; ; attempt++ {
		_, err := h.engine.Connect(r.Context(), ports.Handshake{
			Address: address, RequestID: rand.Text(), ReceivedAt: h.config.Now(), Callback: true,
			Header: r.Header, Query: r.URL.Query(), RemoteAddr: r.RemoteAddr,
		})
		if !errors.Is(err, ports.ErrConflict) || attempt == attempts {
			return err
		}
		if err := h.engine.Disconnect(r.Context(), ports.Disconnection{Address: address}); err != nil {
			return err
		}
	}
}

// open asks the router whether it knows the subscription, and has the engine put it in
// place.
func (h *handler) open(ctx context.Context, to target, address ports.Address, o operation) (_ answer, inPlace bool) {
	if err := h.verify(ctx, to, address); err != nil {
		return h.unverified(ctx, address, err), false
	}
	subscribe, err := subscribeMessage(to.id, o)
	if err != nil {
		return refuse(http.StatusBadRequest, "the request is not JSON"), false
	}
	captured := &capture{connection: address.ID}
	receiving := withCapture(ctx, captured)
	for _, data := range [][]byte{[]byte(`{"type":"connection_init"}`), subscribe} {
		err := h.engine.Receive(receiving, ports.Message{Address: address, RequestID: rand.Text(), ReceivedAt: h.config.Now(), Data: data})
		if given, decided := captured.answer(); decided {
			return given, false
		}
		if err != nil {
			return h.refusal(ctx, err), false
		}
	}
	captured.end()
	for _, m := range captured.messages { // first results, which a router takes before the answer too
		if err := h.send(ctx, "callback.Push", address, m); err != nil {
			return h.unverified(ctx, address, err), false
		}
	}
	return accepted(), true
}

// verify posts the check that begins a subscription, and again where the network fails.
func (h *handler) verify(ctx context.Context, to target, address ports.Address) error {
	const attempts, rest = 3, 100 * time.Millisecond
	for attempt := 1; ; attempt++ {
		done, err := h.turns.take(ctx, address.ID)
		if err != nil {
			return err
		}
		// Whatever has failed before: the router has just shown that it lives.
		err = h.outcome(ctx, "callback.Check", address, to.url.Scheme+"://"+to.url.Host, h.post(ctx, to, message{action: check}))
		done()
		if err == nil || attempt == attempts || errors.Is(err, ports.ErrGone) || errors.Is(err, errPrivate) {
			return err
		}
		select {
		case <-time.After(rest << attempt):
		case <-ctx.Done():
			return err
		}
	}
}

// unverified is the answer where the router, or what is at the callback URL, did not
// take a post. What went wrong there is not for everybody who can send a request.
func (h *handler) unverified(ctx context.Context, address ports.Address, err error) answer {
	h.config.Logger.WarnContext(ctx, "a callback did not answer", slog.String("connection", string(address.ID)), slog.Any("error", err))
	return refuse(http.StatusBadRequest, "the callback URL did not accept the message")
}

// refusal is the answer to an error of the engine.
func (h *handler) refusal(ctx context.Context, err error) answer {
	if refusal, ok := errors.AsType[*ports.Refusal](err); ok {
		status := refusal.Status
		if status < 400 || status > 599 {
			status = http.StatusForbidden
		}
		return refuseWith(status, ports.ResponseError{
			Message: cmp.Or(refusal.Reason, http.StatusText(status), "refused"), Extensions: refusal.Extensions,
		})
	}
	if !errors.Is(ctx.Err(), context.Canceled) {
		h.config.Logger.ErrorContext(ctx, "a request for callbacks failed", slog.Any("error", err))
	}
	if ports.Unavailable(err) {
		return refuse(http.StatusServiceUnavailable, "Try again later")
	}
	return refuse(http.StatusInternalServerError, "internal error")
}

// answer is the answer to a router's request.
type answer struct {
	status int
	body   []byte
	reason string // for the log; empty where the body is the engine's
}

func refuse(status int, reason string) answer {
	return refuseWith(status, ports.ResponseError{Message: reason})
}

func refuseWith(status int, e ports.ResponseError) answer {
	return answer{status, append(ports.ResponseErrors{e}.AppendJSON([]byte(`{"errors":`)), '}'), e.Message}
}

// accepted says that the subscription is in place. Hive Gateway takes anything but
// null for the end.
func accepted() answer { return answer{status: http.StatusOK, body: []byte(`{"data":null}`)} }

// answer is the answer that the engine has given. False: the operation goes on.
func (c *capture) answer() (_ answer, decided bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return refuse(statusOf(c.code), cmp.Or(c.reason, "refused")), true
	}
	for i, m := range c.messages {
		switch {
		case m.action == complete && m.payload != nil: // a request error is 200 in application/json
			return answer{status: http.StatusOK, body: append(append([]byte(`{"errors":`), m.payload...), '}')}, true
		case m.action == complete && i > 0: // a query or mutation, with its result before
			return answer{status: http.StatusOK, body: c.messages[i-1].payload}, true
		case m.action == complete:
			return refuse(http.StatusBadRequest, "the subscription has ended"), true
		}
	}
	return answer{}, false
}

// statusOf is the HTTP status for a close code.
func statusOf(code int) int {
	switch code {
	case ports.CloseUnauthorized:
		return http.StatusUnauthorized
	case ports.CloseForbidden:
		return http.StatusForbidden
	case ports.CloseTryAgainLater, ports.CloseGoingAway:
		return http.StatusServiceUnavailable
	case ports.CloseTooBig:
		return http.StatusRequestEntityTooLarge
	case ports.ClosePolicy:
		return http.StatusTooManyRequests
	default:
		return http.StatusBadRequest
	}
}

func (a answer) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the only failure is a router that has left
}
