package local

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fanql/fanql/ports"
)

// manage serves @connections ("Use @connections commands in your backend
// service", API Gateway developer guide).
func (g *Gateway) manage(w http.ResponseWriter, r *http.Request, escapedID string) {
	requestID := newID()
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		answerError(w, http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token", requestID)
		return
	}
	id, err := url.PathUnescape(escapedID)
	if err != nil {
		answerError(w, http.StatusBadRequest, "BadRequestException", "Invalid connectionId: "+escapedID, requestID)
		return
	}
	c := g.connection(id)
	if c == nil {
		answerError(w, http.StatusGone, "GoneException", "", requestID)
		return
	}
	w.Header().Set("X-Amzn-Requestid", requestID)
	switch r.Method {
	case http.MethodPost:
		c.postRequest(w, r, requestID)
	case http.MethodGet:
		c.getRequest(w)
	case http.MethodDelete:
		c.shut(closeNormal, "")
		w.WriteHeader(http.StatusNoContent)
	default:
		answerError(w, http.StatusForbidden, "ForbiddenException", "Forbidden", requestID)
	}
}

func (c *connection) postRequest(w http.ResponseWriter, r *http.Request, requestID string) {
	body, err := ports.ReadBody(w, r, c.gateway.config.MessageLimit)
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case tooLarge:
		answerError(w, http.StatusRequestEntityTooLarge, "PayloadTooLargeException", "Message too long", requestID)
	case err != nil:
		answerError(w, http.StatusBadRequest, "BadRequestException", "Bad Request", requestID)
	default:
		answerPost(w, c.sendText(body), requestID)
	}
}

func answerPost(w http.ResponseWriter, outcome outcome, requestID string) {
	switch outcome {
	case queued:
		w.WriteHeader(http.StatusOK)
	case gone:
		answerError(w, http.StatusGone, "GoneException", "", requestID)
	case throttled:
		answerError(w, http.StatusTooManyRequests, "LimitExceededException", "Limit exceeded", requestID)
	}
}

func (c *connection) getRequest(w http.ResponseWriter) {
	type identity struct {
		SourceIP  string `json:"sourceIp"`
		UserAgent string `json:"userAgent"`
	}
	body, _ := json.Marshal(struct { // times and strings always have a JSON
		ConnectedAt  string   `json:"connectedAt"`
		Identity     identity `json:"identity"`
		LastActiveAt string   `json:"lastActiveAt"`
	}{timestamp(c.connectedAt), identity{c.sourceIP, c.userAgent}, timestamp(c.activity())})
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // the caller may have left
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
