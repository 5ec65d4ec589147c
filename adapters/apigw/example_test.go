package apigw_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/ports"
)

// A main hands the handler to lambda.Start; here it gets a $connect event.
func ExampleNewHandler() {
	var engine apigw.Engine = greeter{} // a *core.Engine
	handler := apigw.NewHandler(engine, apigw.HandlerConfig{})

	response, err := handler(context.Background(), events.APIGatewayWebsocketProxyRequest{
		MultiValueHeaders: map[string][]string{"Sec-WebSocket-Protocol": {"graphql-transport-ws"}},
		RequestContext: events.APIGatewayWebsocketProxyRequestContext{
			EventType: "CONNECT", ConnectionID: "L0SM9cOFvHcCIhw=", DomainName: "abc123.execute-api.eu-west-1.amazonaws.com", Stage: "prod",
		},
	})
	fmt.Println(response.StatusCode, response.Headers, err)
	// Output:
	// L0SM9cOFvHcCIhw= connects through https://abc123.execute-api.eu-west-1.amazonaws.com/prod
	// 200 map[Sec-WebSocket-Protocol:graphql-transport-ws] <nil>
}

type greeter struct{}

func (greeter) Connect(_ context.Context, handshake ports.Handshake) (ports.Accepted, error) {
	fmt.Println(handshake.Address.ID, "connects through", handshake.Address.Endpoint)
	return ports.Accepted{Protocol: handshake.Protocols[0]}, nil
}

func (greeter) Receive(context.Context, ports.Message) error          { return nil }
func (greeter) Disconnect(context.Context, ports.Disconnection) error { return nil }

// Any http.Handler will do; graphqlhttp.NewHandler makes the one for GraphQL.
func ExampleNewHTTPHandler() {
	handler := apigw.NewHTTPHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s asks for %s", r.Header.Get("User-Agent"), r.URL.Path)
	}))

	event := events.APIGatewayV2HTTPRequest{RawPath: "/prod/graphql", Headers: map[string]string{"user-agent": "curl"}}
	event.RequestContext.Stage = "prod"
	response, err := handler(context.Background(), event)
	fmt.Println(response.StatusCode, response.Body, err)
	// Output:
	// 200 curl asks for /graphql <nil>
}

func ExampleNewPusher() {
	config := aws.Config{ // of config.LoadDefaultConfig
		Region:      "eu-west-1",
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("AKID", "secret", "")),
	}
	var pusher ports.Pusher = apigw.NewPusher(apigw.PusherConfig{
		Region:      config.Region,
		Credentials: config.Credentials,
		Transport:   printing{}, // to show what is sent; leave it out
	})

	to := ports.Address{ID: "L0SM9cOFvHcCIhw=", Endpoint: "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"}
	err := pusher.Push(context.Background(), to, ports.Frame{Payload: []byte(`{"type":"connection_ack"}`)})
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
