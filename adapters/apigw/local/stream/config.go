package stream

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fanql/fanql/ports"
)

// Client is what the poller calls; a *dynamodbstreams.Client is one.
type Client interface {
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// Function is what gets the records: an events.DynamoDBEvent in JSON. Both
// local.NewFunction and runtime.New make one.
type Function interface {
	// Invoke runs one invocation. An error stands for a function that failed. It
	// is called concurrently.
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Config shapes a Poller. The first three fields are required; every other zero
// field stands for its default, and bears the name that an event source mapping
// has for it. Negative numbers are refused.
type Config struct {
	Client    Client
	StreamARN string
	Function  Function

	// StartingPosition is TRIM_HORIZON or LATEST. Default: TRIM_HORIZON.
	StartingPosition string
	// BatchSize is the most records of one invocation. Default: 100.
	BatchSize int
	// MaximumBatchingWindow is how long a batch waits to fill up. Default: not at
	// all.
	MaximumBatchingWindow time.Duration
	// Shards is how many the stream has as far as the function can tell, and
	// ParallelizationFactor how many batches of one shard are under way at a time.
	// Default: 1 each.
	Shards, ParallelizationFactor int
	// EventNames are those that the filter lets through: INSERT, MODIFY, REMOVE.
	// Default: all.
	EventNames []string

	// ReportBatchItemFailures reads the sequence numbers that failed from the
	// function's answer. Without it only an error fails a batch.
	ReportBatchItemFailures bool
	// BisectBatchOnFunctionError repeats a batch that failed whole in two halves.
	BisectBatchOnFunctionError bool
	// MaximumRetryAttempts is how often a record is repeated before it is
	// discarded. Default: for ever.
	MaximumRetryAttempts int
	// NoRetries discards a record at once, as MaximumRetryAttempts 0 does on AWS.
	NoRetries bool
	// MaximumRecordAge is the age at which a record is discarded. Default: never.
	MaximumRecordAge time.Duration
	// OnDiscard is called with records that are given up, as an on-failure
	// destination receives them.
	OnDiscard func(records []events.DynamoDBEventRecord, cause error)

	// Timeout is the function's. Default: 15 minutes.
	Timeout time.Duration
	// PollInterval is the pause after a stream had nothing new. Default: 100 ms.
	PollInterval time.Duration
	// RetryInterval is the pause before a batch is repeated the first time; it
	// doubles up to a minute. Default: 100 ms.
	RetryInterval time.Duration
	// Logger receives what fails. Nil: silent.
	Logger *slog.Logger
	// Now is the clock that a record's age is measured by. Default: time.Now.
	Now func() time.Time
}

func (c Config) validate() error {
	for _, field := range []struct {
		name              string
		missing, negative bool
	}{
		{name: "Client", missing: ports.IsMissing(c.Client)},
		{name: "StreamARN", missing: c.StreamARN == ""},
		{name: "Function", missing: ports.IsMissing(c.Function)},
		{name: "BatchSize", negative: c.BatchSize < 0},
		{name: "MaximumBatchingWindow", negative: c.MaximumBatchingWindow < 0},
		{name: "Shards", negative: c.Shards < 0},
		{name: "ParallelizationFactor", negative: c.ParallelizationFactor < 0},
		{name: "MaximumRetryAttempts", negative: c.MaximumRetryAttempts < 0},
		{name: "MaximumRecordAge", negative: c.MaximumRecordAge < 0},
		{name: "Timeout", negative: c.Timeout < 0},
		{name: "PollInterval", negative: c.PollInterval < 0},
		{name: "RetryInterval", negative: c.RetryInterval < 0},
	} {
		switch {
		case field.missing:
			return invalid("stream.Config." + field.name + " is required")
		case field.negative:
			return invalid("stream.Config." + field.name + " must not be negative")
		}
	}
	return nil
}

func invalid(text string) error {
	return &ports.Error{Op: "stream.New", Kind: ports.ErrInvalid, Err: errors.New(text)}
}

func (c Config) withDefaults() Config {
	c.StartingPosition = cmp.Or(c.StartingPosition, "TRIM_HORIZON")
	c.BatchSize = cmp.Or(c.BatchSize, 100)
	c.Shards = cmp.Or(c.Shards, 1)
	c.ParallelizationFactor = cmp.Or(c.ParallelizationFactor, 1)
	c.MaximumRetryAttempts = cmp.Or(c.MaximumRetryAttempts, math.MaxInt)
	if c.NoRetries {
		c.MaximumRetryAttempts = 0
	}
	c.Timeout = cmp.Or(c.Timeout, 15*time.Minute)
	c.PollInterval = cmp.Or(c.PollInterval, 100*time.Millisecond)
	c.RetryInterval = cmp.Or(c.RetryInterval, 100*time.Millisecond)
	if c.OnDiscard == nil {
		c.OnDiscard = func([]events.DynamoDBEventRecord, error) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
