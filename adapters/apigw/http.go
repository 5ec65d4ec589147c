package apigw

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// serve lets an http.Handler answer as it would in a server.
//
// The request has the path without the stage, the query as it was sent, cookies,
// a body out of its base64, and the client's IP address in RemoteAddr (its port
// is not known: 0). Header lines of one name arrive joined by commas, and leave
// so; cookies are apart in both directions. A body that is not text travels in
// base64.
func (h *handler) serve(ctx context.Context, event events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	request, err := newRequest(ctx, event)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	recorder := &recorder{header: http.Header{}}
	h.config.HTTP.ServeHTTP(recorder, request)
	return recorder.response(request.Method), nil
}

type httpEventKey struct{}

// HTTPEvent returns the event that a request was made of: what an authorizer said,
// say. Ok is false where the request came another way.
func HTTPEvent(ctx context.Context) (event events.APIGatewayV2HTTPRequest, ok bool) {
	event, ok = ctx.Value(httpEventKey{}).(events.APIGatewayV2HTTPRequest)
	return event, ok
}

func newRequest(ctx context.Context, event events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(event.Body)
	if event.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(event.Body); err != nil {
			return nil, fmt.Errorf("apigw: body: %w", err)
		}
	}
	target := &url.URL{RawQuery: event.RawQueryString}
	target.Path, target.RawPath = requestPath(event)
	request := &http.Request{
		Method:        event.RequestContext.HTTP.Method,
		URL:           target,
		RequestURI:    target.RequestURI(),
		Proto:         cmp.Or(event.RequestContext.HTTP.Protocol, "HTTP/1.1"),
		Header:        make(http.Header, len(event.Headers)+1),
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}
	request.ProtoMajor, request.ProtoMinor, _ = http.ParseHTTPVersion(request.Proto) // 0.0 where it is unknown
	for name, value := range event.Headers {
		request.Header.Set(name, value)
	}
	if len(event.Cookies) > 0 {
		request.Header.Set("Cookie", strings.Join(event.Cookies, "; "))
	}
	request.Host = cmp.Or(request.Header.Get("Host"), event.RequestContext.DomainName)
	request.Header.Del("Host") // net/http keeps it apart
	if ip := event.RequestContext.HTTP.SourceIP; ip != "" {
		request.RemoteAddr = net.JoinHostPort(ip, "0")
	}
	return request.WithContext(context.WithValue(ctx, httpEventKey{}, event)), nil
}

// requestPath is the path without the stage, which an HTTP API puts in front
// unless it is the $default stage.
func requestPath(event events.APIGatewayV2HTTPRequest) (path, rawPath string) {
	raw := event.RawPath
	if stage := event.RequestContext.Stage; stage != "" {
		if rest, ok := strings.CutPrefix(raw, "/"+stage); ok && (rest == "" || rest[0] == '/') {
			raw = rest
		}
	}
	raw = cmp.Or(raw, "/")
	path, err := url.PathUnescape(raw)
	if err != nil { // an HTTP API may have unescaped it already
		return raw, ""
	}
	return path, raw
}
