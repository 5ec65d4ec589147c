package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// Poller is one event source mapping.
type Poller struct {
	config Config
	lanes  []*lane
	shards []*shard
	known  map[string]*shard
	stale  bool // a shard has ended since they were listed
	// partitionKey is the name of the table's partition key.
	partitionKey string
}

// shard is one of the stream's.
type shard struct {
	id, parent string
	iterator   *string
	last       *string // sequence number of the last record read
	position   types.ShardIteratorType
	done       bool
}

// New returns a poller. It does no I/O. ErrInvalid: a field is missing or negative;
// the error names it.
func New(config Config) (*Poller, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	p := &Poller{config: config, known: map[string]*shard{}}
	for range config.Shards * config.ParallelizationFactor {
		p.lanes = append(p.lanes, &lane{more: make(chan struct{}, 1)})
	}
	return p, nil
}

// Run polls until ctx ends, which also cancels invocations under way, and then
// returns nil. It returns an error if there is no such stream; other failures it
// logs, and tries again. It is called once.
func (p *Poller) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var working sync.WaitGroup
	defer working.Wait()
	defer cancel()
	for _, l := range p.lanes {
		working.Go(func() { p.work(ctx, l) })
	}
	for ctx.Err() == nil {
		found, err := p.poll(ctx)
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
			return fmt.Errorf("stream %s: %w", p.config.StreamARN, err)
		}
		if err != nil && ctx.Err() == nil {
			p.config.Logger.ErrorContext(ctx, "polling failed", "stream", p.config.StreamARN, "error", err)
		}
		if !found {
			wait(ctx, p.config.PollInterval)
		}
	}
	return nil
}

// poll reads once from every open shard, and reports whether there was anything.
func (p *Poller) poll(ctx context.Context) (found bool, err error) {
	if p.stale || !slices.ContainsFunc(p.shards, (*shard).open) {
		if err := p.discover(ctx); err != nil {
			return false, err
		}
		p.stale = false
	}
	for _, s := range p.shards {
		// A child continues its parent: what is in it comes later.
		if parent := p.known[s.parent]; s.done || parent != nil && !parent.done {
			continue
		}
		n, readErr := p.read(ctx, s)
		found = found || n > 0 || s.done
		p.stale = p.stale || s.done // its children may be new
		err = errors.Join(err, readErr)
	}
	return found, err
}

func (s *shard) open() bool { return !s.done }

// discover lists the shards. Those that come later than the first ones are read
// from their beginning.
func (p *Poller) discover(ctx context.Context) error {
	position := types.ShardIteratorTypeTrimHorizon
	if len(p.known) == 0 {
		position = types.ShardIteratorType(p.config.StartingPosition)
	}
	input := &dynamodbstreams.DescribeStreamInput{StreamArn: &p.config.StreamARN}
	for {
		output, err := p.config.Client.DescribeStream(ctx, input)
		if err != nil {
			return err
		}
		for _, key := range output.StreamDescription.KeySchema {
			if key.KeyType == types.KeyTypeHash {
				p.partitionKey = *key.AttributeName
			}
		}
		for _, described := range output.StreamDescription.Shards {
			p.add(described, position)
		}
		input.ExclusiveStartShardId = output.StreamDescription.LastEvaluatedShardId
		if input.ExclusiveStartShardId == nil {
			return nil
		}
	}
}

func (p *Poller) add(described types.Shard, position types.ShardIteratorType) {
	if _, known := p.known[*described.ShardId]; known {
		return
	}
	s := &shard{id: *described.ShardId, position: position}
	if described.ParentShardId != nil {
		s.parent = *described.ParentShardId
	}
	p.known[s.id] = s
	p.shards = append(p.shards, s)
}

// read takes the next records of a shard.
func (p *Poller) read(ctx context.Context, s *shard) (n int, err error) {
	output, err := p.records(ctx, s)
	if err != nil {
		s.iterator = nil // it may have expired
		if _, trimmed := errors.AsType[*types.TrimmedDataAccessException](err); trimmed {
			return 0, s.rewind(err)
		}
		return 0, err
	}
	if n := len(output.Records); n > 0 {
		s.last = output.Records[n-1].Dynamodb.SequenceNumber
		p.deal(output.Records)
	}
	s.iterator = output.NextShardIterator
	s.done = s.iterator == nil
	return len(output.Records), nil
}

func (p *Poller) records(ctx context.Context, s *shard) (*dynamodbstreams.GetRecordsOutput, error) {
	if s.iterator == nil {
		if err := p.iterate(ctx, s); err != nil {
			return nil, err
		}
	}
	return p.config.Client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: s.iterator})
}

// rewind has a shard read from its oldest record on, after that was trimmed at
// which it was read. Nothing is missed, and there is no error, where none was read.
func (s *shard) rewind(trimmed error) error {
	missed := s.last != nil
	s.last, s.position = nil, types.ShardIteratorTypeTrimHorizon
	if missed {
		return fmt.Errorf("records were trimmed before they were read: %w", trimmed)
	}
	return nil
}

// iterate finds the place in a shard from which to read on.
func (p *Poller) iterate(ctx context.Context, s *shard) error {
	input := &dynamodbstreams.GetShardIteratorInput{StreamArn: &p.config.StreamARN, ShardId: &s.id, ShardIteratorType: s.position}
	if s.last != nil {
		input.ShardIteratorType, input.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, s.last
	}
	output, err := p.config.Client.GetShardIterator(ctx, input)
	if err != nil {
		return err
	}
	s.iterator = output.ShardIterator
	return nil
}

// deal hands the records that pass the filter to the lanes of their partition keys:
// to each lane its own at once, so that they are one batch if they fit one.
func (p *Poller) deal(records []types.Record) {
	dealt := make([][]events.DynamoDBEventRecord, len(p.lanes))
	for _, record := range records {
		if len(p.config.EventNames) > 0 && !slices.Contains(p.config.EventNames, string(record.EventName)) {
			continue
		}
		event := p.event(record)
		to := p.laneOf(event)
		dealt[to] = append(dealt[to], event)
	}
	for i, l := range p.lanes {
		if len(dealt[i]) > 0 {
			l.add(dealt[i])
		}
	}
}

// laneOf is the index of the lane that has a record's partition key.
func (p *Poller) laneOf(event events.DynamoDBEventRecord) int {
	key, _ := json.Marshal(event.Change.Keys[p.partitionKey]) // attributes always have a JSON
	hash := fnv.New32a()
	_, _ = hash.Write(key)                          // a hash never fails
	return int(hash.Sum32() % uint32(len(p.lanes))) //nolint:gosec // there are few lanes
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
