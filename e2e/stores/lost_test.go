//go:build e2e

package stores

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/gobwas/ws/wsutil"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/examples/chat/library"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/internal/dynamolocal"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// undelivered is a backend whose events nobody delivers.
type undelivered struct{ *dynamodb.Backend }

func (undelivered) Consume(ctx context.Context, _ ports.DeliverFunc) error {
	<-ctx.Done()
	return nil
}

// TestLostTablesCloseTheirConnections: a long-lived server finds by its keepalive that
// DynamoDB has lost its tables, and does nothing while they are missing.
func TestLostTablesCloseTheirConnections(t *testing.T) {
	database := must.Make(dynamolocal.Start(t.Context()))
	t.Cleanup(database.Stop)
	client := database.Client()
	backend := must.Make(dynamodb.New(dynamodb.Config{Client: client}))
	if err := backend.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	base := serve(t, undelivered{backend})
	socket := subscribe(t, base)

	if err := socket.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() { // from now on it answers pings
		_, err := wsutil.ReadServerText(socket)
		read <- err
	}()

	tables := backend.Tables()
	for _, table := range []string{tables.Connections, tables.Subscriptions} {
		if _, err := client.DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: &table}); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-read:
		t.Fatalf("without the tables the client read %v, want nothing", err)
	case <-time.After(5 * keepAlive):
	}
	if err := backend.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := <-read
	if closed, ok := errors.AsType[wsutil.ClosedError](err); !ok || closed.Code != ports.CloseGoingAway {
		t.Errorf("the client read %v, want the close 1001", err)
	}
	subscribe(t, base)
}

// keepAlive is short, and long enough for a client on a busy machine to answer.
const keepAlive = 500 * time.Millisecond

// serve runs the chat on a backend, with a short keepalive, until the end of the test.
func serve(t *testing.T, backend ports.Backend) (base string) {
	t.Helper()
	chat := must.Make(library.New(schema.NewMemoryHistory("fleet")))
	server := must.Make(fanql.NewServer(fanql.Config{
		Schema: chat, Hooks: schema.Hooks(), Backend: backend, Logger: slog.New(slog.DiscardHandler), // of the missing tables
		WebSocket: func(c *websocket.Config) { c.KeepAlive, c.DrainTime = keepAlive, time.Millisecond },
	}))
	listener := must.Make((&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return "http://" + listener.Addr().String()
}
