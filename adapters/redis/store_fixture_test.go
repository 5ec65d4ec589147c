package redis_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

// fixture is a store on a server of its own, with a clock and a connection that
// lasts an hour. Faulty is another store on the same server, through a hook.
type fixture struct {
	*redis.Backend
	faulty     *redis.Backend
	hook       *hook
	server     *miniredis.Miniredis
	clock      *porttest.Clock
	connection ports.Connection
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	f := fixture{server: miniredis.RunT(t), clock: porttest.NewClock(), hook: &hook{}}
	store := func(hooks ...goredis.Hook) *redis.Backend {
		client := goredis.NewClient(&goredis.Options{Addr: f.server.Addr(), ReadTimeout: patience}) // miniredis is slow
		t.Cleanup(func() { _ = client.Close() })
		for _, hook := range hooks {
			client.AddHook(hook)
		}
		return newBackend(client, redis.Config{Now: f.clock.Now})
	}
	f.Backend, f.faulty = store(), store(f.hook)
	f.warm(t)
	f.connection = ports.Connection{Address: ports.Address{ID: "connection"}, ExpiresAt: f.clock.Now().Add(time.Hour)}
	success(t, f.CreateConnection(t.Context(), f.connection))
	return f
}

// warm has the server know every script, so that each is one request.
func (f fixture) warm(t *testing.T) {
	t.Helper()
	row := ports.Connection{Address: ports.Address{ID: "warm"}, ExpiresAt: f.clock.Now().Add(time.Hour)}
	success(t, f.CreateConnection(t.Context(), row))
	_, err := f.GetConnection(t.Context(), "warm")
	success(t, err)
	_, err = f.InitConnection(t.Context(), "warm", ports.Init{RequestID: "1"})
	success(t, err)
	for _, id := range []ports.OperationID{"1", "2"} {
		success(t, f.AddOperation(t.Context(), ports.Operation{
			Ref: ports.OperationRef{Connection: "warm", ID: id}, Topics: []ports.Topic{"warm"},
			ReceivedAt: f.clock.Now(), ExpiresAt: row.ExpiresAt,
		}))
	}
	success(t, f.TouchConnection(t.Context(), "warm", row.ExpiresAt))
	_, err = f.GetSubscriber(t.Context(), "warm", ports.OperationRef{Connection: "warm", ID: "1"})
	success(t, err)
	success(t, f.MovePlace(t.Context(), "warm", ports.OperationRef{Connection: "warm", ID: "1"}, f.clock.Now(), 0, ports.Place{Version: 1}))
	event := ports.Event{Position: "1", Keep: ports.Retention{Count: 1, Age: time.Hour}}
	historyEpoch, err := f.Append(t.Context(), "warm", event)
	success(t, err)
	_, _, err = f.Read(t.Context(), "warm", ports.Mark{Epoch: historyEpoch}, 0)
	success(t, err)
	_, err = f.Head(t.Context(), "warm", event.Keep)
	success(t, err)
	success(t, f.SaveCheckpoint(t.Context(), "warm", ports.Checkpoint{ExpiresAt: row.ExpiresAt}))
	_, err = f.LoadCheckpoint(t.Context(), "warm")
	success(t, err)
	_, err = f.ListSubscribers(t.Context(), "warm", ports.PageRequest{})
	success(t, err)
	_, err = f.RemoveOperation(t.Context(), ports.OperationRef{Connection: "warm", ID: "1"}, f.clock.Now())
	success(t, err)
	_, err = f.DeleteConnection(t.Context(), "warm")
	success(t, err)
	f.server.FastForward(26 * time.Hour)
	if keys := f.server.Keys(); len(keys) > 0 {
		t.Fatalf("the keys %q stay for ever", keys)
	}
}

func (f fixture) operation(id ports.OperationID, topics ...ports.Topic) ports.Operation {
	return ports.Operation{
		Ref: ports.OperationRef{Connection: "connection", ID: id}, Address: f.connection.Address, Topics: topics,
		ReceivedAt: f.clock.Now(), ExpiresAt: f.connection.ExpiresAt,
	}
}

// add puts an operation in place and returns it.
func (f fixture) add(t *testing.T, id ports.OperationID, topics ...ports.Topic) ports.Operation {
	t.Helper()
	operation := f.operation(id, topics...)
	success(t, f.AddOperation(t.Context(), operation))
	return operation
}

// list follows a listing to its end and counts its pages.
func (f fixture) list(t *testing.T, topic ports.Topic) (ids []ports.OperationID, pages int) {
	t.Helper()
	var request ports.PageRequest
	for {
		page, err := f.ListSubscribers(t.Context(), topic, request)
		success(t, err)
		for _, subscriber := range page.Subscribers {
			ids = append(ids, subscriber.Ref.ID)
		}
		pages++
		if request.After = page.Next; request.After == "" {
			return ids, pages
		}
	}
}

// listed reports topics that do not list n operations each.
func (f fixture) listed(t *testing.T, when string, n int, topics ...ports.Topic) {
	t.Helper()
	for _, topic := range topics {
		if ids, _ := f.list(t, topic); len(ids) != n {
			t.Errorf("%s topic %s lists %q, want %d", when, topic, ids, n)
		}
	}
}

// topics are n of them.
func topics(n int) []ports.Topic {
	list := make([]ports.Topic, n)
	for i := range list {
		list[i] = ports.Topic(fmt.Sprint("topic ", i))
	}
	return list
}

func success(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got error %v, want %v", err, kind)
	}
}
