package apigw

import (
	"context"
	"sync"
	"time"
)

// limiter spaces requests out, after a burst of a tenth of a second's worth. A
// nil limiter lets everything through.
type limiter struct {
	interval, burst time.Duration

	mu   sync.Mutex
	next time.Time // when the next request may go
}

func newLimiter(perSecond int) *limiter {
	if perSecond == 0 {
		return nil
	}
	return &limiter{interval: time.Second / time.Duration(perSecond), burst: time.Second / 10}
}

// wait returns when the request may go, or when ctx ends.
func (l *limiter) wait(ctx context.Context) error {
	if l == nil {
		return nil
	}
	pause := time.Until(l.reserve(time.Now()))
	if pause <= 0 {
		return nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *limiter) reserve(now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if earliest := now.Add(-l.burst); l.next.Before(earliest) {
		l.next = earliest
	}
	at := l.next
	l.next = at.Add(l.interval)
	return at
}
