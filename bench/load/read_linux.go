package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
)

// read has a few threads read for all clients. A goroutine for each of them
// would cost the machine more than the server that is measured.
func (c *crowd) read() error {
	threads := runtime.GOMAXPROCS(0)
	for i := range threads {
		share := make([]*client, 0, len(c.clients)/threads+1)
		for j := i; j < len(c.clients); j += threads {
			share = append(share, c.clients[j])
		}
		p, err := newPoller(share)
		if err != nil {
			return err
		}
		c.reading.Go(func() {
			if err := p.run(&c.over); err != nil {
				c.fail(err)
			}
			_ = syscall.Close(p.queue)
		})
	}
	return nil
}

// poller reads for some clients.
type poller struct {
	queue       int // of epoll
	clients     []*client
	descriptors []int
}

func newPoller(clients []*client) (*poller, error) {
	queue, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	p := &poller{queue: queue, clients: clients, descriptors: make([]int, len(clients))}
	for i, reader := range clients {
		if p.descriptors[i], err = reader.leaveRuntime(); err != nil {
			return nil, err
		}
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(i)}
		if err := syscall.EpollCtl(queue, syscall.EPOLL_CTL_ADD, p.descriptors[i], &event); err != nil {
			return nil, fmt.Errorf("epoll_ctl: %w", err)
		}
	}
	return p, nil
}

// leaveRuntime takes the socket from Go's own poller, which would receive
// every event too, and returns its descriptor.
func (c *client) leaveRuntime() (int, error) {
	conn, ok := c.conn.(*net.TCPConn)
	if !ok {
		return 0, errors.New("not a TCP connection")
	}
	file, err := conn.File()
	if err != nil {
		return 0, err
	}
	c.conn = file
	return int(file.Fd()), conn.Close()
}

// run reads what comes until it is over.
func (p *poller) run(over *atomic.Bool) error {
	const patience = 100 // ms, after which it looks whether it is over
	ready, buffer := make([]syscall.EpollEvent, 64), make([]byte, 64<<10)
	for !over.Load() {
		n, err := syscall.EpollWait(p.queue, ready, patience)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for _, event := range ready[:max(n, 0)] {
			n, err := syscall.Read(p.descriptors[event.Fd], buffer)
			if err == nil && n == 0 {
				err = io.EOF
			}
			if err == nil {
				err = p.clients[event.Fd].take(buffer[:n])
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
