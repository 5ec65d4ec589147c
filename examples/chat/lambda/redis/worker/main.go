// Worker delivers what the chat's Lambda functions on Redis have published, until
// it is told to stop (SIGTERM): a container, or a program at a desk. There may be
// several; they share the topics.
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"

	"github.com/fanql/fanql/examples/chat/lambda/internal/role"
	"github.com/fanql/fanql/examples/chat/lambda/redis/internal/backend"
)

// connections is how many there are to a node of Redis at most, beside the one on
// which the worker is told of new events: two for each partition.
const connections = 32

func main() {
	logger := backend.Logger()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, logger); err != nil {
		logger.Error("the worker has ended", "error", err.Error())
		os.Exit(1)
	}
}

// run delivers until the context ends. Deliveries that are under way then have 10
// seconds; what they do not get to is the next worker's.
func run(ctx context.Context, logger *slog.Logger) (err error) {
	settings, err := backend.FromEnvironment()
	if err != nil {
		return err
	}
	client := settings.NewClient(connections)
	defer func() { err = errors.Join(err, client.Close()) }()
	kept, err := settings.NewBackend(client, logger)
	if err != nil {
		return err
	}
	engine, err := settings.NewEngine(client, kept, kept, credentials(), logger)
	if err != nil {
		return err
	}
	return kept.Consume(ctx, engine.Deliver)
}

// credentials are those of the container's task, which ECS hands out at an address
// of its own ("Task IAM role", ECS developer guide), or else of the environment. A
// program elsewhere takes them from the SDK's config package.
func credentials() aws.CredentialsProvider {
	if path := os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		return aws.NewCredentialsCache(endpointcreds.New("http://169.254.170.2" + path))
	}
	return role.Credentials()
}
