package otel_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/otel"
	"github.com/fanql/fanql/core"
	chatgraphqlgo "github.com/fanql/fanql/examples/chat-graphqlgo"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// nowhere is a pusher that costs nothing.
type nowhere struct{}

func (nowhere) Push(context.Context, ports.Address, ports.Frame) error  { return nil }
func (nowhere) Close(context.Context, ports.Address, int, string) error { return nil }

// What an event to 1,000 subscribers costs with and without an observer; ns/push
// is what to watch.
func BenchmarkDeliver(b *testing.B) {
	const subscribers = 1000
	spans := sdktrace.WithBatcher(discard{})
	metrics := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	sampled, unsampled := sdktrace.NewTracerProvider(spans), sdktrace.NewTracerProvider(spans, sdktrace.WithSampler(sdktrace.NeverSample()))
	b.Cleanup(func() {
		_ = sampled.Shutdown(context.Background())
		_ = unsampled.Shutdown(context.Background())
	})
	for _, setup := range []struct {
		name   string
		config *otel.Config
	}{
		{"no observer", nil},
		{"no providers", &otel.Config{}},
		{"no-op providers", &otel.Config{TracerProvider: tracenoop.NewTracerProvider(), MeterProvider: metricnoop.NewMeterProvider()}},
		{"metrics", &otel.Config{MeterProvider: metrics}},
		{"metrics, trace not sampled", &otel.Config{MeterProvider: metrics, TracerProvider: unsampled}},
		{"metrics, trace sampled", &otel.Config{MeterProvider: metrics, TracerProvider: sampled}},
		{"metrics, a span for every push", &otel.Config{MeterProvider: metrics, TracerProvider: sampled, DeliverySpans: subscribers}},
	} {
		b.Run(setup.name, func(b *testing.B) {
			engine := newCrowd(b, subscribers, setup.config)
			event := ports.Event{ID: "1", Topic: "room/go", Kind: ports.EventData, Payload: []byte(`{"typing":"bob"}`), Time: time.Now()}
			b.ReportAllocs()
			for b.Loop() {
				if err := engine.Deliver(b.Context(), []ports.Event{event})[0]; err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*subscribers), "ns/push")
		})
	}
}

// discard is an exporter that drops what it gets.
type discard struct{}

func (discard) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (discard) Shutdown(context.Context) error                             { return nil }

// newCrowd is an engine with that many subscribers in one room.
func newCrowd(b *testing.B, subscribers int, config *otel.Config) *core.Engine {
	b.Helper()
	backend := must.Make(memory.New(memory.Config{}))
	chat, err := chatgraphqlgo.New(schema.NewMemoryHistory(schema.DefaultRooms()...))
	if err != nil {
		b.Fatal(err)
	}
	parts := core.Config{Schema: chat, Store: backend, Bus: backend, Pusher: nowhere{}}
	if config != nil {
		if parts.Observer, err = otel.New(*config); err != nil {
			b.Fatal(err)
		}
	}
	engine, err := core.New(parts)
	if err != nil {
		b.Fatal(err)
	}
	for i := range subscribers {
		address := ports.Address{ID: ports.ConnectionID(fmt.Sprint(i))}
		if _, err := engine.Connect(b.Context(), ports.Handshake{Address: address, ReceivedAt: time.Now(), Protocols: []string{"graphql-transport-ws"}}); err != nil {
			b.Fatal(err)
		}
		for j, text := range []string{`{"type":"connection_init"}`, `{"id":"1","type":"subscribe","payload":{"query":"subscription { room(name: \"go\") { typing } }"}}`} {
			message := ports.Message{Address: address, RequestID: fmt.Sprint(i, "-", j), ReceivedAt: time.Now(), Data: []byte(text)}
			if err := engine.Receive(b.Context(), message); err != nil {
				b.Fatal(err)
			}
		}
	}
	return engine
}
