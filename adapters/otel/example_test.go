package otel_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/graphql-go/graphql"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/otel"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// The program chooses the SDK, its exporters and its sampler; engine and
// publishers report to one observer.
func ExampleNew() {
	exporter, reader := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader() // yours send to a collector
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))

	observer, err := otel.New(otel.Config{
		TracerProvider: tracers,
		MeterProvider:  meters,
		TopicTemplate: func(topic ports.Topic) string {
			kind, _, _ := strings.Cut(string(topic), "/")
			return kind
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: must.Make(memory.New(memory.Config{})), Observer: observer})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = publisher.Publish(context.Background(), core.NewTopic[any]("room/42").Event("hello"))
	for _, span := range exporter.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Output:
	// producer publish room
}

// What an invocation of a Lambda function recorded is exported before it answers.
func ExampleFlush() {
	exporter := tracetest.NewInMemoryExporter() // yours sends to a collector
	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	meters := sdkmetric.NewMeterProvider()
	observer, err := otel.New(otel.Config{TracerProvider: tracers, MeterProvider: meters})
	if err != nil {
		fmt.Println(err)
		return
	}
	engine := newEngine(observer)

	handler := otel.Flush(engine.Execute, otel.FlushConfig{ // or the handler of apigw.NewHandler, and all others
		Flush:  []func(context.Context) error{tracers.ForceFlush, meters.ForceFlush},
		Logger: slog.Default(),
	})

	// Instead of lambda.Start(handler):
	response, err := handler(context.Background(), ports.Request{Query: "{ hello }"})
	fmt.Println(string(response.Body), err)
	for _, span := range exporter.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	_ = tracers.Shutdown(context.Background())
	// Output:
	// {"data":{"hello":"world"}} <nil>
	// internal query
}

// newEngine runs a schema of one field.
func newEngine(observer ports.Observer) *core.Engine {
	schema, _ := graphqlgo.NewSchema(graphql.SchemaConfig{Query: graphql.NewObject(graphql.ObjectConfig{
		Name: "Query", Fields: graphql.Fields{"hello": {Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) { return "world", nil }}},
	})})
	backend := must.Make(memory.New(memory.Config{}))
	engine, _ := core.New(core.Config{
		Schema: schema, Store: backend, Bus: backend, Pusher: must.Make(memory.NewPusher(memory.PusherConfig{})), Observer: observer,
	})
	return engine
}
