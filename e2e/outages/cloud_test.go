//go:build e2e

package outages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/apigw/local/runtime"
	"github.com/fanql/fanql/adapters/apigw/local/stream"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqllambda"
	"github.com/fanql/fanql/fanqllambda/ondynamodb"
	"github.com/fanql/fanql/internal/dynamolocal"
)

// pageVariable is core.Config.PageSize of a function.
const pageVariable = "FANQL_OUTAGES_PAGE"

// serveFunction is the Lambda function, behind the gateway and on the stream.
func serveFunction() error {
	schema, err := numbers()
	if err != nil {
		return err
	}
	backend, err := ondynamodb.New(ondynamodb.Config{})
	if err != nil {
		return err
	}
	page, _ := strconv.Atoi(os.Getenv(pageVariable)) // without one it is the default
	fanqllambda.Start(fanqllambda.Config{
		Schema: schema, Backend: backend, Core: func(config *core.Config) { config.PageSize = page },
	})
	return nil
}

// cloudOptions are what differs between clouds. Zero fields are the defaults of
// deploy/template.yaml.
type cloudOptions struct {
	timeout  time.Duration // of the function on the stream
	bisect   bool
	pageSize int
}

// cloud is a DynamoDB Local, and the function behind the local gateway and on the
// stream of its events.
type cloud struct {
	endpoint string // of sockets
	// connections is in front of @connections, and database in front of DynamoDB.
	connections, database *door
	publisher             *core.Publisher
	invocations           *invocations
}

// invocations counts those of the function on the stream.
type invocations struct {
	stream.Function

	mu            sync.Mutex
	total, failed int
}

// Invoke counts.
func (i *invocations) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	answer, err := i.Function.Invoke(ctx, payload)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.total++
	if err != nil {
		i.failed++
	}
	return answer, err
}

func (i *invocations) counts() (total, failed int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.total, i.failed
}

// databases holds the DynamoDB Local of all tests, once one has asked for it.
var databases struct {
	mu     sync.Mutex
	server *dynamolocal.Server
}

// sharedDatabase is the DynamoDB Local of all tests. Each has tables of its own.
func sharedDatabase(t *testing.T) *dynamolocal.Server {
	t.Helper()
	databases.mu.Lock()
	defer databases.mu.Unlock()
	if databases.server == nil {
		server, err := dynamolocal.Start(context.Background()) // which outlives the test
		if err != nil {
			t.Fatal(err)
		}
		databases.server = server
	}
	return databases.server
}

// stopDatabase ends the DynamoDB Local, if there is one.
func stopDatabase() {
	databases.mu.Lock()
	defer databases.mu.Unlock()
	if databases.server != nil {
		databases.server.Stop()
	}
}

// startCloud starts a cloud with tables of its own, which ends with the test.
func startCloud(t *testing.T, server *dynamolocal.Server, options cloudOptions) *cloud {
	t.Helper()
	if options.timeout == 0 {
		options.timeout = 15 * time.Minute
	}
	c := &cloud{database: newDoor(t, server.Endpoint())}
	tables := tablesFor(t)
	direct := mustMake(t)(dynamodb.New(dynamodb.Config{Client: server.Client(), Tables: tables}))
	if err := direct.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	described, err := server.Client().DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: &tables.Events})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewUnstartedServer(nil)
	stage := "//" + front.Listener.Addr().String() + "/local"
	c.connections = newDoor(t, "http://"+front.Listener.Addr().String())
	function := func(name string, timeout time.Duration) *runtime.Function {
		return c.function(t, name, timeout, tables, options.pageSize)
	}
	gateway, err := local.NewGateway(local.Config{Function: function("websocket", 29*time.Second), NoDisconnect: true})
	if err != nil {
		t.Fatal(err)
	}
	front.Config.Handler = gateway
	front.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := gateway.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		front.Close()
	})
	c.endpoint = "ws:" + stage
	c.invocations = &invocations{Function: function("stream", options.timeout)}
	c.poll(t, *described.Table.LatestStreamArn, options)
	bus := mustMake(t)(dynamodb.New(dynamodb.Config{Client: c.client(), Tables: tables}))
	if c.publisher, err = core.NewPublisher(core.PublisherConfig{Bus: bus}); err != nil {
		t.Fatal(err)
	}
	return c
}

// function makes one that runs in processes of its own. They end with the test.
func (c *cloud) function(t *testing.T, name string, timeout time.Duration, tables dynamodb.Tables, pageSize int) *runtime.Function {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var output io.Writer // none
	if testing.Verbose() {
		output = t.Output()
	}
	function, err := runtime.New(runtime.Config{
		Program: program, Name: name, MaxProcesses: 4, Timeout: timeout, InitTimeout: patience, Output: output,
		Env: []string{
			functionVariable + "=" + name, pageVariable + "=" + strconv.Itoa(pageSize),
			"FANQL_CONNECTIONS_TABLE=" + tables.Connections, "FANQL_SUBSCRIPTIONS_TABLE=" + tables.Subscriptions, "FANQL_EVENTS_TABLE=" + tables.Events,
			"FANQL_ENDPOINT=" + c.connections.url + "/local", "AWS_ENDPOINT_URL_DYNAMODB=" + c.database.url,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(function.Close)
	return function
}

// poll runs the event source mapping until the end of the test.
func (c *cloud) poll(t *testing.T, arn string, options cloudOptions) {
	t.Helper()
	client := dynamodbstreams.New(dynamodbstreams.Options{BaseEndpoint: &c.database.url, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials()})
	poller, err := stream.New(stream.Config{
		Client: client, StreamARN: arn, Function: c.invocations, Logger: slog.New(slog.DiscardHandler),
		Shards: 1, ParallelizationFactor: 10, EventNames: []string{"INSERT", "MODIFY"}, Timeout: options.timeout,
		ReportBatchItemFailures: true, BisectBatchOnFunctionError: options.bisect, MaximumRecordAge: 20 * time.Hour, PollInterval: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- poller.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the event source mapping ended: %v", err)
		}
	})
}

// client goes through the door.
func (c *cloud) client() *sdk.Client {
	return sdk.New(sdk.Options{BaseEndpoint: &c.database.url, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials()})
}

// tablesFor are names that only this test has.
func tablesFor(t *testing.T) dynamodb.Tables {
	prefix := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, t.Name())
	return dynamodb.Tables{Connections: prefix + "-connections", Subscriptions: prefix + "-subscriptions", Events: prefix + "-events"}
}

// mustMake fails the test where a backend cannot be made.
func mustMake(t *testing.T) func(*dynamodb.Backend, error) *dynamodb.Backend {
	return func(backend *dynamodb.Backend, err error) *dynamodb.Backend {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return backend
	}
}

// onCloud runs one cell for each length of an outage.
func onCloud(t *testing.T, row string, begin func(c *cloud) (end func())) {
	t.Helper()
	t.Parallel()
	for _, length := range lengths() {
		t.Run(fmt.Sprint(length), func(t *testing.T) {
			t.Parallel()
			c := startCloud(t, sharedDatabase(t), cloudOptions{})
			cell{
				row: row, length: length, publisher: c.publisher, urls: []string{c.endpoint},
				begin: func(*testing.T) func() { return begin(c) },
			}.run(t)
		})
	}
}

func TestConnectionsAnswer500(t *testing.T) {
	onCloud(t, "`@connections` answers 500", func(c *cloud) func() {
		c.connections.answer(http.StatusInternalServerError, `{"message": "Internal server error"}`)
		return c.connections.open
	})
}

func TestConnectionsRefuseTCP(t *testing.T) {
	onCloud(t, "`@connections` refuses TCP", func(c *cloud) func() {
		c.connections.refuse()
		return c.connections.open
	})
}

func TestConnectionsHang(t *testing.T) {
	onCloud(t, "`@connections` hangs", func(c *cloud) func() {
		c.connections.hang()
		return c.connections.open
	})
}

func TestDynamoDBThrottled(t *testing.T) {
	onCloud(t, "DynamoDB throttles everything", func(c *cloud) func() {
		c.database.answer(http.StatusBadRequest, throttled())
		return c.database.open
	})
}

func TestDynamoDBUnreachable(t *testing.T) {
	onCloud(t, "DynamoDB refuses TCP", func(c *cloud) func() {
		c.database.refuse()
		return c.database.open
	})
}
