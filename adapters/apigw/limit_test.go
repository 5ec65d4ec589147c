package apigw_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/apigw"
)

func TestMaxPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pusher := newPusher(t, apigw.PusherConfig{Transport: &requests{}, MaxPerSecond: 100})
		begun := time.Now()
		for range 311 { // the burst is 11: a tenth of a second's worth, and the first
			if err := pusher.Push(t.Context(), address(), text("x")); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("311 posts at 100 a second took %v, want 3 s", took)
		}
	})
}

func TestWaitingForTheLimitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := &requests{}
		pusher := newPusher(t, apigw.PusherConfig{Transport: sent, MaxPerSecond: 1})
		if err := pusher.Push(t.Context(), address(), text("x")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := pusher.Push(ctx, address(), text("y")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		sent.wants(t, "POST "+connectionURL+" x")
	})
}
