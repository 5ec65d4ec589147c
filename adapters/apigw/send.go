package apigw

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/fanql/fanql/ports"
)

// send makes one request to the @connections API. It goes to the transport
// directly: there are no redirects or cookies to follow.
func (p *Pusher) send(ctx context.Context, method string, to ports.Address, body []byte) error {
	target, err := p.target(to)
	if err != nil {
		return err
	}
	request := &http.Request{
		Method: method,
		URL:    target,
		Host:   target.Host,
		Header: make(http.Header, 4),
	}
	if len(body) > 0 {
		request.ContentLength = int64(len(body))
		request.Body = io.NopCloser(bytes.NewReader(body))
		// For the transport, which sends again on another connection what found
		// its own closed before a byte was out.
		request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	if err := p.limiter.wait(ctx); err != nil {
		return err
	}
	if err := p.signer.sign(ctx, request, body); err != nil {
		return err
	}
	response, err := p.transport.RoundTrip(request.WithContext(ctx))
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // nothing more is wanted of it
	// Read to the end, so that the connection can be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 4<<10))
	return responseError(response)
}

// target is the URL of a connection: {endpoint}/@connections/{id}.
func (p *Pusher) target(to ports.Address) (*url.URL, error) {
	endpoint := p.endpoint
	if endpoint == "" {
		endpoint = strings.TrimSuffix(to.Endpoint, "/")
	}
	return url.Parse(endpoint + "/@connections/" + url.QueryEscape(string(to.ID)))
}
