package session

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/fanql/fanql/ports"
)

func TestRateLetsBurstsThroughAndFloodsNot(t *testing.T) {
	r, now := newRates(10), time.Unix(1, 0)
	for i := range 100 {
		if got := r.take("a", now); got != withinRate {
			t.Fatalf("message %d of a burst: got %v", i, got)
		}
	}
	if got := r.take("a", now); got != overRate {
		t.Fatalf("over the burst: got %v", got)
	}
	if got := r.take("a", now); got != alreadyOverRate {
		t.Fatalf("told twice: got %v", got)
	}
	if got := r.take("b", now); got != withinRate {
		t.Fatalf("another connection: got %v", got)
	}
	for range 100 {
		now = now.Add(time.Second / 10)
		if got := r.take("b", now); got != withinRate {
			t.Fatalf("at the rate: got %v", got)
		}
	}
}

// The greatest number there is stands for no limit.
func TestRateOfTheGreatestNumberLetsEverythingThrough(t *testing.T) {
	for _, perSecond := range []int{math.MaxInt32, math.MaxInt / burstSeconds, math.MaxInt/burstSeconds + 1, math.MaxInt} {
		r, now := newRates(perSecond), time.Unix(1, 0)
		for i := range 1000 {
			if got := r.take("a", now.Add(time.Duration(i))); got != withinRate {
				t.Fatalf("%d a second, message %d: got %v", perSecond, i, got)
			}
		}
	}
}

func TestRateForgetsQuietConnections(t *testing.T) {
	r, now := newRates(10), time.Unix(1, 0)
	for i := range 100_000 {
		now = now.Add(time.Millisecond)
		r.take(ports.ConnectionID(fmt.Sprint(i)), now)
	}
	// A connection that has sent one message is full again after a tenth of a
	// second, in which 100 others come.
	if len(r.buckets) > 2*leastBuckets {
		t.Errorf("%d connections are remembered", len(r.buckets))
	}
}
