package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Lag is what waits in one partition.
type Lag struct {
	Partition int
	// Events is how many there are, those under way included.
	Events int
	// Oldest is when the first of them was published, by the clock of Redis; zero
	// when there are none.
	Oldest time.Time
}

// Lag returns how far the workers are behind, by partition. It makes 2 requests
// for each, in one round trip.
func (b *Bus) Lag(ctx context.Context) ([]Lag, error) {
	const op = "Lag"
	if err := ended(ctx, op); err != nil {
		return nil, err
	}
	lengths := make([]*goredis.IntCmd, b.config.Partitions)
	firsts := make([]*goredis.XMessageSliceCmd, b.config.Partitions)
	_, err := b.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for partition := range b.config.Partitions {
			lengths[partition] = pipe.XLen(ctx, b.stream(partition))
			firsts[partition] = pipe.XRangeN(ctx, b.stream(partition), "-", "+", 1)
		}
		return nil
	})
	if err != nil {
		return nil, failure(op, err)
	}
	lags := make([]Lag, b.config.Partitions)
	for partition := range lags {
		lags[partition] = Lag{Partition: partition, Events: int(lengths[partition].Val())}
		for _, first := range firsts[partition].Val() {
			milliseconds, _, err := parseID(first.ID)
			if err != nil {
				return nil, failure(op, err)
			}
			lags[partition].Oldest = time.UnixMilli(int64(milliseconds)) //nolint:gosec // The milliseconds of a clock.
		}
	}
	return lags, nil
}
