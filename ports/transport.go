package ports

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Handshake is what a transport knows of a socket before it is opened.
type Handshake struct {
	Address Address
	// RequestID tells a retry from a second handshake; may be empty.
	RequestID  string
	ReceivedAt time.Time
	// Protocols are the subprotocols that the client offers, in its order, from
	// every Sec-WebSocket-Protocol line.
	Protocols []string
	// Callback is true where there is no socket, but one subscription whose results
	// are posted to a URL; Protocols are not looked at then.
	Callback bool
	Header   http.Header
	Query    url.Values
	// RemoteAddr is the client's network address as the transport knows it.
	RemoteAddr string
	// Authorizer is what the gateway's authorizer said; nil where there is none.
	Authorizer map[string]any
}

// Message is one text message that a client sent.
type Message struct {
	Address Address
	// RequestID is unique to this message, and the same when a transport hands
	// it over again.
	RequestID string
	// ReceivedAt is the transport's own time for the message. Where messages of
	// one connection are handled concurrently, it is what orders them.
	ReceivedAt time.Time
	// KeptAlive is true where the transport calls Engine.KeepAlive at intervals: the
	// legacy protocol's first ka then follows connection_ack.
	KeptAlive bool
	// Identified, if it is set, is for the engine to call when it has accepted the
	// message as connection_init, with the connection's identity: who the client is, as
	// a hook said; empty when none did.
	Identified func(identity string)
	// ReadOnly refuses a mutation: the message came with a request that a page of
	// another site can have a browser send, with its visitor's cookies.
	ReadOnly bool
	Data     []byte
}

// Disconnection says that a socket is closed.
type Disconnection struct {
	Address Address
	// Code is the WebSocket close code, or 0 when there was none.
	Code   int
	Reason string
}

// Request is one GraphQL request, however it came.
type Request struct {
	// Query is the document; empty where the request names one instead, by its
	// DocumentID or in its Extensions.
	Query string
	// DocumentID names a trusted document.
	DocumentID    string
	OperationName string
	// Variables and Extensions are JSON objects, or empty.
	Variables, Extensions json.RawMessage
	// ReadOnly refuses everything but a query: GET in GraphQL over HTTP.
	ReadOnly bool
}

// Outcome says how far a request got.
type Outcome int

// The outcomes of a request.
const (
	// Executed: the request was executed; its result may still hold errors.
	Executed Outcome = iota
	// Rejected: a request error in the words of the GraphQL specification
	// (syntax, validation, variables); nothing was executed. What a hook refuses has no
	// Response, but a *Refusal.
	Rejected
	// NotAllowed: a mutation in a ReadOnly request; nothing was executed.
	NotAllowed
	// NeedsStream: a subscription, of which only one result could be returned; nothing
	// was executed.
	NeedsStream
)

// Response is the answer to one Request.
type Response struct {
	Outcome Outcome
	// Body is the GraphQL response as JSON: {"data": ..., "errors": [...]}.
	Body []byte
}
