package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fanql/fanql/ports"
)

// Hooks are called at most once per subject: per handshake, connection_init,
// operation, end of operation, end of connection. Each may be nil. They run
// inside the call that causes them, may be called concurrently, and a panic in
// one counts as an error that it returned.
//
// A hook refuses by returning Refuse(reason) or Public(message): the client reads
// the reason. Any other error stops the step as well, but the client is only told
// that something went wrong, and the error goes to OnError and the log. All but
// OnError may publish: Topic.Publish finds the engine's publisher in their context.
type Hooks struct {
	// OnConnect sees the handshake: headers, query, what an authorizer said. The
	// session's state is kept with the connection.
	OnConnect func(ctx context.Context, handshake ports.Handshake) (Session, error)
	// OnInit sees the payload of connection_init (nil where there is none).
	// StateAs(ctx) has what OnConnect kept. The session's state, if not nil,
	// replaces it and is what resolvers see.
	OnInit func(ctx context.Context, payload json.RawMessage) (Session, error)
	// OnSubscribe sees every request, of a socket or of HTTP (ConnectionFrom
	// tells), before it is parsed, and returns the request to execute.
	OnSubscribe func(ctx context.Context, request ports.Request) (ports.Request, error)
	// OnTooLarge is asked when a result is over what the transport can carry (128 KB
	// on API Gateway), and may return another response in its place: a JSON object
	// with data, say with the ID by which the client can fetch the rest. With nil, or
	// one that is too large as well, the operation ends with an error. In a delivery
	// it may be called several times for an event.
	OnTooLarge func(ctx context.Context, operation ports.OperationRef, response json.RawMessage) (json.RawMessage, error)
	// OnComplete hears of the end of every operation of a connection.
	OnComplete func(ctx context.Context, completed Completed)
	// OnDisconnect hears of the end of every connection that OnConnect let in.
	OnDisconnect func(ctx context.Context, disconnected Disconnected)
	// FormatError sees every error that a resolver, a Subscribe resolver or an
	// Initial function returned, and may put another in its place, for which the
	// same holds: the client reads what a PublicError or a Refusal says, and of all
	// others "internal error". In a delivery the error may be shown to several
	// clients; ctx is the resolver's.
	FormatError func(ctx context.Context, err error) error
	// OnError hears of failures that no client and no caller is told of.
	OnError func(ctx context.Context, err error)
}

// Session is what OnConnect and OnInit decide about a connection.
type Session struct {
	// State is kept with the connection as JSON; resolvers read it with StateAs.
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
	Operation ports.OperationRef
	Reason    CompletionReason
}

// CompletionReason says why an operation ended.
type CompletionReason string

// The reasons for the end of an operation.
const (
	// CompletedByClient: the client sent complete, or used the ID again.
	CompletedByClient CompletionReason = "client"
	// CompletedByServer: a query or mutation has its result, or Complete ended
	// the topic.
	CompletedByServer CompletionReason = "server"
	// CompletedByError: the operation ended with an error message.
	CompletedByError CompletionReason = "error"
	// CompletedByDisconnect: its connection ended.
	CompletedByDisconnect CompletionReason = "disconnect"
)

// Disconnected describes a connection that has ended.
type Disconnected struct {
	Connection ports.Connection
	// Code and Reason are those of the close, as far as they are known.
	Code   int
	Reason string
}

// Refuse is the error with which a hook says no. The client reads the reason;
// in a close frame at most 123 bytes of it. To choose the HTTP status or the
// close code as well, return a *ports.Refusal.
func Refuse(reason string) error { return &ports.Refusal{Reason: reason} }

// refusal finds the *ports.Refusal in a hook's error, completed with defaults.
func refusal(err error) (ports.Refusal, bool) {
	var refused ports.Refusal
	if found, ok := errors.AsType[*ports.Refusal](err); ok {
		refused = *found
	} else if public, ok := errors.AsType[*ports.PublicError](err); ok {
		refused.Reason = public.Message
	} else {
		return refused, false
	}
	setDefault(&refused.Status, 403)
	setDefault(&refused.Code, closeForbidden)
	setDefault(&refused.Reason, "Forbidden")
	return refused, true
}

// guard turns a panic of the user's code into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v", r)
	}
}

func (e *Engine) callOnConnect(ctx context.Context, handshake ports.Handshake) (session Session, err error) {
	if e.config.Hooks.OnConnect == nil {
		return Session{}, nil
	}
	defer guard(&err)
	return e.config.Hooks.OnConnect(ctx, handshake)
}

func (e *Engine) callOnInit(ctx context.Context, payload json.RawMessage) (session Session, err error) {
	defer guard(&err)
	return e.config.Hooks.OnInit(ctx, payload)
}

func (e *Engine) callOnSubscribe(ctx context.Context, request ports.Request) (_ ports.Request, err error) {
	if e.config.Hooks.OnSubscribe == nil {
		return request, nil
	}
	defer guard(&err)
	return e.config.Hooks.OnSubscribe(ctx, request)
}

// callOnTooLarge reports false where there is nothing to send instead.
func (e *Engine) callOnTooLarge(ctx context.Context, ref ports.OperationRef, body []byte) (instead []byte, ok bool) {
	if e.config.Hooks.OnTooLarge == nil {
		return nil, false
	}
	var err error
	func() {
		defer guard(&err)
		instead, err = e.config.Hooks.OnTooLarge(ctx, ref, body)
	}()
	if err == nil && instead != nil && (!json.Valid(instead) || bytes.TrimLeft(instead, " \t\r\n")[0] != '{') {
		err = errors.New("returned no JSON object")
	}
	if err != nil {
		e.report(ctx, "OnTooLarge hook", err, connectionAttr(ref.Connection))
		return nil, false
	}
	return instead, instead != nil
}

func (e *Engine) callOnComplete(ctx context.Context, ref ports.OperationRef, reason CompletionReason) {
	if e.config.Hooks.OnComplete == nil {
		return
	}
	var err error
	func() {
		defer guard(&err)
		e.config.Hooks.OnComplete(ctx, Completed{Operation: ref, Reason: reason})
	}()
	if err != nil {
		e.report(ctx, "OnComplete hook", err, connectionAttr(ref.Connection))
	}
}

func (e *Engine) callOnDisconnect(ctx context.Context, disconnected Disconnected) {
	if e.config.Hooks.OnDisconnect == nil {
		return
	}
	var err error
	func() {
		defer guard(&err)
		e.config.Hooks.OnDisconnect(ctx, disconnected)
	}()
	if err != nil {
		e.report(ctx, "OnDisconnect hook", err, connectionAttr(disconnected.Connection.Address.ID))
	}
}

// callFormatError never answers nil: what has failed stays a failure.
func (e *Engine) callFormatError(ctx context.Context, failure error) (formatted error) {
	if e.config.Hooks.FormatError == nil {
		return failure
	}
	defer func() {
		if formatted == nil {
			formatted = failure
		}
	}()
	defer guard(&formatted)
	return e.config.Hooks.FormatError(ctx, failure)
}

func (e *Engine) callOnError(ctx context.Context, failure error) {
	if e.config.Hooks.OnError == nil {
		return
	}
	var err error
	defer func() {
		if err != nil {
			e.config.Logger.ErrorContext(ctx, "OnError hook", "error", err.Error())
		}
	}()
	defer guard(&err)
	e.config.Hooks.OnError(ctx, failure)
}
