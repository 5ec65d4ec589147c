package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/fanql/fanql/adapters/apigw/local/stream"
)

var errFunction = errors.New("the function failed")

func TestRecords(t *testing.T) {
	s, f := newStream(), &function{}
	var got events.DynamoDBEventRecord
	f.answer = func(_ context.Context, _ string, records []events.DynamoDBEventRecord) (string, error) {
		got = records[0]
		return "{}", nil
	}
	s.put("room/42", "hello")
	polling(t, stream.Config{}, s, f, func(*testing.T) { pass(time.Second) })
	if got.EventName != "INSERT" || got.EventSource != "aws:dynamodb" || got.EventSourceArn != "arn" || got.EventID != "ehello" || got.AWSRegion != "local" ||
		got.Change.SequenceNumber != "000000000000000000001" || got.Change.Keys["id"].String() != "room/42" || got.Change.NewImage["value"].String() != "hello" ||
		got.Change.ApproximateCreationDateTime.IsZero() {
		t.Errorf("the function got %+v", got)
	}
}

func TestBatches(t *testing.T) {
	s, f := newStream(), &function{}
	for i := range 7 {
		s.put("a", fmt.Sprint(i))
	}
	polling(t, stream.Config{BatchSize: 5, MaximumBatchingWindow: time.Second}, s, f, func(t *testing.T) {
		pass(500 * time.Millisecond)
		f.wants(t, "0 1 2 3 4")
		pass(time.Second)
		f.wants(t, "0 1 2 3 4", "5 6") // the window is over
	})
}

func TestFilter(t *testing.T) {
	s, f := newStream(), &function{}
	s.put("a", "inserted")
	s.write(types.OperationTypeModify, "a", "modified")
	s.write(types.OperationTypeRemove, "a", "removed")
	polling(t, stream.Config{EventNames: []string{"INSERT", "MODIFY"}}, s, f, func(t *testing.T) {
		pass(time.Second)
		f.mu.Lock()
		defer f.mu.Unlock()
		if got := strings.Join(f.batches, " "); got != "inserted modified" {
			t.Errorf("the filter let through %q", got)
		}
	})
}

func TestStartingPosition(t *testing.T) {
	s, f := newStream(), &function{}
	s.put("a", "before")
	polling(t, stream.Config{StartingPosition: "LATEST"}, s, f, func(t *testing.T) {
		pass(time.Second)
		s.put("a", "after")
		pass(time.Second)
		s.split()
		s.put("a", "in the child")
		pass(time.Second)
		f.wants(t, "after", "in the child")
	})
}

// What is in a child shard comes after what is in its parent, however long that
// takes.
func TestShardsInTheOrderOfTheirAncestry(t *testing.T) {
	s, f := newStream(), &function{}
	var want []string
	for shard := range 3 {
		for i := range 5 {
			value := fmt.Sprintf("%d/%d", shard, i)
			s.put("a", value)
			want = append(want, value)
		}
		s.split()
	}
	polling(t, stream.Config{BatchSize: 1}, s, f, func(t *testing.T) {
		pass(time.Second)
		f.wants(t, want...)
	})
}

// While one key's batch hangs, the others' go on; each key keeps its order.
func TestParallelization(t *testing.T) {
	s, f := newStream(), &function{}
	release := make(chan struct{})
	f.answer = func(_ context.Context, batch string, _ []events.DynamoDBEventRecord) (string, error) {
		if strings.HasPrefix(batch, "stuck") {
			<-release
		}
		return "{}", nil
	}
	synctest.Test(t, func(t *testing.T) {
		release = make(chan struct{}) // of the bubble
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		s.put("stuck", "stuck 0")
		for i := range 20 {
			s.put(fmt.Sprint("key", i%10), fmt.Sprint(i))
		}
		s.put("stuck", "stuck 1")
		poller := newPoller(t, stream.Config{Client: s, StreamARN: "arn", Function: f, BatchSize: 1, Shards: 8, ParallelizationFactor: 8})
		go func() { ended <- poller.Run(ctx) }()
		pass(time.Second)
		f.mu.Lock()
		under := slices.Clone(f.batches)
		f.mu.Unlock()
		if slices.Contains(under, "stuck 1") {
			t.Error("a later record of a key came while the one before was under way")
		}
		if len(under) < 11 {
			t.Errorf("while one key hangs, only %q came", under)
		}
		close(release)
		pass(time.Second)
		f.mu.Lock()
		defer f.mu.Unlock()
		if len(f.batches) != 22 {
			t.Errorf("%d invocations, want one for each record", len(f.batches))
		}
		for i := range 10 {
			if slices.Index(f.batches, fmt.Sprint(i)) > slices.Index(f.batches, fmt.Sprint(i+10)) {
				t.Errorf("the records of key%d came in another order: %q", i, f.batches)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestReadingGoesOnAfterFailures(t *testing.T) {
	s, f := newStream(), &function{}
	failed := map[string]int{}
	s.fail = func(call string) error {
		failed[call]++
		switch {
		case failed[call]%2 == 0:
			return nil
		case call == "GetRecords" && failed[call] == 3:
			return &types.ExpiredIteratorException{}
		}
		return errors.New("out of order")
	}
	for i := range 7 {
		s.put("a", fmt.Sprint(i))
	}
	polling(t, stream.Config{BatchSize: 1}, s, f, func(t *testing.T) {
		pass(time.Minute)
		f.wants(t, "0", "1", "2", "3", "4", "5", "6")
	})
}

// A poller that was away for a day goes on with the oldest record that there is,
// whichever call says that its place was trimmed.
func TestTrimmedBehindTheLastRecordRead(t *testing.T) {
	for _, call := range []string{"GetRecords", "GetShardIterator"} {
		t.Run(call, func(t *testing.T) {
			s, f := newStream(), &function{}
			s.put("a", "0")
			var log bytes.Buffer
			config := stream.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}
			polling(t, config, s, f, func(t *testing.T) {
				pass(time.Second)
				f.wants(t, "0")
				trimmed, expired := false, false
				s.mu.Lock()
				s.fail = func(name string) error {
					switch {
					case name == call && !trimmed:
						trimmed = true
						return &types.TrimmedDataAccessException{}
					case name == "GetRecords" && !expired:
						expired = true
						return &types.ExpiredIteratorException{}
					}
					return nil
				}
				s.mu.Unlock()
				pass(time.Second)
				s.put("a", "1")
				pass(time.Second)
				f.wants(t, "0", "0", "1")
			})
			if !strings.Contains(log.String(), "records were trimmed before they were read") {
				t.Errorf("logged %q", &log)
			}
		})
	}
}

// DynamoDB trims while a poller begins: nothing was missed.
func TestTrimmedAtTheBeginningIsNoError(t *testing.T) {
	s, f := newStream(), &function{}
	s.put("a", "0")
	trimmed := false
	s.fail = func(call string) error {
		if call == "GetRecords" && !trimmed {
			trimmed = true
			return &types.TrimmedDataAccessException{}
		}
		return nil
	}
	var log bytes.Buffer
	polling(t, stream.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, s, f, func(t *testing.T) {
		pass(time.Second)
		f.wants(t, "0")
	})
	if log.Len() > 0 {
		t.Errorf("logged %q", &log)
	}
}

// What one call of GetRecords returns is one batch for each lane, however the
// lanes' turns fall.
func TestRecordsReadTogetherAreOneBatch(t *testing.T) {
	for range 200 {
		s, f := newStream(), &function{}
		for i := range 3 { // as many as one call has
			s.put("a", fmt.Sprint(i))
		}
		polling(t, stream.Config{}, s, f, func(t *testing.T) {
			pass(time.Second)
			f.wants(t, "0 1 2")
		})
	}
}

func TestTrimmed(t *testing.T) {
	s, f := newStream(), &function{}
	s.put("a", "0")
	s.put("a", "1")
	trimmed := false
	s.fail = func(call string) error {
		if call == "GetRecords" && !trimmed {
			trimmed = true
			return &types.TrimmedDataAccessException{}
		}
		return nil
	}
	polling(t, stream.Config{StartingPosition: "LATEST"}, s, f, func(t *testing.T) {
		pass(time.Second)
		f.wants(t, "0 1") // from the horizon
	})
}

func TestNoStream(t *testing.T) {
	s := newStream()
	s.fail = func(string) error { return &types.ResourceNotFoundException{} }
	err := newPoller(t, stream.Config{Client: s, StreamARN: "arn", Function: &function{}}).Run(t.Context())
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
		t.Errorf("Run: %v, want that there is no such stream", err)
	}
}

func TestRunEndsWithAnInvocationUnderWay(t *testing.T) {
	s, f := newStream(), &function{}
	s.put("a", "0")
	f.answer = func(ctx context.Context, _ string, _ []events.DynamoDBEventRecord) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	}
	polling(t, stream.Config{}, s, f, func(t *testing.T) {
		pass(time.Second)
		f.wants(t, "0")
	})
}
