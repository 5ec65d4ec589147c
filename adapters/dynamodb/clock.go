package dynamodb

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// clockTolerance is how far the process's clock may be off. It is what AWS allows in a
// signature. Source: "Troubleshoot Signature Version 4 signed requests" (IAM).
const clockTolerance = 5 * time.Minute

// ClockError says that the clock of this process is wrong. By such a clock rows of
// clients that are there would have expired, and nobody would notice; so every call
// fails.
type ClockError struct {
	// Ahead is by how much the process's clock is ahead of DynamoDB's, at least;
	// negative if it is behind.
	Ahead time.Duration
}

// Error says which clock is wrong, and by how much.
func (e *ClockError) Error() string {
	if e.Ahead < 0 {
		return fmt.Sprintf("the clock of this process is %v behind DynamoDB's", -e.Ahead)
	}
	return fmt.Sprintf("the clock of this process is %v ahead of DynamoDB's", e.Ahead)
}

// withClock returns a client whose requests fail where their answers come from another
// time than the process is in.
func withClock(client *dynamodb.Client) *dynamodb.Client {
	return dynamodb.New(client.Options(), func(o *dynamodb.Options) {
		o.APIOptions = append(slices.Clip(o.APIOptions), func(stack *middleware.Stack) error {
			return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("FanQLClock", checkClock), middleware.After)
		})
	})
}

func checkClock(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	sent := time.Now()
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, metadata, err
	}
	if ahead := clockAhead(sent, time.Now(), response.Header); ahead != 0 {
		_ = response.Body.Close()
		return middleware.DeserializeOutput{}, metadata, &ClockError{Ahead: ahead}
	}
	return out, metadata, nil
}

// clockAhead compares the time of an answer with those of sending the request and of
// receiving the answer, which may be far apart: a Lambda function is frozen at any time.
// It returns 0 for a clock that may be right.
func clockAhead(sent, received time.Time, header http.Header) time.Duration {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" { // of a cache on the way
		return 0
	}
	// Without their monotonic parts, which stand still while a machine sleeps.
	if ahead := sent.Round(0).Sub(date); ahead > clockTolerance {
		return ahead.Round(time.Second)
	}
	if behind := date.Sub(received.Round(0)); behind > clockTolerance {
		return -behind.Round(time.Second)
	}
	return 0
}
