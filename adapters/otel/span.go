package otel

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/fanql/fanql/ports"
)

// start begins the span of a step. It is nil where there is none.
func (o *Observer) start(ctx context.Context, step ports.Step, labels []attribute.KeyValue) (context.Context, trace.Span) {
	if step.Name == ports.StepDeliver {
		return o.startDelivery(ctx, step, labels)
	}
	if o.tracer == nil || !o.deserves(ctx, step.Name) {
		return ctx, nil
	}
	return o.tracer.Start(ctx, o.name(step), trace.WithSpanKind(kind(step.Name)),
		trace.WithAttributes(labels...), trace.WithAttributes(details(step)...))
}

// startDelivery begins the span of a delivery in the trace of its events.
func (o *Observer) startDelivery(ctx context.Context, step ports.Step, labels []attribute.KeyValue) (context.Context, trace.Span) {
	ctx, links := o.join(ctx, step.Traces)
	d := &delivery{label: attribute.NewSet(o.topicLabels(step.Topic)...)}
	ctx = context.WithValue(ctx, deliveryKey{}, d)
	if o.tracer == nil {
		return ctx, nil
	}
	ctx, span := o.tracer.Start(ctx, o.name(step), trace.WithSpanKind(kind(step.Name)), trace.WithLinks(links...),
		trace.WithAttributes(labels...), trace.WithAttributes(details(step)...))
	if span.IsRecording() {
		d.spans = int64(o.config.DeliverySpans)
	}
	return ctx, span
}

// deserves tells whether a step gets a span. A large delivery would have tens of
// thousands of them, and a push by itself is not worth a trace.
func (o *Observer) deserves(ctx context.Context, step ports.StepName) bool {
	switch d := deliveryFrom(ctx); {
	case step == ports.StepPush && d != nil:
		return d.pushes.Add(1) <= d.spans
	case step == ports.StepPush:
		return o.config.DeliverySpans > 0 && trace.SpanFromContext(ctx).IsRecording()
	case step == ports.StepExecute && d != nil:
		return d.executions.Add(1) <= d.spans
	default:
		return true
	}
}

// name has few values: it is what spans are grouped by.
func (o *Observer) name(step ports.Step) string {
	switch step.Name {
	case ports.StepReceive:
		return "receive " + step.Message
	case ports.StepExecute:
		return string(step.Operation) // GraphQL semantic conventions: the operation's type
	case ports.StepPublish, ports.StepDeliver:
		if template := o.template(step.Topic); template != "" {
			return string(step.Name) + " " + template
		}
	}
	return string(step.Name)
}

func kind(step ports.StepName) trace.SpanKind {
	switch step {
	case ports.StepConnect, ports.StepReceive, ports.StepDisconnect:
		return trace.SpanKindServer
	case ports.StepPublish:
		return trace.SpanKindProducer
	case ports.StepDeliver:
		return trace.SpanKindConsumer
	case ports.StepPush:
		return trace.SpanKindClient
	default:
		return trace.SpanKindInternal
	}
}

// labels are the attributes that have few values.
func (o *Observer) labels(step ports.Step) []attribute.KeyValue {
	switch step.Name {
	case ports.StepReceive:
		return []attribute.KeyValue{attribute.String("fanql.message.type", step.Message)}
	case ports.StepExecute:
		return []attribute.KeyValue{semconv.GraphQLOperationTypeKey.String(string(step.Operation))}
	case ports.StepPublish:
		return append(o.topicLabels(step.Topic), messagingSystem(),
			semconv.MessagingOperationName("publish"), semconv.MessagingOperationTypeSend)
	case ports.StepDeliver:
		return append(o.topicLabels(step.Topic), messagingSystem(),
			semconv.MessagingOperationName("deliver"), semconv.MessagingOperationTypeProcess)
	default:
		return nil
	}
}

func messagingSystem() attribute.KeyValue { return semconv.MessagingSystemKey.String("fanql") }

// longestName is how many bytes of the client's own word a span takes.
const longestName = 128

// details are the attributes of a span that may have any value.
func details(step ports.Step) []attribute.KeyValue {
	var all []attribute.KeyValue
	if step.Connection != "" {
		all = append(all, attribute.String("fanql.connection.id", string(step.Connection)))
	}
	if name := step.OperationName; name != "" { // a Name of GraphQL is ASCII
		all = append(all, semconv.GraphQLOperationName(name[:min(len(name), longestName)]))
	}
	if step.Topic != "" {
		all = append(all, semconv.MessagingDestinationName(destination(step.Topic)))
	}
	if step.Events > 0 {
		all = append(all, semconv.MessagingBatchMessageCount(step.Events))
	}
	return all
}

// finish ends a span, that of a delivery with what it came to.
func finish(ctx context.Context, step ports.StepName, span trace.Span, failure failure) {
	if failure.kind != "" {
		span.SetAttributes(semconv.ErrorTypeKey.String(failure.kind))
		if !failure.expected {
			span.SetStatus(codes.Error, failure.kind)
		}
	}
	if step == ports.StepDeliver {
		span.SetAttributes(deliveryFrom(ctx).attributes()...)
	}
	span.End()
}
