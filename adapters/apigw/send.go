package apigw

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/fanql/fanql/ports"
)

var errNoEndpoint = errors.New("the connection's address has no endpoint, and apigw.PusherConfig.Endpoint is not set")

// send makes one request to the @connections API: {endpoint}/@connections/{id}. It goes to the transport
// directly: there are no redirects or cookies to follow.
func (p *Pusher) send(ctx context.Context, method string, to ports.Address, body []byte) error {
	endpoint := cmp.Or(p.endpoint, strings.TrimSuffix(to.Endpoint, "/"))
	if endpoint == "" {
		return errNoEndpoint
	}
	target, err := url.Parse(endpoint + "/@connections/" + url.QueryEscape(string(to.ID)))
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
	return responseError(response, endpoint)
}
