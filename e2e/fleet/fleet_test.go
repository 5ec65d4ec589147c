//go:build e2e

package fleet

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/internal/redislocal"
)

// patience is how long anything may take before it counts as stuck.
const patience = 2 * time.Minute

// fleet is a Redis and gateways.
type fleet struct {
	size   size
	redis  *redislocal.Server
	client *goredis.Client
	topics []*topic

	mu       sync.Mutex
	gateways []*gateway
}

// startFleet starts a fleet, which ends with the test.
func startFleet(t *testing.T, gateways int) *fleet {
	t.Helper()
	server, err := redislocal.Start(t.Context(), redislocal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	f := &fleet{size: sizes(), redis: server, client: server.Client(), gateways: make([]*gateway, gateways)}
	t.Cleanup(func() { _ = f.client.Close() })
	for i := range f.size.topics {
		f.topics = append(f.topics, &topic{name: fmt.Sprintf("topic-%d", i)})
	}
	for slot := range gateways {
		f.start(t, slot)
	}
	return f
}

// gateway is one process.
type gateway struct {
	name, address string
	command       *exec.Cmd
	input         io.Closer
	exited        chan struct{}
	err           error // of its end, once it has exited
	// ending is true once its clients are about to lose it.
	ending atomic.Bool
}

// start starts a gateway, in the place and under the name of the one before.
func (f *fleet) start(t *testing.T, slot int) {
	t.Helper()
	g := &gateway{name: fmt.Sprintf("gateway-%d", slot), exited: make(chan struct{})}
	settings, err := json.Marshal(configuration{Name: g.name, Redis: f.redis.Addr(), Times: f.size.times})
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g.command = exec.Command(binary)
	g.command.Env = append(os.Environ(), gatewayVariable+"="+string(settings), program.Race)
	g.command.Stderr = t.Output()
	output, err := g.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if g.input, err = g.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := g.command.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(output).ReadString('\n')
	go func() {
		g.err = g.command.Wait()
		close(g.exited)
	}()
	t.Cleanup(func() { g.end(t, syscall.SIGTERM) })
	if g.address = strings.TrimSpace(line); g.address == "" {
		t.Fatalf("%s did not start", g.name)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gateways[slot] = g
}

// end sends a signal and returns when the process has ended. One that was asked
// to stop must call that a success. Again is harmless.
func (g *gateway) end(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if g.ending.Swap(true) {
		return
	}
	if err := g.command.Process.Signal(signal); err != nil {
		t.Errorf("%s ended by itself: %v", g.name, err)
	}
	stuck := time.AfterFunc(patience, func() { _ = g.command.Process.Kill() })
	defer stuck.Stop()
	<-g.exited
	if signal == syscall.SIGTERM && g.err != nil {
		t.Errorf("%s ended with %v", g.name, g.err)
	}
}

// gateway is the one in a place.
func (f *fleet) gateway(slot int) *gateway {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gateways[slot]
}

// choose returns the gateway that a client prefers, or any other if that is
// ending, or nil.
func (f *fleet) choose(preferred int) *gateway {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g := f.gateways[preferred]; !g.ending.Load() {
		return g
	}
	for _, i := range rand.Perm(len(f.gateways)) {
		if g := f.gateways[i]; !g.ending.Load() {
			return g
		}
	}
	return nil
}

// gatewayCPU is what all gateways have used, in seconds.
func (f *fleet) gatewayCPU(t *testing.T) (seconds float64) {
	t.Helper()
	for slot := range f.gateways {
		response, err := http.Get("http://" + f.gateway(slot).address + "/cpu")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		used, err := strconv.ParseFloat(string(body), 64)
		if err != nil {
			t.Fatal(err)
		}
		seconds += used
	}
	return seconds
}

// redisCPU is what Redis has used, in seconds.
func (f *fleet) redisCPU(t *testing.T) (seconds float64) {
	t.Helper()
	text, err := f.client.Info(t.Context(), "cpu").Result()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_sys" || name == "used_cpu_user" {
			used, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			seconds += used
		}
	}
	return seconds
}

// eventually waits until something holds; what it returns says what is missing.
func eventually(t *testing.T, c *crowd, missing func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		what := missing()
		if what == "" {
			return
		}
		select {
		case <-ticker.C:
		case err := <-c.failed:
			t.Fatal(err)
		case <-ctx.Done():
			t.Fatalf("stuck: %s", what)
		}
	}
}
