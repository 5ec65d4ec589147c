package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/otel"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

// telemetry is what -telemetry comes to.
type telemetry struct {
	recorder *otel.Observer // nil where nothing is recorded
	// close writes what is left.
	close func(context.Context) error
}

// newTelemetry writes traces and metrics to a file, as JSON; with no name it
// records nothing. For a collector, put otlptracehttp.New(ctx) and
// otlpmetrichttp.New(ctx) in the place of the two exporters: they read
// OTEL_EXPORTER_OTLP_ENDPOINT.
func newTelemetry(name string) (*telemetry, error) {
	if name == "" {
		return &telemetry{close: func(context.Context) error { return nil }}, nil
	}
	file, err := os.Create(name) //nolint:gosec // the user's own choice
	if err != nil {
		return nil, err
	}
	// docs:start providers
	spans, err := stdouttrace.New(stdouttrace.WithWriter(file))
	if err != nil {
		return nil, err
	}
	metrics, err := stdoutmetric.New(stdoutmetric.WithWriter(file))
	if err != nil {
		return nil, err
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics)))
	observer, err := otel.New(otel.Config{
		TracerProvider: tracers, MeterProvider: meters, TopicTemplate: topicTemplate,
	})
	// docs:end providers
	if err != nil {
		return nil, err
	}
	shutdown := func(ctx context.Context) error {
		return errors.Join(tracers.Shutdown(ctx), meters.Shutdown(ctx), file.Close())
	}
	return &telemetry{observer, shutdown}, nil
}

// observer is for the engine; nil where nothing is recorded.
func (t *telemetry) observer() ports.Observer {
	if t.recorder == nil {
		return nil
	}
	return t.recorder
}

// measure adds to the metrics what the engine does not know.
func (t *telemetry) measure(server *fanql.Server, bus *redis.Backend) error {
	if t.recorder == nil {
		return nil
	}
	err := t.recorder.Gauge("chat.socket.count", "{socket}", "Sockets of this process.", func(context.Context) (float64, error) {
		count := 0.0
		for range server.Connections() {
			count++
		}
		return count, nil
	})
	return errors.Join(err, measureBus(t.recorder, bus))
}

// topicTemplate names the two kinds of topics that the chat has.
func topicTemplate(topic ports.Topic) string {
	if strings.HasPrefix(string(topic), "room/") {
		return "room/{name}"
	}
	return "activity"
}

// measureBus reads from Redis what no engine knows. All processes of a fleet read
// the same: take the maximum of them, not the sum.
func measureBus(observer *otel.Observer, bus *redis.Backend) error {
	// docs:start gauges
	waiting := func(ctx context.Context) (count float64, err error) {
		lags, err := bus.Lag(ctx)
		for _, lag := range lags {
			count += float64(lag.Events)
		}
		return count, err
	}
	age := func(ctx context.Context) (oldest float64, err error) {
		lags, err := bus.Lag(ctx)
		for _, lag := range lags {
			if lag.Events > 0 {
				oldest = max(oldest, time.Since(lag.Oldest).Seconds())
			}
		}
		return oldest, err
	}
	letters := func(ctx context.Context) (float64, error) {
		count, err := bus.CountDeadLetters(ctx)
		return float64(count), err
	}
	return errors.Join(
		observer.Gauge("chat.bus.waiting", "{event}", "Events that are not delivered yet.", waiting),
		observer.Gauge("chat.bus.age", "s", "Age of the oldest of them.", age),
		observer.Gauge("chat.bus.dead_letters", "{event}", "Events that were given up.", letters),
	)
	// docs:end gauges
}
