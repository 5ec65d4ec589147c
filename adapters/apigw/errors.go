package apigw

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/fanql/fanql/ports"
)

// ResponseError is an answer of API Gateway other than success.
type ResponseError struct {
	// Status is the HTTP status.
	Status int
	// Code is AWS's name for the error, such as GoneException; may be empty.
	Code string
	// RequestID is the one to name in a support case; may be empty.
	RequestID string
	// Endpoint is where the request went to, without the connection. A 403 often
	// says that it is another API's or another stage's.
	Endpoint string
}

// Error tells the endpoint, the status, the code and the request.
func (e *ResponseError) Error() string {
	return fmt.Sprintf("%s/@connections answered %d %s (request %s)", e.Endpoint, e.Status, e.Code, e.RequestID)
}

// responseError reads a response; nil for success.
func responseError(response *http.Response, endpoint string) error {
	if response.StatusCode < 300 {
		return nil
	}
	// The header may go on with a colon and a URL.
	code, _, _ := strings.Cut(response.Header.Get("X-Amzn-Errortype"), ":")
	return &ResponseError{
		Status: response.StatusCode, Code: code, RequestID: response.Header.Get("X-Amzn-Requestid"), Endpoint: endpoint,
	}
}

// failure is err as the port wants it.
func failure(op string, err error) error {
	if err == nil {
		return nil
	}
	return &ports.Error{Op: op, Kind: kindOfError(err), Err: err}
}

// kindOfError maps the errors of the @connections API ("Amazon API Gateway Management
// API", PostToConnection and DeleteConnection).
func kindOfError(err error) error {
	answer, ok := errors.AsType[*ResponseError](err)
	switch {
	case !ok:
		return nil
	case answer.Status == http.StatusGone:
		return ports.ErrGone
	case answer.Status == http.StatusRequestEntityTooLarge:
		return ports.ErrTooLarge
	case answer.Status == http.StatusTooManyRequests, answer.Code == "LimitExceededException", answer.Code == "ThrottlingException":
		return ports.ErrThrottled
	}
	return nil
}
