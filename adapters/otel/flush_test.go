package otel_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fanql/fanql/adapters/otel"
	"github.com/fanql/fanql/ports"
)

func TestFlushComesBeforeTheAnswer(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter)) // waits for five seconds by itself
	defer func() { _ = tracers.Shutdown(context.Background()) }()
	observer, err := otel.New(otel.Config{TracerProvider: tracers})
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	handler := otel.Flush(func(ctx context.Context, in string) (string, error) {
		_, end := observer.Begin(ctx, ports.Step{Name: ports.StepConnect})
		end(nil)
		if len(exporter.GetSpans()) != 0 {
			t.Error("the span was exported before there was an answer")
		}
		return in + "!", failed
	}, otel.FlushConfig{Flush: []func(context.Context) error{tracers.ForceFlush}})

	out, err := handler(t.Context(), "hello")
	if out != "hello!" || !errors.Is(err, failed) {
		t.Errorf("answered %q, %v", out, err)
	}
	if got := len(exporter.GetSpans()); got != 1 {
		t.Errorf("%d spans were exported before the answer, want 1", got)
	}
}

func TestFlushAfterAPanic(t *testing.T) {
	flushed := false
	handler := otel.Flush(func(context.Context, int) (int, error) { panic("oh") }, otel.FlushConfig{
		Flush: []func(context.Context) error{func(context.Context) error { flushed = true; return nil }},
	})
	defer func() {
		if recover() == nil || !flushed {
			t.Errorf("flushed %v, want that and the panic", flushed)
		}
	}()
	_, _ = handler(t.Context(), 1)
}

func TestFlushThatFailsOrIsSlowHoldsUpNoAnswer(t *testing.T) {
	untilTheEnd := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for name, test := range map[string]struct {
		flush func(context.Context) error
		left  time.Duration // until the invocation's deadline
		took  time.Duration
		logs  string
	}{
		"in time":      {func(context.Context) error { return nil }, time.Minute, 0, ""},
		"fails":        {func(context.Context) error { return errors.New("no collector") }, time.Minute, 0, "no collector"},
		"slow":         {untilTheEnd, time.Minute, 2 * time.Second, "deadline exceeded"},
		"a short life": {untilTheEnd, time.Second, time.Second, "deadline exceeded"},
		"stubborn":     {func(context.Context) error { time.Sleep(time.Hour); return nil }, time.Minute, 2 * time.Second, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logs bytes.Buffer
				handler := otel.Flush(func(_ context.Context, in int) (int, error) { return in, nil }, otel.FlushConfig{
					Flush:   []func(context.Context) error{test.flush, func(context.Context) error { return nil }},
					Timeout: 2 * time.Second,
					Logger:  slog.New(slog.NewTextHandler(&logs, nil)),
				})
				ctx, cancel := context.WithTimeout(t.Context(), test.left)
				defer cancel()
				begun := time.Now()
				out, err := handler(ctx, 42)
				if out != 42 || err != nil {
					t.Errorf("answered %v, %v", out, err)
				}
				if took := time.Since(begun); took != test.took {
					t.Errorf("took %v, want %v", took, test.took)
				}
				time.Sleep(time.Hour) // until the stubborn one has ended
				synctest.Wait()
				if !strings.Contains(logs.String(), test.logs) || test.logs == "" && logs.Len() > 0 {
					t.Errorf("logged %q, want %q", logs.String(), test.logs)
				}
			})
		})
	}
}
