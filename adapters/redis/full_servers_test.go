//go:build integration

package redis_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/internal/redislocal"
	"github.com/fanql/fanql/ports"
)

// A server that is full of events that wait gives memory back: to workers that
// begin now, to those who leave, and to a process that shows that it is alive.
func TestFullRedisIsDrained(t *testing.T) {
	t.Parallel()
	server, err := redislocal.Start(t.Context(), redislocal.Options{Settings: []string{"--maxmemory-policy", "noeviction"}})
	success(t, err)
	defer server.Stop()
	client := server.Client()
	defer client.Close()
	letters := make(chan redis.DeadLetter, 10)
	backend := newBackend(client, redis.Config{
		Partitions: 4, MaxAttempts: 1, PollInterval: time.Millisecond, Heartbeat: 10 * time.Millisecond, DeadAfter: time.Minute,
		OnDeadLetter: func(letter redis.DeadLetter) { letters <- letter },
	})
	ctx, row := t.Context(), ports.Connection{Address: ports.Address{ID: "1"}, ExpiresAt: time.Now().Add(time.Hour)}
	success(t, backend.CreateConnection(ctx, row))
	operation := ports.Operation{
		Ref: ports.OperationRef{Connection: "1", ID: "1"}, Topics: []ports.Topic{"t"}, ReceivedAt: time.Now(), ExpiresAt: row.ExpiresAt,
	}
	success(t, backend.AddOperation(ctx, operation))
	kept := kept(1, 20)
	_, err = backend.Append(ctx, "t", kept[:10]...)
	success(t, err)
	for i := range 20 {
		event := ports.Event{ID: fmt.Sprint(i), Topic: ports.Topic(fmt.Sprint(i)), Payload: []byte(`"` + strings.Repeat("x", 10_000) + `"`)}
		success(t, backend.Publish(ctx, event))
	}
	success(t, client.ConfigSet(ctx, "maxmemory", "1mb").Err()) // which is less than an empty server has
	refused(t, backend.Publish(ctx, events("t", "refused")...), ports.ErrThrottled)
	refused(t, backend.CreateConnection(ctx, ports.Connection{Address: ports.Address{ID: "2"}, ExpiresAt: row.ExpiresAt}), ports.ErrThrottled)

	// A delivery goes on: it keeps its events, and marks who was not reached.
	_, err = backend.Append(ctx, "t", kept[10:]...)
	success(t, err)
	_, err = backend.Append(ctx, "new", kept[:1]...)
	success(t, err)
	marked := ports.Place{From: ports.Mark{Epoch: "e", Position: "0001"}, Version: 1}
	success(t, backend.MovePlace(ctx, "t", operation.Ref, operation.ReceivedAt, 0, marked))

	router := must.Make(backend.Router("process", nil))
	running, stop := context.WithCancel(ctx)
	ran := make(chan error, 1)
	go func() { ran <- router.Run(running, func(context.Context, ports.Disconnection) error { return nil }) }()
	success(t, router.Ready(ctx))
	stopConsuming := consuming(t, backend, each(func(_ context.Context, event ports.Event) error {
		if event.ID == "7" {
			return errDown
		}
		return nil
	}))
	drained(t, backend)
	if letter := receive(t, letters); letter.Event.ID != "7" {
		t.Errorf("the dead letter is %q, want 7", letter.Event.ID)
	}
	stopConsuming()
	stop()
	success(t, receive(t, ran))

	success(t, backend.TouchConnection(ctx, "1", row.ExpiresAt.Add(time.Minute)))
	removed, err := backend.RemoveOperation(ctx, operation.Ref, time.Now())
	if err != nil || !removed {
		t.Errorf("RemoveOperation: %v, %v", removed, err)
	}
	gone, err := backend.DeleteConnection(ctx, "1")
	if err != nil || !gone.Found {
		t.Errorf("DeleteConnection: %+v, %v", gone, err)
	}
}

// withoutCommands is a server whose users have not these commands, and a backend
// of one.
func withoutCommands(t *testing.T, commands ...string) *redis.Backend {
	t.Helper()
	admin := server.Client()
	defer admin.Close()
	user := strings.ReplaceAll(t.Name(), "/", "-")
	rules := []any{"ACL", "SETUSER", user, "on", "nopass", "~*", "&*", "+@all"}
	for _, command := range commands {
		rules = append(rules, "-"+command)
	}
	success(t, admin.Do(t.Context(), rules...).Err())
	options := *admin.Options()
	options.Username, options.Password = user, "any"
	client := goredis.NewClient(&options)
	t.Cleanup(func() {
		success(t, client.Close())
		admin := server.Client()
		defer admin.Close()
		success(t, admin.Do(context.Background(), "ACL", "DELUSER", user).Err())
	})
	return newBackend(client, redis.Config{
		Prefix: user + ":", Partitions: 1, PollInterval: time.Millisecond, Heartbeat: 10 * time.Millisecond, DeadAfter: time.Minute,
		Logger: slog.New(slog.DiscardHandler),
	})
}

func TestTimeMayBeForbidden(t *testing.T) {
	t.Parallel()
	backend := withoutCommands(t, "time")
	publish(t, backend, "t", "1")
	stop := consuming(t, backend, (&record{}).deliver)
	drained(t, backend)
	stop()
	router := must.Make(backend.Router("process", nil))
	running, end := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- router.Run(running, nil) }()
	success(t, router.Ready(t.Context()))
	end()
	success(t, receive(t, ran))
}

// What is needed and forbidden is named, and nobody waits for ever.
func TestForbiddenCommandsAreNamed(t *testing.T) {
	t.Parallel()
	t.Run("a worker", func(t *testing.T) {
		err := withoutCommands(t, "zadd").Consume(t.Context(), (&record{}).deliver)
		wantText(t, err, "redis.Consume: script bus_join, command ZADD: ")
	})
	t.Run("a store", func(t *testing.T) {
		_, err := withoutCommands(t, "hmget").GetConnection(t.Context(), "1")
		wantText(t, err, "redis.GetConnection: script connection_get, command HMGET: ")
	})
	for name, command := range map[string]string{"a router's heartbeat": "zadd", "a router's channel": "ssubscribe"} {
		t.Run(name, func(t *testing.T) {
			router := must.Make(withoutCommands(t, command).Router("process", nil))
			ran := make(chan error, 1)
			go func() { ran <- router.Run(t.Context(), nil) }()
			wantText(t, router.Ready(t.Context()), "redis.Ready: the router has ended")
			wantText(t, receive(t, ran), "redis.Run: ")
		})
	}
}

func wantText(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}
