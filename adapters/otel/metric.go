package otel

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/fanql/fanql/ports"
)

type instruments struct {
	connections, operations           metric.Int64UpDownCounter
	sent, consumed                    metric.Int64Counter
	frames, executions                metric.Int64Counter
	gone, lost, throttled, retries    metric.Int64Counter
	slow, behind, caughtUp            metric.Int64Counter
	waited                            metric.Float64Counter
	lag                               metric.Float64Histogram
	connect, receive, disconnect      metric.Float64Histogram
	execute, publish, deliver, pushes metric.Float64Histogram
}

func newInstruments(meter metric.Meter) (instruments, error) {
	var i instruments
	var failures []error
	for _, counter := range []struct {
		to                      *metric.Int64Counter
		name, unit, description string
	}{
		{&i.sent, "messaging.client.sent.messages", "{message}", "Events that were published, or could not be."},
		{&i.consumed, "messaging.client.consumed.messages", "{message}", "Events of which a delivery has begun."},
		{&i.frames, "fanql.delivery.frames", "{frame}", "Frames of events that the pusher took."},
		{&i.executions, "fanql.delivery.executions", "{execution}", "Executions that those frames cost."},
		{&i.gone, "fanql.connection.gone", "{connection}", "Connections that a delivery found without a socket."},
		{&i.lost, "fanql.subscriber.lost", "{subscriber}", "Subscribers whom an event did not reach, and whose operation or connection ended with an error."},
		{&i.slow, "fanql.delivery.slow", "{connection}", "Connections that did not accept an event at once."},
		{&i.behind, "fanql.subscriber.behind", "{subscriber}", "Subscribers that are to catch up, because an event did not reach them."},
		{&i.caughtUp, "fanql.subscriber.caught_up", "{subscriber}", "Subscribers that have caught up, and are live."},
		{&i.throttled, "fanql.push.throttled", "{push}", "Pushes that were refused for now."},
		{&i.retries, "fanql.push.retries", "{push}", "Pushes that were repeated."},
	} {
		var err error
		*counter.to, err = meter.Int64Counter(counter.name, metric.WithUnit(counter.unit), metric.WithDescription(counter.description))
		failures = append(failures, err)
	}
	for _, counter := range []struct {
		to                      *metric.Int64UpDownCounter
		name, unit, description string
	}{
		{&i.connections, "fanql.connection.count", "{connection}", "Connections that there are."},
		{&i.operations, "fanql.operation.count", "{operation}", "Operations that there are, on all connections."},
	} {
		var err error
		*counter.to, err = meter.Int64UpDownCounter(counter.name, metric.WithUnit(counter.unit), metric.WithDescription(counter.description))
		failures = append(failures, err)
	}
	var err error
	i.waited, err = meter.Float64Counter("fanql.push.wait.time", metric.WithUnit("s"),
		metric.WithDescription("Time that pushes were held up because the transport was throttled as a whole."))
	failures = append(failures, err, i.newHistograms(meter))
	return i, errors.Join(failures...)
}

func (i *instruments) newHistograms(meter metric.Meter) error {
	var failures []error
	for _, histogram := range []struct {
		to                *metric.Float64Histogram
		name, description string
	}{
		{&i.connect, "fanql.connect.duration", "Handling of a handshake."},
		{&i.receive, "fanql.receive.duration", "Handling of a client's message."},
		{&i.disconnect, "fanql.disconnect.duration", "Handling of the end of a connection."},
		{&i.execute, "fanql.execute.duration", "One execution of an operation."},
		{&i.publish, "messaging.client.operation.duration", "One call of the bus."},
		{&i.deliver, "messaging.process.duration", "Delivery of events of one topic to all of its subscribers."},
		{&i.pushes, "fanql.push.duration", "One frame to one client, as far as the pusher waits for it."},
		{&i.lag, "fanql.delivery.lag", "From the publishing of an event to the end of its delivery to all subscribers."},
	} {
		bounds := buckets()
		if histogram.to == &i.lag {
			bounds = append(bounds, 30, 60, 300, 900, 3600) // a bus may be an hour behind
		}
		var err error
		*histogram.to, err = meter.Float64Histogram(histogram.name, metric.WithUnit("s"),
			metric.WithDescription(histogram.description), metric.WithExplicitBucketBoundaries(bounds...))
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// buckets are those that the semantic conventions advise for messaging, and three
// for what stays in the process.
func buckets() []float64 {
	return []float64{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
}

// measure records that a step has ended.
func (i *instruments) measure(
	ctx context.Context, step ports.StepName, events int, labels []attribute.KeyValue, took time.Duration, failure failure,
) {
	histogram := i.duration(step)
	if histogram == nil {
		return // a step that this version does not know
	}
	if failure.kind != "" {
		labels = append(labels, semconv.ErrorTypeKey.String(failure.kind))
	}
	if len(labels) == 0 { // as for most pushes
		histogram.Record(ctx, took.Seconds())
		return
	}
	attributes := metric.WithAttributeSet(attribute.NewSet(labels...))
	histogram.Record(ctx, took.Seconds(), attributes)
	switch step {
	case ports.StepPublish:
		i.sent.Add(ctx, int64(events), attributes)
	case ports.StepDeliver:
		i.consumed.Add(ctx, int64(events), attributes)
	}
}

func (i *instruments) duration(step ports.StepName) metric.Float64Histogram {
	switch step {
	case ports.StepConnect:
		return i.connect
	case ports.StepReceive:
		return i.receive
	case ports.StepDisconnect:
		return i.disconnect
	case ports.StepExecute:
		return i.execute
	case ports.StepPublish:
		return i.publish
	case ports.StepDeliver:
		return i.deliver
	case ports.StepPush:
		return i.pushes
	default:
		return nil
	}
}

// Count adds up: see ports.Observer.
func (o *Observer) Count(ctx context.Context, counts ports.Counts) {
	var label attribute.Set
	if d := deliveryFrom(ctx); d != nil {
		d.add(counts)
		label = d.label
	}
	if o.measures {
		o.instruments.count(ctx, counts, metric.WithAttributeSet(label))
	}
}

func (i *instruments) count(ctx context.Context, counts ports.Counts, label metric.MeasurementOption) {
	if counts.Connections != 0 {
		i.connections.Add(ctx, int64(counts.Connections))
	}
	if counts.Operations != 0 {
		i.operations.Add(ctx, int64(counts.Operations))
	}
	for _, counted := range []struct {
		number  int
		counter metric.Int64Counter
	}{
		{counts.Pushed, i.frames}, {counts.Executed, i.executions}, {counts.Gone, i.gone},
		{counts.Lost, i.lost}, {counts.Throttled, i.throttled}, {counts.Retried, i.retries},
		{counts.Slow, i.slow}, {counts.PutBehind, i.behind}, {counts.CaughtUp, i.caughtUp},
	} {
		if counted.number > 0 {
			counted.counter.Add(ctx, int64(counted.number), label)
		}
	}
	if counts.Waited > 0 {
		i.waited.Add(ctx, counts.Waited.Seconds(), label)
	}
	for _, lag := range counts.Lags {
		i.lag.Record(ctx, lag.Seconds(), label)
	}
}
