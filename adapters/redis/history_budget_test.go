package redis_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// keptTopic is the topic with a history.
var keptTopic = core.NewTopic[any]("kept", core.Keep(1000, time.Hour))

// keptField is the subscription to it.
func keptField() *graphql.Field {
	return &graphql.Field{
		Type:      graphql.String,
		Subscribe: func(p graphql.ResolveParams) (any, error) { return keptTopic.Subscribe(p.Context) },
		Resolve:   func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
	}
}

// subscribeKept subscribes to it, as a client that resumes by itself does.
func (c budgetClient) subscribeKept(positions ...string) error {
	return c.send(map[string]any{"type": "subscribe", "id": "1", "payload": map[string]any{
		"query": "subscription { kept }", "extensions": map[string]any{"resume": append([]string{}, positions...)},
	}})
}

// keptEvents are events as the bus delivers them, from one position on.
func (b *verbBudget) keptEvents(first, count int) []ports.Event {
	list := make([]ports.Event, count)
	for i := range list {
		list[i] = ports.Event{
			ID: fmt.Sprint(first + i), Topic: "kept", Kind: ports.EventData, Payload: []byte(`"x"`), Time: b.clock.Now(),
			Position: fmt.Sprintf("%020d-%020d", 1, first+i), Keep: ports.Retention{Count: 1000, Age: time.Hour},
		}
	}
	return list
}

func (b *verbBudget) delivers(events ...ports.Event) func() error {
	return func() error { return errors.Join(b.engine.Deliver(b.t.Context(), events)...) }
}

// remembering is what a topic with a history takes beside.
func (b *verbBudget) remembering() {
	c := b.ready(0, 0)
	b.call("`subscribe` that may resume, K = 1", "1 `connection_get`, 1 `history_head`, 1 `listing_get`, 1 SET, 1 `operation_add`, 1 `listing_place`", 6,
		func() error { return c.subscribeKept() })
	b.call("deliver 1 event with a history, one page", "1 `history_append`, 1 `listing_page`", 2, b.delivers(b.keptEvents(1, 1)...))
	b.call("deliver 10 events with a history in one batch, one page", "1 `history_append`, 1 `listing_page`", 2, b.delivers(b.keptEvents(2, 10)...))
	mark, err := b.Head(b.t.Context(), "kept", ports.Retention{Count: 1000, Age: time.Hour})
	success(b.t, err)

	b.pusher.away = &ports.Error{Op: "Push", Kind: ports.ErrInvalid, Err: errors.New("away")}
	b.call("deliver 1 event, its subscriber cannot be reached", "1 `history_append`, 1 `listing_page`, 1 `bus_publish`, 1 `listing_move`", 4,
		b.delivers(b.keptEvents(12, 1)...))
	b.pusher.away = nil
	b.call("the catch-up", "1 `listing_get`, 1 `history_read`, 1 `listing_move`", 3, b.delivers(b.catchUp(c, 1)))

	success(b.t, b.delivers(b.keptEvents(13, 99)...)())
	success(b.t, c.disconnect())
	c = b.ready(0, 0)
	hash := fnv.New32a()
	_, _ = hash.Write([]byte("kept"))
	before := b.pusher.pushed.Load()
	b.call("`subscribe` that resumes, 100 events later, K = 1",
		"1 `connection_get`, 1 SET, 1 `operation_add`, 1 `listing_place`, 1 `listing_get`, 1 `history_read`, 1 `listing_move`", 7,
		func() error { return c.subscribeKept(fmt.Sprintf("%08x.%s", hash.Sum32(), mark)) })
	if pushed := b.pusher.pushed.Load() - before; pushed != 100 {
		b.t.Errorf("%d events reached the client that resumed, want 100", pushed)
	}
}

// catchUp is the event that has a subscriber catch up.
func (b *verbBudget) catchUp(c budgetClient, version int) ports.Event {
	payload, err := json.Marshal(map[string]any{"rows": []map[string]any{
		{"connection": c.address.ID, "operation": []byte("1"), "version": version},
	}})
	success(b.t, err)
	event := b.keptEvents(0, 1)[0]
	event.Kind, event.Payload, event.Keep = ports.EventCatchUp, payload, ports.Retention{}
	return event
}
