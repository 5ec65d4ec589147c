package otel

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"

	"github.com/fanql/fanql/ports"
)

// delivery is what the steps and counts within one delivery share.
type delivery struct {
	// label is the attribute for the kind of its topic, or nothing.
	label attribute.Set
	// spans is how many pushes get a span, and how many executions.
	spans              int64
	pushes, executions atomic.Int64
	// What its span tells in the end.
	pushed, executed, gone, lost atomic.Int64
}

type deliveryKey struct{}

// deliveryFrom is the delivery that a context belongs to; nil if to none.
func deliveryFrom(ctx context.Context) *delivery {
	d, _ := ctx.Value(deliveryKey{}).(*delivery)
	return d
}

func (d *delivery) add(counts ports.Counts) {
	d.pushed.Add(int64(counts.Pushed))
	d.executed.Add(int64(counts.Executed))
	d.gone.Add(int64(counts.Gone))
	d.lost.Add(int64(counts.Lost))
}

func (d *delivery) attributes() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.Int64("fanql.delivery.frames", d.pushed.Load()),
		attribute.Int64("fanql.delivery.executions", d.executed.Load()),
		attribute.Int64("fanql.delivery.gone", d.gone.Load()),
		attribute.Int64("fanql.delivery.lost", d.lost.Load()),
	}
}
