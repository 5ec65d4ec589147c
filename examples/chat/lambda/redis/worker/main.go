// Worker delivers what the chat's Lambda functions on Redis have published, until
// it receives SIGTERM: a container, or a program at a desk. There may be
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
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/examples/chat/library"
	"github.com/fanql/fanql/examples/chat/redishistory"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/fanqllambda"
	"github.com/fanql/fanql/fanqllambda/onredis"
)

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(logger)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		logger.Error("the worker has ended", slog.Any("error", err))
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	backend, err := onredis.New(onredis.Config{Client: func(options *goredis.UniversalOptions) { options.PoolSize = 32 }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.Client.Close()) }()
	chat, err := library.New(redishistory.New(backend.Client))
	if err != nil {
		return err
	}
	return fanqllambda.Work(ctx, fanqllambda.Config{
		Schema: chat, Hooks: schema.Hooks(), Backend: backend, Credentials: credentials(),
	})
}

// credentials are those of the container's task, which ECS hands out at an address
// of its own ("Task IAM role", ECS developer guide); elsewhere nil, for those of the
// environment. The SDK's config package finds both, and is larger.
func credentials() aws.CredentialsProvider {
	if path := os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
		return aws.NewCredentialsCache(endpointcreds.New("http://169.254.170.2" + path))
	}
	return nil
}
