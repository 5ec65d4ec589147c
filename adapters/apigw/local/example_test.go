package local_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/aws/aws-lambda-go/events"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/fanql/fanql/adapters/apigw/local"
)

func ExampleNewGateway() {
	// The function of a WebSocket API; apigw.NewHandler makes the one for GraphQL.
	function := func(_ context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: event.RequestContext.RouteKey + " got " + event.Body}, nil
	}
	gateway, err := local.NewGateway(local.Config{
		Function:       local.NewFunction(function),
		Routes:         []string{"greet"},
		RouteResponses: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(gateway) // http.ListenAndServe for more than a test
	defer server.Close()
	defer gateway.Shutdown(context.Background())

	socket, _, _, err := ws.Dial(context.Background(), "ws"+server.URL[len("http"):]+"/local")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer socket.Close()
	wsutil.WriteClientText(socket, []byte(`{"action":"greet"}`))
	answer, _, _ := wsutil.ReadServerData(socket)
	fmt.Println(string(answer))
	// Output:
	// greet got {"action":"greet"}
}
