//go:build integration

package dynamodb_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// keptTopic is the topic with a history.
var keptTopic = core.NewTopic[any]("room/kept", core.Keep(1000, time.Hour))

// keptField is the subscription to it.
func keptField() *graphql.Field {
	return &graphql.Field{
		Type:      graphql.String,
		Subscribe: func(p graphql.ResolveParams) (any, error) { return keptTopic.Subscribe(p.Context) },
		Resolve:   func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
	}
}

// subscribeKept subscribes to it, as a client that resumes by itself does.
func (s socket) subscribeKept(id string, positions ...string) error {
	return s.send(map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{
		"query": "subscription { kept }", "extensions": map[string]any{"resume": append([]string{}, positions...)},
	}})
}

// keptEvents are events as the stream has them, from one position on.
func (b *budget) keptEvents(first, count int) []ports.Event {
	payload, err := json.Marshal(map[string]string{"text": strings.Repeat("x", 200)})
	success(b.t, err)
	list := make([]ports.Event, count)
	for i := range list {
		list[i] = ports.Event{
			ID: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Topic: "room/kept", Kind: ports.EventData, Payload: payload, Time: b.now,
			Position: fmt.Sprintf("2100-01-01T00:00:00.000/%040d.000000", first+i), Keep: ports.Retention{Count: 1000, Age: time.Hour},
		}
	}
	return list
}

func (b *budget) delivers(events ...ports.Event) func() error {
	return func() error { return errors.Join(b.engine.Deliver(b.t.Context(), events)...) }
}

// position is what a client keeps.
func (b *budget) position(mark ports.Mark) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte("room/kept"))
	return fmt.Sprintf("%08x.%s", hash.Sum32(), mark)
}

// remembering is what a topic with a history takes beside.
func (b *budget) remembering() {
	s := b.ready()
	b.quietly(func() error { return s.subscribeKept(operationID(1)) }) // It opens the history.
	b.quietly(b.delivers(b.keptEvents(1, 1)...))
	b.quietly(s.disconnect)

	s = b.ready()
	b.verb("`subscribe` that may resume, K = 1", "2 GetItem, 1 Query, 1 TransactWriteItems", 1, func() error {
		return s.subscribeKept(operationID(1))
	})
	b.verb("deliver 1 event with a history, N = 1", "1 PutItem, 1 Query", 1, b.delivers(b.keptEvents(2, 1)...))
	b.verb("deliver 10 events with a history in one batch, N = 1", "1 PutItem, 1 Query", 10, b.delivers(b.keptEvents(3, 10)...))
	mark, err := b.backend.Head(b.t.Context(), "room/kept", ports.Retention{Count: 1000, Age: time.Hour})
	success(b.t, err)

	b.recorder.refuse(errors.New("away"))
	b.verb("deliver 1 event, its subscriber cannot be reached", "2 PutItem, 1 Query, 1 UpdateItem", 0, b.delivers(b.keptEvents(13, 1)...))
	b.recorder.refuse(nil)
	b.verb("the catch-up", "1 GetItem, 2 Query, 1 UpdateItem", 1, b.delivers(b.catchUp(s, 1)))

	for batch := range 9 {
		b.quietly(b.delivers(b.keptEvents(14+10*batch, 10)...))
	}
	b.quietly(b.delivers(b.keptEvents(104, 9)...))
	b.quietly(s.disconnect)
	s = b.ready()
	b.verb("`subscribe` that resumes, 100 events later, K = 1", "2 GetItem, 1 TransactWriteItems, 1 Query, 1 UpdateItem", 100, func() error {
		return s.subscribeKept(operationID(1), b.position(mark))
	})
}

// catchUp is the event that has a subscriber catch up.
func (b *budget) catchUp(s socket, version int) ports.Event {
	payload, err := json.Marshal(map[string]any{"rows": []map[string]any{
		{"connection": s.address.ID, "operation": []byte(operationID(1)), "version": version},
	}})
	success(b.t, err)
	event := b.keptEvents(0, 1)[0]
	event.Kind, event.Payload, event.Keep = ports.EventCatchUp, payload, ports.Retention{}
	return event
}

func (s socket) disconnect() error {
	return s.b.engine.Disconnect(s.b.t.Context(), ports.Disconnection{Address: s.address})
}
