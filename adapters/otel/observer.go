package otel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/fanql/fanql/ports"
)

// scope names this package as the origin of its spans and metrics.
const scope = "github.com/fanql/fanql/adapters/otel"

// Observer makes spans and metrics. Its methods may be called concurrently; one
// serves any number of engines and publishers.
type Observer struct {
	config Config
	// tracer is nil where there are no spans.
	tracer trace.Tracer
	meter  metric.Meter
	// measures is false where there are no metrics.
	measures    bool
	instruments instruments
}

var _ ports.Observer = (*Observer)(nil)

// New makes an observer. ErrInvalid: a field is a nil pointer; the error names it. Any
// other error is the meter provider's, about an instrument.
func New(config Config) (*Observer, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config.setDefaults()
	o := &Observer{config: config, measures: config.MeterProvider != nil}
	if config.TracerProvider != nil {
		o.tracer = config.TracerProvider.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL))
	}
	if !o.measures {
		config.MeterProvider = noop.NewMeterProvider()
	}
	o.meter = config.MeterProvider.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))
	var err error
	o.instruments, err = newInstruments(o.meter)
	return o, err
}

// Begin starts a step: see ports.Observer.
func (o *Observer) Begin(ctx context.Context, step ports.Step) (context.Context, func(error)) {
	labels := o.labels(step)
	ctx, span := o.start(ctx, step, labels)
	if span == nil && !o.measures {
		return ctx, func(error) {}
	}
	begun, name, events := time.Now(), step.Name, step.Events // the whole step would cost each push 200 bytes
	return ctx, func(err error) {
		failure := classify(err)
		if span != nil {
			finish(ctx, name, span, failure)
		}
		if o.measures {
			o.instruments.measure(ctx, name, events, labels, time.Since(begun), failure)
		}
	}
}
