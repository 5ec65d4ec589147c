package apigw

import (
	"context"
	"net/http"
	"net/url"

	"github.com/fanql/fanql/ports"
)

// originAllowed keeps pages of other sites from connecting with the cookies of
// their visitors.
func (h *handler) originAllowed(ctx context.Context, handshake ports.Handshake, host string) bool {
	header := handshake.Header
	origin := header.Get("Origin")
	var allowed bool
	if h.config.CheckOrigin != nil {
		request := &http.Request{
			Method: http.MethodGet, URL: &url.URL{Path: "/", RawQuery: handshake.Query.Encode()},
			Host: host, Header: header.Clone(), RemoteAddr: handshake.RemoteAddr, Body: http.NoBody,
		}
		allowed = h.config.CheckOrigin(request.WithContext(ctx))
	} else {
		// Of several headers none can be trusted; no browser sends them.
		allowed = len(header.Values("Origin")) < 2 && ports.OriginAllowed(origin, host, h.config.Origins)
	}
	if !allowed {
		h.config.Logger.WarnContext(ctx, "a handshake is refused: apigw.HandlerConfig.Origins has not its origin", "origin", origin, "host", host)
	}
	return allowed
}
