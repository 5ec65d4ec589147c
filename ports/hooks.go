package ports

import (
	"context"
	"encoding/json"
	"time"
)

// Hooks are called at most once per subject: per handshake, connection_init,
// operation, end of operation, end of connection. OnConnect, OnInit and OnSubscribe may
// be called again for a handshake or a message that a transport hands over again, after
// a failure say. Each may be nil. They run inside the call that causes them, may be
// called concurrently, and a panic in one counts as an error that it returned.
//
// A hook refuses by returning a PublicError (core.Public makes one): the client reads
// its message. Any other error stops the step as well, but the client reads
// "internal error", and the error goes to OnError and the log. All but
// OnError may publish: core.Topic.Publish finds the engine's publisher in their context.
type Hooks struct {
	// OnConnect sees the handshake: headers, query, what an authorizer said. The
	// session's state is kept with the connection.
	OnConnect func(ctx context.Context, handshake Handshake) (Session, error)
	// OnInit sees the payload of connection_init (nil where there is none).
	// core.StateAs(ctx) has what OnConnect kept. The session's state, if not nil,
	// replaces it and is what resolvers see.
	OnInit func(ctx context.Context, payload json.RawMessage) (Session, error)
	// OnSubscribe sees every request, of a socket or of HTTP (core.ConnectionFrom
	// tells), before it is parsed, and returns the request to execute.
	OnSubscribe func(ctx context.Context, request Request) (Request, error)
	// OnTooLarge is asked when a result is over what the transport can carry (128 KB
	// on API Gateway), and may return another response in its place: a JSON object
	// with data, say with the ID by which the client can fetch the rest. With nil, or
	// one that is too large as well, the operation ends with an error. In a delivery
	// it may be called several times for an event.
	OnTooLarge func(ctx context.Context, operation OperationRef, response json.RawMessage) (json.RawMessage, error)
	// OnComplete is called once for every operation of a connection that OnSubscribe
	// let begin (without OnSubscribe: that it would have been asked about):
	//
	//	invalid, or refused by the Subscribe resolver     CompletedByError
	//	over a limit, failed, or over its time            CompletedByError
	//	ended by the client, also while being prepared    CompletedByClient
	//	its connection ended, also while being prepared   CompletedByDisconnect
	//	a query or mutation with its result, a topic's
	//	end                                               CompletedByServer
	//
	// It is not called for what OnSubscribe was not asked about or refused itself, nor
	// for requests over HTTP. It may come after OnDisconnect for an operation that was
	// being prepared. A process that dies may leave its calls out.
	//
	// A message that is handed over again while its operation is in place has OnSubscribe
	// called again, and OnComplete not. So a program that has OnSubscribe count up and
	// OnComplete count down keeps a number for each connection (core.ConnectionFrom, and
	// Completed.Operation.Connection), forgets it at zero, and forgets it in
	// OnDisconnect: what was counted twice lasts as long as the connection.
	OnComplete func(ctx context.Context, completed Completed)
	// OnDisconnect is called once at the end of every connection that OnConnect let in.
	OnDisconnect func(ctx context.Context, disconnected Disconnected)
	// FormatError sees every error that a resolver, a Subscribe resolver or an
	// Initial function returned, and may put another in its place, for which the
	// same holds: the client reads what a PublicError says, and of all
	// others "internal error". In a delivery the error may be shown to several
	// clients; ctx is the resolver's.
	FormatError func(ctx context.Context, err error) error
	// OnError is called with failures that no client and no caller receives. What was given
	// up because a client had left is none.
	OnError func(ctx context.Context, err error)
}

// Session is what OnConnect and OnInit decide about a connection.
type Session struct {
	// State is kept with the connection as JSON; resolvers read it with core.StateAs.
	State any
	// Identity is who the client is, at most 1,000 bytes of UTF-8; empty keeps what
	// was said before. CloseIdentity finds all connections that have it.
	Identity string
	// NotAfter is when the identity ends; zero keeps what was said before. Nothing
	// is received from the connection afterwards and nothing is delivered to it: the
	// next message or event closes it (4403), or the next KeepAlive.
	NotAfter time.Time
	// Ack is the payload of connection_ack, a value whose JSON is an object; nil
	// sends none. OnConnect's is not used.
	Ack any
}

// Completed describes an operation that has ended.
type Completed struct {
	Operation OperationRef
	Reason    CompletionReason
}

// CompletionReason says why an operation ended.
type CompletionReason string

// The reasons for the end of an operation.
const (
	// CompletedByClient: the client sent complete, or used the ID again.
	CompletedByClient CompletionReason = "client"
	// CompletedByServer: a query or mutation has its result, or core.Topic.End ended
	// the topic.
	CompletedByServer CompletionReason = "server"
	// CompletedByError: the operation ended with an error message.
	CompletedByError CompletionReason = "error"
	// CompletedByDisconnect: its connection ended.
	CompletedByDisconnect CompletionReason = "disconnect"
)

// Disconnected describes a connection that has ended.
type Disconnected struct {
	Connection Connection
	// Code and Reason are those of the close, as far as they are known.
	Code   int
	Reason string
}
