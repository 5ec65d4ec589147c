package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/bench/internal/peer"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/redislocal"
)

// fleet is a Redis and the gateways on it.
type fleet struct {
	redis    *goredis.Client
	gateways []*gateway
}

// gateway is a process, which ends with its input.
type gateway struct {
	address string
	input   io.Closer
	command *exec.Cmd
}

// startFleet runs a fleet until its input ends. It publishes itself what the input asks
// for, and prints its own address and those of the gateways.
func startFleet(ctx context.Context, s settings) (err error) {
	server, err := redislocal.Start(ctx, redislocal.Options{})
	if err != nil {
		return err
	}
	defer server.Stop()
	f := &fleet{redis: server.Client()}
	defer func() { err = errors.Join(err, f.stop()) }()
	var addresses []string
	s.Redis = server.Addr()
	for number := range s.Gateways {
		s.Name = name(number)
		if err := f.start(ctx, s); err != nil {
			return err
		}
		addresses = append(addresses, f.gateways[number].address)
	}
	backend, err := redis.New(redis.Config{Client: f.redis})
	if err != nil {
		return err
	}
	publisher, err := core.NewPublisher(core.PublisherConfig{Bus: backend})
	if err != nil {
		return err
	}
	fmt.Print(strings.Join(addresses, ","), " ")
	return peer.ServeUsage(http.NotFoundHandler(), func(published ...peer.Message) error {
		return publish(ctx, publisher, published, s.Topics)
	}, func(used *peer.Usage) {
		if err := f.usage(ctx, used); err != nil {
			fmt.Fprintln(os.Stderr, "fleet:", err)
		}
	})
}

// publishers is how many events are published at a time, of different topics.
const publishers = 8

// publish publishes each event by a call of its own.
func publish(ctx context.Context, publisher *core.Publisher, published []peer.Message, topics int) error {
	var publishing errgroup.Group
	for share := range publishers {
		publishing.Go(func() error {
			for _, message := range published {
				number, err := strconv.Atoi(strings.TrimPrefix(message.ID, "event-"))
				if err == nil && number%topics%publishers == share {
					err = publisher.Publish(ctx, topicOf(number, topics).Event(message))
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return publishing.Wait()
}

func (f *fleet) start(ctx context.Context, s settings) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	g := &gateway{command: exec.CommandContext(ctx, self, "-gateway", string(text))} //nolint:gosec // itself
	g.command.Stderr = os.Stderr
	output, err := g.command.StdoutPipe()
	if err != nil {
		return err
	}
	if g.input, err = g.command.StdinPipe(); err != nil {
		return err
	}
	if err := g.command.Start(); err != nil {
		return err
	}
	f.gateways = append(f.gateways, g)
	line, err := bufio.NewReader(output).ReadString('\n')
	g.address = strings.TrimSpace(line)
	return err
}

func (f *fleet) stop() error {
	err := f.redis.Close()
	for _, g := range f.gateways {
		err = errors.Join(err, g.input.Close())
	}
	for _, g := range f.gateways {
		err = errors.Join(err, g.command.Wait())
	}
	return err
}

// usage is that of all gateways together, and of Redis. What publishes is left out.
func (f *fleet) usage(ctx context.Context, used *peer.Usage) error {
	*used = peer.Usage{}
	for _, g := range f.gateways {
		one, err := usageOf(ctx, g.address)
		if err != nil {
			return err
		}
		used.CPUSeconds += one.CPUSeconds
		used.Allocations += one.Allocations
		used.Writes += one.Writes
		used.Resident += one.Resident
		used.Requests += one.Requests
	}
	text, err := f.redis.Info(ctx, "cpu").Result()
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_sys" || name == "used_cpu_user" {
			seconds, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return err
			}
			used.RedisCPUSeconds += seconds
		}
	}
	return nil
}

func usageOf(ctx context.Context, address string) (used peer.Usage, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/usage", http.NoBody)
	if err != nil {
		return used, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return used, err
	}
	err = json.NewDecoder(response.Body).Decode(&used)
	return used, errors.Join(err, response.Body.Close())
}
