package fanqllambda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/callback"
	"github.com/fanql/fanql/adapters/emf"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// streamed is a backend whose events come through a DynamoDB stream. It keeps the
// SDK of DynamoDB out of functions on other backends.
type streamed interface {
	StreamHandler(deliver ports.DeliverFunc) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error)
}

// function is a function that is composed.
type function struct {
	engine  *core.Engine
	store   ports.Store
	handler apigw.HandlerConfig
	metrics *emf.Observer // nil where none are written
	logger  *slog.Logger
	// callbacks are nil where none are served.
	callbacks *callback.Callbacks
}

func newFunction(config Config) (*function, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	endpoint, origins := os.Getenv("FANQL_ENDPOINT"), strings.Fields(os.Getenv("FANQL_ORIGINS"))
	if err := checkEnvironment(endpoint, origins); err != nil {
		return nil, err
	}
	f := &function{logger: config.Logger, handler: apigw.HandlerConfig{Endpoint: endpoint, Origins: origins, Logger: config.Logger}}
	if config.APIGateway != nil {
		config.APIGateway(&f.handler)
	}
	engine, err := f.compose(config)
	if err != nil {
		return nil, err
	}
	if err := f.serveHTTP(config, engine.MaxMessageBytes); err != nil {
		return nil, err
	}
	if backend, ok := config.Backend.(streamed); ok && config.Delivery == Stream {
		f.handler.Stream = backend.StreamHandler(f.engine.Deliver)
	}
	return f, nil
}

// compose makes the engine, and returns what it was made of.
func (f *function) compose(config Config) (engine core.Config, err error) {
	pusher, err := newPusher(config, f.handler.Endpoint)
	if err != nil {
		return engine, err
	}
	bus, err := f.bus(config)
	if err != nil {
		return engine, err
	}
	engine = core.Config{
		Schema: config.Schema, Hooks: config.Hooks, Logger: config.Logger,
		Store: config.Backend, Bus: bus, Pusher: pusher,
	}
	if config.Delivery != Direct {
		engine.History, _ = config.Backend.(ports.History)
	}
	if stack := os.Getenv("FANQL_METRICS"); stack != "" {
		if f.metrics, err = emf.New(emf.Config{Stack: stack}); err != nil {
			return engine, err
		}
		engine.Observer = f.metrics
	}
	if config.Core != nil {
		config.Core(&engine)
	}
	if err := f.serveCallbacks(config, &engine); err != nil {
		return engine, err
	}
	f.engine, err = core.New(engine)
	f.store, f.handler.Engine = engine.Store, f.engine
	return engine, err
}

// serveHTTP has the function serve requests without a socket.
func (f *function) serveHTTP(config Config, maxBodyBytes int) error {
	overHTTP := graphqlhttp.Config{Logger: config.Logger, MaxBodyBytes: maxBodyBytes}
	if config.HTTP != nil {
		config.HTTP(&overHTTP)
	}
	requests, err := graphqlhttp.NewHandler(f.engine, overHTTP)
	if err != nil {
		return err
	}
	f.handler.HTTP = requests
	if f.callbacks != nil {
		f.handler.HTTP = f.callbacks.Handler(f.engine, requests)
	}
	return nil
}

// serveCallbacks has the engine push to callbacks too, if they are served.
func (f *function) serveCallbacks(config Config, engine *core.Config) (err error) {
	if config.Callbacks == nil {
		return nil
	}
	callbacks := *config.Callbacks
	callbacks.Logger = cmp.Or(callbacks.Logger, config.Logger)
	callbacks.MaxBodyBytes = cmp.Or(callbacks.MaxBodyBytes, engine.MaxMessageBytes)
	callbacks.NoHeartbeats = callbacks.NoHeartbeats || config.Delivery != Worker
	if f.callbacks, err = callback.New(callbacks); err != nil {
		return err
	}
	engine.Pusher = f.callbacks.Beside(engine.Pusher)
	if callbacks.NoHeartbeats { // then nothing renews rows
		engine.ConnectionTTL = cmp.Or(engine.ConnectionTTL, 24*time.Hour)
	}
	return nil
}

func newPusher(config Config, endpoint string) (*apigw.Pusher, error) {
	pusher := apigw.PusherConfig{Region: os.Getenv("AWS_REGION"), Credentials: config.Credentials, Endpoint: endpoint}
	if config.Pusher != nil {
		config.Pusher(&pusher)
	}
	if pusher.Region == "" {
		return nil, invalid("AWS_REGION is not set")
	}
	return apigw.NewPusher(pusher)
}

// bus is where events are published to. The engine is not made yet.
func (f *function) bus(config Config) (ports.EventBus, error) {
	if config.Delivery != Direct {
		return config.Backend, nil
	}
	return memory.NewDirect(func(ctx context.Context, events []ports.Event) []error { return f.engine.Deliver(ctx, events) })
}

// checkEnvironment refuses what apigw would refuse too, by the names of the variables.
func checkEnvironment(endpoint string, origins []string) error {
	if endpoint != "" && !strings.HasPrefix(endpoint, "https://") && !strings.HasPrefix(endpoint, "http://") {
		return invalid(fmt.Sprintf("FANQL_ENDPOINT is %q, and has to be an http or https URL", endpoint))
	}
	if err := ports.CheckOrigins(origins); err != nil {
		return invalid("FANQL_ORIGINS: " + err.Error())
	}
	return nil
}

// complete checks the configuration and puts defaults into it.
func (c *Config) complete() error {
	switch {
	case ports.IsMissing(c.Schema):
		return invalid("fanqllambda.Config.Schema is required")
	case ports.IsMissing(c.Backend):
		return invalid("fanqllambda.Config.Backend is required")
	case ports.IsNilPointer(c.Credentials):
		return invalid("fanqllambda.Config.Credentials is a nil pointer: leave it out, or set one that was made")
	}
	c.Logger = c.logger()
	if c.Credentials == nil {
		c.Credentials = Credentials()
	}
	setting := "fanqllambda.Config.Delivery"
	if c.Delivery == "" {
		setting, c.Delivery = "FANQL_DELIVERY", Delivery(os.Getenv("FANQL_DELIVERY"))
	}
	_, isStreamed := c.Backend.(streamed)
	_, isSource := c.Backend.(ports.EventSource)
	switch {
	case c.Delivery == "" && isStreamed:
		c.Delivery = Stream
	case c.Delivery == "":
		return invalid("FANQL_DELIVERY is not set: it is worker or direct on a backend without a DynamoDB stream")
	case c.Delivery == Stream && !isStreamed:
		return invalid(setting + " is stream, and the backend has no StreamHandler")
	case c.Delivery == Worker && !isSource:
		return invalid(setting + " is worker, and the backend is no ports.EventSource")
	case c.Delivery != Stream && c.Delivery != Worker && c.Delivery != Direct:
		return invalid(fmt.Sprintf("%s is %q, and has to be stream, worker or direct", setting, c.Delivery))
	}
	return nil
}

func (c *Config) logger() *slog.Logger { return ports.LimitLogger(c.Logger) }

// invalid is the error of a configuration.
func invalid(text string) error {
	return &ports.Error{Op: "fanqllambda.Handler", Kind: ports.ErrInvalid, Err: errors.New(text)}
}
