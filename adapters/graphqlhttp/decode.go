package graphqlhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/fanql/fanql/ports"
)

// decodeBody reads a request from JSON (GraphQL over HTTP, "JSON Encoding").
// Keys count in their exact case, unknown ones are ignored, null is as good as
// absent for all but the query, and of a repeated key the last one counts. Its
// errors are *ports.Refusal values.
func decodeBody(body []byte) (ports.Request, error) {
	// encoding/json would replace what is not UTF-8 instead of refusing it.
	if !utf8.Valid(body) {
		return ports.Request{}, malformed("body: expected UTF-8")
	}
	// A map, because a struct would match keys whatever their case.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return ports.Request{}, malformed("body: expected a JSON object: %v at byte %d", syntax, syntax.Offset)
		}
	}
	switch kind := kindOf(body); kind {
	case kindObject:
	case kindList:
		return ports.Request{}, malformed("body: expected one JSON object, got a list: batches are not supported")
	default:
		return ports.Request{}, malformed("body: expected a JSON object, got %s", kind)
	}
	return requestFrom(fields)
}

func requestFrom(fields map[string]json.RawMessage) (request ports.Request, err error) {
	if request.DocumentID, err = text("documentId", fields["documentId"]); err != nil {
		return ports.Request{}, err
	}
	if request.Extensions, err = object("extensions", fields["extensions"]); err != nil {
		return ports.Request{}, err
	}
	if kind := kindOf(fields["query"]); kind != kindString && !names(request) {
		return ports.Request{}, malformed("query: expected a string, got %s", kind)
	}
	if request.Query, err = text("query", fields["query"]); err != nil {
		return ports.Request{}, err
	}
	if request.OperationName, err = text("operationName", fields["operationName"]); err != nil {
		return ports.Request{}, err
	}
	if request.Variables, err = object("variables", fields["variables"]); err != nil {
		return ports.Request{}, err
	}
	return request, nil
}

// names reports whether a request may name its document instead of having it.
func names(request ports.Request) bool { return request.DocumentID != "" || request.Extensions != nil }

// parseParams reads a request from the query component of a URL (GraphQL over
// HTTP, "GET"). The empty string is as good as absent for all but the query, and
// of a repeated parameter the first one counts. Its errors are *ports.Refusal
// values.
func parseParams(rawQuery string) (ports.Request, error) {
	params, err := url.ParseQuery(rawQuery)
	if err != nil {
		return ports.Request{}, malformed("query string: expected application/x-www-form-urlencoded: %v", err)
	}
	for _, name := range []string{"query", "documentId", "operationName", "variables", "extensions"} {
		if !utf8.ValidString(params.Get(name)) {
			return ports.Request{}, malformed("%s: expected UTF-8", name)
		}
	}
	request := ports.Request{
		Query:         params.Get("query"),
		DocumentID:    params.Get("documentId"),
		OperationName: params.Get("operationName"),
		ReadOnly:      true,
	}
	if request.Variables, err = objectParam("variables", params.Get("variables")); err != nil {
		return ports.Request{}, err
	}
	if request.Extensions, err = objectParam("extensions", params.Get("extensions")); err != nil {
		return ports.Request{}, err
	}
	if !params.Has("query") && !names(request) {
		return ports.Request{}, malformed("query: expected a string, got nothing")
	}
	return request, nil
}

func objectParam(name, value string) (json.RawMessage, error) {
	if value == "" {
		return nil, nil
	}
	raw := []byte(value)
	if !json.Valid(raw) {
		return nil, malformed("%s: expected a JSON object or null, got no JSON", name)
	}
	return object(name, bytes.TrimSpace(raw))
}

// text reads a string that may be absent from valid JSON.
func text(name string, raw json.RawMessage) (value string, err error) {
	switch kind := kindOf(raw); kind {
	case kindNothing, kindNull:
		return "", nil
	case kindString:
		err = json.Unmarshal(raw, &value)
		return value, err
	default:
		return "", malformed("%s: expected a string or null, got %s", name, kind)
	}
}

// object reads an object that may be absent from valid JSON, and leaves it as it
// is.
func object(name string, raw json.RawMessage) (json.RawMessage, error) {
	switch kind := kindOf(raw); kind {
	case kindNothing, kindNull:
		return nil, nil
	case kindObject:
		return raw, nil
	default:
		return nil, malformed("%s: expected an object or null, got %s", name, kind)
	}
}

// The kinds of JSON value, in the words of a message.
const (
	kindNothing = "nothing"
	kindNull    = "null"
	kindBoolean = "a boolean"
	kindNumber  = "a number"
	kindString  = "a string"
	kindList    = "a list"
	kindObject  = "an object"
)

// kindOf tells valid JSON by its first byte.
func kindOf(raw []byte) string {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return kindNothing
	}
	switch raw[0] {
	case '{':
		return kindObject
	case '[':
		return kindList
	case '"':
		return kindString
	case 't', 'f':
		return kindBoolean
	case 'n':
		return kindNull
	default:
		return kindNumber
	}
}

func malformed(format string, args ...any) error {
	return refuse(http.StatusBadRequest, format, args...)
}

func refuse(status int, format string, args ...any) error {
	return &ports.Refusal{Status: status, Reason: fmt.Sprintf(format, args...)}
}
