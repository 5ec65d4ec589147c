package callback

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// accepts reports whether a request asks for callbacks: among its Accept media types is
// application/json with the parameter callbackSpec=1.0, and not with the weight of what is
// not acceptable.
func accepts(header http.Header) bool {
	for _, line := range header.Values("Accept") {
		for mediaRange := range strings.SplitSeq(line, ",") {
			mediaType, parameters, err := mime.ParseMediaType(mediaRange)
			// The name of a parameter comes in lower case.
			if err == nil && mediaType == "application/json" && parameters["callbackspec"] == "1.0" {
				weight, err := strconv.ParseFloat(cmp.Or(parameters["q"], "1"), 64)
				return err == nil && weight > 0
			}
		}
	}
	return false
}

// isJSON reports whether the body of a request is JSON in UTF-8.
func isJSON(header http.Header) bool {
	mediaType, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && mediaType == "application/json" && strings.EqualFold(cmp.Or(parameters["charset"], "utf-8"), "utf-8") &&
		header.Get("Content-Encoding") == ""
}

// asked is what a router asks for. All other extensions are dropped: they may repeat
// the credentials of the client.
type asked struct {
	// operation is the request of the client, as the payload of a subscribe message.
	operation operation
	// subscription is nil where the request names none.
	subscription *subscription
}

// operation is a GraphQL request.
type operation struct {
	Query         json.RawMessage `json:"query,omitempty"`
	DocumentID    json.RawMessage `json:"documentId,omitempty"`
	OperationName json.RawMessage `json:"operationName,omitempty"`
	Variables     json.RawMessage `json:"variables,omitempty"`
}

// subscription is extensions.subscription.
type subscription struct {
	CallbackURL         string
	SubscriptionID      string
	Verifier            string
	HeartbeatIntervalMs int64
}

// Bounds on what a router sends.
const (
	maxURL      = 2048
	maxID       = 512
	maxVerifier = 1024
)

// parse reads the body of a request. The error is for the router to read.
func parse(body []byte) (asked, error) {
	fields, err := object("the body", body)
	if err != nil {
		return asked{}, err
	}
	a := asked{operation: operation{fields["query"], fields["documentId"], fields["operationName"], fields["variables"]}}
	if isAbsent(fields["extensions"]) {
		return a, nil
	}
	extensions, err := object("extensions", fields["extensions"])
	if err != nil || isAbsent(extensions["subscription"]) {
		return a, err
	}
	a.subscription, err = parseSubscription(extensions["subscription"])
	return a, err
}

// parseSubscription reads extensions.subscription, with the names to the letter.
func parseSubscription(raw []byte) (*subscription, error) {
	fields, err := object("extensions.subscription", raw)
	if err != nil {
		return nil, err
	}
	var s subscription
	for _, text := range []struct {
		name string
		to   *string
		most int
	}{
		{"callbackUrl", &s.CallbackURL, maxURL},
		{"subscriptionId", &s.SubscriptionID, maxID},
		{"verifier", &s.Verifier, maxVerifier},
	} {
		if err := json.Unmarshal(fields[text.name], text.to); err != nil || *text.to == "" || len(*text.to) > text.most {
			return nil, fmt.Errorf("extensions.subscription.%s must be a string of 1 to %d bytes", text.name, text.most)
		}
	}
	if interval := fields["heartbeatIntervalMs"]; !isAbsent(interval) {
		if err := json.Unmarshal(interval, &s.HeartbeatIntervalMs); err != nil || s.HeartbeatIntervalMs < 0 || s.HeartbeatIntervalMs > mostHeartbeat.Milliseconds() {
			return nil, fmt.Errorf("extensions.subscription.heartbeatIntervalMs must be 0, or a whole number of milliseconds up to %d", mostHeartbeat.Milliseconds())
		}
	}
	return &s, nil
}

// mostHeartbeat is the longest interval that anybody could mean.
const mostHeartbeat = 24 * time.Hour

var errNotUTF8 = errors.New("the body is not UTF-8")

func object(name string, raw []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(raw) {
		return nil, errNotUTF8
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, fmt.Errorf("%s must be a JSON object", name)
	}
	return fields, nil
}

func isAbsent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// subscribeMessage is the operation as the engine receives it.
func subscribeMessage(id string, o operation) ([]byte, error) {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(struct {
		Type    string    `json:"type"`
		ID      string    `json:"id"`
		Payload operation `json:"payload"`
	}{"subscribe", id, o})
	return encoded.Bytes(), err
}
