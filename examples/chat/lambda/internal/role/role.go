// Package role provides the credentials of the role that a Lambda function runs
// as. Lambda puts them into the environment of every process. To read them there,
// rather than through the SDK's config package, keeps a third of the SDK out of
// the binary.
package role

import (
	"context"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Credentials are the role's, from a cache.
func Credentials() *aws.CredentialsCache { return aws.NewCredentialsCache(environment{}) }

type environment struct{}

var errNoCredentials = errors.New("AWS_ACCESS_KEY_ID is not set")

// Retrieve reads the environment.
func (environment) Retrieve(context.Context) (aws.Credentials, error) {
	credentials := aws.Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
		Source:          "environment",
	}
	if credentials.AccessKeyID == "" {
		return aws.Credentials{}, errNoCredentials
	}
	return credentials, nil
}
