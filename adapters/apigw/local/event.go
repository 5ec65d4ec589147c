package local

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// apiID is the ID of every API here.
const apiID = "local"

// requestTimeFormat is that of requestContext.requestTime (the Common Log
// Format's).
const requestTimeFormat = "02/Jan/2006:15:04:05 -0700"

// newID makes an ID as API Gateway's for connections, requests and messages:
// eleven bytes in base64.
func newID() string {
	var id [11]byte
	_, _ = rand.Read(id[:]) // it never fails
	return base64.URLEncoding.EncodeToString(id[:])
}

// event is what all events of a connection have in common.
func (c *connection) event(routeKey, eventType string) events.APIGatewayWebsocketProxyRequest {
	now := c.gateway.config.Now()
	id := newID()
	event := events.APIGatewayWebsocketProxyRequest{
		RequestContext: events.APIGatewayWebsocketProxyRequestContext{
			RouteKey:          routeKey,
			EventType:         eventType,
			RequestID:         id,
			ExtendedRequestID: id,
			RequestTime:       now.UTC().Format(requestTimeFormat),
			RequestTimeEpoch:  now.UnixMilli(),
			MessageDirection:  "IN",
			Stage:             c.gateway.config.Stage,
			ConnectedAt:       c.connectedAt.UnixMilli(),
			ConnectionID:      c.id,
			DomainName:        c.host,
			APIID:             apiID,
			Identity:          events.APIGatewayRequestIdentity{SourceIP: c.sourceIP, UserAgent: c.userAgent},
		},
	}
	if c.authorizer != nil {
		event.RequestContext.Authorizer = c.authorizer
	}
	return event
}

// connectEvent is the only one with the client's headers and query.
func (c *connection) connectEvent(r *http.Request) events.APIGatewayWebsocketProxyRequest {
	event := c.event("$connect", "CONNECT")
	header := r.Header.Clone()
	header.Set("Host", r.Host)
	header.Add("X-Forwarded-For", c.sourceIP)
	header.Set("X-Forwarded-Proto", "https") // AWS has nothing else
	header.Set("X-Forwarded-Port", "443")
	event.Headers, event.MultiValueHeaders = bothMaps(asSpelled(header))
	event.QueryStringParameters, event.MultiValueQueryStringParameters = bothMaps(r.URL.Query())
	return event
}

func (c *connection) disconnectEvent(code int, reason string) events.APIGatewayWebsocketProxyRequest {
	event := c.event("$disconnect", "DISCONNECT")
	event.Headers, event.MultiValueHeaders = bothMaps(map[string][]string{
		"Host": {c.host}, "x-api-key": {""}, "X-Forwarded-For": {""}, "x-restapi": {""},
	})
	event.RequestContext.DisconnectStatusCode = int64(code)
	event.RequestContext.DisconnectReason = &reason
	return event
}

func (c *connection) messageEvent(body []byte) events.APIGatewayWebsocketProxyRequest {
	event := c.event(c.gateway.route(body), "MESSAGE")
	event.RequestContext.MessageID = newID()
	event.Body = string(body)
	return event
}

// asSpelled has the names of a handshake's headers as API Gateway spells them, and
// RFC 6455, where net/http has Sec-Websocket-Key.
func asSpelled(header http.Header) map[string][]string {
	all := make(map[string][]string, len(header))
	for name, values := range header {
		if rest, ok := strings.CutPrefix(name, "Sec-Websocket-"); ok {
			name = "Sec-WebSocket-" + rest
		}
		all[name] = values
	}
	return all
}

// bothMaps are the two forms in which an event has a multi-value map: the single
// one with the last of each. Both are absent when there is nothing.
func bothMaps(multi map[string][]string) (map[string]string, map[string][]string) {
	if len(multi) == 0 {
		return nil, nil
	}
	single := make(map[string]string, len(multi))
	for name, values := range multi {
		if len(values) > 0 {
			single[name] = values[len(values)-1]
		}
	}
	return single, multi
}

// authorizerContext has every value as a string, as a Lambda authorizer's has.
func authorizerContext(values map[string]any) map[string]any {
	all := make(map[string]any, len(values))
	for name, value := range values {
		all[name] = fmt.Sprint(value)
	}
	return all
}
