// Posts measures what posting to @connections costs a Lambda function: how many
// posts fit into a second of its processor time, through apigw.NewPusher and
// through the SDK's own client. Both post to the local API Gateway, which runs
// with its clients in a process of its own. docs/performance.md has the figures.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/ports"
)

func main() {
	serving := flag.Bool("serve", false, "be the gateway and its clients")
	connections := flag.Int("connections", 50, "how many clients there are")
	posts := flag.Int("posts", 20_000, "how many posts make a measurement")
	rounds := flag.Int("rounds", 5, "how often everything is measured; the medians are printed")
	flag.Parse()
	err := error(nil)
	if *serving {
		err = serve(os.Stdin, os.Stdout, *connections)
	} else {
		err = measure(context.Background(), *connections, *posts, *rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "posts:", err)
		os.Exit(1)
	}
}

// post sends a message to a connection.
type post func(ctx context.Context, connection string, body []byte) error

func measure(ctx context.Context, connections, posts, rounds int) (err error) {
	endpoint, ids, stop, err := startGateway(ctx, connections)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	keys := credentials.NewStaticCredentialsProvider("AKID", "secret", "")
	pusher, err := apigw.NewPusher(apigw.PusherConfig{Region: "eu-west-1", Credentials: keys, Endpoint: endpoint})
	if err != nil {
		return err
	}
	client := apigatewaymanagementapi.New(apigatewaymanagementapi.Options{Region: "eu-west-1", Credentials: keys, BaseEndpoint: &endpoint})
	ways := []struct {
		name string
		post post
	}{
		{"apigw.NewPusher", func(ctx context.Context, id string, body []byte) error {
			return pusher.Push(ctx, ports.Address{ID: ports.ConnectionID(id)}, ports.Frame{Payload: body})
		}},
		{"the SDK's client", func(ctx context.Context, id string, body []byte) error {
			_, err := client.PostToConnection(ctx, &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: &id, Data: body})
			return err
		}},
	}
	rates := make([][]float64, len(ways))
	for range rounds {
		for i, way := range ways {
			rate, err := perCPUSecond(ctx, ids, posts, way.post)
			if err != nil {
				return fmt.Errorf("%s: %w", way.name, err)
			}
			rates[i] = append(rates[i], rate)
		}
	}
	fmt.Println("| posts per CPU-second through | median | least | most |\n|---|---|---|---|")
	for i, way := range ways {
		slices.Sort(rates[i])
		fmt.Printf("| %s | %.0f | %.0f | %.0f |\n", way.name, rates[i][rounds/2], rates[i][0], rates[i][rounds-1])
	}
	fmt.Printf("\nThe first is %.2f times the second.\n", rates[0][rounds/2]/rates[1][rounds/2])
	return nil
}

// perCPUSecond posts from eight goroutines, as a delivery does, and counts the
// processor time of this process.
func perCPUSecond(ctx context.Context, ids []string, posts int, send post) (float64, error) {
	body := []byte(`{"id":"1","type":"next","payload":{"data":{"message":"` + strings.Repeat("x", 250) + `"}}}`)
	var next atomic.Int64
	var workers sync.WaitGroup
	failures := make(chan error, 8)
	before, err := processorSeconds()
	if err != nil {
		return 0, err
	}
	for range cap(failures) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(posts); i = next.Add(1) - 1 {
				if err := send(ctx, ids[i%int64(len(ids))], body); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	workers.Wait()
	close(failures)
	after, err := processorSeconds()
	return float64(posts) / (after - before), errors.Join(err, <-failures)
}

func processorSeconds() (float64, error) {
	var usage syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime), err
}

// startGateway starts this program as the gateway, and learns its endpoint and its
// connections.
func startGateway(ctx context.Context, connections int) (endpoint string, ids []string, stop func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, nil, err
	}
	command := exec.CommandContext(ctx, self, "-serve", "-connections", fmt.Sprint(connections)) //nolint:gosec // itself
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return "", nil, nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return "", nil, nil, err
	}
	if err := command.Start(); err != nil {
		return "", nil, nil, err
	}
	stop = func() error { return errors.Join(in.Close(), command.Wait()) }
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "" {
		ids = append(ids, lines.Text())
	}
	if len(ids) != connections+1 {
		return "", nil, nil, errors.Join(io.ErrUnexpectedEOF, lines.Err(), stop())
	}
	return ids[0], ids[1:], stop, nil
}
