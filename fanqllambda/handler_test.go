package fanqllambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/callback"
	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqllambda"
	"github.com/fanql/fanql/ports"
)

func newSchema(t *testing.T) *graphqlgo.Schema {
	t.Helper()
	texts := core.NewTopic[string]("texts")
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"hello": {Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) { return "world", nil }},
			"send": {Type: graphql.String, Resolve: func(p graphql.ResolveParams) (any, error) {
				return "sent", texts.Publish(p.Context, "hello")
			}},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"texts": {
			Type:      graphql.String,
			Subscribe: func(p graphql.ResolveParams) (any, error) { return texts.Subscribe(p.Context) },
			Resolve:   func(p graphql.ResolveParams) (any, error) { return texts.Payload(p.Context) },
		}}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// streamed is a backend in memory whose events come through a stream.
type streamed struct{ *memory.Backend }

func (streamed) StreamHandler(deliver ports.DeliverFunc) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, batch events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		var delivered []ports.Event
		for _, record := range batch.Records {
			delivered = append(delivered, ports.Event{ID: record.EventID, Topic: "texts", Kind: ports.EventData, Payload: []byte(`"streamed"`)})
		}
		return events.DynamoDBEventResponse{}, errors.Join(deliver(ctx, delivered)...)
	}
}

// gateway stands in for the @connections API and keeps what is posted.
type gateway struct{ posts []string }

func (g *gateway) RoundTrip(r *http.Request) (*http.Response, error) {
	post := r.Method + " "
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		post += string(body)
	}
	g.posts = append(g.posts, post)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// environment is what Lambda sets, and no more.
func environment(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
		"FANQL_ENDPOINT": "https://api.example.com/live", "FANQL_ORIGINS": "", "FANQL_DELIVERY": "", "FANQL_METRICS": "",
	} {
		t.Setenv(name, value)
	}
}

func newMemory(t *testing.T) *memory.Backend {
	t.Helper()
	backend, err := memory.New(memory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

// function is one with a gateway of its own.
func function(t *testing.T, config fanqllambda.Config) (apigw.Handler, *gateway) {
	t.Helper()
	environment(t)
	posts := &gateway{}
	config.Schema = newSchema(t)
	config.Pusher = func(c *apigw.PusherConfig) { c.Transport = posts }
	handler, err := fanqllambda.Handler(config)
	if err != nil {
		t.Fatal(err)
	}
	return handler, posts
}

func invoke(t *testing.T, handler apigw.Handler, event string) string {
	t.Helper()
	answer, err := handler(t.Context(), json.RawMessage(event))
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return strings.TrimSpace(string(answer))
}

// subscribe has a client connect and subscribe.
func subscribe(t *testing.T, handler apigw.Handler) {
	t.Helper()
	at := fmt.Sprintf(`"requestContext": {"connectionId": "c1", "domainName": "api.example.com", "stage": "live",
		"connectedAt": %[1]d, "requestTimeEpoch": %[1]d, "eventType": `, time.Now().UnixMilli())
	invoke(t, handler, `{"headers": {"Sec-WebSocket-Protocol": "graphql-transport-ws"}, `+at+`"CONNECT", "routeKey": "$connect"}}`)
	for _, message := range []string{
		`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"subscription { texts }"}}`,
	} {
		quoted, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		invoke(t, handler, `{"body": `+string(quoted)+`, `+at+`"MESSAGE", "routeKey": "$default"}}`)
	}
}

func query(text string) string {
	return `{"version": "2.0", "rawPath": "/", "rawQueryString": "query=` + text + `", "requestContext": {"http": {"method": "GET", "path": "/"}}}`
}

// TestStreamsAreRefused: each would hold an invocation.
func TestStreamsAreRefused(t *testing.T) {
	handler, _ := function(t, fanqllambda.Config{Backend: streamed{newMemory(t)}})
	for _, accept := range []string{"text/event-stream", "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json;q=0.9"} {
		event := strings.Replace(query("subscription{texts}"), `{"version"`, `{"headers": {"accept": "`+accept+`"}, "version"`, 1)
		answer := invoke(t, handler, event)
		if !strings.Contains(answer, `"statusCode":406`) || !strings.Contains(answer, "where no connection is held: subscribe over a WebSocket") {
			t.Errorf("%s is answered with %s", accept, answer)
		}
	}
}

// TestEveryKindOfEvent: one function takes them all.
func TestEveryKindOfEvent(t *testing.T) {
	handler, gateway := function(t, fanqllambda.Config{Backend: streamed{newMemory(t)}})
	subscribe(t, handler)
	if answer := invoke(t, handler, query("{hello}")); !strings.Contains(answer, "world") {
		t.Errorf("HTTP is answered with %s", answer)
	}
	invoke(t, handler, `{"Records": [{"eventSource": "aws:dynamodb", "eventID": "1", "eventName": "INSERT"}]}`)
	want := []string{`POST {"type":"connection_ack"}`, `POST {"id":"1","type":"next","payload":{"data":{"texts":"streamed"}}}`}
	if !slices.Equal(gateway.posts, want) {
		t.Errorf("posted %q, want %q", gateway.posts, want)
	}
	for _, ping := range []string{`{}`, `{"warmer": true}`, `{"source": "serverless-plugin-warmup"}`, `{"detail-type": "Scheduled Event"}`} {
		if answer := invoke(t, handler, ping); answer != "null" {
			t.Errorf("%s is answered with %s", ping, answer)
		}
	}
}

// TestEventsThatAreRefused: the error says what came, and what is expected.
func TestEventsThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		backend ports.Backend
		event   string
		want    string
	}{
		"a queue": {
			streamed{newMemory(t)}, `{"Records": [{"eventSource": "aws:sqs"}]}`,
			"got a record of aws:sqs, want events of a WebSocket API, or requests of an HTTP API (payload format 2.0) or a function URL, or records of a DynamoDB stream",
		},
		"a stream, on a backend that has none": {
			newMemory(t), `{"Records": [{"eventSource": "aws:dynamodb"}]}`,
			"got records of a DynamoDB stream, want events of a WebSocket API, or requests of an HTTP API (payload format 2.0) or a function URL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := fanqllambda.Config{Backend: test.backend}
			if _, ok := test.backend.(streamed); !ok {
				config.Delivery = fanqllambda.Worker
			}
			handler, _ := function(t, config)
			_, err := handler(t.Context(), json.RawMessage(test.event))
			if !errors.Is(err, ports.ErrInvalid) || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestDirectDelivery: whoever publishes delivers, before the answer.
func TestDirectDelivery(t *testing.T) {
	handler, gateway := function(t, fanqllambda.Config{Backend: newMemory(t), Delivery: fanqllambda.Direct})
	subscribe(t, handler)
	invoke(t, handler, query("{send}"))
	if last := gateway.posts[len(gateway.posts)-1]; !strings.Contains(last, "hello") {
		t.Errorf("the last post was %s", last)
	}
}

// TestWork: a process that stays delivers what the functions publish.
func TestWork(t *testing.T) {
	backend := newMemory(t)
	handler, _ := function(t, fanqllambda.Config{Backend: backend, Delivery: fanqllambda.Worker})
	subscribe(t, handler)
	invoke(t, handler, query("{send}"))
	posts := &gateway{}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- fanqllambda.Work(ctx, fanqllambda.Config{
			Schema: newSchema(t), Backend: backend, Pusher: func(c *apigw.PusherConfig) { c.Transport = posts },
		})
	}()
	if err := backend.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the worker ended with %v", err)
	}
	if len(posts.posts) != 1 || !strings.Contains(posts.posts[0], "hello") {
		t.Errorf("the worker posted %q", posts.posts)
	}
}

// written is what a function writes to its standard output.
func written(t *testing.T, run func()) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stdout")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = stdout }()
	run()
	text, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestMetrics: each invocation writes its metrics before it answers, and one of which
// there is nothing to say writes none.
func TestMetrics(t *testing.T) {
	environment(t)
	t.Setenv("FANQL_METRICS", "chat")
	text := written(t, func() {
		handler, err := fanqllambda.Handler(fanqllambda.Config{
			Schema: newSchema(t), Backend: newMemory(t), Delivery: fanqllambda.Direct,
			Pusher: func(c *apigw.PusherConfig) { c.Transport = &gateway{} },
		})
		if err != nil {
			t.Fatal(err)
		}
		subscribe(t, handler)
		invoke(t, handler, query("{hello}"))
		invoke(t, handler, query("{send}"))
	})
	if lines := strings.Count(text, "\n"); lines != 1 {
		t.Errorf("%d lines for one publishing:\n%s", lines, text)
	}
	for _, want := range []string{`"EventsPublished":1`, `"FramesPushed":1`, `"DeliveryLag":[`, `"Stack":"chat"`, `"Namespace":"FanQL"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %s:\n%s", want, text)
		}
	}
	if text := written(t, func() {
		handler, _ := function(t, fanqllambda.Config{Backend: newMemory(t), Delivery: fanqllambda.Direct})
		invoke(t, handler, query("{send}"))
	}); text != "" {
		t.Errorf("metrics without FANQL_METRICS: %s", text)
	}
}

// TestMetricsOfAWorker: the last ones are written when it ends.
func TestMetricsOfAWorker(t *testing.T) {
	backend := newMemory(t)
	handler, _ := function(t, fanqllambda.Config{Backend: backend, Delivery: fanqllambda.Worker})
	subscribe(t, handler)
	invoke(t, handler, query("{send}"))
	t.Setenv("FANQL_METRICS", "chat")
	text := written(t, func() {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- fanqllambda.Work(ctx, fanqllambda.Config{
				Schema: newSchema(t), Backend: backend, Pusher: func(c *apigw.PusherConfig) { c.Transport = &gateway{} },
			})
		}()
		if err := backend.Flush(t.Context()); err != nil {
			t.Error(err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the worker ended with %v", err)
		}
	})
	if !strings.Contains(text, `"FramesPushed":1`) {
		t.Errorf("the metrics are %s", text)
	}
}

// TestCallbacks: the function behind an HTTP API serves a router that gives callback
// URLs, and the one on the stream posts to it. Nobody sends heartbeats.
func TestCallbacks(t *testing.T) {
	posts := make(chan string, 10)
	router := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		posts <- string(body)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(router.Close)
	handler, gateway := function(t, fanqllambda.Config{
		Backend: streamed{newMemory(t)}, Callbacks: &callback.Config{Allow: []string{router.URL + "/callback"}},
	})
	ask := func(heartbeat int) string {
		body := fmt.Sprintf(`{"query":"subscription { texts }","extensions":{"subscription":`+
			`{"callbackUrl":"%s/callback/a","subscriptionId":"a","verifier":"v","heartbeatIntervalMs":%d}}}`, router.URL, heartbeat)
		event, err := json.Marshal(map[string]any{
			"version": "2.0", "rawPath": "/", "isBase64Encoded": true, "body": []byte(body),
			"headers":        map[string]string{"content-type": "application/json", "accept": "application/json;callbackSpec=1.0"},
			"requestContext": map[string]any{"http": map[string]any{"method": "POST", "path": "/"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return invoke(t, handler, string(event))
	}
	if answer := ask(5000); !strings.Contains(answer, `"statusCode":400`) || !strings.Contains(answer, "heartbeats are not sent here") {
		t.Errorf("with heartbeats the answer is %s", answer)
	}
	if answer := ask(0); !strings.Contains(answer, `"statusCode":200`) || !strings.Contains(answer, `{\"data\":null}`) {
		t.Errorf("the answer is %s", answer)
	}
	invoke(t, handler, `{"Records": [{"eventSource": "aws:dynamodb", "eventID": "1", "eventName": "INSERT"}]}`)
	for _, want := range []string{
		`{"kind":"subscription","action":"check","id":"a","verifier":"v"}`,
		`{"kind":"subscription","action":"next","id":"a","verifier":"v","payload":{"data":{"texts":"streamed"}}}`,
	} {
		if got := <-posts; got != want {
			t.Errorf("posted %s, want %s", got, want)
		}
	}
	if len(gateway.posts) > 0 {
		t.Errorf("to sockets was posted %q", gateway.posts)
	}
}

func TestSettingsOfTheParts(t *testing.T) {
	environment(t)
	t.Setenv("FANQL_ORIGINS", "a.example.com *.example.org")
	called := 0
	_, err := fanqllambda.Handler(fanqllambda.Config{
		Schema: newSchema(t), Backend: streamed{newMemory(t)},
		Core: func(c *core.Config) { called++ },
		APIGateway: func(c *apigw.HandlerConfig) {
			called++
			if c.Endpoint != "https://api.example.com/live" || !slices.Equal(c.Origins, []string{"a.example.com", "*.example.org"}) {
				t.Errorf("apigw.HandlerConfig is %+v", c)
			}
			c.Endpoint = "https://elsewhere.example.com"
		},
		Pusher: func(c *apigw.PusherConfig) {
			called++
			if c.Endpoint != "https://elsewhere.example.com" || c.Region != "eu-west-1" || c.Credentials == nil {
				t.Errorf("apigw.PusherConfig is %+v", c)
			}
		},
		HTTP: func(c *graphqlhttp.Config) { called++ },
	})
	if err != nil || called != 4 {
		t.Errorf("%d of 4 parts were asked about: %v", called, err)
	}
}

// published is a backend whose events nothing can take from it.
type published struct{ ports.Backend }

func TestConfigurationsThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		set    map[string]string
		change func(*fanqllambda.Config)
		want   string
	}{
		"no schema": {change: func(c *fanqllambda.Config) { c.Schema = nil }, want: "fanqllambda.Config.Schema is required"},
		"a backend that failed": {
			change: func(c *fanqllambda.Config) { c.Backend = (*memory.Backend)(nil) }, want: "fanqllambda.Config.Backend is required",
		},
		"no backend":      {change: func(c *fanqllambda.Config) { c.Backend = nil }, want: "fanqllambda.Config.Backend is required"},
		"nobody delivers": {set: map[string]string{"FANQL_DELIVERY": ""}, want: "FANQL_DELIVERY is not set"},
		"an unknown way":  {set: map[string]string{"FANQL_DELIVERY": "post"}, want: `FANQL_DELIVERY is "post", and has to be stream, worker or direct`},
		"an unknown way in code": {
			change: func(c *fanqllambda.Config) { c.Delivery = "post" },
			want:   `fanqllambda.Config.Delivery is "post", and has to be stream, worker or direct`,
		},
		"no stream":          {set: map[string]string{"FANQL_DELIVERY": "stream"}, want: "FANQL_DELIVERY is stream, and the backend has no StreamHandler"},
		"nothing to consume": {change: func(c *fanqllambda.Config) { c.Backend = published{c.Backend} }, want: "FANQL_DELIVERY is worker, and the backend is no ports.EventSource"},
		"no region":          {set: map[string]string{"AWS_REGION": ""}, want: "AWS_REGION is not set"},
		"no address":         {set: map[string]string{"FANQL_ENDPOINT": "wss://a.example"}, want: `FANQL_ENDPOINT is "wss://a.example", and has to be an http or https URL`},
		"no address in code": {
			change: func(c *fanqllambda.Config) {
				c.APIGateway = func(c *apigw.HandlerConfig) { c.Endpoint = "wss://a.example" }
			},
			want: `apigw.PusherConfig.Endpoint is "wss://a.example", and has to be an http or https URL`,
		},
		"credentials that failed": {
			change: func(c *fanqllambda.Config) { c.Credentials = (*aws.CredentialsCache)(nil) },
			want:   "fanqllambda.Config.Credentials is a nil pointer: leave it out, or set one that was made",
		},
		"an origin with a path": {set: map[string]string{"FANQL_ORIGINS": "b.example https://a.example/"}, want: `FANQL_ORIGINS: "https://a.example/" has a path`},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t)
			t.Setenv("FANQL_DELIVERY", "worker")
			for name, value := range test.set {
				t.Setenv(name, value)
			}
			config := fanqllambda.Config{Schema: newSchema(t), Backend: newMemory(t)}
			if test.change != nil {
				test.change(&config)
			}
			if _, err := fanqllambda.Handler(config); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

// TestWorkNeedsCredentials: a worker that could post nothing does not begin to take
// events.
func TestWorkNeedsCredentials(t *testing.T) {
	environment(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	config := fanqllambda.Config{Schema: newSchema(t), Backend: newMemory(t)}
	err := fanqllambda.Work(ctx, config)
	if !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") || !strings.Contains(err.Error(), "fanqllambda.Config.Credentials") {
		t.Errorf("got %v, want an error that names the variable and the field", err)
	}
	config.Credentials = fanqllambda.Credentials()
	if err := fanqllambda.Work(ctx, config); err != nil {
		t.Errorf("with credentials of its own: %v", err)
	}
}

func TestCredentials(t *testing.T) {
	environment(t)
	got, err := fanqllambda.Credentials().Retrieve(t.Context())
	if err != nil || got.AccessKeyID != "id" || got.SecretAccessKey != "secret" || got.SessionToken != "token" {
		t.Errorf("got %+v, %v", got, err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	if _, err := fanqllambda.Credentials().Retrieve(t.Context()); err == nil {
		t.Error("credentials without a key are no error")
	}
}
