package websocket_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

// echo stands for the engine: it sends every message back.
type echo struct{ pusher ports.Pusher }

func (e echo) Connect(_ context.Context, handshake ports.Handshake) (ports.Accepted, error) {
	return ports.Accepted{Protocol: handshake.Protocols[0]}, nil
}

func (e echo) Take(message ports.Message) func(context.Context) error {
	return func(ctx context.Context) error {
		return e.pusher.Push(ctx, message.Address, ports.Frame{Payload: message.Data})
	}
}

func (e echo) ExpireInit(context.Context, ports.Address) error { return nil }
func (e echo) KeepAlive(context.Context, ports.Address) error  { return nil }

func (e echo) Disconnect(_ context.Context, disconnection ports.Disconnection) error {
	fmt.Println("disconnected:", disconnection.Code, disconnection.Reason)
	return nil
}

func ExampleServer() {
	server, err := websocket.NewServer(websocket.Config{Origins: []string{"*.example.com"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	engine := echo{pusher: server} // the server comes first: the engine pushes through it

	mux := http.NewServeMux()
	mux.Handle("/graphql", server.Handler(engine))
	front := httptest.NewServer(mux)
	defer front.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	dialer := ws.Dialer{Protocols: []string{"graphql-transport-ws"}}
	conn, _, handshake, err := dialer.Dial(ctx, "ws"+front.URL[len("http"):]+"/graphql")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close() }()
	fmt.Println("connected:", handshake.Protocol)

	if err := wsutil.WriteClientText(conn, []byte(`{"type":"ping"}`)); err != nil {
		fmt.Println(err)
		return
	}
	data, err := wsutil.ReadServerText(conn)
	fmt.Println("received:", string(data), err)

	// At the end of the process: after http.Server.Shutdown, or beside it.
	go func() { _, _ = wsutil.ReadServerText(conn) }() // the client answers the close frame
	if err := server.Shutdown(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// connected: graphql-transport-ws
	// received: {"type":"ping"} <nil>
	// disconnected: 1001 the server is shutting down
}
