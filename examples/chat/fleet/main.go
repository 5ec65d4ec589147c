// Fleet runs the chat as a fleet on this machine: a Redis and several gateways,
// each a process of its own. `make run-fleet` builds the pages and starts it.
// People who talk to different gateways meet in the same rooms.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/fanql/fanql/internal/redislocal"
)

func main() {
	first := flag.Int("port", 8090, "port of the first gateway; the others have the next")
	gateways := flag.Int("gateways", 2, "how many gateways")
	program := flag.String("program", "bin/chat-redis", "the program of a gateway, built from examples/chat/redis")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *program, *first, *gateways); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program string, firstPort, gateways int) error {
	redis, err := redislocal.Start(ctx, redislocal.Options{})
	if err != nil {
		return err
	}
	defer redis.Stop()
	fmt.Println("Redis        ", redis.Addr())
	return serve(ctx, program, redis.Addr(), firstPort, gateways)
}

// serve runs the gateways until the context ends or one of them does.
func serve(ctx context.Context, program, redis string, firstPort, gateways int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, gateways)
	for i := range gateways {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+i))
		gateway := exec.CommandContext(ctx, program, "-redis", redis, "-addr", address) //nolint:gosec // a path of our own
		gateway.Stdout, gateway.Stderr = os.Stdout, os.Stderr
		gateway.Cancel = func() error { return gateway.Process.Signal(syscall.SIGTERM) }
		gateway.WaitDelay = 30 * time.Second // longer than a gateway takes to let everyone go
		if err := gateway.Start(); err != nil {
			return err
		}
		go func() {
			err := gateway.Wait()
			cancel() // a fleet of this size is not one without any of them
			ended <- err
		}()
	}
	var errs []error
	for range gateways {
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
