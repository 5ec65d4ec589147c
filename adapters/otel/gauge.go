package otel

import (
	"context"

	"go.opentelemetry.io/otel/metric"
)

// Gauge has a value read whenever metrics are collected: how many events wait in
// a bus, how many sockets a server holds. The unit is UCUM's, such as "s" or
// "{event}". Read may be called concurrently; its error reaches OpenTelemetry's
// error handler, and the value is missing then. The error of Gauge is the meter
// provider's.
func (o *Observer) Gauge(name, unit, description string, read func(context.Context) (float64, error)) error {
	_, err := o.meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description),
		metric.WithFloat64Callback(func(ctx context.Context, observer metric.Float64Observer) error {
			value, err := read(ctx)
			if err != nil {
				return err
			}
			observer.Observe(value)
			return nil
		}))
	return err
}
