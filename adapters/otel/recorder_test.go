package otel_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/fanql/fanql/adapters/otel"
)

// recorder is OpenTelemetry's SDK with everything kept in memory.
type recorder struct {
	*otel.Observer
	tracers *sdktrace.TracerProvider
	meters  *sdkmetric.MeterProvider
	spans   *tracetest.SpanRecorder
	reader  *sdkmetric.ManualReader
}

func newRecorder(tb testing.TB, change func(*otel.Config)) *recorder {
	tb.Helper()
	r := &recorder{spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	r.tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans))
	r.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))
	config := otel.Config{TracerProvider: r.tracers, MeterProvider: r.meters}
	if change != nil {
		change(&config)
	}
	observer, err := otel.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	r.Observer = observer
	return r
}

// named are the spans of that name that have ended.
func (r *recorder) named(name string) []sdktrace.ReadOnlySpan {
	return slices.DeleteFunc(r.spans.Ended(), func(s sdktrace.ReadOnlySpan) bool { return s.Name() != name })
}

// only is the one span of that name.
func (r *recorder) only(t *testing.T, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	spans := r.named(name)
	if len(spans) != 1 {
		t.Fatalf("%d spans named %q, want one", len(spans), name)
	}
	return spans[0]
}

// tree draws the spans of one trace: each below its parent, in the order of their
// beginnings (an execution, which takes no time here, before its pushes), with milliseconds since the first of them.
func (r *recorder) tree(id trace.TraceID) string {
	children := map[trace.SpanID][]sdktrace.ReadOnlySpan{}
	known := map[trace.SpanID]bool{{}: true}
	spans := slices.DeleteFunc(r.spans.Ended(), func(s sdktrace.ReadOnlySpan) bool { return s.SpanContext().TraceID() != id })
	slices.SortFunc(spans, func(a, b sdktrace.ReadOnlySpan) int {
		return cmp.Or(a.StartTime().Compare(b.StartTime()), cmp.Compare(a.SpanKind(), b.SpanKind()), strings.Compare(label(a), label(b)))
	})
	for _, span := range spans {
		known[span.SpanContext().SpanID()] = true
		children[span.Parent().SpanID()] = append(children[span.Parent().SpanID()], span)
	}
	var text strings.Builder
	var draw func(trace.SpanID, string)
	draw = func(parent trace.SpanID, indent string) {
		for _, span := range children[parent] {
			fmt.Fprintf(&text, "%s%s\n", indent, line(span, spans[0].StartTime()))
			for attributes := range slices.Chunk(span.Attributes(), 3) {
				fmt.Fprintf(&text, "%s    %s\n", indent, strings.Join(pairs(attributes), " "))
			}
			draw(span.SpanContext().SpanID(), indent+"  ")
		}
	}
	draw(trace.SpanID{}, "")
	for parent := range children {
		if !known[parent] {
			fmt.Fprintf(&text, "a parent is missing: %s\n", parent)
		}
	}
	return text.String()
}

func label(span sdktrace.ReadOnlySpan) string {
	return span.Name() + strings.Join(pairs(span.Attributes()), " ")
}

func line(span sdktrace.ReadOnlySpan, zero time.Time) string {
	return fmt.Sprintf("%s (%s, %d to %d ms)", span.Name(), span.SpanKind(),
		span.StartTime().Sub(zero).Milliseconds(), span.EndTime().Sub(zero).Milliseconds())
}

func pairs(attributes []attribute.KeyValue) []string {
	texts := make([]string, len(attributes))
	for i, a := range attributes {
		texts[i] = fmt.Sprintf("%s=%s", a.Key, a.Value.String())
	}
	return texts
}

// table lists all metrics with each set of their attributes.
func (r *recorder) table(tb testing.TB) string {
	tb.Helper()
	var collected metricdata.ResourceMetrics
	if err := r.reader.Collect(context.Background(), &collected); err != nil {
		tb.Fatal(err)
	}
	var lines []string
	add := func(m metricdata.Metrics, attributes attribute.Set, value string) {
		text := m.Name
		for few := range slices.Chunk(pairs(attributes.ToSlice()), 3) {
			text += "\n    " + strings.Join(few, " ")
		}
		lines = append(lines, fmt.Sprintf("%s = %s\n", text, value))
	}
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, point := range data.DataPoints {
					add(m, point.Attributes, fmt.Sprint(point.Value, " ", m.Unit))
				}
			case metricdata.Sum[float64]:
				for _, point := range data.DataPoints {
					add(m, point.Attributes, fmt.Sprint(point.Value, " ", m.Unit))
				}
			case metricdata.Gauge[float64]:
				for _, point := range data.DataPoints {
					add(m, point.Attributes, fmt.Sprint(point.Value, " ", m.Unit))
				}
			case metricdata.Histogram[float64]:
				for _, point := range data.DataPoints {
					add(m, point.Attributes, fmt.Sprintf("%d in %.3f %s", point.Count, point.Sum, m.Unit))
				}
			default:
				tb.Errorf("%s is a %T", m.Name, data)
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
