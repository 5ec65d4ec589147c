package otel_test

import (
	"errors"
	"testing"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/fanql/fanql/adapters/otel"
	"github.com/fanql/fanql/ports"
)

// A nil pointer is what a constructor that has failed returned.
func TestNilPointersAreRefused(t *testing.T) {
	var (
		meters     *struct{ metric.MeterProvider }
		propagator *struct{ propagation.TextMapPropagator }
	)
	for name, config := range map[string]otel.Config{
		"TracerProvider": {TracerProvider: (*sdktrace.TracerProvider)(nil)},
		"MeterProvider":  {MeterProvider: meters},
		"Propagator":     {Propagator: propagator},
	} {
		_, err := otel.New(config)
		want := "otel.New: invalid: otel.Config." + name + " is a nil pointer: leave it out, or set one that was made"
		if !errors.Is(err, ports.ErrInvalid) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
