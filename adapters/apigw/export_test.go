package apigw

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Sign signs a request as a Pusher does.
func Sign(ctx context.Context, request *http.Request, body []byte, region string, credentials aws.CredentialsProvider, now time.Time) error {
	s := &signer{region: region, credentials: credentials, now: func() time.Time { return now }}
	return s.sign(ctx, request, body)
}
