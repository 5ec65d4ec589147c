package callback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/fanql/fanql/ports"
)

// maxAnswer is how much of an answer is read, and answerPatience how long, once its
// status is there. What is longer costs the HTTP connection.
const (
	maxAnswer      = 4 << 10
	answerPatience = 100 * time.Millisecond
)

// StatusError is an answer of a router other than success.
type StatusError struct {
	// Status is the HTTP status.
	Status int
	// Host is that of the callback URL, whose path is not to be known to everybody.
	Host string
}

// Error tells the host and the status.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the callback at %s answered %d %s", e.Host, e.Status, http.StatusText(e.Status))
}

// unreadableError is an answer that began and came to no status: its header is too long,
// or broken off. That its host can be reached is certain.
type unreadableError struct{ error }

func (e unreadableError) Unwrap() error { return e.error }

// post posts a message and reads the answer. The error is nil for success (2xx), a
// *StatusError or unreadableError for another answer, and otherwise a failure of the
// network.
func (c *Callbacks) post(ctx context.Context, to target, m message) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	body := to.body(m)
	request := &http.Request{
		Method: http.MethodPost, URL: to.url, Host: to.url.Host,
		Header: http.Header{
			// Without a charset: Hive Gateway drops what has one.
			"Content-Type":          {"application/json"},
			"Subscription-Protocol": {"callback/1.0"},
			"User-Agent":            {"fanql"},
		},
		ContentLength: int64(len(body)),
		Body:          io.NopCloser(bytes.NewReader(body)),
		// For the transport, which sends again on another connection what found its own
		// closed before a byte was out.
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}
	var began atomic.Bool // the answer
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotFirstResponseByte: func() { began.Store(true) }})
	response, err := c.transport.RoundTrip(request.WithContext(ctx))
	switch {
	case err != nil && began.Load():
		return unreadableError{withoutURL(err)}
	case err != nil:
		return withoutURL(err)
	}
	// Read to the end, so that the connection can be used again, if that comes soon. What
	// ends the read is Close: the context does not end that of a connection that the router
	// has switched to another protocol (101), or of an answer over HTTP/2 that comes before
	// the router has read the post.
	closeBody := func() { _ = response.Body.Close() } // nothing more is wanted of it
	defer closeBody()
	defer time.AfterFunc(answerPatience, closeBody).Stop()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
	if response.StatusCode < 200 || response.StatusCode >= 300 {
		return &StatusError{Status: response.StatusCode, Host: to.url.Host}
	}
	return nil
}

// withoutURL is an error that names no path.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}

// kindOf maps what a post has come to. "Subscription ended": 404; "other client errors
// end the subscription" (HTTP callback protocol, Error handling). A redirect would be
// the same: nobody follows it.
func kindOf(err error) error {
	answer, ok := errors.AsType[*StatusError](err)
	switch {
	case !ok || answer.Status >= 500 || answer.Status == http.StatusRequestTimeout || answer.Status == http.StatusTooEarly:
		return nil
	case answer.Status == http.StatusTooManyRequests:
		return ports.ErrThrottled
	case answer.Status == http.StatusRequestEntityTooLarge:
		return ports.ErrTooLarge
	default:
		return ports.ErrGone
	}
}
