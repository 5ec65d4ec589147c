//go:build !unix

package websocket

import (
	"net"
	"syscall"
)

// rawConn returns nil: no write can be tried without blocking here.
func rawConn(net.Conn) syscall.RawConn { return nil }

// writeNow is not called where rawConn returns nil; it takes nothing.
func writeNow(uintptr, []byte) (n int, err error) { return 0, nil }
