//go:build unix

package apigw_test

import (
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/ports"
)

// BenchmarkPush posts through this adapter and through the SDK's client. Its
// server is no API: a transport that answers at once, because the processor
// time of a server in the same process is not the client's.
func BenchmarkPush(b *testing.B) {
	body := make([]byte, 300)
	keys := credentials.NewStaticCredentialsProvider("AKID", "secret", "token")
	for _, network := range []struct {
		name      string
		transport func(b *testing.B) (endpoint string, transport http.RoundTripper)
	}{
		{"client", func(*testing.B) (string, http.RoundTripper) { return "https://example.com/prod", answering{} }},
		{"loopback", func(b *testing.B) (string, http.RoundTripper) {
			server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			b.Cleanup(server.Close)
			return server.URL, server.Client().Transport
		}},
	} {
		b.Run(network.name+"/apigw", func(b *testing.B) {
			endpoint, transport := network.transport(b)
			pusher, err := apigw.NewPusher(apigw.PusherConfig{Region: "eu-west-1", Credentials: keys, Transport: transport})
			if err != nil {
				b.Fatal(err)
			}
			to, frame := ports.Address{ID: "L0SM9cOFvHcCIhw=", Endpoint: endpoint}, ports.Frame{Payload: body}
			perCPUSecond(b, func() error { return pusher.Push(b.Context(), to, frame) })
		})
		b.Run(network.name+"/sdk", func(b *testing.B) {
			endpoint, transport := network.transport(b)
			client := apigatewaymanagementapi.New(apigatewaymanagementapi.Options{
				Region: "eu-west-1", Credentials: keys, BaseEndpoint: &endpoint, HTTPClient: &http.Client{Transport: transport},
			})
			input := &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: aws.String("L0SM9cOFvHcCIhw="), Data: body}
			perCPUSecond(b, func() error {
				_, err := client.PostToConnection(b.Context(), input)
				return err
			})
		})
	}
}

// perCPUSecond reports how many calls fit into a second of processor time.
func perCPUSecond(b *testing.B, call func() error) {
	b.Helper()
	b.ReportAllocs()
	before := processorSeconds(b)
	for b.Loop() {
		if err := call(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/(processorSeconds(b)-before), "posts/cpu-s")
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

// answering is a transport that answers 200 to everything.
type answering struct{}

func (answering) RoundTrip(request *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: request}, nil
}
