// Package emf makes CloudWatch metrics of what engines and publishers do, by lines in
// CloudWatch's embedded metric format. On Lambda such a line on the standard output is
// all that it takes: no agent, no permission, no request that an invocation waits for.
// CloudWatch bills each metric that a month has seen as a custom metric.
//
// Source of the format: "Specification: Embedded metric format" in the documentation of
// Amazon CloudWatch.
package emf

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

// Namespace is that of all metrics.
const Namespace = "FanQL"

// Dimension is the one that each metric has.
const Dimension = "Stack"

// maxValues is how many values of a metric a line may have.
const maxValues = 100

// Config shapes an Observer. Stack is required.
type Config struct {
	// Stack is the value of the metrics' dimension: what they are added up for. It is
	// best the same for all functions of a stack, because each value is another metric
	// to pay for.
	Stack string
	// Writer receives the lines, each by one call of Write. Default: os.Stdout.
	Writer io.Writer
	// Now is the time of a line. Default: time.Now.
	Now func() time.Time
}

// Metrics are the names of all metrics with their units. A line has those that are not
// zero.
func Metrics() map[string]string {
	return map[string]string{
		"EventsPublished": "Count",        // that a bus has taken
		"PublishErrors":   "Count",        // calls of the bus that failed
		"MessageErrors":   "Count",        // messages of clients, and handshakes, that the engine failed at
		"DeliveryErrors":  "Count",        // deliveries that failed, and are repeated
		"DeliveryLag":     "Milliseconds", // from publishing an event to the end of its delivery
		"FramesPushed":    "Count",
		"Executions":      "Count", // that the frames cost
		"SubscribersLost": "Count", // that were asked to subscribe again
		"ConnectionsGone": "Count", // that turned out to have no socket
		"PushesThrottled": "Count", // that were refused for now
		"PushesRepeated":  "Count",
		"PushWaitTime":    "Milliseconds", // because the transport was throttled as a whole
	}
}

// Observer is a ports.Observer that adds up until Flush. It may be used concurrently.
type Observer struct {
	config Config
	mutex  sync.Mutex
	counts map[string]float64
	lags   []float64 // in milliseconds
}

var _ ports.Observer = (*Observer)(nil)

// New returns an observer. ErrInvalid: Config.Stack is missing, or
// Config.Writer a nil pointer.
func New(config Config) (*Observer, error) {
	if config.Stack == "" {
		return nil, &ports.Error{Op: "emf.New", Kind: ports.ErrInvalid, Err: errors.New("emf.Config.Stack is required")}
	}
	if ports.IsNilPointer(config.Writer) {
		return nil, &ports.Error{Op: "emf.New", Kind: ports.ErrInvalid, Err: errors.New("emf.Config.Writer is a nil pointer: leave it out, or set one that was made")}
	}
	if config.Writer == nil {
		config.Writer = os.Stdout
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Observer{config: config, counts: map[string]float64{}}, nil
}

// Begin counts what a step comes to: events that are published, and failures. What is
// expected in the life of connections is no failure: a client that has gone, a refusal,
// a delivery that goes on in the next invocation.
func (o *Observer) Begin(ctx context.Context, step ports.Step) (context.Context, func(error)) {
	failed := map[ports.StepName]string{
		ports.StepPublish: "PublishErrors", ports.StepDeliver: "DeliveryErrors",
		ports.StepConnect: "MessageErrors", ports.StepReceive: "MessageErrors",
	}[step.Name]
	return ctx, func(err error) {
		switch {
		case err == nil && step.Name == ports.StepPublish:
			o.add("EventsPublished", float64(step.Events))
		case err != nil && failed != "" && !expected(err):
			o.add(failed, 1)
		}
	}
}

func expected(err error) bool {
	_, refused := errors.AsType[*ports.Refusal](err)
	return refused || errors.Is(err, ports.ErrGone) || errors.Is(err, ports.ErrUnfinished) ||
		errors.Is(err, ports.ErrCancelled) || errors.Is(err, context.Canceled)
}

// Trace returns nil: there are no traces.
func (o *Observer) Trace(context.Context) map[string]string { return nil }

// Count adds to the metrics.
func (o *Observer) Count(_ context.Context, counts ports.Counts) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for name, value := range map[string]int{
		"FramesPushed": counts.Pushed, "Executions": counts.Executed, "SubscribersLost": counts.Lost,
		"ConnectionsGone": counts.Gone, "PushesThrottled": counts.Throttled, "PushesRepeated": counts.Retried,
	} {
		o.counts[name] += float64(value)
	}
	o.counts["PushWaitTime"] += milliseconds(counts.Waited)
	for _, lag := range counts.Lags {
		o.lags = append(o.lags, milliseconds(lag))
	}
}

func (o *Observer) add(name string, value float64) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.counts[name] += value
}

// Flush writes what there is since the last one, and nothing if there is nothing. Call
// it at the end of each invocation: Lambda may freeze the process then. The error is the
// writer's; what it did not take is lost.
func (o *Observer) Flush() error {
	o.mutex.Lock()
	counts, lags := o.counts, o.lags
	o.counts, o.lags = map[string]float64{}, nil
	o.mutex.Unlock()

	values := map[string]any{}
	for name, value := range counts {
		if value != 0 {
			values[name] = value
		}
	}
	for len(lags) > 0 || len(values) > 0 {
		if n := min(len(lags), maxValues); n > 0 {
			values["DeliveryLag"], lags = lags[:n], lags[n:]
		}
		if err := o.write(values); err != nil {
			return err
		}
		clear(values)
	}
	return nil
}

// write writes one line.
func (o *Observer) write(values map[string]any) error {
	type metric struct{ Name, Unit string }
	var metrics []metric
	line := map[string]any{Dimension: o.config.Stack}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		metrics, line[name] = append(metrics, metric{name, Metrics()[name]}), values[name]
	}
	line["_aws"] = map[string]any{
		"Timestamp": o.config.Now().UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace": Namespace, "Dimensions": [][]string{{Dimension}}, "Metrics": metrics,
		}},
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = o.config.Writer.Write(append(text, '\n'))
	return err
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
