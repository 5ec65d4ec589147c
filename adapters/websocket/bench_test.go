package websocket_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

// BenchmarkPush pushes one payload of 300 bytes, shared, to every connection
// in turn; an operation is one push. The clients are goroutines of the same
// process, so that the time is theirs too; the allocations are the server's.
func BenchmarkPush(b *testing.B) {
	for _, connections := range []int{1, 1000} {
		b.Run(fmt.Sprint("connections=", connections), func(b *testing.B) {
			f := onSockets(b, websocket.Config{SlowConsumer: websocket.ThrottleSlowConsumer}, newFakeEngine())
			addresses := make([]ports.Address, connections)
			for i := range addresses {
				c := f.dial()
				addresses[i] = c.address
				go func() { _, _ = io.Copy(io.Discard, c.conn) }() // ends with the socket
			}
			frame := ports.Frame{
				Head:    []byte(`{"id":"1","type":"next","payload":`),
				Payload: []byte(strings.Repeat("x", 300)),
				Tail:    []byte(`}`),
			}
			ctx := b.Context()
			b.ReportAllocs()
			b.SetBytes(int64(frame.Len()))
			for i := 0; b.Loop(); i++ {
				err := f.server.Push(ctx, addresses[i%connections], frame)
				for ; errors.Is(err, ports.ErrThrottled); err = f.server.Push(ctx, addresses[i%connections], frame) {
					runtime.Gosched() // the client is behind
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
