package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

var (
	errTooOld   = errors.New("older than MaximumRecordAge")
	errReported = errors.New("the function reported batch item failures")
)

// maxRetryInterval is where the pauses between repetitions stop growing.
const maxRetryInterval = time.Minute

// work invokes the function with the lane's records until ctx ends.
func (p *Poller) work(ctx context.Context, l *lane) {
	for ctx.Err() == nil {
		if batch := l.take(ctx, p.config.BatchSize, p.config.MaximumBatchingWindow); len(batch) > 0 {
			p.deliver(ctx, batch)
		}
	}
}

// deliver invokes the function until it is done with the batch, or the batch is
// given up.
func (p *Poller) deliver(ctx context.Context, batch []events.DynamoDBEventRecord) {
	pause := p.config.RetryInterval
	for attempt := 0; ; attempt++ {
		if batch = p.dropOld(batch); len(batch) == 0 {
			return
		}
		done, err := p.invoke(ctx, batch)
		if err == nil || ctx.Err() != nil {
			return
		}
		p.config.Logger.WarnContext(ctx, "a batch failed", "stream", p.config.StreamARN, "records", len(batch), "done", done, "error", err)
		if batch = batch[done:]; done > 0 {
			attempt, pause = 0, p.config.RetryInterval // other records, which were not the ones that failed before
		}
		if attempt >= p.config.MaximumRetryAttempts {
			p.config.OnDiscard(batch, err)
			return
		}
		wait(ctx, pause)
		pause = min(2*pause, maxRetryInterval)
		if p.config.BisectBatchOnFunctionError && done == 0 && len(batch) > 1 {
			half := len(batch) / 2
			p.deliver(ctx, batch[:half])
			p.deliver(ctx, batch[half:])
			return
		}
	}
}

// dropOld gives up what is too old. Records are in the order of their age.
func (p *Poller) dropOld(batch []events.DynamoDBEventRecord) []events.DynamoDBEventRecord {
	if p.config.MaximumRecordAge <= 0 {
		return batch
	}
	limit := p.config.Now().Add(-p.config.MaximumRecordAge)
	young := slices.IndexFunc(batch, func(record events.DynamoDBEventRecord) bool {
		return !record.Change.ApproximateCreationDateTime.Before(limit)
	})
	if young < 0 {
		young = len(batch)
	}
	if young > 0 {
		p.config.OnDiscard(batch[:young], errTooOld)
	}
	return batch[young:]
}

// invoke runs one invocation. On an error done says how many of the records the
// function is done with all the same.
func (p *Poller) invoke(ctx context.Context, batch []events.DynamoDBEventRecord) (done int, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	payload, err := json.Marshal(events.DynamoDBEvent{Records: batch})
	if err != nil {
		return 0, err
	}
	answer, err := p.config.Function.Invoke(ctx, payload)
	if err != nil || !p.config.ReportBatchItemFailures {
		return 0, err
	}
	return lowestFailure(batch, answer)
}

// lowestFailure reads the batch item failures of an answer. As on AWS an empty
// or missing list is a success, and a sequence number that is not in the batch
// fails all of it ("Configuring partial batch response", Lambda developer guide).
func lowestFailure(batch []events.DynamoDBEventRecord, answer []byte) (done int, err error) {
	var response events.DynamoDBEventResponse
	if err := json.Unmarshal(answer, &response); err != nil {
		return 0, fmt.Errorf("malformed answer: %w", err)
	}
	if len(response.BatchItemFailures) == 0 {
		return 0, nil
	}
	done = len(batch)
	for _, failure := range response.BatchItemFailures {
		at := slices.IndexFunc(batch, func(record events.DynamoDBEventRecord) bool {
			return record.Change.SequenceNumber == failure.ItemIdentifier
		})
		done = min(done, max(at, 0))
	}
	return done, errReported
}
