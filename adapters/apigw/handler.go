package apigw

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/ports"
)

// HandlerConfig shapes a WebSocket handler. The zero value is ready for use.
type HandlerConfig struct {
	// Endpoint is where the connections of this API are posted to, such as
	// https://abc123.execute-api.eu-west-1.amazonaws.com/prod. Set it where clients
	// come through a custom domain. Default: the domain and the stage of the event.
	Endpoint string
	// RouteResponses sends the last reply of an invocation to the connection that
	// it answers in the function's own response, which saves one post. It needs a
	// route response on every route but $connect and $disconnect (two-way
	// communication); without one API Gateway drops the reply silently. The reply
	// then leaves when the invocation is over, not before.
	RouteResponses bool
}

// Handler is a function for lambda.Start.
type Handler = func(context.Context, events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error)

// NewHandler returns the function behind all routes of a WebSocket API:
// $connect, $disconnect, and for messages $default and any custom route.
//
// It answers 200 to whatever a client may have done wrong. A $connect that the
// engine refuses is answered with the refusal's status. An error is a failure of
// the engine: API Gateway then fails the handshake, or tells the client
// {"message": "Internal server error", ...}, on which graphql-ws reports an error
// and gives up.
func NewHandler(engine Engine, config HandlerConfig) Handler {
	h := &handler{engine: engine, config: config}
	return h.handle
}

type handler struct {
	engine Engine
	config HandlerConfig
}

func (h *handler) handle(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	switch event.RequestContext.EventType {
	case "CONNECT":
		return h.connect(ctx, event)
	case "DISCONNECT":
		return h.disconnect(ctx, event)
	case "MESSAGE":
		return h.receive(ctx, event)
	default:
		return events.APIGatewayProxyResponse{}, fmt.Errorf("apigw: not an event of a WebSocket API: eventType %q", event.RequestContext.EventType)
	}
}

func (h *handler) connect(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	accepted, err := h.engine.Connect(ctx, h.handshake(event))
	if refusal, ok := errors.AsType[*ports.Refusal](err); ok {
		status := refusal.Status
		if status < 400 || status > 599 {
			status = http.StatusForbidden
		}
		return events.APIGatewayProxyResponse{StatusCode: status, Body: refusal.Reason}, nil
	}
	if err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	response := events.APIGatewayProxyResponse{StatusCode: http.StatusOK}
	if accepted.Protocol != "" {
		response.Headers = map[string]string{"Sec-WebSocket-Protocol": accepted.Protocol}
	}
	return response, nil
}

func (h *handler) receive(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	data := []byte(event.Body)
	if event.IsBase64Encoded {
		var err error
		if data, err = base64.StdEncoding.DecodeString(event.Body); err != nil {
			return events.APIGatewayProxyResponse{}, fmt.Errorf("apigw: body: %w", err)
		}
	}
	address := h.address(event)
	var held *reply
	if h.config.RouteResponses {
		held = &reply{connection: address.ID}
		ctx = withReply(ctx, held)
	}
	err := h.engine.Receive(ctx, ports.Message{
		Address:    address,
		RequestID:  event.RequestContext.RequestID,
		ReceivedAt: time.UnixMilli(event.RequestContext.RequestTimeEpoch),
		Data:       data,
	})
	if err != nil && !errors.Is(err, ports.ErrGone) {
		// The answer of an invocation that fails is API Gateway's own.
		return events.APIGatewayProxyResponse{}, errors.Join(err, held.flush())
	}
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK, Body: held.end()}, nil
}

func (h *handler) disconnect(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	disconnection := ports.Disconnection{Address: h.address(event), Code: int(event.RequestContext.DisconnectStatusCode)}
	if reason := event.RequestContext.DisconnectReason; reason != nil {
		disconnection.Reason = *reason
	}
	if err := h.engine.Disconnect(ctx, disconnection); err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
}

func (h *handler) address(event events.APIGatewayWebsocketProxyRequest) ports.Address {
	at := event.RequestContext
	return ports.Address{
		ID:       ports.ConnectionID(at.ConnectionID),
		Endpoint: cmp.Or(h.config.Endpoint, "https://"+at.DomainName+"/"+at.Stage),
	}
}
