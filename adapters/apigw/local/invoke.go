package local

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// The texts of API Gateway for an integration that failed.
const (
	internalServerError = "Internal server error"
	endpointTimedOut    = "Endpoint request timed out"
)

// invoke calls the function with one event. The error is the integration's: a
// function that failed, or an answer that is none.
func (g *Gateway) invoke(event events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
	response, err := g.call(event)
	if err != nil {
		g.config.Logger.ErrorContext(g.ctx, "invocation failed",
			"route", event.RequestContext.RouteKey, "connection", event.RequestContext.ConnectionID, "error", err)
	}
	return response, err
}

func (g *Gateway) call(event events.APIGatewayWebsocketProxyRequest) (response events.APIGatewayProxyResponse, err error) {
	ctx, cancel := context.WithTimeout(g.ctx, g.config.IntegrationTimeout)
	defer cancel()
	if g.slots != nil {
		select {
		case g.slots <- struct{}{}:
			defer func() { <-g.slots }()
		case <-ctx.Done():
			return response, timedOut(ctx, ctx.Err())
		}
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return response, err
	}
	answer, err := invokeFunction(ctx, g.config.Function, payload)
	if err != nil {
		return response, timedOut(ctx, err)
	}
	if err := json.Unmarshal(answer, &response); err != nil {
		return response, fmt.Errorf("malformed Lambda proxy response: %w", err)
	}
	if response.StatusCode == 0 {
		return response, errNoStatus
	}
	return response, nil
}

var (
	errNoStatus = errors.New("malformed Lambda proxy response: statusCode is missing")
	errTimedOut = errors.New("out of time")
)

// timedOut marks the error of an invocation whose time is over. The function's
// own error does not tell: it may have had a deadline of its own.
func timedOut(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errors.Join(err, errTimedOut)
	}
	return err
}

// receive runs the invocation for one message.
func (c *connection) receive(event events.APIGatewayWebsocketProxyRequest, delay time.Duration) {
	defer c.gateway.running.Done()
	if !c.gateway.wait(delay) {
		return
	}
	response, err := c.gateway.invoke(event)
	requestID := event.RequestContext.RequestID
	switch {
	case errors.Is(err, errTimedOut):
		c.sendText(c.failure(endpointTimedOut, requestID))
	case err != nil || response.StatusCode != http.StatusOK:
		c.sendText(c.failure(internalServerError, requestID))
	case c.gateway.config.RouteResponses && response.Body != "":
		c.sendText(bodyOf(response))
	}
}

// failure is what API Gateway sends down the socket.
func (c *connection) failure(text, requestID string) []byte {
	body, _ := json.Marshal(struct { // strings always have a JSON
		Message      string `json:"message"`
		ConnectionID string `json:"connectionId"`
		RequestID    string `json:"requestId"`
	}{text, c.id, requestID})
	return body
}

func bodyOf(response events.APIGatewayProxyResponse) []byte {
	if response.IsBase64Encoded {
		if decoded, err := base64.StdEncoding.DecodeString(response.Body); err == nil {
			return decoded
		}
	}
	return []byte(response.Body)
}

// delay draws how long the next message is held back.
func (g *Gateway) delay() time.Duration {
	if g.config.ReorderWithin <= 0 {
		return 0
	}
	g.random.mu.Lock()
	defer g.random.mu.Unlock()
	return time.Duration(g.random.source.Int64N(int64(g.config.ReorderWithin)))
}

// wait returns false if the gateway ends first.
func (g *Gateway) wait(delay time.Duration) bool {
	if delay == 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-g.ctx.Done():
		return false
	}
}
