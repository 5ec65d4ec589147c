package graphqlhttp

import (
	"errors"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/fanql/fanql/ports"
)

const allMethods = "GET, HEAD, OPTIONS, POST"

// allowed lists the methods that would do better than one that was refused.
func allowed(method string) string {
	if method == http.MethodGet || method == http.MethodHead {
		return http.MethodPost
	}
	return allMethods
}

// read takes the GraphQL request out of an HTTP request. Its errors are
// *ports.Refusal values: the client receives them.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (ports.Request, error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if len(r.URL.RawQuery) > h.maxBodyBytes {
			return ports.Request{}, refuse(http.StatusRequestURITooLong, "query string: over %d bytes", h.maxBodyBytes)
		}
		return parseParams(r.URL.RawQuery)
	case http.MethodPost:
		if err := checkContent(r.Header); err != nil {
			return ports.Request{}, err
		}
		body, err := h.readBody(w, r)
		if err != nil {
			return ports.Request{}, err
		}
		return decodeBody(body)
	default:
		return ports.Request{}, refuse(http.StatusMethodNotAllowed, "method: expected GET or POST")
	}
}

// checkContent refuses every body but JSON in UTF-8. Strictness here is also
// what makes browsers ask before they send a request across origins.
func checkContent(header http.Header) error {
	mediaType, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || mediaType != mediaTypeJSON {
		return refuse(http.StatusUnsupportedMediaType, "content-type: expected %s", mediaTypeJSON)
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return refuse(http.StatusUnsupportedMediaType, "content-type: expected charset utf-8")
	}
	if coding := header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return refuse(http.StatusUnsupportedMediaType, "content-encoding: expected none")
	}
	return nil
}

func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := ports.ReadBody(w, r, int64(h.maxBodyBytes))
	if err == nil {
		return body, nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, refuse(http.StatusRequestEntityTooLarge, "body: over %d bytes", h.maxBodyBytes)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, refuse(http.StatusRequestTimeout, "body: not received in time")
	}
	return nil, malformed("body: not received whole")
}
