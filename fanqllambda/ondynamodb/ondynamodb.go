// Package ondynamodb makes a backend on DynamoDB of the environment of a Lambda
// function:
//
//	FANQL_CONNECTIONS_TABLE    the name of the table of connections
//	FANQL_SUBSCRIPTIONS_TABLE  that of operations by topic
//	FANQL_EVENTS_TABLE         that of events, whose stream feeds the function
//	AWS_ENDPOINT_URL_DYNAMODB  the address of another DynamoDB; empty on AWS
//	AWS_REGION and the role's credentials, which Lambda sets
package ondynamodb

import (
	"fmt"
	"os"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/fanqllambda"
	"github.com/fanql/fanql/ports"
)

// Config changes what the environment comes to. No field is required.
type Config struct {
	// Client changes the options of the client. Default: nothing is changed.
	Client func(*sdk.Options)
	// Backend changes the configuration of the backend. Default: nothing is changed.
	Backend func(*dynamodb.Config)
}

// Backend is a dynamodb.Backend with its client.
type Backend struct {
	*dynamodb.Backend
	Client *sdk.Client
}

// New makes a backend. It does no I/O. ErrInvalid: variables are not set; the error
// names them all, because a table's default name is no substitute for one that was
// forgotten.
func New(config Config) (*Backend, error) {
	var unset []string
	required := func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			unset = append(unset, name)
		}
		return value
	}
	options := sdk.Options{
		Region: required("AWS_REGION"), Credentials: fanqllambda.Credentials(),
		RetryMaxAttempts: 2, // for a lost answer; the backend itself waits when it is throttled
	}
	backend := dynamodb.Config{Tables: dynamodb.Tables{
		Connections:   required("FANQL_CONNECTIONS_TABLE"),
		Subscriptions: required("FANQL_SUBSCRIPTIONS_TABLE"),
		Events:        required("FANQL_EVENTS_TABLE"),
	}}
	if len(unset) > 0 {
		return nil, &ports.Error{
			Op: "ondynamodb.New", Kind: ports.ErrInvalid, Err: fmt.Errorf("not set in the environment: %s", strings.Join(unset, ", ")),
		}
	}
	if endpoint := os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"); endpoint != "" {
		options.BaseEndpoint = &endpoint
	}
	if config.Client != nil {
		config.Client(&options)
	}
	backend.Client = sdk.New(options)
	if config.Backend != nil {
		config.Backend(&backend)
	}
	made, err := dynamodb.New(backend)
	if err != nil {
		return nil, err
	}
	return &Backend{Backend: made, Client: backend.Client}, nil
}
