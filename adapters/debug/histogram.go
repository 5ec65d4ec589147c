package debug

import (
	"slices"
	"time"
)

// bounds are the upper ends of the buckets of lags, in seconds: those of adapters/otel,
// so that a dashboard is of either.
func bounds() []float64 {
	return []float64{
		0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300, 900, 3600,
	}
}

// histogram has lags by buckets, all of them and those of the latest minute.
type histogram struct {
	bounds []float64
	counts []int64
	sum    time.Duration
	recent ring
}

func newHistogram(began time.Time) histogram {
	bounds := bounds()
	return histogram{bounds: bounds, counts: make([]int64, len(bounds)+1), recent: newRing(began, len(bounds)+1)}
}

func (h *histogram) add(now time.Time, lag time.Duration) {
	bucket, _ := slices.BinarySearch(h.bounds, lag.Seconds())
	h.counts[bucket]++
	h.sum += lag
	h.recent.add(now, bucket, 1)
}

// quantile is the upper end of the bucket that has the quantile of the latest minute;
// nil where there is no lag. What is above the last bound counts as that.
func (h *histogram) quantile(now time.Time, q float64) *float64 {
	counts := h.recent.sums(now)
	total := int64(0)
	for _, n := range counts {
		total += n
	}
	if total == 0 {
		return nil
	}
	seen := int64(0)
	for i, n := range counts {
		if seen += n; float64(seen) >= q*float64(total) {
			return &h.bounds[min(i, len(h.bounds)-1)]
		}
	}
	return &h.bounds[len(h.bounds)-1]
}
