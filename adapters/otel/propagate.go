package otel

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Trace is the context of the present span as the propagator writes it: see
// ports.Observer.
func (o *Observer) Trace(ctx context.Context) map[string]string {
	carrier := propagation.MapCarrier{}
	o.config.Propagator.Inject(ctx, carrier)
	if len(carrier) == 0 {
		return nil
	}
	return carrier
}

// join continues the trace of the publishers, and links the span that is present
// to it. Where they come from several traces, none can be continued, and all are
// links.
func (o *Observer) join(ctx context.Context, traces []map[string]string) (context.Context, []trace.Link) {
	var publishers []trace.SpanContext
	var first map[string]string
	for _, carrier := range traces {
		if publisher := trace.SpanContextFromContext(o.extract(ctx, carrier)); publisher.IsValid() {
			if len(publishers) == 0 {
				first = carrier
			}
			publishers = append(publishers, publisher)
		}
	}
	if len(publishers) == 0 || !oneTrace(publishers) {
		return ctx, linksTo(publishers)
	}
	parent, others := publishers[0], publishers[1:]
	if present := trace.SpanContextFromContext(ctx); present.IsValid() && present.SpanID() != parent.SpanID() {
		others = append(others, present)
	}
	return o.extract(ctx, first), linksTo(others)
}

// extract puts the span that a carrier tells of in the place of the present one,
// and none where it tells of none.
func (o *Observer) extract(ctx context.Context, carrier map[string]string) context.Context {
	return o.config.Propagator.Extract(trace.ContextWithSpanContext(ctx, trace.SpanContext{}), propagation.MapCarrier(carrier))
}

func oneTrace(spans []trace.SpanContext) bool {
	for _, span := range spans {
		if span.TraceID() != spans[0].TraceID() {
			return false
		}
	}
	return true
}

func linksTo(spans []trace.SpanContext) []trace.Link {
	links := make([]trace.Link, len(spans))
	for i, span := range spans {
		links[i] = trace.Link{SpanContext: span}
	}
	return links
}
