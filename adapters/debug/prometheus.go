package debug

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// WritePrometheus writes what has been counted as metrics, under the names that
// OpenTelemetry's exporter for Prometheus gives to those of adapters/otel, so that a
// dashboard is of either. No topic is among them: each would be a series of its own.
// The error is the writer's.
//
// Source of the format: "Exposition formats" in the documentation of Prometheus,
// version 0.0.4.
func (o *Observer) WritePrometheus(ctx context.Context, w io.Writer) error {
	o.mutex.Lock()
	totals := o.totals
	lags, sum := slices.Clone(o.lags.counts), o.lags.sum
	o.mutex.Unlock()

	out := &exposition{w: w}
	out.metric("fanql_connection_count", "gauge", "Connections that there are.", float64(totals[connections]))
	out.metric("fanql_operation_count", "gauge", "Operations that there are, on all connections.", float64(totals[operations]))
	if o.config.Sockets != nil {
		out.metric("fanql_socket_count", "gauge", "Sockets and streams of this process.", float64(o.config.Sockets()))
	}
	if o.config.DeadLetters != nil {
		if letters, err := o.config.DeadLetters(ctx); err == nil {
			out.metric("fanql_bus_dead_letters", "gauge", "Events that the bus has given up.", float64(letters))
		}
	}
	for _, c := range []struct {
		counter    counter
		name, help string
	}{
		{published, "messaging_client_sent_messages_total", "Events that were published."},
		{publishErrors, "fanql_publish_errors_total", "Calls of the bus that failed."},
		{delivered, "messaging_client_consumed_messages_total", "Events of which a delivery has begun."},
		{deliveryErrors, "fanql_delivery_errors_total", "Deliveries that failed, and are repeated."},
		{pushed, "fanql_delivery_frames_total", "Frames of events that the pusher took."},
		{executed, "fanql_delivery_executions_total", "Executions that those frames cost."},
		{slow, "fanql_delivery_slow_total", "Connections that did not accept an event at once."},
		{putBehind, "fanql_subscriber_behind_total", "Subscribers that are to catch up, because an event did not reach them."},
		{caughtUp, "fanql_subscriber_caught_up_total", "Subscribers that have caught up, and are live."},
		{lost, "fanql_subscriber_lost_total", "Subscribers whom an event did not reach, and whose operation or connection ended with an error."},
		{gone, "fanql_connection_gone_total", "Connections that a delivery found without a socket."},
		{throttled, "fanql_push_throttled_total", "Pushes that were refused for now."},
		{retried, "fanql_push_retries_total", "Pushes that were repeated."},
	} {
		out.metric(c.name, "counter", c.help, float64(totals[c.counter]))
	}
	out.metric("fanql_push_wait_time_seconds_total", "counter",
		"Time that pushes were held up because the transport was throttled as a whole.", float64(totals[waited])/1e6)
	out.histogram("fanql_delivery_lag_seconds",
		"From the publishing of an event to the end of its delivery to all subscribers.", lags, sum.Seconds())
	return out.err
}

// exposition writes metrics until an error.
type exposition struct {
	w   io.Writer
	err error
}

func (e *exposition) printf(format string, values ...any) {
	if e.err == nil {
		_, e.err = fmt.Fprintf(e.w, format, values...)
	}
}

func (e *exposition) head(name, kind, help string) {
	e.printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (e *exposition) metric(name, kind, help string, value float64) {
	e.head(name, kind, help)
	e.printf("%s %s\n", name, number(value))
}

func (e *exposition) histogram(name, help string, counts []int64, sum float64) {
	e.head(name, "histogram", help)
	total := int64(0)
	for i, bound := range bounds() {
		total += counts[i]
		e.printf("%s_bucket{le=%q} %d\n", name, number(bound), total)
	}
	total += counts[len(counts)-1]
	e.printf("%s_bucket{le=\"+Inf\"} %d\n%s_sum %s\n%s_count %d\n", name, total, name, number(sum), name, total)
}

func number(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }
