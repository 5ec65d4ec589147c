// Package observe tells an Observer, if there is one, what the rooms of the engine do.
package observe

import (
	"context"
	"maps"
	"slices"

	"github.com/fanql/fanql/ports"
)

// Observation is an Observer that may be missing: then nothing costs anything.
type Observation struct{ ports.Observer }

// Begin starts a step; see ports.Observer.
func (o Observation) Begin(ctx context.Context, step ports.Step) (context.Context, func(error)) {
	if o.Observer == nil {
		return ctx, func(error) {}
	}
	return o.Observer.Begin(ctx, step)
}

// Trace is the context of the present step in a form that travels with an event.
func (o Observation) Trace(ctx context.Context) map[string]string {
	if o.Observer == nil {
		return nil
	}
	return o.Observer.Trace(ctx)
}

// Count adds up.
func (o Observation) Count(ctx context.Context, counts ports.Counts) {
	if o.Observer != nil {
		o.Observer.Count(ctx, counts)
	}
}

// Traces are those of the events, each once.
func Traces(events []ports.Event) []map[string]string {
	var distinct []map[string]string
	for i := range events {
		if trace := events[i].Trace; len(trace) > 0 && !slices.ContainsFunc(distinct, func(t map[string]string) bool { return maps.Equal(t, trace) }) {
			distinct = append(distinct, trace)
		}
	}
	return distinct
}

// OnlyTopic is the topic that all of the events have; empty if there are several.
func OnlyTopic(events []ports.Event) ports.Topic {
	if len(events) == 0 || slices.ContainsFunc(events, func(e ports.Event) bool { return e.Topic != events[0].Topic }) {
		return ""
	}
	return events[0].Topic
}
