package dynamodb

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/fanql/fanql/ports"
)

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
	if err := compareClocks(sent, time.Now(), response.Header); err != nil {
		_ = response.Body.Close()
		return middleware.DeserializeOutput{}, metadata, err
	}
	return out, metadata, nil
}

// compareClocks fails with a ports.ClockError where the time of an answer says that the
// clock of the process is wrong. An answer without a date, or of a cache on the way, says
// nothing.
func compareClocks(sent, received time.Time, header http.Header) error {
	if date, err := http.ParseTime(header.Get("Date")); err == nil && header.Get("Age") == "" {
		return ports.CheckClock("DynamoDB", sent, date, received)
	}
	return nil
}
