package stream_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/adapters/apigw/local/stream"
)

// discards notes what a poller gives up.
type discards []string

func (d *discards) add(records []events.DynamoDBEventRecord, cause error) {
	*d = append(*d, values(records)+": "+cause.Error())
}

func putAll(s *fakeStream, all string) {
	for value := range strings.FieldsSeq(all) {
		s.put("a", value)
	}
}

func TestRetries(t *testing.T) {
	const window = time.Second // so that the three records are one batch
	for name, test := range map[string]struct {
		config stream.Config
		answer func(batch string, records []events.DynamoDBEventRecord, times int) (string, error)
		want   []string
		gone   []string
	}{
		"an error repeats the batch": {
			answer: func(_ string, _ []events.DynamoDBEventRecord, times int) (string, error) {
				if times < 3 {
					return "", errFunction
				}
				return "", nil
			},
			want: []string{"1 2 3", "1 2 3", "1 2 3"},
		},
		"from the lowest failure": {
			config: stream.Config{ReportBatchItemFailures: true},
			answer: func(batch string, records []events.DynamoDBEventRecord, _ int) (string, error) {
				if batch == "1 2 3" {
					return failures(records, "3", "2"), nil
				}
				return "{}", nil
			},
			want: []string{"1 2 3", "2 3"},
		},
		"a failure that is not in the batch repeats it": {
			config: stream.Config{ReportBatchItemFailures: true},
			answer: func(_ string, _ []events.DynamoDBEventRecord, times int) (string, error) {
				if times == 1 {
					return `{"batchItemFailures":[{"itemIdentifier":""}]}`, nil
				}
				return `{"batchItemFailures":null}`, nil
			},
			want: []string{"1 2 3", "1 2 3"},
		},
		"an answer that is none repeats the batch": {
			config: stream.Config{ReportBatchItemFailures: true},
			answer: func(_ string, _ []events.DynamoDBEventRecord, times int) (string, error) {
				if times == 1 {
					return `nonsense`, nil
				}
				return `{}`, nil
			},
			want: []string{"1 2 3", "1 2 3"},
		},
		"failures do not count where nobody asked for them": {
			answer: func(_ string, records []events.DynamoDBEventRecord, _ int) (string, error) {
				return failures(records, "2"), nil
			},
			want: []string{"1 2 3"},
		},
		"a poisoned record is given up": {
			config: stream.Config{ReportBatchItemFailures: true, MaximumRetryAttempts: 2},
			answer: func(_ string, records []events.DynamoDBEventRecord, _ int) (string, error) {
				return failures(records, "2"), nil
			},
			want: []string{"1 2 3", "2 3", "2 3"},
			gone: []string{"2 3: the function reported batch item failures"},
		},
		"no retry at all": {
			config: stream.Config{NoRetries: true},
			answer: func(string, []events.DynamoDBEventRecord, int) (string, error) { return "", errFunction },
			want:   []string{"1 2 3"},
			gone:   []string{"1 2 3: the function failed"},
		},
		"bisected": {
			config: stream.Config{BisectBatchOnFunctionError: true, MaximumRetryAttempts: 1},
			answer: func(batch string, _ []events.DynamoDBEventRecord, _ int) (string, error) {
				if strings.Contains(batch, "2") {
					return "", errFunction
				}
				return "", nil
			},
			want: []string{"1 2 3", "1", "2 3", "2", "2", "3"},
			gone: []string{"2: the function failed"},
		},
		"too old": {
			config: stream.Config{MaximumRecordAge: 5 * time.Second},
			answer: func(string, []events.DynamoDBEventRecord, int) (string, error) { return "", errFunction },
			want:   []string{"1 2 3", "1 2 3", "1 2 3", "1 2 3", "1 2 3", "1 2 3"},
			gone:   []string{"1 2 3: older than MaximumRecordAge"},
		},
		"out of time": {
			config: stream.Config{Timeout: time.Second},
			answer: nil, // set below: it waits for the context
			want:   []string{"1 2 3", "1 2 3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, f := newStream(), &function{}
			times := 0
			f.answer = func(ctx context.Context, batch string, records []events.DynamoDBEventRecord) (string, error) {
				times++
				if test.answer != nil {
					return test.answer(batch, records, times)
				}
				if times == 1 {
					<-ctx.Done()
				}
				return "", ctx.Err()
			}
			var gone discards
			test.config.MaximumBatchingWindow, test.config.OnDiscard = window, gone.add
			polling(t, test.config, s, f, func(t *testing.T) {
				putAll(s, "1 2 3")
				pass(time.Minute)
				f.wants(t, test.want...)
				if !slices.Equal(gone, test.gone) {
					t.Errorf("given up: %q, want %q", gone, test.gone)
				}
			})
		})
	}
}
