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

// route handles an event of any route.
func (h *handler) route(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	switch event.RequestContext.EventType {
	case "CONNECT":
		return h.connect(ctx, event)
	case "DISCONNECT":
		return h.disconnect(ctx, event)
	default:
		return h.receive(ctx, event)
	}
}

func (h *handler) connect(ctx context.Context, event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	handshake := h.handshake(event)
	if !h.originAllowed(ctx, handshake, cmp.Or(handshake.Header.Get("Host"), event.RequestContext.DomainName)) {
		return events.APIGatewayProxyResponse{StatusCode: http.StatusForbidden, Body: "pages of this origin may not connect"}, nil
	}
	accepted, err := h.config.Engine.Connect(ctx, handshake)
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
	err := h.config.Engine.Receive(ctx, ports.Message{
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
	if err := h.config.Engine.Disconnect(ctx, disconnection); err != nil {
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
