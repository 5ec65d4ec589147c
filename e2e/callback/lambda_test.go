//go:build e2e

package callback

import (
	"context"
	"encoding/json"
	"net"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/adapters/callback"
	fanqldynamodb "github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/examples/subgraph/reviews"
	"github.com/fanql/fanql/fanqllambda"
	"github.com/fanql/fanql/internal/dynamolocal"
	"github.com/fanql/fanql/internal/must"
)

// function is a Lambda function whose process is replaced every few invocations, as
// Lambda may do.
type function struct {
	make  func() apigw.Handler
	calls atomic.Int64
	now   atomic.Pointer[apigw.Handler]
}

// Invoke implements local.Function.
func (f *function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	if f.calls.Add(1)%7 == 1 {
		f.now.Store(new(f.make()))
	}
	answer, err := (*f.now.Load())(ctx, json.RawMessage(event))
	return answer, err
}

// serveHTTPAPI has the function behind an HTTP API at the address.
func serveHTTPAPI(t *testing.T, address string, f local.Function) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(must.Make(local.NewHTTPAPI(local.HTTPConfig{Function: f})))
	_ = server.Listener.Close() // the one it has made itself
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
}

// background runs something until the end of the test, or until it is stopped.
func background(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// TestLambdaOnRedis: functions take the requests, and a worker delivers and sends the
// heartbeats. It is replaced in the middle of a stream.
func TestLambdaOnRedis(t *testing.T) {
	for name, value := range map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "FANQL_ENDPOINT": "http://127.0.0.1:1/none"} {
		t.Setenv(name, value)
	}
	g := newGraph(t)
	redisClient := goredis.NewClient(&goredis.Options{Addr: g.redis})
	t.Cleanup(func() { _ = redisClient.Close() })
	config := func() fanqllambda.Config {
		return fanqllambda.Config{
			Schema: must.Make(reviews.New()), Delivery: fanqllambda.Worker,
			Backend:   must.Make(redis.New(redis.Config{Client: redisClient, Prefix: "reviews:"})),
			Callbacks: &callback.Config{Allow: []string{g.callbacks()}},
		}
	}
	serveHTTPAPI(t, g.reviews, &function{make: func() apigw.Handler { return must.Make(fanqllambda.Handler(config())) }})
	work := func(ctx context.Context) error { return fanqllambda.Work(ctx, config()) }
	stop := background(t, work)
	g.startSubgraph(t, "products", g.products)
	g.startGateway(t)
	p := newPublisher(t, g.redis)
	c := g.subscribe(t, reviewed)
	p.subscribed(t, 1)
	for i := range 60 {
		if i == 30 {
			stop()
			time.AfterFunc(time.Second, func() { background(t, work) })
		}
		p.review(t, i)
	}
	for i, got := range c.await(60) {
		if got != result(i) {
			t.Fatalf("result %d is %s", i, got)
		}
	}
	time.Sleep(6 * time.Second) // an interval of heartbeats
	p.review(t, 60)
	c.await(61)
}

// TestLambdaOnDynamoDB: a function takes the requests, and another one is on the stream.
// Heartbeats come from a clock, which is a ticker here.
func TestLambdaOnDynamoDB(t *testing.T) {
	t.Parallel()
	g := newGraph(t)
	database, err := dynamolocal.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(database.Stop)
	backend := must.Make(fanqldynamodb.New(fanqldynamodb.Config{Client: database.Client()}))
	if err := backend.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	tables := backend.Tables()
	described, err := database.Client().DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &tables.Events})
	if err != nil {
		t.Fatal(err)
	}
	compose := func() (*callback.Callbacks, *core.Engine) {
		callbacks := must.Make(callback.New(callback.Config{Allow: []string{g.callbacks()}}))
		return callbacks, must.Make(core.New(core.Config{
			Schema: must.Make(reviews.New()), Store: backend, Bus: backend,
			Pusher: callbacks.Beside(must.Make(memory.NewPusher(memory.PusherConfig{}))),
		}))
	}
	handler := &function{make: func() apigw.Handler {
		callbacks, engine := compose()
		return must.Make(apigw.NewHandler(apigw.HandlerConfig{
			HTTP:   callbacks.Handler(engine, must.Make(graphqlhttp.NewHandler(engine, graphqlhttp.Config{}))),
			Stream: backend.StreamHandler(engine.Deliver),
		}))
	}}
	serveHTTPAPI(t, g.reviews, handler)
	endpoint := database.Endpoint()
	poller := must.Make(stream.New(stream.Config{
		Client: dynamodbstreams.New(dynamodbstreams.Options{
			BaseEndpoint: &endpoint, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials(),
		}),
		StreamARN: *described.Table.LatestStreamArn, StartingPosition: "TRIM_HORIZON", ReportBatchItemFailures: true,
		Function: handler, EventNames: []string{"INSERT", "MODIFY"}, PollInterval: 50 * time.Millisecond,
	}))
	background(t, poller.Run)
	background(t, func(ctx context.Context) error { return beat(ctx, compose, backend) })
	g.startSubgraph(t, "products", g.products)
	g.startGateway(t)
	c := g.subscribe(t, reviewed)
	// A mutation through the gateway, until the subscription has the first; then more.
	for i := 0; len(first(c.so())) == 0; i++ {
		g.execute(t, `mutation { review(upc: "1", body: "first") { body } }`)
		time.Sleep(200 * time.Millisecond)
	}
	before := len(first(c.so()))
	time.Sleep(11 * time.Second) // two intervals of heartbeats
	for range 20 {
		g.execute(t, `mutation { review(upc: "1", body: "again") { body } }`)
	}
	c.await(before + 20)
}

// beat sends heartbeats as a function does that a clock calls.
func beat(ctx context.Context, compose func() (*callback.Callbacks, *core.Engine), backend *fanqldynamodb.Backend) error {
	callbacks, engine := compose()
	for ctx.Err() == nil {
		if err := callbacks.Beat(ctx, engine, backend); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-time.After(2 * time.Second):
		case <-ctx.Done():
		}
	}
	return nil
}
