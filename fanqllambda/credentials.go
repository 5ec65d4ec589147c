package fanqllambda

import (
	"context"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Credentials are those of the role that the function runs as, from a cache. Lambda
// puts them into the environment of every process (AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN). To read them there, rather than through
// the SDK's config package, keeps a fifth of the binary out of it.
func Credentials() *aws.CredentialsCache { return aws.NewCredentialsCache(environment{}) }

type environment struct{}

// keyVariable has no value where the environment has no credentials.
const keyVariable = "AWS_ACCESS_KEY_ID"

var (
	errNoCredentials     = errors.New(keyVariable + " is not set")
	errNoWorkCredentials = errors.New(keyVariable + " is not set, and neither is fanqllambda.Config.Credentials")
)

// Retrieve reads the environment.
func (environment) Retrieve(context.Context) (aws.Credentials, error) {
	credentials := aws.Credentials{
		AccessKeyID:     os.Getenv(keyVariable),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
		Source:          "environment",
	}
	if credentials.AccessKeyID == "" {
		return aws.Credentials{}, errNoCredentials
	}
	return credentials, nil
}
