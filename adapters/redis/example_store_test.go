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

// A store on a server inside the program. On real ones the client is that of one
// server, of a Sentinel or of a cluster, as redis.UniversalOptions say.
func ExampleNewStore() {
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
	store := redis.NewStore(client, redis.StoreConfig{})

	ctx, expires := context.Background(), time.Now().Add(time.Hour)
	connection := ports.Connection{Address: ports.Address{ID: "socket"}, ExpiresAt: expires}
	operation := ports.Operation{
		Ref: ports.OperationRef{Connection: "socket", ID: "1"}, Address: connection.Address,
		Topics: []ports.Topic{"room/42"}, ReceivedAt: time.Now(), ExpiresAt: expires,
	}
	err = errors.Join(store.CreateConnection(ctx, connection), store.AddOperation(ctx, operation))
	page, listErr := store.ListSubscribers(ctx, "room/42", ports.PageRequest{})
	fmt.Println(len(page.Subscribers), errors.Join(err, listErr))
	// Output: 1 <nil>
}
