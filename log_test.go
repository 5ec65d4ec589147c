package fanql_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// logged counts the lines of a log by their message.
type logged struct {
	slog.Handler
	mu    sync.Mutex
	lines map[string]int
}

func (l *logged) Handle(_ context.Context, record slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines[record.Message]++
	return nil
}

func (l *logged) count(message string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines[message]
}

func (l *logged) Enabled(context.Context, slog.Level) bool { return true }

// failing is a store that lets connections in and then keeps no operation.
type failing struct{ ports.Store }

func (failing) AddOperation(context.Context, ports.Operation) error {
	return errors.New("unreachable")
}

// TestFloodsDoNotReachTheLog: neither of a client whose requests fail, nor of a store
// that fails for each message.
func TestFloodsDoNotReachTheLog(t *testing.T) {
	t.Parallel()
	const requests = 200
	log := &logged{lines: map[string]int{}}
	p := start(t, fanql.Config{
		Logger: slog.New(log),
		Hooks: core.Hooks{OnSubscribe: func(ctx context.Context, request ports.Request) (ports.Request, error) {
			if request.OperationName == "refused" {
				return request, errors.New("the hook failed")
			}
			return request, nil
		}},
		Core:      func(c *core.Config) { c.Store = failing{c.Store} },
		WebSocket: func(c *websocket.Config) { c.DrainTime = 1 },
	})
	began := time.Now()
	for range requests {
		p.request(t, http.MethodPost, "/graphql", `{"query":"query refused { hello }","operationName":"refused"}`)
		conn := p.open(t, "")
		write(t, conn, `{"type":"subscribe","id":"1","payload":{"query":"{ hello }"}}`)
		_ = conn.Close()
	}
	if err := p.stop(t); err != nil {
		t.Fatal(err)
	}
	total := 0
	for message, lines := range log.lines {
		t.Logf("%3d %s", lines, message)
		total += lines
	}
	// Ten of each kind at once, and one each second.
	if most := len(log.lines) * (11 + int(time.Since(began).Seconds())); total == 0 || total > most {
		t.Errorf("%d requests that fail made %d lines", 2*requests, total)
	}
}
