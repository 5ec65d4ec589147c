package apigw_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/ports"
)

// A main hands the handler to lambda.Start; here it gets a $connect event.
func ExampleNewHandler() {
	handler, err := apigw.NewHandler(apigw.HandlerConfig{Engine: greeter{}}) // a *core.Engine
	if err != nil {
		fmt.Println(err)
		return
	}
	response, err := handler.Invoke(context.Background(), []byte(`{
		"multiValueHeaders": {"Sec-WebSocket-Protocol": ["graphql-transport-ws"]},
		"requestContext": {"eventType": "CONNECT", "connectionId": "L0SM9cOFvHcCIhw=",
			"domainName": "abc123.execute-api.eu-west-1.amazonaws.com", "stage": "prod"}}`))
	fmt.Println(string(response), err)
	// Output:
	// L0SM9cOFvHcCIhw= connects through https://abc123.execute-api.eu-west-1.amazonaws.com/prod
	// {"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"graphql-transport-ws"},"multiValueHeaders":null,"body":""}
	//  <nil>
}

type greeter struct{}

func (greeter) Connect(_ context.Context, handshake ports.Handshake) (ports.Accepted, error) {
	fmt.Println(handshake.Address.ID, "connects through", handshake.Address.Endpoint)
	return ports.Accepted{Protocol: handshake.Protocols[0]}, nil
}

func (greeter) Receive(context.Context, ports.Message) error          { return nil }
func (greeter) Disconnect(context.Context, ports.Disconnection) error { return nil }

// Any http.Handler will do for HTTP; graphqlhttp.NewHandler makes the one for
// GraphQL. What the function is not for, it refuses in a sentence.
func ExampleNewHandler_http() {
	handler, err := apigw.NewHandler(apigw.HandlerConfig{HTTP: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s asks for %s", r.Header.Get("User-Agent"), r.URL.Path)
	})})
	if err != nil {
		fmt.Println(err)
		return
	}
	response, err := handler.Invoke(context.Background(), []byte(`{"version": "2.0", "rawPath": "/prod/graphql",
		"headers": {"user-agent": "curl"}, "requestContext": {"stage": "prod", "http": {"method": "GET"}}}`))
	fmt.Print(string(response), err, "\n")
	_, err = handler.Invoke(context.Background(), []byte(`{"Records": [{"eventSource": "aws:sqs"}]}`))
	fmt.Println(err)
	// Output:
	// {"statusCode":200,"headers":{"Content-Type":"text/plain; charset=utf-8"},"multiValueHeaders":null,"body":"curl asks for /graphql","cookies":null}
	// <nil>
	// apigw.Handler: invalid: got a record of aws:sqs, want requests of an HTTP API (payload format 2.0) or a function URL
}

func ExampleNewPusher() {
	config := aws.Config{ // of config.LoadDefaultConfig
		Region:      "eu-west-1",
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("AKID", "secret", "")),
	}
	pusher, err := apigw.NewPusher(apigw.PusherConfig{
		Region:      config.Region,
		Credentials: config.Credentials,
		Transport:   printing{}, // to show what is sent; leave it out
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	to := ports.Address{ID: "L0SM9cOFvHcCIhw=", Endpoint: "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"}
	err = pusher.Push(context.Background(), to, ports.Frame{Payload: []byte(`{"type":"connection_ack"}`)})
	fmt.Println(err)
	// Output:
	// POST https://abc123.execute-api.eu-west-1.amazonaws.com/prod/@connections/L0SM9cOFvHcCIhw%3D
	// <nil>
}

type printing struct{}

func (printing) RoundTrip(request *http.Request) (*http.Response, error) {
	fmt.Println(request.Method, request.URL)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}
