package stream

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// lane is a queue of records whose batches are invoked one after the other.
type lane struct {
	mu      sync.Mutex
	records []events.DynamoDBEventRecord
	more    chan struct{} // has a value when there may be more than before
}

func (l *lane) add(records []events.DynamoDBEventRecord) {
	l.mu.Lock()
	l.records = append(l.records, records...)
	l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
}

func (l *lane) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.records)
}

// take waits for a record, and then up to window for a whole batch. It returns
// nothing when ctx ends.
func (l *lane) take(ctx context.Context, size int, window time.Duration) []events.DynamoDBEventRecord {
	for l.len() == 0 {
		select {
		case <-l.more:
		case <-ctx.Done():
			return nil
		}
	}
	full, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	for window > 0 && l.len() < size && full.Err() == nil {
		select {
		case <-l.more:
		case <-full.Done():
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(size, len(l.records))
	batch := l.records[:n:n]
	l.records = l.records[n:]
	return batch
}
