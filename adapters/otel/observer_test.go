package otel_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/otel"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// published is the trace that an event gets, and the context of its span.
func published(ctx context.Context, r *recorder) (map[string]string, trace.SpanContext) {
	ctx, end := r.Begin(ctx, ports.Step{Name: ports.StepPublish, Topic: "a", Events: 1})
	defer end(nil)
	return r.Trace(ctx), trace.SpanContextFromContext(ctx)
}

// deliver begins and ends a delivery.
func deliver(ctx context.Context, r *recorder, traces ...map[string]string) {
	_, end := r.Begin(ctx, ports.Step{Name: ports.StepDeliver, Topic: "a", Events: len(traces), Traces: traces})
	end(nil)
}

func linked(span sdktrace.ReadOnlySpan) []trace.SpanID {
	var ids []trace.SpanID
	for _, link := range span.Links() {
		ids = append(ids, link.SpanContext.SpanID())
	}
	return ids
}

func TestDeliveryContinuesTheTraceOfItsPublisher(t *testing.T) {
	r := newRecorder(t, nil)
	carried, publisher := published(t.Context(), r)
	invocation, span := r.tracers.Tracer("test").Start(t.Context(), "invocation")
	deliver(invocation, r, carried)
	span.End()
	got := r.only(t, "deliver")
	if got.Parent().SpanID() != publisher.SpanID() || got.SpanContext().TraceID() != publisher.TraceID() {
		t.Errorf("the parent is %v, want the publisher's span %v", got.Parent(), publisher)
	}
	if want := []trace.SpanID{span.SpanContext().SpanID()}; !slices.Equal(linked(got), want) {
		t.Errorf("links to %v, want one to the invocation", linked(got))
	}
}

func TestDeliveryOfSeveralTracesLinksThem(t *testing.T) {
	r := newRecorder(t, nil)
	one, first := published(t.Context(), r)
	two, second := published(t.Context(), r)
	invocation, span := r.tracers.Tracer("test").Start(t.Context(), "invocation")
	deliver(invocation, r, one, two)
	got := r.only(t, "deliver")
	if got.Parent().SpanID() != span.SpanContext().SpanID() {
		t.Errorf("the parent is %v, want the invocation's span", got.Parent())
	}
	if want := []trace.SpanID{first.SpanID(), second.SpanID()}; !slices.Equal(linked(got), want) {
		t.Errorf("links to %v, want %v", linked(got), want)
	}
}

func TestDeliveryOfOneTracePublishedTwiceContinuesIt(t *testing.T) {
	r := newRecorder(t, nil)
	mutation, span := r.tracers.Tracer("test").Start(t.Context(), "mutation")
	one, first := published(mutation, r)
	two, second := published(mutation, r)
	deliver(t.Context(), r, one, two)
	got := r.only(t, "deliver")
	if got.Parent().SpanID() != first.SpanID() || got.SpanContext().TraceID() != span.SpanContext().TraceID() {
		t.Errorf("the parent is %v, want the first publisher's span", got.Parent())
	}
	if want := []trace.SpanID{second.SpanID()}; !slices.Equal(linked(got), want) {
		t.Errorf("links to %v, want one to the second publisher", linked(got))
	}
}

func TestTraceThatCannotBeReadIsPassedOver(t *testing.T) {
	for name, carried := range map[string]map[string]string{
		"none":      nil,
		"empty":     {},
		"not a one": {"traceparent": "00-zz"},
		"all zeros": {"traceparent": "00-" + strings.Repeat("0", 32) + "-" + strings.Repeat("0", 16) + "-01"},
		"very long": {"traceparent": strings.Repeat("0", 1<<20), "tracestate": strings.Repeat("a=b,", 1000)},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder(t, nil)
			deliver(t.Context(), r, carried)
			if got := r.only(t, "deliver"); got.Parent().IsValid() || len(got.Links()) > 0 {
				t.Errorf("parent %v, links %v, want neither", got.Parent(), got.Links())
			}
		})
	}
}

func TestBaggageTravelsOnlyWithAPropagatorForIt(t *testing.T) {
	member, err := baggage.NewMember("tenant", "acme")
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	ctx := baggage.ContextWithBaggage(t.Context(), bag)
	for _, test := range []struct {
		propagator propagation.TextMapPropagator
		want       string
	}{
		{nil, ""},
		{propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}), "acme"},
	} {
		r := newRecorder(t, func(c *otel.Config) { c.Propagator = test.propagator })
		carried, _ := published(ctx, r)
		delivery, end := r.Begin(t.Context(), ports.Step{Name: ports.StepDeliver, Events: 1, Traces: []map[string]string{carried}})
		if got := baggage.FromContext(delivery).Member("tenant").Value(); got != test.want {
			t.Errorf("the delivery's baggage is %q, want %q", got, test.want)
		}
		end(nil)
	}
}

func TestDeliveryHasFewSpans(t *testing.T) {
	for setting, want := range map[int]int{0: 16, 3: 3, -1: 0} {
		r := newRecorder(t, func(c *otel.Config) { c.DeliverySpans = setting })
		ctx, end := r.Begin(t.Context(), ports.Step{Name: ports.StepDeliver, Topic: "a", Events: 1})
		for range 100 {
			for _, step := range []ports.Step{{Name: ports.StepExecute, Operation: "subscription"}, {Name: ports.StepPush}} {
				_, end := r.Begin(ctx, step)
				end(nil)
			}
		}
		end(nil)
		if got := len(r.named("push")); got != want {
			t.Errorf("DeliverySpans %d: %d spans of pushes, want %d", setting, got, want)
		}
		if got := len(r.named("subscription")); got != want {
			t.Errorf("DeliverySpans %d: %d spans of executions, want %d", setting, got, want)
		}
		if table := r.table(t); !strings.Contains(table, "fanql.push.duration = 100 in") {
			t.Errorf("the metrics lack pushes:\n%s", table)
		}
	}
}

func TestPushOutsideOfATraceHasNoSpan(t *testing.T) {
	r := newRecorder(t, nil)
	_, end := r.Begin(t.Context(), ports.Step{Name: ports.StepPush, Connection: "1"})
	end(nil)
	if got := r.spans.Ended(); len(got) > 0 {
		t.Errorf("%d spans, want none", len(got))
	}
}

func TestErrorIsToldByItsKind(t *testing.T) {
	const secret = "password1"
	for _, test := range []struct {
		err    error
		kind   string
		status codes.Code
	}{
		{nil, "", codes.Unset},
		{&ports.Refusal{Reason: secret}, "refused", codes.Unset},
		{fmt.Errorf("%s: %w", secret, &ports.Error{Op: "test", Kind: ports.ErrGone}), "gone", codes.Unset},
		{ports.ErrUnfinished, "unfinished", codes.Unset},
		{context.Canceled, "cancelled", codes.Unset},
		{context.DeadlineExceeded, "timeout", codes.Error},
		{&ports.Error{Op: "test", Kind: ports.ErrThrottled, Err: errors.New(secret)}, "throttled", codes.Error},
		{errors.New(secret), "_OTHER", codes.Error},
	} {
		r := newRecorder(t, nil)
		_, end := r.Begin(t.Context(), ports.Step{Name: ports.StepConnect, Connection: "1"})
		end(test.err)
		span := r.only(t, "connect")
		var kind string
		for _, a := range span.Attributes() {
			if a.Key == "error.type" {
				kind = a.Value.AsString()
			}
		}
		if kind != test.kind || span.Status().Code != test.status {
			t.Errorf("%v: error.type %q, status %v; want %q, %v", test.err, kind, span.Status(), test.kind, test.status)
		}
		table := r.table(t)
		if test.kind != "" && !strings.Contains(table, "error.type="+test.kind+" ") {
			t.Errorf("%v: the metrics lack its kind:\n%s", test.err, table)
		}
		if all := table + fmt.Sprintf("%+v", tracetest.SpanStubFromReadOnlySpan(span)); strings.Contains(all, secret) {
			t.Errorf("%v: its text is in the telemetry", test.err)
		}
	}
}

func TestMetricsHaveNoTopicsConnectionsOrNames(t *testing.T) {
	r := newRecorder(t, nil)
	for i := range 3 {
		id := fmt.Sprint("x-", i)
		for _, step := range []ports.Step{
			{Name: ports.StepConnect}, {Name: ports.StepReceive, Message: "subscribe"}, {Name: ports.StepDisconnect},
			{Name: ports.StepExecute, Operation: "query"}, {Name: ports.StepPush},
			{Name: ports.StepPublish, Events: 1}, {Name: ports.StepDeliver, Events: 1},
		} {
			step.Connection, step.Topic, step.OperationName = ports.ConnectionID(id), ports.Topic(id), id
			_, end := r.Begin(t.Context(), step)
			end(nil)
		}
	}
	if table := r.table(t); strings.Contains(table, "x-") || strings.Count(table, "\n") == 0 {
		t.Errorf("the metrics are\n%s", table)
	}
}

func TestIdentityThatIsPutOutIsNotNamed(t *testing.T) {
	r := newRecorder(t, nil)
	bus := must.Make(memory.New(memory.Config{})).Bus
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: bus, Observer: r})
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.CloseIdentity(t.Context(), "ann@example.com", 4403, "bye"); err != nil {
		t.Fatal(err)
	}
	span := r.only(t, "publish fanql:identity")
	if all := r.table(t) + fmt.Sprintf("%+v", tracetest.SpanStubFromReadOnlySpan(span)); strings.Contains(all, "ann") {
		t.Errorf("recorded %s", all)
	}
}

func TestOperationNameIsCut(t *testing.T) {
	r := newRecorder(t, nil)
	_, end := r.Begin(t.Context(), ports.Step{Name: ports.StepExecute, Operation: "query", OperationName: strings.Repeat("a", 100_000)})
	end(nil)
	want := attribute.String("graphql.operation.name", strings.Repeat("a", 128))
	if got := r.only(t, "query").Attributes(); !slices.Contains(got, want) {
		t.Errorf("attributes %.300v", got)
	}
}

func TestCounts(t *testing.T) {
	r := newRecorder(t, nil)
	r.Count(t.Context(), ports.Counts{Connections: 2, Operations: 3})
	r.Count(t.Context(), ports.Counts{Connections: -1, Operations: -1})
	r.Count(t.Context(), ports.Counts{
		Pushed: 10, Executed: 2, Gone: 1, Lost: 4, Throttled: 5, Retried: 6,
		Waited: 1500 * time.Millisecond, Lags: []time.Duration{time.Second, 3 * time.Second},
	})
	const want = `fanql.connection.count = 1 {connection}
fanql.connection.gone = 1 {connection}
fanql.delivery.executions = 2 {execution}
fanql.delivery.frames = 10 {frame}
fanql.delivery.lag = 2 in 4.000 s
fanql.operation.count = 2 {operation}
fanql.push.retries = 6 {push}
fanql.push.throttled = 5 {push}
fanql.push.wait.time = 1.5 s
fanql.subscriber.lost = 4 {subscriber}
`
	if got := r.table(t); got != want {
		t.Errorf("counted\n%s\nwant\n%s", got, want)
	}
}

func TestGauge(t *testing.T) {
	r := newRecorder(t, nil)
	value, failure := 1.0, error(nil)
	err := r.Gauge("chat.waiting", "{event}", "Events that wait.", func(context.Context) (float64, error) { return value, failure })
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []float64{1, 7} {
		value = want
		if got := r.table(t); got != fmt.Sprintf("chat.waiting = %v {event}\n", want) {
			t.Errorf("the table is %q, want %v", got, want)
		}
	}
	failure = errors.New("away")
	if err := r.reader.Collect(t.Context(), nil); err == nil {
		t.Error("collected without an error")
	}
}

func TestObserverWithoutProvidersRecordsNothing(t *testing.T) {
	observer, err := otel.New(otel.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, push := t.Context(), ports.Step{Name: ports.StepPush, Connection: "1"}
	if got := testing.AllocsPerRun(100, func() {
		_, end := observer.Begin(ctx, push)
		end(nil)
	}); got != 0 {
		t.Errorf("a push allocates %v times, want none", got)
	}
	if got := observer.Trace(ctx); got != nil {
		t.Errorf("events carry %v, want nothing", got)
	}
	observer.Count(ctx, ports.Counts{Pushed: 1, Lags: []time.Duration{1}})
}

// What travels with an event is W3C Trace Context, whoever reads it.
func TestEventsCarryTraceContext(t *testing.T) {
	carried, publisher := published(t.Context(), newRecorder(t, nil))
	want := map[string]string{"traceparent": fmt.Sprintf("00-%s-%s-01", publisher.TraceID(), publisher.SpanID())}
	if !maps.Equal(carried, want) {
		t.Errorf("events carry %v, want %v", carried, want)
	}
}
