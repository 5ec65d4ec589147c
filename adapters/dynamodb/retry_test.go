package dynamodb

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/ports"
)

func TestRetryWaitsWithFullJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		err := retry(t.Context(), func() float64 { return 0.5 }, func() error {
			at = append(at, time.Since(start))
			return coded("ThrottlingException", "")
		})
		if !errors.Is(failure("Verb", err), ports.ErrThrottled) {
			t.Errorf("got error %v, want %v", err, ports.ErrThrottled)
		}
		// Half of 25, 50, 100, 200, 400, 800 ms, and then of a second.
		want := []int64{0, 12500, 37500, 87500, 187500, 387500, 787500, 1287500, 1787500, 2287500}
		if len(at) != len(want) {
			t.Fatalf("%d attempts, want %d", len(at), len(want))
		}
		for i := range want {
			if at[i].Microseconds() != want[i] {
				t.Errorf("attempt %d came after %v, want %d µs", i+1, at[i], want[i])
			}
		}
	})
}

func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		err := retry(ctx, func() float64 { return 0.999 }, func() error { return cancelledFor("TransactionConflict") })
		if !errors.Is(failure("Verb", err), ports.ErrThrottled) {
			t.Errorf("got error %v, want %v", err, ports.ErrThrottled)
		}
		if waited := time.Since(start); waited != 100*time.Millisecond {
			t.Errorf("it returned after %v, want 100ms", waited)
		}
	})
}

func TestRetryReturnsWhatNoRetryCanMend(t *testing.T) {
	attempts := 0
	err := retry(t.Context(), nil, func() error {
		attempts++
		return coded("ValidationException", "")
	})
	if attempts != 1 || !errors.Is(failure("Verb", err), ports.ErrInvalid) {
		t.Errorf("%d attempts, error %v, want 1, %v", attempts, err, ports.ErrInvalid)
	}
}
