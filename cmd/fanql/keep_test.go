//go:build integration

package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

// recorded publishes nothing, and has what it was to publish.
type recorded struct {
	database
	keeps map[ports.Topic]ports.Retention
}

// Publish implements ports.EventBus.
func (r *recorded) Publish(_ context.Context, events ...ports.Event) error {
	for _, event := range events {
		r.keeps[event.Topic] = event.Keep
	}
	return nil
}

// TestPublishKeepsWhatTheHistoryOfTheTopicKeeps: nobody who resumes misses an event that
// the command published, and does not know.
func TestPublishKeepsWhatTheHistoryOfTheTopicKeeps(t *testing.T) {
	t.Parallel()
	onRedis, redis := onRedisKeys(t, nil)
	onDynamoDB, dynamodb := onTables(t)
	keep := ports.Retention{Count: 10, Age: time.Hour}
	for _, test := range []struct {
		name  string
		shell shell
		database
	}{
		{"Redis", onRedis, &redisDatabase{Backend: redis}},
		{"DynamoDB", onDynamoDB, &dynamoDatabase{Backend: dynamodb}},
	} {
		for topic, keep := range map[ports.Topic]ports.Retention{"room/42": keep, "gone": {Count: 10, Age: time.Millisecond}} {
			kept := ports.Event{ID: "1", Topic: topic, Kind: ports.EventData, Payload: []byte("1"), Time: time.Now(), Position: "0001", Keep: keep}
			if _, err := test.Append(t.Context(), topic, kept); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Millisecond) // the age of what is to be gone
		bus := &recorded{test.database, map[ports.Topic]ports.Retention{}}
		if err := (keeping{bus}).Publish(t.Context(), ports.Event{Topic: "room/42"}, ports.Event{Topic: "plain"}); err != nil {
			t.Fatal(err)
		}
		if bus.keeps["room/42"] != keep || !bus.keeps["plain"].None() {
			t.Errorf("%s: kept %+v, want %+v of room/42 only", test.name, bus.keeps, keep)
		}
		test.shell.succeed(t, "publish", "-keep", "0", "gone", "2")
		if r := test.shell.run(t.Context(), "publish", "gone", "3"); r.code != codeMisused || !strings.Contains(r.log, "give -keep and -keep-age") {
			t.Errorf("%s: published where the history does not say how: %d %s", test.name, r.code, r.log)
		}
	}
	onRedis.succeed(t, "publish", "room/42", "2")
	onRedis.succeed(t, "publish", "-keep", "0", "room/42", "3")
	want := map[string]ports.Retention{"2": keep, "3": {}}
	for _, event := range consume(t, redis, 3) {
		if event.Topic != "room/42" {
			continue
		}
		if wanted, ok := want[string(event.Payload)]; !ok || event.Keep != wanted {
			t.Errorf("%s is kept %+v, want %+v", event.Payload, event.Keep, wanted)
		}
		delete(want, string(event.Payload))
	}
	if len(want) > 0 {
		t.Errorf("of room/42 the bus lacks %v", want)
	}
}
