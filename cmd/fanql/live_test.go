//go:build integration

package main

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

// TestTail: what was published before, and what comes, without payloads; and it is
// still delivered.
func TestTail(t *testing.T) {
	t.Parallel()
	onRedis, bus := onRedisKeys(t, nil)
	onDynamoDB, _ := onTables(t)
	for name, s := range map[string]shell{"Redis": onRedis, "DynamoDB": onDynamoDB} {
		s.succeed(t, "publish", "room/1", `{"text":"secret"}`)
		s.succeed(t, "publish", "room/2", `2`)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		var out, log output
		code := make(chan int, 1)
		go func() { code <- s.runTo(ctx, &out, &log, "tail", "-since", "1h", "-count", "2", "room/1") }()
		for out.String() == "" && ctx.Err() == nil {
			select {
			case <-time.After(10 * time.Millisecond):
			case <-ctx.Done():
			}
		}
		later := s.succeed(t, "publish", "room/1", `{"text":"later"}`)
		if got := <-code; got != codeDone || log.String() != "" {
			t.Errorf("%s: exit code %d, %s", name, got, log.String())
		}
		cancel()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 2 || strings.Contains(out.String(), "secret") || !strings.Contains(later, strings.Fields(lines[len(lines)-1])[2]) {
			t.Errorf("%s: printed\n%s\nwant two events of the topic, without payloads; the last is %s", name, out.String(), later)
		}
	}
	if got := consume(t, bus, 3); len(got) != 3 {
		t.Errorf("%d events were delivered after the tail, want 3", len(got))
	}
}

// TestWhoOnDynamoDB: the same places as on Redis, which the golden files have.
func TestWhoOnDynamoDB(t *testing.T) {
	t.Parallel()
	s, backend := onTables(t)
	now := time.Now()
	addConnection(t, backend, ports.Connection{
		Address: ports.Address{ID: "a"}, Protocol: "graphql-transport-ws", ExpiresAt: now.Add(time.Hour), State: []byte(`"secret"`),
	}, ports.Operation{
		Ref: ports.OperationRef{ID: "1"}, Topics: []ports.Topic{"live", "behind"}, ReceivedAt: now,
		From: map[ports.Topic]ports.Mark{"behind": {Epoch: "e", Position: "7"}},
	})
	for line, want := range map[string]string{
		"who live":           "1 subscriber of live, 0 behind",
		"who behind":         "1 subscriber of behind, 1 behind",
		"connection a":       "behind from e.7",
		"connection -json a": `{"topic":"behind","listed":true,"live":false,"behindFrom":"e.7"}`,
	} {
		if got := s.succeed(t, strings.Fields(line)...); !strings.Contains(got, want) || strings.Contains(got, "secret") {
			t.Errorf("fanql %s printed\n%s\nwant %q, and no state", line, got, want)
		}
	}
}

// sockets are those of a process: its connection, and where it is closed.
type sockets struct {
	backend *redis.Backend
	closed  chan int
}

func (s sockets) Push(context.Context, ports.Address, ports.Frame) error { return nil }

// Close closes a socket, whose transport then says that it is closed.
func (s sockets) Close(ctx context.Context, to ports.Address, code int, _ string) error {
	s.closed <- code
	_, err := s.backend.DeleteConnection(ctx, to.ID)
	return err
}

func (s sockets) Connections() iter.Seq[ports.ConnectionID] {
	return func(yield func(ports.ConnectionID) bool) { yield("a") }
}

// TestDisconnectInAFleet: the process that has the socket closes it, and removes the
// connection itself.
func TestDisconnectInAFleet(t *testing.T) {
	t.Parallel()
	s, backend := onRedisKeys(t, nil)
	holder := sockets{backend: backend, closed: make(chan int, 1)}
	router, err := backend.Router("gateway", holder)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- router.Run(ctx, func(context.Context, ports.Disconnection) error { return errors.New("nobody died") })
	}()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	if err := router.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	addConnection(t, backend, ports.Connection{Address: ports.Address{ID: "a", Endpoint: "gateway"}, ExpiresAt: time.Now().Add(time.Hour)})
	if out := s.succeed(t, "disconnect", "-code", "4401", "a"); out != "disconnected a\n" {
		t.Errorf("printed %q", out)
	}
	if code := <-holder.closed; code != 4401 {
		t.Errorf("closed with %d, want 4401", code)
	}
	// Of a process that is gone, the rows are removed by the command.
	addConnection(t, backend, ports.Connection{Address: ports.Address{ID: "b", Endpoint: "nobody"}, ExpiresAt: time.Now().Add(time.Hour)})
	r := s.run(t.Context(), "disconnect", "-wait", "1ms", "b")
	if r.code == codeDone {
		if _, err := backend.GetConnection(t.Context(), "b"); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("the connection is there after %q: %v", r.out, err)
		}
	} else {
		t.Errorf("disconnecting from a process that is gone: %s", r.log)
	}
}
