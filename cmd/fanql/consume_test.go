package main

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

// consume delivers so many events that wait on a bus, and what comes half a second after
// them, and returns them all.
func consume(t *testing.T, source ports.EventSource, many int) []ports.Event {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	var all []ports.Event
	idle := time.AfterFunc(time.Minute, cancel)
	err := source.Consume(ctx, func(_ context.Context, events []ports.Event) []error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, events...)
		if len(all) >= many {
			idle.Reset(500 * time.Millisecond)
		}
		return make([]error, len(events))
	})
	if err != nil {
		t.Error(err)
	}
	return all
}
