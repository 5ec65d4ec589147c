package apigw

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/fanql/fanql/ports"
)

var _ ports.Pusher = (*Pusher)(nil)

// maxFrame is the longest message that API Gateway sends (128 KB; "Amazon API
// Gateway quotas").
const maxFrame = 128 << 10

// PusherConfig shapes a Pusher. Region and Credentials are those of an aws.Config
// and required; every other zero field stands for its default. Negative numbers are
// refused.
type PusherConfig struct {
	// Region is the API's.
	Region string
	// Credentials sign the requests. Every request asks for them, so give them a
	// cache (aws.NewCredentialsCache), as config.LoadDefaultConfig does.
	Credentials aws.CredentialsProvider
	// Endpoint, if set, is used for every connection, in place of the one in its
	// address.
	Endpoint string
	// Transport sends the requests. Default: one of its own, with room for
	// MaxIdleConnections.
	Transport http.RoundTripper
	// MaxIdleConnections is how many connections to API Gateway the default
	// Transport keeps for later. Default: 128, more than one delivery posts at a
	// time.
	MaxIdleConnections int
	// MaxPerSecond spaces requests out over a second, so that this process leaves
	// others their part of the account's quota (10,000 a second in a region, every
	// API's requests and messages included). Default: no limit.
	MaxPerSecond int
	// Now is the clock that requests are signed with. Default: time.Now.
	Now func() time.Time
}

// Pusher sends through the @connections API of API Gateway. It signs requests
// itself and sends them with net/http. Per CPU-second that is 3.4 times the posts
// of the SDK's generated client over the loopback interface, the server's part
// included, and 8.6 times without a network (BenchmarkPush); and the client is
// not linked in.
//
// An error's cause is a *ResponseError where API Gateway answered.
type Pusher struct {
	endpoint  string
	transport http.RoundTripper
	signer    *signer
	limiter   *limiter
}

// NewPusher returns a Pusher. It does no I/O. ErrInvalid: a field is missing or
// wrong; the error names it.
func NewPusher(config PusherConfig) (*Pusher, error) {
	switch {
	case config.Region == "":
		return nil, invalid("NewPusher", "apigw.PusherConfig.Region is required")
	case ports.IsMissing(config.Credentials):
		return nil, invalid("NewPusher", "apigw.PusherConfig.Credentials is required")
	case ports.IsNilPointer(config.Transport):
		return nil, invalid("NewPusher", "apigw.PusherConfig.Transport is a nil pointer: leave it out, or set one that was made")
	case !isEndpoint(config.Endpoint):
		return nil, invalid("NewPusher", fmt.Sprintf("apigw.PusherConfig.Endpoint is %q, and has to be an http or https URL", config.Endpoint))
	case config.MaxIdleConnections < 0:
		return nil, invalid("NewPusher", "apigw.PusherConfig.MaxIdleConnections must not be negative")
	case config.MaxPerSecond < 0:
		return nil, invalid("NewPusher", "apigw.PusherConfig.MaxPerSecond must not be negative")
	}
	p := &Pusher{
		endpoint:  strings.TrimSuffix(config.Endpoint, "/"),
		transport: config.Transport,
		signer:    &signer{region: config.Region, credentials: config.Credentials, now: config.Now},
		limiter:   newLimiter(config.MaxPerSecond),
	}
	if p.transport == nil {
		p.transport = newTransport(config.MaxIdleConnections)
	}
	if p.signer.now == nil {
		p.signer.now = time.Now
	}
	return p, nil
}

// newTransport is net/http's default with more idle connections, because all of
// them go to one host, and with a limit to how long an answer may take: a
// connection may have died while the function was frozen.
func newTransport(maxIdle int) *http.Transport {
	if maxIdle == 0 {
		maxIdle = 128
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          maxIdle,
		MaxIdleConnsPerHost:   maxIdle,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second,
	}
}

// Push posts a message and returns when API Gateway has taken it. ErrTooLarge:
// the frame is over 128 KB; nothing is sent. ErrThrottled: the account's quota is
// used up, or the client takes messages too slowly.
//
// In an invocation with route responses, a frame to the connection that the
// invocation answers is held until the next one, or the end. A post that fails
// then fails the frame after it, which was not taken.
func (p *Pusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	const op = "apigw.Push"
	if frame.Len() > maxFrame {
		return &ports.Error{Op: op, Kind: ports.ErrTooLarge}
	}
	if err := ctx.Err(); err != nil {
		return &ports.Error{Op: op, Err: err}
	}
	body := frame.AppendTo(make([]byte, 0, frame.Len()))
	if r := replyFor(ctx, to); r != nil {
		held, err := r.hold(body, func(frame []byte) error { return p.send(ctx, http.MethodPost, to, frame) })
		if held {
			return failure(op, err)
		}
	}
	return failure(op, p.send(ctx, http.MethodPost, to, body))
}

// Close deletes the connection. API Gateway sends the client close code 1000,
// whatever the code; a client that must not come back receives a message
// before, in which the reason is. See the package documentation.
func (p *Pusher) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	err := p.beforeClose(ctx, to, code, reason)
	if kindOfError(err) == ports.ErrGone { //nolint:errorlint // kindOfError returns the sentinels themselves
		return nil
	}
	deleted := p.send(ctx, http.MethodDelete, to, nil)
	if kindOfError(deleted) == ports.ErrGone { //nolint:errorlint // likewise
		return nil
	}
	// A client that the message did not reach comes back, and receives it then.
	return failure("apigw.Close", errors.Join(err, deleted))
}

// beforeClose posts what has to reach the client before its socket closes.
func (p *Pusher) beforeClose(ctx context.Context, to ports.Address, code int, reason string) error {
	if err := replyFor(ctx, to).flush(); err != nil {
		return err
	}
	if ports.MayReconnect(code) {
		return nil
	}
	return p.send(ctx, http.MethodPost, to, closeNotice(code, reason))
}
