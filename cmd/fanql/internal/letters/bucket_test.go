package letters_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/cmd/fanql/internal/letters"
	"github.com/fanql/fanql/internal/cloudlocal"
	"github.com/fanql/fanql/internal/must"
)

const (
	younger = "aws/lambda/mapping/shard-1/2026/11/28/2026-11-28T10.00.02-a"
	older   = "aws/lambda/mapping/shard-2/2026/11/28/2026-11-28T10.00.01-b"
	oldest  = "aws/lambda/mapping/shard-3/2026/11/28/2026-11-28T10.00.00-c"
)

// function is a stream's function that answers as it is set to.
type function struct {
	// answers are the numbers to go on from, in order, or failures; after them all is
	// delivered.
	answers []any
	// invoked are the records of each invocation, by number.
	invoked []string
}

func (f *function) invoke(_ context.Context, payload []byte) ([]byte, error) {
	var batch events.DynamoDBEvent
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, err
	}
	var numbers []string
	for _, record := range batch.Records {
		numbers = append(numbers, record.Change.SequenceNumber)
	}
	f.invoked = append(f.invoked, strings.Join(numbers, " "))
	var response events.DynamoDBEventResponse
	if len(f.answers) > 0 {
		answer := f.answers[0]
		f.answers = f.answers[1:]
		if err, failed := answer.(error); failed {
			return nil, err
		}
		response.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: fmt.Sprint(answer)}}
	}
	return json.Marshal(response)
}

// kept is an object with an event in each of its records.
func kept(t *testing.T, numbers ...string) string {
	t.Helper()
	var records []events.DynamoDBEventRecord
	for _, number := range numbers {
		records = append(records, events.DynamoDBEventRecord{
			EventName: "MODIFY", EventSource: "aws:dynamodb",
			Change: events.DynamoDBStreamRecord{SequenceNumber: number, NewImage: map[string]events.DynamoDBAttributeValue{
				"id": events.NewStringAttribute("room/" + number),
				"events": events.NewListAttribute([]events.DynamoDBAttributeValue{
					events.NewMapAttribute(map[string]events.DynamoDBAttributeValue{
						"id": events.NewStringAttribute("event " + number), "kind": events.NewStringAttribute("data"),
						"payload": events.NewBinaryAttribute([]byte("{}")),
						"time":    events.NewNumberAttribute("1"),
					}),
				}),
			}},
		})
	}
	return must.Make(cloudlocal.Kept(records))
}

// newBox is the box of a bucket with three batches, and the function that is to
// deliver them.
func newBox(t *testing.T) (*cloudlocal.Cloud, *function, letters.Box) {
	t.Helper()
	f := &function{}
	cloud := &cloudlocal.Cloud{Invoke: f.invoke}
	cloud.Put(younger, kept(t, "4"))
	cloud.Put(older, kept(t, "2", "3"))
	cloud.Put(oldest, kept(t, "1"))
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	somebody := credentials.NewStaticCredentialsProvider("id", "secret", "")
	backend := must.Make(dynamodb.New(dynamodb.Config{Client: sdk.New(sdk.Options{}), Logger: slog.New(slog.DiscardHandler)}))
	return cloud, f, letters.OfBucket(letters.Bucket{
		Objects: s3.New(s3.Options{Region: "eu-west-1", BaseEndpoint: &server.URL, UsePathStyle: true, Credentials: somebody}),
		Name:    cloudlocal.Bucket,
		Functions: lambda.New(lambda.Options{
			Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: somebody, Retryer: aws.NopRetryer{},
		}),
		Function: cloudlocal.Function, Read: backend.StreamHandler,
	})
}

func TestRedrive(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ids     []string
		answers []any
		object  string // the oldest of the batches, in place of the first
		invoked []string
		left    []string
		want    string
	}{
		"delivers the oldest batch first, and deletes what was delivered": {
			invoked: []string{"1", "2 3", "4"},
		},
		"delivers what it was asked for only": {
			ids: []string{younger}, invoked: []string{"4"}, left: []string{older, oldest},
		},
		"delivers nothing where one of the letters is missing": {
			ids: []string{"none", younger}, left: []string{younger, older, oldest}, want: "there is no dead letter none",
		},
		"goes on from the record that the function names": {
			ids: []string{older}, answers: []any{3, 3}, invoked: []string{"2 3", "3", "3"}, left: []string{younger, oldest},
		},
		"stops at a batch that fails, and keeps it and those after it": {
			ids: []string{older, younger}, answers: slices.Repeat([]any{2}, 10), invoked: slices.Repeat([]string{"2 3"}, 10),
			left: []string{younger, older, oldest}, want: "record 2 was not delivered",
		},
		"stops at an invocation that fails": {
			answers: []any{errors.New("exit status 1")}, invoked: []string{"1"},
			left: []string{younger, older, oldest}, want: "exit status 1",
		},
		"stops at a record that the batch does not have": {
			answers: []any{9}, invoked: []string{"1"}, left: []string{younger, older, oldest}, want: "names record 9",
		},
		"stops at what is no batch": {
			object: `{"payload": "{}"}`, left: []string{younger, older, oldest}, want: "cannot be read",
		},
		"stops at what is no JSON": {
			object: `text`, left: []string{younger, older, oldest}, want: "cannot be read",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud, f, box := newBox(t)
			f.answers = test.answers
			if test.object != "" {
				cloud.Put(oldest, test.object)
			}
			done := 0
			err := letters.Redrive(t.Context(), box, test.ids, func(letters.Letter) error { done++; return nil })
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
			if !slices.Equal(cloud.Keys(), test.left) || done != 3-len(test.left) || !slices.Equal(f.invoked, test.invoked) {
				t.Errorf("%d delivered, left %q, invocations %q; want left %q, invocations %q", done, cloud.Keys(), f.invoked, test.left, test.invoked)
			}
		})
	}
}

func TestRedriveOfAnEmptyBucket(t *testing.T) {
	t.Parallel()
	_, f, box := newBox(t)
	for range 2 {
		if err := letters.Redrive(t.Context(), box, nil, func(letters.Letter) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.invoked) != 3 {
		t.Errorf("the function was invoked with %q, want each batch once", f.invoked)
	}
}

func TestLetterOfABucket(t *testing.T) {
	t.Parallel()
	cloud, _, box := newBox(t)
	letter, err := letters.Find(t.Context(), box, older)
	if err != nil {
		t.Fatal(err)
	}
	if letter.Attempts != 12 || letter.Cause != "RecordAgeExceeded" || letter.GivenUp.Hour() != 10 ||
		!slices.Equal(letter.Topics(), []string{"room/2", "room/3"}) || letter.Events[0].ID != "event 2" {
		t.Errorf("the letter is %+v", letter)
	}
	if err := box.Drop(t.Context(), letter); err != nil || len(cloud.Keys()) != 2 {
		t.Errorf("left after a drop (%v): %q, want the two others", err, cloud.Keys())
	}
	if _, err := letters.Find(t.Context(), box, older); err == nil {
		t.Error("the letter that was dropped is found")
	}
}
