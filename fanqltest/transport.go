package fanqltest

import (
	"context"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/ports"
)

// Transport is how the operations of a client reach the engine, through the adapters of
// a real server and HTTP in memory. Its text is fit for the name of a subtest.
type Transport string

// The transports.
const (
	// WebSocket is a socket of adapters/websocket.
	WebSocket Transport = "websocket"
	// ServerSentEvents is GraphQL over Server-Sent Events in distinct connections mode
	// (PROTOCOL.md of graphql-sse), by adapters/graphqlhttp.
	ServerSentEvents Transport = "server-sent events"
	// Multipart is multipart/mixed with subscriptionSpec=1.0 (Apollo's multipart protocol
	// for subscriptions), by adapters/graphqlhttp.
	Multipart Transport = "multipart"
	// Callback is the HTTP callback protocol of federated routers, by adapters/callback:
	// the client is one of a router, to which the results are posted. There are no
	// heartbeats.
	Callback Transport = "callback"
)

// Transports are all of them, for a test that is the same over each.
func Transports() []Transport { return []Transport{WebSocket, ServerSentEvents, Multipart, Callback} }

// Over has the client use a transport. Without it a client speaks its WebSocket
// subprotocol straight to the engine, and no adapter is between them.
//
// A socket is used like a client without a transport. Over the others
//
//   - each operation is a request, and to the engine a connection of its own, which
//     begins with the operation and ends with it: nothing happens in Connect, and
//     OnConnect and OnInit are called by Subscribe;
//   - OnInit has what Server.ConnectionParams makes of a stream's request, and no payload
//     over Callback: Payload fails the test, and so do Open, Send, Frame and Closed, as
//     there are no messages of the client's own;
//   - what an adapter does not take from a request has no effect: of Handshake it is
//     Header, Query, RemoteAddr, and Protocols over WebSocket.
//
// Pushes go through the adapter, not through core.Config.Pusher.
func Over(transport Transport) Option {
	return func(d *dial) { d.transport = transport }
}

// hasMessages says whether a client sends messages, and not a request for each operation.
func (t Transport) hasMessages() bool { return t == "" || t == WebSocket }

// link is what is between a client and the engine. What the engine sends comes to the
// client's inbox, as messages of its subprotocol.
type link interface {
	// send hands a message over. When it returns, the engine has handled the message,
	// and the answers are in the inbox. A *ports.Refusal: it was answered with an HTTP
	// status.
	send(ctx context.Context, message []byte) error
	// settle returns when all that the engine has sent is in the inbox.
	settle(ctx context.Context) error
	// leave ends the connections, and returns when the engine has ended them too, if it
	// learns of that at once.
	leave(ctx context.Context) error
}

// direct is the link without a transport.
type direct struct {
	server  *Server
	address ports.Address
}

func (d direct) send(ctx context.Context, message []byte) error {
	return d.server.Engine.Receive(ctx, ports.Message{
		Address:    d.address,
		RequestID:  d.server.name("request"),
		ReceivedAt: d.server.received.now(),
		Data:       message,
	})
}

// settle has nothing to wait for: the pusher puts frames into the inbox at once.
func (direct) settle(context.Context) error { return nil }

func (d direct) leave(ctx context.Context) error {
	return d.server.Engine.Disconnect(ctx, ports.Disconnection{Address: d.address, Code: 1000})
}

// inbox is where a transport puts what has come for a client.
type inbox struct {
	socket *memory.Socket
	// put adds a message. One that comes after the client has left is lost.
	put func(message []byte)
	// close ends the inbox, after what is in it.
	close func(code int, reason string)
}

func (s *Server) newInbox() inbox {
	address := ports.Address{ID: ports.ConnectionID(s.name("inbox"))}
	ctx := context.Background() // what has come is there, whatever becomes of the call that it came in
	return inbox{
		socket: s.inboxes.Open(address),
		put:    func(message []byte) { _ = s.inboxes.Push(ctx, address, ports.Frame{Payload: message}) },
		close:  func(code int, reason string) { _ = s.inboxes.Close(ctx, address, code, reason) },
	}
}
