package fanqltest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"path"
	"sync"

	"github.com/fanql/fanql/internal/protoclient"
	"github.com/fanql/fanql/ports"
)

// router is the federated router of the clients over Callback: what is posted to it
// comes to their inboxes. It answers as Apollo Router and Hive Router do.
type router struct {
	mu            sync.Mutex
	subscriptions map[string]subscription
}

// subscription is one that a router has asked for.
type subscription struct {
	verifier  string
	operation string
	inbox     inbox
}

func newRouter() *router { return &router{subscriptions: map[string]subscription{}} }

func (r *router) add(id string, s subscription) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subscriptions[id] = s
}

func (r *router) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.subscriptions, id)
}

func (r *router) find(id string) (subscription, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.subscriptions[id]
	return s, ok
}

// ServeHTTP takes a message of the callback protocol.
func (r *router) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var m struct {
		Kind, Action, ID, Verifier string
		Payload, Errors            json.RawMessage
	}
	id := path.Base(request.URL.Path)
	s, ok := r.find(id)
	switch err := json.NewDecoder(request.Body).Decode(&m); {
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		return
	case err != nil, m.Kind != "subscription", m.ID != id, request.Method != http.MethodPost,
		request.Header.Get("Content-Type") != "application/json", request.Header.Get("Subscription-Protocol") != "callback/1.0":
		w.WriteHeader(http.StatusBadRequest)
		return
	case m.Verifier != s.verifier:
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch m.Action {
	case "check":
	case "next":
		s.inbox.response(s.operation, m.Payload, "")
	case "complete":
		r.forget(id)
		s.end(m.Errors)
	default:
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// end delivers the end of a subscription, which may be one by errors.
func (s subscription) end(errors json.RawMessage) {
	if errors != nil {
		s.inbox.deliver(incoming{ID: s.operation, Type: protoclient.TypeError, Payload: errors})
		return
	}
	s.inbox.deliver(incoming{ID: s.operation, Type: protoclient.TypeComplete})
}

// callbacks is the link of Callback: the client's side of the router.
type callbacks struct {
	client    *Client
	handshake ports.Handshake
	ids       map[string]string // of subscriptions, by operation
}

func (c *callbacks) router() *router { return c.client.server.host.router }

func (c *callbacks) send(ctx context.Context, message []byte) error {
	m, err := protoclient.Parse(message)
	if err != nil {
		return err
	}
	if m.Type == protoclient.TypeComplete {
		c.router().forget(c.ids[*m.ID])
		return nil
	}
	return c.subscribe(ctx, *m.ID, m.Payload)
}

// settle has nothing to wait for: the router answers once a message is in the inbox.
func (*callbacks) settle(context.Context) error { return nil }

// leave has the router answer 404 from now on, by which the engine learns it.
func (c *callbacks) leave(context.Context) error {
	for _, id := range c.ids {
		c.router().forget(id)
	}
	return nil
}

func (c *callbacks) subscribe(ctx context.Context, operation string, payload []byte) error {
	id := c.client.server.name("subscription")
	s := subscription{verifier: rand.Text(), operation: operation, inbox: c.client.inbox}
	c.router().add(id, s)
	c.ids[operation] = id
	response, err := c.ask(ctx, id, s.verifier, payload)
	if err == nil && string(response) == inPlace {
		return nil
	}
	c.router().forget(id)
	if err == nil && !s.inbox.response(operation, response, "") {
		s.end(nil)
	}
	return err
}

// inPlace is the answer to a subscription that has begun. No query has it, since its data
// is null only with errors.
const inPlace = `{"data":null}`

// ask sends the router's request, and returns the response.
func (c *callbacks) ask(ctx context.Context, id, verifier string, payload []byte) (json.RawMessage, error) {
	var body protoclient.Request
	if err := json.Unmarshal(payload, &body); err != nil {
		return nil, err
	}
	body.Extensions = map[string]any{"subscription": map[string]any{
		"callbackUrl": callbackURL + id, "subscriptionId": id, "verifier": verifier, "heartbeatIntervalMs": 0,
	}}
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := newRequest(ctx, c.handshake, http.MethodPost, data)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json;callbackSpec=1.0")
	l, err := c.client.server.host.dial(ctx, c.handshake.RemoteAddr)
	if err != nil {
		return nil, err
	}
	a, err := l.exchange(ctx, request)
	if err != nil {
		return nil, err
	}
	response, err := l.readAll(ctx, a)
	if err != nil {
		return nil, err
	}
	l.update(func(s *state) { c.client.Address = s.address })
	if a.status != http.StatusOK {
		return nil, refusal(a.status, response)
	}
	return response, nil
}
