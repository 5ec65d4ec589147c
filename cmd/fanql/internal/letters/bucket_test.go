package letters_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/cmd/fanql/internal/letters"
	"github.com/fanql/fanql/internal/must"
)

// account stands in for S3 and Lambda, which run nowhere else than on AWS, behind
// their HTTP interfaces: the real clients talk to it.
type account struct {
	mu      sync.Mutex
	objects map[string]string
	// answers are those of the function, in order; after them all is delivered.
	answers []string
	// invoked are the records of each invocation, by number.
	invoked []string
}

func newAccount() *account {
	return &account{objects: map[string]string{
		"aws/lambda/mapping/shard-1/2026/11/28/2026-11-28T10.00.02-a": kept("3"),
		"aws/lambda/mapping/shard-2/2026/11/28/2026-11-28T10.00.01-b": kept("1", "2"),
	}}
}

// kept is an object as Lambda writes it: the payload is text.
func kept(numbers ...string) string {
	var records []string
	for _, number := range numbers {
		records = append(records, fmt.Sprintf(`{"eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": {
			"SequenceNumber": %q, "StreamViewType": "NEW_IMAGE", "NewImage": {"id": {"S": "room/%[1]s"}, "events": {"L": [{"M": {
			"id": {"S": "event %[1]s"}, "kind": {"S": "data"}, "payload": {"B": "e30="}, "time": {"N": "1"}}}]}}}}`, number))
	}
	payload, _ := json.Marshal(`{"Records": [` + strings.Join(records, ",") + `]}`)
	return `{"requestContext": {"condition": "RecordAgeExceeded", "approximateInvokeCount": 12}, "version": "1.0",
		"timestamp": "2026-11-28T10:00:01.000Z", "payload": ` + string(payload) + `}`
}

// ServeHTTP is what of S3 and Lambda is used.
func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := strings.TrimPrefix(r.URL.Path, "/bucket/")
	switch {
	case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/stream/"):
		a.invoke(w, r)
	case strings.Trim(r.URL.Path, "/") == "bucket":
		a.list(w, r)
	case r.Method == http.MethodDelete:
		delete(a.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		_, _ = io.WriteString(w, a.objects[key])
	}
}

// list answers a page of one object.
func (a *account) list(w http.ResponseWriter, r *http.Request) {
	type content struct{ Key string }
	var answer struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []content
	}
	var keys []string
	for key := range a.objects {
		if key > r.URL.Query().Get("continuation-token") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if len(keys) > 0 {
		answer.Contents = []content{{keys[0]}}
	}
	if answer.IsTruncated = len(keys) > 1; answer.IsTruncated {
		answer.NextContinuationToken = keys[0]
	}
	_ = xml.NewEncoder(w).Encode(answer)
}

func (a *account) invoke(w http.ResponseWriter, r *http.Request) {
	var batch struct {
		Records []struct {
			DynamoDB struct{ SequenceNumber string }
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&batch)
	var numbers []string
	for _, record := range batch.Records {
		numbers = append(numbers, record.DynamoDB.SequenceNumber)
	}
	a.invoked = append(a.invoked, strings.Join(numbers, " "))
	answer := `{"batchItemFailures": []}`
	if len(a.answers) > 0 {
		answer, a.answers = a.answers[0], a.answers[1:]
	}
	if strings.Contains(answer, "errorMessage") {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	_, _ = io.WriteString(w, answer)
}

// box is the account's, through the real clients.
func (a *account) box(t *testing.T) letters.Box {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	somebody := credentials.NewStaticCredentialsProvider("id", "secret", "")
	backend := must.Make(dynamodb.New(dynamodb.Config{Client: sdk.New(sdk.Options{}), Logger: slog.New(slog.DiscardHandler)}))
	return letters.OfBucket(letters.Bucket{
		Objects: s3.New(s3.Options{Region: "eu-west-1", BaseEndpoint: &server.URL, UsePathStyle: true, Credentials: somebody}),
		Name:    "bucket",
		Functions: lambda.New(lambda.Options{
			Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: somebody, Retryer: aws.NopRetryer{},
		}),
		Function: "stream", Read: backend.StreamHandler,
	})
}

func TestRedrive(t *testing.T) {
	t.Parallel()
	from := func(number string) string {
		return fmt.Sprintf(`{"batchItemFailures": [{"itemIdentifier": %q}]}`, number)
	}
	for name, test := range map[string]struct {
		before  func(*account)
		ids     []string
		invoked []string
		done    int
		left    int
		want    string
	}{
		"delivers the oldest batch first, and deletes what was delivered": {
			invoked: []string{"1 2", "3"}, done: 2,
		},
		"delivers what it was asked for only": {
			ids:     []string{"aws/lambda/mapping/shard-1/2026/11/28/2026-11-28T10.00.02-a"},
			invoked: []string{"3"}, done: 1, left: 1,
		},
		"delivers nothing where one of the letters is missing": {
			ids:  []string{"none", "aws/lambda/mapping/shard-1/2026/11/28/2026-11-28T10.00.02-a"},
			left: 2, want: "there is no dead letter none",
		},
		"goes on from the record that the function names": {
			before:  func(a *account) { a.answers = []string{from("2"), from("2")} },
			invoked: []string{"1 2", "2", "2", "3"}, done: 2,
		},
		"stops at a batch that fails, and keeps it and those after it": {
			before:  func(a *account) { a.answers = slices.Repeat([]string{from("1")}, 10) },
			invoked: slices.Repeat([]string{"1 2"}, 10), left: 2, want: "record 1 was not delivered",
		},
		"stops at an invocation that fails": {
			before:  func(a *account) { a.answers = []string{`{"errorMessage": "exit status 1"}`} },
			invoked: []string{"1 2"}, left: 2, want: "exit status 1",
		},
		"stops at a record that the batch does not have": {
			before:  func(a *account) { a.answers = []string{from("9")} },
			invoked: []string{"1 2"}, left: 2, want: "names record 9",
		},
		"stops at what is no batch": {
			before: func(a *account) { a.objects = map[string]string{"other": `{"payload": "{}"}`} },
			left:   1, want: "cannot be read",
		},
		"stops at what is no JSON": {
			before: func(a *account) { a.objects = map[string]string{"other": `text`} },
			left:   1, want: "cannot be read",
		},
		"has nothing to do in an empty bucket": {
			before: func(a *account) { a.objects = nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount()
			if test.before != nil {
				test.before(a)
			}
			done := 0
			err := letters.Redrive(t.Context(), a.box(t), test.ids, func(letters.Letter) error { done++; return nil })
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
			if done != test.done || len(a.objects) != test.left || !slices.Equal(a.invoked, test.invoked) {
				t.Errorf("%d delivered, %d left, invocations %q; want %d, %d, %q", done, len(a.objects), a.invoked, test.done, test.left, test.invoked)
			}
		})
	}
}

func TestLetterOfABucket(t *testing.T) {
	t.Parallel()
	a := newAccount()
	box := a.box(t)
	letter, err := letters.Find(t.Context(), box, "aws/lambda/mapping/shard-2/2026/11/28/2026-11-28T10.00.01-b")
	if err != nil {
		t.Fatal(err)
	}
	if letter.Attempts != 12 || letter.Cause != "RecordAgeExceeded" || letter.GivenUp.Hour() != 10 ||
		!slices.Equal(letter.Topics(), []string{"room/1", "room/2"}) || letter.Events[0].ID != "event 1" {
		t.Errorf("the letter is %+v", letter)
	}
	if err := box.Drop(context.WithoutCancel(t.Context()), letter); err != nil || len(a.objects) != 1 {
		t.Errorf("%d objects are left after a drop (%v), want 1", len(a.objects), err)
	}
	if _, err := letters.Find(t.Context(), box, letter.ID); err == nil {
		t.Error("the letter that was dropped is found")
	}
}
