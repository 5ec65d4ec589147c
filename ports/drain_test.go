package ports_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/ports"
)

func TestDrainable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, endIn, cancel := ports.Drainable(t.Context())
		defer cancel()
		derived, stop := context.WithCancel(ctx)
		defer stop()
		var told, stopped time.Time
		defer ports.AtDrain(derived, func() { told = time.Now() })()
		ports.AtDrain(derived, func() { stopped = time.Now() })()
		ports.AtDrain(t.Context(), func() { t.Error("told of a context that is not drainable") })
		time.Sleep(time.Hour)
		if at, ok := ctx.Deadline(); ok {
			t.Errorf("the deadline is %v before there is one", at)
		}
		began := time.Now()
		endIn(time.Minute)
		synctest.Wait()
		if at, _ := ctx.Deadline(); !at.Equal(began.Add(time.Minute)) || !told.Equal(began) || !stopped.IsZero() {
			t.Errorf("the deadline is %v, told at %v and %v, want one minute after %v, then, and never", at, told, stopped, began)
		}
		<-derived.Done()
		other, _, cancel := ports.Drainable(t.Context())
		ports.AtDrain(other, func() { t.Error("told of a deadline that never came") })
		cancel()
		synctest.Wait()
		if took := time.Since(began); took != time.Minute {
			t.Errorf("cancelled after %v, want a minute", took)
		}
	})
}
