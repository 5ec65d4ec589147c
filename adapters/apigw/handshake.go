package apigw

import (
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/ports"
)

// handshake is what a $connect event says. Later events of the connection have
// no headers.
func (h *handler) handshake(event events.APIGatewayWebsocketProxyRequest) ports.Handshake {
	header := http.Header(merged(event.MultiValueHeaders, event.Headers, http.CanonicalHeaderKey))
	authorizer, _ := event.RequestContext.Authorizer.(map[string]any) // it is an object or absent
	return ports.Handshake{
		Address:    h.address(event),
		RequestID:  event.RequestContext.RequestID,
		ReceivedAt: time.UnixMilli(event.RequestContext.RequestTimeEpoch),
		Protocols:  protocols(header),
		Header:     header,
		Query: merged(event.MultiValueQueryStringParameters, event.QueryStringParameters,
			func(name string) string { return name }),
		RemoteAddr: event.RequestContext.Identity.SourceIP,
		Authorizer: authorizer,
	}
}

// merged is the multi-value map of an event under normalized names, with what
// only the single-value map has: an event may have either or both.
func merged(multi map[string][]string, single map[string]string, normalize func(string) string) map[string][]string {
	all := make(map[string][]string, max(len(multi), len(single)))
	for name, values := range multi {
		name = normalize(name)
		all[name] = append(all[name], values...)
	}
	for name, value := range single {
		if name = normalize(name); len(all[name]) == 0 {
			all[name] = []string{value}
		}
	}
	return all
}

// protocols lists the offered subprotocols, from every line of the header.
func protocols(header http.Header) []string {
	var all []string
	for _, line := range header.Values("Sec-WebSocket-Protocol") {
		for part := range strings.SplitSeq(line, ",") {
			if token := strings.TrimSpace(part); token != "" {
				all = append(all, token)
			}
		}
	}
	return all
}
