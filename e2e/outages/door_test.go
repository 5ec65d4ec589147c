//go:build e2e

package outages

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// door stands between the functions and a service, and can be in the way.
type door struct {
	url     string
	address string
	forward http.Handler

	mu     sync.Mutex
	server *http.Server // nil while connections are refused
	// inTheWay, unless nil, handles requests in place of the service.
	inTheWay http.Handler
	// opened is closed when what hangs may end.
	opened chan struct{}
}

func newDoor(t *testing.T, to string) *door {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 128}
	d := &door{opened: make(chan struct{})}
	d.forward = &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:    transport,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.address = listener.Addr().String()
	d.url = "http://" + d.address
	d.serve(listener)
	t.Cleanup(func() {
		d.open()
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.server != nil {
			_ = d.server.Close()
		}
		transport.CloseIdleConnections()
	})
	return d
}

// serve takes connections. The caller holds mu, or nobody else has the door yet.
func (d *door) serve(listener net.Listener) {
	server := &http.Server{Handler: d, ReadHeaderTimeout: patience}
	d.server = server
	go func() { _ = server.Serve(listener) }() // ends with Close
}

// ServeHTTP is the service, or what is in the way.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	inTheWay := d.inTheWay
	d.mu.Unlock()
	if inTheWay != nil {
		inTheWay.ServeHTTP(w, r)
		return
	}
	d.forward.ServeHTTP(w, r)
}

// put puts a handler in the way until open.
func (d *door) put(handler http.Handler) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inTheWay = handler
}

// answer has every request answered with a status and a body.
func (d *door) answer(status int, body string) {
	d.put(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
}

// hang has no request answered until open; then its connection breaks.
func (d *door) hang() {
	d.mu.Lock()
	opened := d.opened
	d.mu.Unlock()
	d.put(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-opened:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}))
}

// refuse breaks all connections, and refuses others until open.
func (d *door) refuse() {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.server.Close()
	d.server = nil
}

// open lets everything through again.
func (d *door) open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inTheWay = nil
	close(d.opened)
	d.opened = make(chan struct{})
	for deadline := time.Now().Add(patience); d.server == nil && time.Now().Before(deadline); {
		// The port may belong to an outgoing connection for a moment.
		if listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", d.address); err == nil {
			d.serve(listener)
		}
	}
}

// throttled is DynamoDB's answer to a request that exceeds the throughput of a table.
func throttled() string {
	return `{"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "throttled"}`
}
