package otel

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/fanql/fanql/ports"
)

// Config is what an Observer is made of. Every zero field stands for its
// documented default.
type Config struct {
	// TracerProvider makes spans. Default: there are none. It is not the global
	// one; whoever wants that says so.
	TracerProvider trace.TracerProvider
	// MeterProvider makes metrics. Default: there are none.
	MeterProvider metric.MeterProvider
	// Propagator writes the context of a trace into events and reads it there.
	// Default: W3C Trace Context. A baggage is stored with every event and read by
	// every consumer, so it travels only with a propagator that is given here.
	Propagator propagation.TextMapPropagator

	// TopicTemplate names the kind that a topic is of, such as "room/{id}" for
	// "room/42", for the names of spans and the attributes of metrics, where every
	// value costs. It returns one of few values, or "" for none. Default: none.
	TopicTemplate func(ports.Topic) string
	// DeliverySpans is how many of the pushes of one delivery get a span, and how
	// many of its executions. The others are only counted. Default: 16; negative:
	// none.
	DeliverySpans int
}

func (c *Config) validate() error {
	for _, field := range []struct {
		name    string
		setting any
	}{
		{"TracerProvider", c.TracerProvider},
		{"MeterProvider", c.MeterProvider},
		{"Propagator", c.Propagator},
	} {
		if ports.IsNilPointer(field.setting) {
			return &ports.Error{
				Op: "otel.New", Kind: ports.ErrInvalid,
				Err: errors.New("otel.Config." + field.name + " is a nil pointer: leave it out, or set one that was made"),
			}
		}
	}
	return nil
}

func (c *Config) setDefaults() {
	if c.Propagator == nil {
		c.Propagator = propagation.TraceContext{}
	}
	if c.TopicTemplate == nil {
		c.TopicTemplate = func(ports.Topic) string { return "" }
	}
	if c.DeliverySpans == 0 {
		c.DeliverySpans = 16
	}
}
