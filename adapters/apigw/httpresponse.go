package apigw

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// recorder keeps what a handler writes, by the rules of net/http.
type recorder struct {
	header http.Header
	status int         // 0 until WriteHeader
	sent   http.Header // as it was at WriteHeader
	body   bytes.Buffer
}

// Header is the handler's to change until WriteHeader.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader fixes status and header. Informational statuses have nowhere to
// go, and of several calls the first counts.
func (r *recorder) WriteHeader(status int) {
	if r.status != 0 || status < 200 {
		return
	}
	r.status = status
	r.sent = r.header.Clone()
}

// Write collects the body.
func (r *recorder) Write(data []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if !bodyAllowed(r.status) {
		return 0, http.ErrBodyNotAllowed
	}
	return r.body.Write(data)
}

// response is what was written, as the function answers it.
func (r *recorder) response(method string) events.APIGatewayV2HTTPResponse {
	r.WriteHeader(http.StatusOK)
	body := r.body.Bytes()
	coded := r.sent.Get("Content-Encoding") != ""
	if _, set := r.sent["Content-Type"]; !set && !coded && len(body) > 0 {
		r.sent.Set("Content-Type", http.DetectContentType(body))
	}
	if method == http.MethodHead && r.sent.Get("Content-Length") == "" && len(body) > 0 {
		r.sent.Set("Content-Length", strconv.Itoa(len(body)))
	}
	response := events.APIGatewayV2HTTPResponse{
		StatusCode: r.status,
		Headers:    make(map[string]string, len(r.sent)),
		Cookies:    r.sent.Values("Set-Cookie"),
	}
	for name, values := range r.sent {
		if name != "Set-Cookie" && len(values) > 0 {
			response.Headers[name] = strings.Join(values, ", ")
		}
	}
	switch {
	case method == http.MethodHead: // has the header of a body, and none
	case utf8.Valid(body) && !coded:
		response.Body = string(body)
	default:
		response.Body, response.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return response
}

// bodyAllowed: RFC 9110, section 6.4.1.
func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}
