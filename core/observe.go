package core

import (
	"context"
	"maps"
	"slices"

	"github.com/fanql/fanql/ports"
)

// observation is an Observer that may be missing.
type observation struct{ observer ports.Observer }

func (o observation) begin(ctx context.Context, step ports.Step) (context.Context, func(error)) {
	if o.observer == nil {
		return ctx, func(error) {}
	}
	return o.observer.Begin(ctx, step)
}

func (o observation) trace(ctx context.Context) map[string]string {
	if o.observer == nil {
		return nil
	}
	return o.observer.Trace(ctx)
}

func (o observation) count(ctx context.Context, counts ports.Counts) {
	if o.observer != nil {
		o.observer.Count(ctx, counts)
	}
}

// traces are those of the events, each once.
func traces(events []ports.Event) []map[string]string {
	var distinct []map[string]string
	for i := range events {
		if trace := events[i].Trace; len(trace) > 0 && !slices.ContainsFunc(distinct, func(t map[string]string) bool { return maps.Equal(t, trace) }) {
			distinct = append(distinct, trace)
		}
	}
	return distinct
}

// onlyTopic is the topic that all of the events have; empty if there are several.
func onlyTopic(events []ports.Event) ports.Topic {
	if len(events) == 0 || slices.ContainsFunc(events, func(e ports.Event) bool { return e.Topic != events[0].Topic }) {
		return ""
	}
	return events[0].Topic
}
