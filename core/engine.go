package core

import (
	"context"
	"errors"

	"github.com/fanql/fanql/core/internal/delivery"
	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/observe"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/core/internal/session"
	"github.com/fanql/fanql/ports"
)

// Engine runs GraphQL operations for connections that it does not hold. All its
// methods may be called concurrently, those for one connection included, in any
// order and from any number of processes that share the same stores.
type Engine struct {
	// Publisher gives the engine Publish and CloseIdentity.
	*Publisher

	store     ports.Store
	runner    *run.Runner
	peers     *peer.Peers
	handler   *session.Handler
	deliverer *delivery.Deliverer
}

// New makes an engine. It does no I/O. ErrInvalid: a field of Config is missing or
// wrong; the error names it.
func New(config Config) (*Engine, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config.setDefaults()
	publisher, err := NewPublisher(PublisherConfig{
		Bus: config.Bus, Now: config.Now, NewID: config.NewID, Observer: config.Observer,
	})
	if err != nil {
		return nil, err
	}
	calls := hooks.Calls{Hooks: config.Hooks, Logger: config.Logger}
	observation := observe.Observation{Observer: config.Observer}
	runner := run.New(config.run(calls, observation))
	peers := peer.New(config.peer(calls, observation))
	deliverer := delivery.New(config.delivery(runner, peers))
	return &Engine{
		Publisher: publisher,
		store:     config.Store,
		runner:    runner,
		peers:     peers,
		handler:   session.New(config.session(runner, peers, deliverer)),
		deliverer: deliverer,
	}, nil
}

// inside lets user code publish with the engine's publisher.
func (e *Engine) inside(ctx context.Context) context.Context { return WithPublisher(ctx, e.Publisher) }

// Connect decides about a handshake, and on a yes keeps the connection. The
// transport answers the handshake with Accepted.Protocol.
//
// The error is a *ports.Refusal with code 4406 when no subprotocol is offered
// that the engine speaks, another *ports.Refusal when OnConnect refused, and
// otherwise a failure of the hook or the store, which the client does not
// receive. It may be repeated with the same handshake; OnConnect then runs again.
func (e *Engine) Connect(ctx context.Context, handshake ports.Handshake) (ports.Accepted, error) {
	return e.handler.Connect(e.inside(ctx), handshake)
}

// Receive handles one message of a client and returns when that is done: a query
// has its result, a subscription is in place. Replies go through the Pusher.
//
// Messages of one connection may be handled concurrently and in any order;
// Message.ReceivedAt tells what came first. At the deadline of its context an operation
// ends with an error, and a connection_init with a close (1013). A message may be handed over again
// after a failure; a query or mutation that had been executed is executed again.
//
// What the client does wrong gets the answer that its subprotocol demands and is
// no error. The error is a failure of a store or of the pusher that kept the
// engine from answering; the connection is then closed (1013), so that its client
// does not wait for ever.
func (e *Engine) Receive(ctx context.Context, message ports.Message) error {
	return e.handler.Receive(e.inside(ctx), message)
}

// Take is Receive in two steps, for a transport that has a connection's messages in
// their order: Take is called for one after the other, and handle for each of them,
// concurrently. Take does not block. Then the order of the messages holds in every
// respect: an operation ID is in use from the moment its message is taken, nothing more is
// sent for one whose end is taken, and nothing is executed that comes after a message that
// ends the connection. The transport must
// call handle once for each message taken, and Disconnect of the same engine.
func (e *Engine) Take(message ports.Message) (handle func(context.Context) error) {
	inside := e.handler.Take(message)
	return func(ctx context.Context) error { return inside(e.inside(ctx)) }
}

// ExpireInit closes a connection from which no connection_init has come (4408).
// A transport with a timer calls it once its init timeout has passed.
func (e *Engine) ExpireInit(ctx context.Context, address ports.Address) error {
	return e.handler.ExpireInit(e.inside(ctx), address)
}

// KeepAlive is called at intervals by a transport that holds sockets. It extends
// the life of the connection's rows when half of it has passed, and sends the
// legacy protocol's "ka". A connection without a row, and one whose identity has
// ended, is closed.
func (e *Engine) KeepAlive(ctx context.Context, address ports.Address) error {
	return e.handler.KeepAlive(e.inside(ctx), address)
}

// Disconnect is called by the transport once a socket is closed. It removes the
// connection with its operations and runs OnComplete for each of them, then
// OnDisconnect. Repeating it is harmless: the hooks run once.
func (e *Engine) Disconnect(ctx context.Context, disconnection ports.Disconnection) error {
	return e.handler.Disconnect(e.inside(ctx), disconnection)
}

// CloseConnection disconnects a client: it closes the socket with the code and the
// reason (at most 123 bytes of UTF-8), removes the connection with its
// operations, and runs the hooks. Absent is not an error. It may be called from
// any process that has the pusher for the connection. The error is the store's or
// the pusher's; a connection whose socket could not be closed is kept, and the call
// may be repeated.
func (e *Engine) CloseConnection(ctx context.Context, id ports.ConnectionID, code int, reason string) error {
	connection, err := e.store.GetConnection(ctx, id)
	if errors.Is(err, ports.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return e.peers.Close(e.inside(ctx), connection.Address, code, reason)
}

// Execute runs one query or mutation that came without a socket: GraphQL over
// HTTP. What the request did wrong is in the response. The error is a
// *ports.Refusal when OnSubscribe refused, and otherwise a failure of that hook,
// which the client does not receive.
func (e *Engine) Execute(ctx context.Context, request ports.Request) (ports.Response, error) {
	return e.runner.Request(e.inside(ctx), request)
}

// Deliver delivers events to the subscribers of their topics and returns one
// verdict per event: nil when the event is done with, an error when it has to be
// delivered again. It is a ports.DeliverFunc.
//
// Events of one topic are delivered in the order in which they stand; the caller
// must not deliver later events of a topic while earlier ones are under way.
// A subscriber that cannot be reached does not fail an event. Of a topic that keeps its
// events (Keep) it catches up later. Of another one its operation ends with an error
// that asks its client to subscribe again, or its connection is closed; where the
// transport accepts neither, it receives the error later.
//
// A verdict is an error when an event could not be appended to its topic's history, the
// subscribers not be listed, one of them not be put behind, or an identity not be
// disconnected, and for all that comes after such an event in its topic. It is
// ports.ErrUnfinished when the context's deadline came near before all subscribers were
// reached, also because of other topics: delivered again, the events go to the others
// only; and when the transport has accepted nothing from anyone.
func (e *Engine) Deliver(ctx context.Context, events []ports.Event) []error {
	return e.deliverer.Deliver(e.inside(ctx), events)
}
