package redis_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/ports"
)

// A backend on a server inside the program. On real ones the client is that of one
// server, of a Sentinel or of a cluster, as redis.UniversalOptions say.
func ExampleNew() {
	server, err := miniredis.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	client := goredis.NewUniversalClient(&goredis.UniversalOptions{
		Addrs: []string{server.Addr()}, ContextTimeoutEnabled: true,
	})
	defer client.Close()
	backend, err := redis.New(redis.Config{Client: client})
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx, expires := context.Background(), time.Now().Add(time.Hour)
	connection := ports.Connection{Address: ports.Address{ID: "socket"}, ExpiresAt: expires}
	operation := ports.Operation{
		Ref: ports.OperationRef{Connection: "socket", ID: "1"}, Address: connection.Address,
		Topics: []ports.Topic{"room/42"}, ReceivedAt: time.Now(), ExpiresAt: expires,
	}
	err = errors.Join(backend.CreateConnection(ctx, connection), backend.AddOperation(ctx, operation))
	page, listErr := backend.ListSubscribers(ctx, "room/42", ports.PageRequest{})
	fmt.Println(len(page.Subscribers), errors.Join(err, listErr))
	// Output: 1 <nil>
}
