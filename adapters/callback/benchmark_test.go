//go:build unix

package callback

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"syscall"
	"testing"

	"github.com/fanql/fanql/ports"
)

// BenchmarkPush is BenchmarkPush of adapters/apigw, whose posts are signed: to a
// transport that answers at once, and to a server in the same process.
func BenchmarkPush(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	b.Cleanup(server.Close)
	for _, network := range []struct {
		name      string
		transport http.RoundTripper // nil: the adapter's own
	}{{"client", answering{}}, {"loopback", nil}} {
		b.Run(network.name, func(b *testing.B) {
			c, err := New(Config{Allow: []string{server.URL + "/callback"}})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(c.CloseIdleConnections)
			if network.transport != nil {
				c.transport = network.transport
			}
			const id = "5f0c8f4e-3c8b-4b1e-9a55-6a3f6c1d2b7a"
			at, err := url.Parse(server.URL + "/callback/" + id)
			if err != nil {
				b.Fatal(err)
			}
			to := target{url: at, id: id, verifier: "0c6e5d7a-1f0b-4a53-8f5e-2f3f8f6f0a11"}.address()
			frame := ports.Frame{Head: []byte(`{"id":"1","type":"next","payload":`), Payload: make([]byte, 300), Tail: []byte("}")}
			b.ReportAllocs()
			before := processorSeconds(b)
			for b.Loop() {
				if err := c.Push(b.Context(), to, frame); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/(processorSeconds(b)-before), "posts/cpu-s")
		})
	}
}

func processorSeconds(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}

// answering is a transport that answers at once.
type answering struct{}

func (answering) RoundTrip(request *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody, Request: request}, nil
}
