package dynamodb

import (
	"context"
	"time"
)

// maxAttempts is how often a request is made that DynamoDB refuses for now, and
// how often a call begins anew because others changed the connection meanwhile.
// With ten, fifty transactions at once on one connection, of 15 ms each, all but
// always find their turn.
const maxAttempts = 10

// backoff waits with full jitter: a random part of a time that doubles.
type backoff struct {
	random func() float64
	// attempt is how many have failed.
	attempt int
}

// wait returns false when there should be no further attempt, because there were
// enough or the context has ended.
func (b *backoff) wait(ctx context.Context) bool {
	const first, longest = 25 * time.Millisecond, time.Second
	if b.attempt++; b.attempt >= maxAttempts {
		return false
	}
	most := min(first<<(b.attempt-1), longest)
	timer := time.NewTimer(time.Duration(b.random() * float64(most)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// retry makes a request, and again while it is refused for now. It returns the
// last refusal.
func retry(ctx context.Context, random func() float64, request func() error) error {
	waiting := backoff{random: random}
	for {
		err := request()
		if err == nil {
			return nil
		}
		if passing, _ := classify(err); !passing || !waiting.wait(ctx) {
			return err
		}
	}
}
