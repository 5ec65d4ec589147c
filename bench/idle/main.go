// Idle measures what a connection costs that is subscribed and waits: it starts
// a server on the memory adapters in a process of its own, connects many clients
// to it from this one, each with one subscription, and prints the server's
// memory before and after.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

func main() {
	serving := flag.Bool("serve", false, "be the server")
	connections := flag.Int("connections", 10_000, "how many clients connect; mind `ulimit -n`")
	flag.Parse()
	err := error(nil)
	if *serving {
		err = serve(os.Stdout)
	} else {
		err = measure(context.Background(), *connections)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "idle:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, connections int) (err error) {
	address, stop, err := startServer(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	before, err := readMemory(ctx, address)
	if err != nil {
		return err
	}
	sockets := make([]net.Conn, 0, connections)
	defer func() {
		for _, socket := range sockets {
			_ = socket.Close()
		}
	}()
	for i := range connections {
		socket, err := subscribe(ctx, address, i)
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		sockets = append(sockets, socket)
	}
	after, err := readMemory(ctx, address)
	if err != nil {
		return err
	}
	if after.Subscribers != connections {
		return fmt.Errorf("the server has %d subscribers, want %d", after.Subscribers, connections)
	}
	fmt.Printf("%d subscribed connections\n", connections)
	per := func(after, before uint64) float64 { return float64(after-before) / float64(connections) / 1024 }
	fmt.Printf("resident memory  %6.1f KiB a connection\n", per(after.Resident, before.Resident))
	fmt.Printf("heap in use      %6.1f KiB a connection\n", per(after.Heap, before.Heap))
	fmt.Printf("stacks in use    %6.1f KiB a connection\n", per(after.Stacks, before.Stacks))
	fmt.Printf("goroutines       %6.2f a connection\n", float64(after.Goroutines-before.Goroutines)/float64(connections))
	return nil
}

// startServer runs this program as a server and returns its address.
func startServer(ctx context.Context) (address string, stop func() error, err error) {
	program, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	server := exec.CommandContext(ctx, program, "-serve")
	server.Stderr = os.Stderr
	output, err := server.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	input, err := server.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	stop = func() error { return errors.Join(input.Close(), server.Wait()) }
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return "", nil, errors.Join(err, stop())
	}
	return strings.TrimSpace(line), stop, nil
}

// subscribe opens a client's socket and sees its subscription in place.
func subscribe(ctx context.Context, address string, number int) (net.Conn, error) {
	dialer := ws.Dialer{Protocols: []string{"graphql-transport-ws"}}
	socket, _, _, err := dialer.Dial(ctx, "ws://"+address+"/graphql")
	if err != nil {
		return nil, err
	}
	for _, message := range []string{
		`{"type":"connection_init","payload":{"name":"client"}}`,
		fmt.Sprintf(`{"type":"subscribe","id":"operation-%d","payload":{"query":"subscription { ticks { n text } }"}}`, number),
	} {
		if err := wsutil.WriteClientText(socket, []byte(message)); err != nil {
			return nil, err
		}
		// The ack, then the initial result.
		if _, err := wsutil.ReadServerText(socket); err != nil {
			return nil, err
		}
	}
	return socket, nil
}

func readMemory(ctx context.Context, address string) (usage, error) {
	var read usage
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/memory", http.NoBody)
	if err != nil {
		return read, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return read, err
	}
	defer func() { _, _ = io.Copy(io.Discard, response.Body); _ = response.Body.Close() }()
	return read, json.NewDecoder(response.Body).Decode(&read)
}
