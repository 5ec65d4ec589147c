// Cron puts a notice on a board, and ends: a job for cron, on the Redis of the servers.
package main

import (
	"context"
	"flag"
	"log"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/notices"
)

func main() {
	address := flag.String("redis", "127.0.0.1:6379", "address of Redis")
	tenant := flag.String("tenant", "", "whose board it is")
	id := flag.String("id", time.Now().UTC().Format(time.DateOnly), "ID of the notice: the same if the job runs twice")
	text := flag.String("text", "The report is ready.", "what the notice says")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	err := publish(ctx, *address, *tenant, notices.Notice{ID: *id, Text: *text})
	cancel()
	if err != nil {
		log.Fatal(err) // cron sends it by mail
	}
}

// docs:start cron
func publish(ctx context.Context, address, tenant string, notice notices.Notice) error {
	client := goredis.NewClient(&goredis.Options{Addr: address})
	defer func() { _ = client.Close() }()
	backend, err := redis.New(redis.Config{Client: client})
	if err != nil {
		return err
	}
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: backend})
	if err != nil {
		return err
	}
	return publisher.Publish(ctx, notices.Board(tenant, "news").Event(notice))
}

// docs:end cron
