package local_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/runtime"
	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/ports"
)

func TestConstructorsNameTheFieldThatIsWrong(t *testing.T) {
	gateway := func(config local.Config) error {
		_, err := local.NewGateway(config)
		return err
	}
	api := func(config local.HTTPConfig) error {
		_, err := local.NewHTTPAPI(config)
		return err
	}
	program := func(config runtime.Config) error {
		_, err := runtime.New(config)
		return err
	}
	poller := func(config stream.Config) error {
		_, err := stream.New(config)
		return err
	}
	f := newFunction()
	var (
		noFunction *struct{ local.Function }
		noClient   *struct{ stream.Client }
	)
	for name, err := range map[string]error{
		"local.Config.Function":     gateway(local.Config{Function: noFunction}),
		"local.HTTPConfig.Function": api(local.HTTPConfig{Function: noFunction}),
		"stream.Config.Client":      poller(stream.Config{Client: noClient, StreamARN: "arn", Function: f}),
		"stream.Config.Function":    poller(stream.Config{Client: struct{ stream.Client }{}, StreamARN: "arn", Function: noFunction}),
	} {
		if want := name + " is required"; !errors.Is(err, ports.ErrInvalid) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("with a nil pointer: got error %v, want %q", err, want)
		}
	}
	for want, err := range map[string]error{
		"local.Config.Function is required":                                              gateway(local.Config{}),
		"local.Config.FrameLimit must not be negative":                                   gateway(local.Config{Function: f, FrameLimit: -1}),
		"local.Config.QueuedPosts is 65537, and has to be 65536 at most":                 gateway(local.Config{Function: f, QueuedPosts: 65537}),
		"local.HTTPConfig.Function is required":                                          api(local.HTTPConfig{}),
		"local.HTTPConfig.BodyLimit must not be negative":                                api(local.HTTPConfig{Function: f, BodyLimit: -1}),
		"runtime.Config.Program is required":                                             program(runtime.Config{}),
		"runtime.Config.MaxProcesses must not be negative":                               program(runtime.Config{Program: "p", MaxProcesses: -1}),
		"runtime.Config.Output is a nil pointer: leave it out, or set one that was made": program(runtime.Config{Program: "p", Output: (*os.File)(nil)}),
		"stream.Config.Client is required":                                               poller(stream.Config{}),
		"stream.Config.BatchSize must not be negative":                                   poller(stream.Config{Client: struct{ stream.Client }{}, StreamARN: "arn", Function: f, BatchSize: -1}),
	} {
		if !errors.Is(err, ports.ErrInvalid) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}
