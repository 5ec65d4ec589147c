package local

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/ports"
)

// HTTPConfig shapes an HTTPAPI. Function is required; every other zero field
// stands for its default. Negative numbers are refused.
type HTTPConfig struct {
	// Function is behind every path and method.
	Function Function
	// Timeout is how long an invocation may take. Default: 29 s.
	Timeout time.Duration
	// BodyLimit is the longest request body in bytes; a longer one is answered
	// with 413. Default: 6 MiB, as a Lambda event.
	BodyLimit int64
	// Logger receives invocations that fail. Nil: silent.
	Logger *slog.Logger
	// Now is the clock of events. Default: time.Now.
	Now func() time.Time
}

// HTTPAPI is an HTTP API with one route, $default, on the stage $default, or a
// function URL: what a browser sends there reaches a function as an event of
// payload format 2.0. It may be used concurrently.
type HTTPAPI struct{ config HTTPConfig }

var _ http.Handler = (*HTTPAPI)(nil)

// NewHTTPAPI returns an API in front of a function. ErrInvalid: a field is missing
// or negative; the error names it.
func NewHTTPAPI(config HTTPConfig) (*HTTPAPI, error) {
	switch {
	case ports.IsMissing(config.Function):
		return nil, invalid("NewHTTPAPI", "local.HTTPConfig.Function is required")
	case config.Timeout < 0:
		return nil, invalid("NewHTTPAPI", "local.HTTPConfig.Timeout must not be negative")
	case config.BodyLimit < 0:
		return nil, invalid("NewHTTPAPI", "local.HTTPConfig.BodyLimit must not be negative")
	}
	config.Timeout = cmp.Or(config.Timeout, 29*time.Second)
	config.BodyLimit = cmp.Or(config.BodyLimit, 6<<20)
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	return &HTTPAPI{config}, nil
}

// ServeHTTP invokes the function. A function that fails is answered with 500 or,
// when it is out of time, 503, and {"message": ...}, as on AWS.
func (a *HTTPAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := newID()
	body, err := ports.ReadBody(w, r, a.config.BodyLimit)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		answerHTTPError(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	if err != nil {
		answerHTTPError(w, http.StatusBadRequest, "Bad Request")
		return
	}
	response, err := a.invoke(r, a.event(r, body, requestID))
	switch {
	case errors.Is(err, errTimedOut):
		answerHTTPError(w, http.StatusServiceUnavailable, "Service Unavailable")
	case err != nil:
		answerHTTPError(w, http.StatusInternalServerError, "Internal Server Error")
	default:
		answerHTTP(w, response)
	}
	if err != nil {
		a.config.Logger.ErrorContext(r.Context(), "invocation failed", "request", requestID, "error", err)
	}
}

func (a *HTTPAPI) invoke(r *http.Request, event events.APIGatewayV2HTTPRequest) (response httpResponse, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), a.config.Timeout)
	defer cancel()
	payload, err := json.Marshal(event)
	if err != nil {
		return response, err
	}
	answer, err := invokeFunction(ctx, a.config.Function, payload)
	if err != nil {
		return response, timedOut(ctx, err)
	}
	return parseHTTPResponse(answer)
}

// event is the request in payload format 2.0 ("Create AWS Lambda proxy
// integrations for HTTP APIs", API Gateway developer guide).
func (a *HTTPAPI) event(r *http.Request, body []byte, requestID string) events.APIGatewayV2HTTPRequest {
	now := a.config.Now()
	event := events.APIGatewayV2HTTPRequest{
		Version:        "2.0",
		RouteKey:       defaultRoute,
		RawPath:        r.URL.EscapedPath(),
		RawQueryString: r.URL.RawQuery,
		Headers:        map[string]string{},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey:   defaultRoute,
			AccountID:  "anonymous",
			Stage:      defaultRoute,
			RequestID:  requestID,
			APIID:      apiID,
			DomainName: r.Host,
			Time:       now.UTC().Format(requestTimeFormat),
			TimeEpoch:  now.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: sourceIP(r), UserAgent: r.UserAgent(),
			},
		},
	}
	event.RequestContext.DomainPrefix, _, _ = strings.Cut(r.Host, ".")
	for name, values := range r.Header {
		if name == "Cookie" {
			for _, line := range values {
				event.Cookies = append(event.Cookies, strings.Split(line, "; ")...)
			}
			continue
		}
		event.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	event.Headers["host"] = r.Host
	event.Headers["x-forwarded-for"] = strings.Join(append(r.Header.Values("X-Forwarded-For"), sourceIP(r)), ", ")
	event.Headers["x-forwarded-proto"], event.Headers["x-forwarded-port"] = "https", "443" // AWS has nothing else
	for name, values := range r.URL.Query() {
		if event.QueryStringParameters == nil {
			event.QueryStringParameters = map[string]string{}
		}
		event.QueryStringParameters[name] = strings.Join(values, ",")
	}
	if event.Body = string(body); len(body) > 0 && !isText(r.Header.Get("Content-Type"), body) {
		event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return event
}

// isText says whether a body travels as it is: by its media type, as on AWS.
func isText(contentType string, body []byte) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil || !utf8.Valid(body) {
		return false
	}
	switch mediaType {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "+json") || strings.HasSuffix(mediaType, "+xml")
}

func sourceIP(r *http.Request) string {
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return ip
}

// httpResponse is what a function answers in payload format 2.0.
type httpResponse struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Cookies         []string          `json:"cookies"`

	body []byte
}

// parseHTTPResponse reads the answer. JSON without a statusCode is itself the
// body of a 200.
func parseHTTPResponse(answer []byte) (response httpResponse, err error) {
	if err := json.Unmarshal(answer, &response); err != nil && !json.Valid(answer) {
		return response, fmt.Errorf("malformed response: %w", err)
	}
	if response.StatusCode == 0 {
		return httpResponse{StatusCode: http.StatusOK, Headers: map[string]string{"Content-Type": "application/json"}, body: answer}, nil
	}
	response.body = []byte(response.Body)
	if response.IsBase64Encoded {
		if response.body, err = base64.StdEncoding.DecodeString(response.Body); err != nil {
			return response, fmt.Errorf("malformed response: body: %w", err)
		}
	}
	return response, nil
}

func answerHTTP(w http.ResponseWriter, response httpResponse) {
	header := w.Header()
	for name, value := range response.Headers {
		header.Set(name, value)
	}
	for _, cookie := range response.Cookies {
		header.Add("Set-Cookie", cookie)
	}
	w.WriteHeader(response.StatusCode)
	_, _ = w.Write(response.body) // the client may have left
}

func answerHTTPError(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"message":%q}`, message) // the client may have left
}
