package freeport_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"testing"

	"github.com/fanql/fanql/internal/freeport"
)

// No port that is found is one that a system gives to who asks for any, and each can be
// listened on, with those that are higher.
func TestFind(t *testing.T) {
	for range 200 {
		port, err := freeport.Find(t.Context(), 10_000)
		if err != nil {
			t.Fatal(err)
		}
		if port < 20_000 || port+10_000 >= 32_768 {
			t.Fatalf("found %d", port)
		}
		for _, port := range []int{port, port + 10_000} {
			listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				t.Fatal(err)
			}
			if err := listener.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := freeport.Find(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
