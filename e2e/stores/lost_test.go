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

	tables := backend.Tables()
	for _, table := range []string{tables.Connections, tables.Subscriptions} {
		if _, err := client.DeleteTable(t.Context(), &sdk.DeleteTableInput{TableName: &table}); err != nil {
			t.Fatal(err)
		}
	}
	if err := socket.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil { // five keepalives
		t.Fatal(err)
	}
	if _, err := wsutil.ReadServerText(socket); !isTimeout(err) {
		t.Fatalf("without the tables the client read %v, want nothing", err)
	}
	if err := backend.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := socket.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_, err := wsutil.ReadServerText(socket)
	if closed, ok := errors.AsType[wsutil.ClosedError](err); !ok || closed.Code != ports.CloseGoingAway {
		t.Errorf("the client read %v, want the close 1001", err)
	}
	subscribe(t, base)
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// serve runs the chat on a backend, with a short keepalive, until the end of the test.
func serve(t *testing.T, backend ports.Backend) (base string) {
	t.Helper()
	chat := must.Make(library.New(schema.NewMemoryHistory("fleet")))
	server := must.Make(fanql.NewServer(fanql.Config{
		Schema: chat, Hooks: schema.Hooks(), Backend: backend, Logger: slog.New(slog.DiscardHandler), // of the missing tables
		WebSocket: func(c *websocket.Config) { c.KeepAlive, c.DrainTime = 100*time.Millisecond, time.Millisecond },
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
