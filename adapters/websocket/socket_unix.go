//go:build unix

package websocket

import (
	"errors"
	"net"
	"syscall"
)

// rawConn gives access to the descriptor of a plain socket. A TLS connection,
// or one that a listener wrapped, has none that could be written to directly.
func rawConn(conn net.Conn) syscall.RawConn {
	var source syscall.Conn
	switch conn := conn.(type) {
	case *net.TCPConn:
		source = conn
	case *net.UnixConn:
		source = conn
	default:
		return nil
	}
	raw, err := source.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// writeNow writes what the socket takes without blocking, perhaps nothing.
func writeNow(fd uintptr, data []byte) (n int, err error) {
	for len(data) > 0 {
		written, err := syscall.Write(int(fd), data)
		switch {
		case err == nil:
			n, data = n+written, data[written:]
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return n, nil
		default:
			return n, err
		}
	}
	return n, nil
}
