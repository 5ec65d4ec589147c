// Server serves the notices to two users of two tenants, and prints a link for each.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/examples/notices"
	"github.com/fanql/fanql/ports"
)

func main() {
	address := flag.String("addr", "127.0.0.1:8080", "address to listen on; port 0 takes a free one")
	store := flag.String("redis", "", "address of Redis; none, everything is in memory")
	pages := flag.String("pages", "examples/notices/react/dist", "folder of the built pages")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *address, *store, http.FileServer(http.Dir(*pages)))
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, address, store string, pages http.Handler) (err error) {
	var backend ports.Backend // in memory
	if store != "" {
		client := goredis.NewClient(&goredis.Options{Addr: store})
		defer func() { err = errors.Join(err, client.Close()) }()
		if backend, err = redis.New(redis.Config{Client: client}); err != nil {
			return err
		}
	}
	auth := &notices.Auth{Key: key()}
	server, err := notices.NewServer(auth, auth.TokenHooks(), backend, pages)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	if err := announce(auth, "http://"+listener.Addr().String()); err != nil {
		return err
	}
	return server.Serve(ctx, listener)
}

// key is NOTICES_KEY, or one that nobody else knows.
func key() []byte {
	if key := os.Getenv("NOTICES_KEY"); key != "" {
		return []byte(key)
	}
	return []byte(rand.Text())
}

// announce prints links that sign users in for an hour.
func announce(auth *notices.Auth, base string) error {
	fmt.Println("listening on", base)
	for _, user := range []notices.User{{Name: "ada", Tenant: "acme"}, {Name: "bob", Tenant: "globex"}} {
		token, err := auth.Issue(user, time.Now().Add(time.Hour))
		if err != nil {
			return err
		}
		fmt.Println(user.Name, "of", user.Tenant, base+"/#"+token)
	}
	return nil
}
