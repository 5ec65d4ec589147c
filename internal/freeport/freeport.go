// Package freeport finds ports for programs that cannot find one themselves, and for
// those that come back on the one they had.
package freeport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports are of a range from which systems give none to who asks for any: Linux has
// those from 32,768 on for that, others those from 49,152 on (RFC 6335, section 6).
// Between the moment that a port is found and its use, no listener on port 0 and no client
// gets it; another Find may, once in some thousand times.
const (
	first = 20_000
	end   = 32_768
	tries = 1000
)

// Find returns a TCP port of the loopback interface on which nobody listens. Nor does
// anybody on those which are so much higher. The error is that of the context, or says
// that no port is free. It may be called concurrently.
func Find(ctx context.Context, higher ...int) (int, error) {
	most := 0
	for _, by := range higher {
		most = max(most, by)
	}
	for range tries {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		port := first + rand.IntN(end-first-most) //nolint:gosec // nothing secret
		if isFree(ctx, port, higher) {
			return port, nil
		}
	}
	return 0, errors.New("no port of the loopback interface is free")
}

// Address is Find as the address of a listener.
func Address(ctx context.Context) (string, error) {
	port, err := Find(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("127.0.0.1:%d", port), nil
}

func isFree(ctx context.Context, port int, higher []int) bool {
	for _, by := range append([]int{0}, higher...) {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+by)))
		if err != nil {
			return false
		}
		_ = listener.Close() // nobody was served
	}
	return true
}
