package apigw_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/ports"
)

// function is a handler of everything, and says which of its parts was called.
func function(t *testing.T, called *string) apigw.HandlerConfig {
	t.Helper()
	engine := newFakeEngine()
	engine.receive = func(context.Context, ports.Message) error {
		*called = "engine"
		return nil
	}
	return apigw.HandlerConfig{
		Engine: engine,
		HTTP:   http.HandlerFunc(func(http.ResponseWriter, *http.Request) { *called = "http" }),
		Stream: func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
			*called = "stream"
			return events.DynamoDBEventResponse{}, nil
		},
	}
}

func TestOneFunctionForEveryEvent(t *testing.T) {
	for event, want := range map[string]string{
		`{"requestContext": {"routeKey": "$default", "eventType": "MESSAGE"}, "body": "{}"}`:                         "engine",
		`{"requestContext": {"routeKey": "custom", "eventType": "MESSAGE"}, "body": "{}"}`:                           "engine",
		`{"version": "2.0", "routeKey": "$default", "rawPath": "/", "requestContext": {"http": {"method": "GET"}}}`:  "http",
		`{"Records": [{"eventSource": "aws:dynamodb", "eventName": "INSERT", "dynamodb": {"SequenceNumber": "1"}}]}`: "stream",
	} {
		var called string
		handler := newHandler(t, function(t, &called))
		if _, err := handler.Invoke(t.Context(), []byte(event)); err != nil || called != want {
			t.Errorf("%s: called %q (%v), want %q", event, called, err, want)
		}
	}
}

func TestWarmUpPingsAreAnswered(t *testing.T) {
	for _, event := range []string{
		`{}`,
		`{"warmer": true, "concurrency": 3}`,
		`{"warmup": true}`,
		`{"source": "serverless-plugin-warmup"}`,
		`{"version": "0", "id": "53dc4d37", "detail-type": "Scheduled Event", "source": "aws.events", "resources": [], "detail": {}}`,
	} {
		for name, config := range map[string]apigw.HandlerConfig{
			"engine": {Engine: newFakeEngine()}, "http": {HTTP: http.NotFoundHandler()},
		} {
			answer, err := newHandler(t, config).Invoke(t.Context(), []byte(event))
			if err != nil || string(answer) != "null" {
				t.Errorf("%s, %s: answered %s (%v), want null", name, event, answer, err)
			}
		}
	}
}

func TestWhatAFunctionIsNotForIsSaid(t *testing.T) {
	for event, came := range map[string]string{
		`{"Records": [{"eventSource": "aws:sqs", "body": "secret"}]}`:                  "got a record of aws:sqs,",
		`{"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "secret"}}]}`:      "got a record of aws:sns,",
		`{"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": "secret"}}]}`: "got a record of aws:kinesis,",
		`{"eventSource": "aws:kafka", "records": {"topic-0": [{"value": "secret"}]}}`:  "got an event with the members eventSource, records,",
		`{"Records": []}`: "got an event with the members Records,",
		`{"version": "1.0", "resource": "/", "path": "/", "httpMethod": "POST", "requestContext": {"httpMethod": "POST", "resourcePath": "/"}, "body": "secret"}`: "got a request in payload format 1.0 ",
		`{"resource": "/", "path": "/", "httpMethod": "GET", "requestContext": {"stage": "prod"}}`:                                                                "got a request in payload format 1.0 ",
		`{"requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": "GET", "path": "/"}`:                                                                "got a request of an Application Load Balancer,",
		`{"type": "REQUEST", "methodArn": "arn", "requestContext": {"eventType": "CONNECT", "connectionId": "a"}}`:                                                "got a Lambda authorizer's event,",
		`{"version": "2.0", "type": "REQUEST", "routeArn": "arn", "requestContext": {"http": {"method": "GET"}}}`:                                                 "got a Lambda authorizer's event,",
		`{"version": "0", "detail-type": "EC2 Instance State-change", "source": "aws.ec2", "detail": {"a": "secret"}}`:                                            `got the event "EC2 Instance State-change" of aws.ec2,`,
		`{"g": 1, "f": 1, "e": 1, "d": 1, "c": 1, "b": 1, "a": "secret"}`:                                                                                         "got an event with the members a, b, c, d, e, ...,",
		`"secret"`: "got an event that is no JSON object,",
		`secret`:   "got an event that is no JSON object,",
	} {
		var called string
		_, err := newHandler(t, function(t, &called)).Invoke(t.Context(), []byte(event))
		if called != "" || !errors.Is(err, ports.ErrInvalid) || !strings.Contains(err.Error(), came) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v, called %q; want %q", event, err, called, came)
		}
	}
}

func TestTheErrorNamesWhatIsExpected(t *testing.T) {
	const (
		sockets  = "events of a WebSocket API"
		requests = "requests of an HTTP API (payload format 2.0) or a function URL"
		records  = "records of a DynamoDB stream"
	)
	var called string
	everything := function(t, &called)
	for want, config := range map[string]apigw.HandlerConfig{
		"want " + sockets:  {Engine: everything.Engine},
		"want " + requests: {HTTP: everything.HTTP},
		"want " + records:  {Stream: everything.Stream},
		"want " + sockets + ", or " + requests + ", or " + records: everything,
	} {
		_, err := newHandler(t, config).Invoke(t.Context(), []byte(`{"Records": [{"eventSource": "aws:sqs"}]}`))
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("error %v, want it to end in %q", err, want)
		}
	}
	_, err := newHandler(t, apigw.HandlerConfig{Engine: everything.Engine}).Invoke(t.Context(), []byte(`{"requestContext": {"http": {}}}`))
	if want := "got " + requests + ", want " + sockets; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %v, want it to end in %q", err, want)
	}
}

func TestConstructorsNameTheFieldThatIsWrong(t *testing.T) {
	pusher := func(change func(*apigw.PusherConfig)) error {
		config := apigw.PusherConfig{Region: "eu-west-1", Credentials: keys()}
		change(&config)
		_, err := apigw.NewPusher(config)
		return err
	}
	_, handler := apigw.NewHandler(apigw.HandlerConfig{})
	_, noEngine := apigw.NewHandler(apigw.HandlerConfig{Engine: (*fakeEngine)(nil)})
	_, noHTTP := apigw.NewHandler(apigw.HandlerConfig{Engine: newFakeEngine(), HTTP: (*http.ServeMux)(nil)})
	_, endpoint := apigw.NewHandler(apigw.HandlerConfig{Engine: newFakeEngine(), Endpoint: "abc.example.com/prod"})
	for want, err := range map[string]error{
		"one of apigw.HandlerConfig.Engine, HTTP and Stream is required":                                  handler,
		"apigw.PusherConfig.Region is required":                                                           pusher(func(c *apigw.PusherConfig) { c.Region = "" }),
		"apigw.PusherConfig.Credentials is required":                                                      pusher(func(c *apigw.PusherConfig) { c.Credentials = nil }),
		`apigw.PusherConfig.Endpoint is "wss://abc.example.com/prod", and has to be an http or https URL`: pusher(func(c *apigw.PusherConfig) { c.Endpoint = "wss://abc.example.com/prod" }),
		`apigw.HandlerConfig.Endpoint is "abc.example.com/prod", and has to be an http or https URL`:      endpoint,
		"apigw.HandlerConfig.Engine is a nil pointer: leave it out, or set one that was made":             noEngine,
		"apigw.HandlerConfig.HTTP is a nil pointer: leave it out, or set one that was made":               noHTTP,
		"apigw.PusherConfig.Transport is a nil pointer: leave it out, or set one that was made": pusher(func(c *apigw.PusherConfig) {
			c.Transport = (*http.Transport)(nil)
		}),
		"apigw.PusherConfig.MaxIdleConnections must not be negative": pusher(func(c *apigw.PusherConfig) { c.MaxIdleConnections = -1 }),
		"apigw.PusherConfig.MaxPerSecond must not be negative":       pusher(func(c *apigw.PusherConfig) { c.MaxPerSecond = -1 }),
	} {
		if !errors.Is(err, ports.ErrInvalid) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
	err := pusher(func(c *apigw.PusherConfig) { c.Credentials = (*aws.CredentialsCache)(nil) })
	if want := "apigw.PusherConfig.Credentials is required"; !errors.Is(err, ports.ErrInvalid) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("with a nil pointer: got error %v, want %q", err, want)
	}
}
