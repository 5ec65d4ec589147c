package graphqlhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fanql/fanql/ports"
)

func TestDecodeBody(t *testing.T) {
	tests := []struct {
		name, body string
		want       ports.Request
	}{
		{"the query alone will do", `{"query":"{ a }"}`, ports.Request{Query: "{ a }"}},
		{"null is as good as absent", ` {"query":"{ a }","operationName":null,"variables":null,"extensions":null} `,
			ports.Request{Query: "{ a }"}},
		{"objects stay as they are", `{"query":"","variables": {"n": 1e2} ,"extensions":{}}`,
			ports.Request{Variables: json.RawMessage(`{"n": 1e2}`), Extensions: json.RawMessage(`{}`)}},
		{"unknown keys are ignored", `{"query":"{ a }","id":[1],"Query":7}`, ports.Request{Query: "{ a }"}},
		{"escapes are resolved", `{"query":"\"\u00e9\ud83c\udfc3\""}`, ports.Request{Query: `"é🏃"`}},
		{"of a repeated key the last one counts", `{"query":"{ a }","query":"{ b }"}`, ports.Request{Query: "{ b }"}},
		{"a document is named", `{"documentId":"sha256:1"}`, ports.Request{DocumentID: "sha256:1"}},
		{"extensions may name it", `{"query":null,"extensions":{"persistedQuery":"1"}}`,
			ports.Request{Extensions: json.RawMessage(`{"persistedQuery":"1"}`)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := decodeBody([]byte(test.body))
			if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", test.want) {
				t.Errorf("%+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

func TestDecodeBodyRefuses(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"nothing", "", "body: expected a JSON object: unexpected end of JSON input at byte 0"},
		{"half an object", `{ "not a JSON`, "body: expected a JSON object: unexpected end of JSON input at byte 13"},
		{"trailing garbage", `{"query":"{ a }"} x`,
			"body: expected a JSON object: invalid character 'x' after top-level value at byte 19"},
		{"a second object", `{"query":"{ a }"}{}`,
			"body: expected a JSON object: invalid character '{' after top-level value at byte 18"},
		{"a byte order mark", "\ufeff{}",
			"body: expected a JSON object: invalid character 'ï' looking for beginning of value at byte 1"},
		{"what is not UTF-8", "{\"query\":\"\xff\"}", "body: expected UTF-8"},
		{"a batch", `[{"query":"{ a }"}]`, "body: expected one JSON object, got a list: batches are not supported"},
		{"null", "null", "body: expected a JSON object, got null"},
		{"a string", `"{ a }"`, "body: expected a JSON object, got a string"},
		{"a number", " -1", "body: expected a JSON object, got a number"},
		{"a boolean", "false", "body: expected a JSON object, got a boolean"},
		{"no query", "{}", "query: expected a string, got nothing"},
		{"a key in another case", `{"Query":"{ a }"}`, "query: expected a string, got nothing"},
		{"null for the query", `{"query":null}`, "query: expected a string, got null"},
		{"an object for the query", `{"query":{}}`, "query: expected a string, got an object"},
		{"an empty name for the document", `{"documentId":""}`, "query: expected a string, got nothing"},
		{"a number for the document's name", `{"documentId":1}`, "documentId: expected a string or null, got a number"},
		{"a number for the operation name", `{"query":"","operationName":0}`,
			"operationName: expected a string or null, got a number"},
		{"a string for the variables", `{"query":"","variables":"{}"}`,
			"variables: expected an object or null, got a string"},
		{"a list for the variables", `{"query":"","variables":[]}`,
			"variables: expected an object or null, got a list"},
		{"a boolean for the extensions", `{"query":"","extensions":false}`,
			"extensions: expected an object or null, got a boolean"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := decodeBody([]byte(test.body))
			isMalformed(t, err, test.want)
		})
	}
}

func TestDecodeBodyBoundsTheDepth(t *testing.T) {
	_, err := decodeBody([]byte(`{"query":"","variables":` + strings.Repeat("[", 20_000)))
	if err == nil || !strings.Contains(err.Error(), "exceeded max depth") {
		t.Errorf("error %v", err)
	}
}

func TestParseParams(t *testing.T) {
	tests := []struct {
		name, rawQuery string
		want           ports.Request
	}{
		{"the query alone will do", "query=%7B+a%20%7D", ports.Request{Query: "{ a }"}},
		{"an empty optional one is as good as absent", "query=&operationName=&variables=&extensions=", ports.Request{}},
		{"null variables are as good as absent", "query=&variables=null&extensions=%20null", ports.Request{}},
		{"an operation may be called null", "query=&operationName=null", ports.Request{OperationName: "null"}},
		{"unknown ones are ignored", "query=a&id=1&Query=b", ports.Request{Query: "a"}},
		{"of a repeated one the first counts", "query=a&query=b", ports.Request{Query: "a"}},
		{"a document is named", "documentId=sha256%3A1", ports.Request{DocumentID: "sha256:1"}},
		{"extensions may name it", "extensions=%7B%22persistedQuery%22%3A%221%22%7D",
			ports.Request{Extensions: json.RawMessage(`{"persistedQuery":"1"}`)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.want.ReadOnly = true
			got, err := parseParams(test.rawQuery)
			if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", test.want) {
				t.Errorf("%+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

func TestParseParamsRefuses(t *testing.T) {
	tests := []struct{ name, rawQuery, want string }{
		{"nothing", "", "query: expected a string, got nothing"},
		{"a name in another case", "Query=a", "query: expected a string, got nothing"},
		{"a broken escape", "query=%zz",
			`query string: expected application/x-www-form-urlencoded: invalid URL escape "%zz"`},
		{"what is not UTF-8", "query=%FF", "query: expected UTF-8"},
		{"an operation name that is not UTF-8", "query=&operationName=%FF", "operationName: expected UTF-8"},
		{"variables that are no JSON", "query=&variables=%7B", "variables: expected a JSON object or null, got no JSON"},
		{"a list for the variables", "query=&variables=[]", "variables: expected an object or null, got a list"},
		{"a string for the extensions", "query=&extensions=%22%22", "extensions: expected an object or null, got a string"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseParams(test.rawQuery)
			isMalformed(t, err, test.want)
		})
	}
}

// isMalformed holds that the client gets 400 and why.
func isMalformed(t *testing.T, err error, want string) {
	t.Helper()
	refusal, ok := errors.AsType[*ports.Refusal](err)
	if !ok {
		t.Fatalf("error %v, want a refusal", err)
	}
	if refusal.Status != http.StatusBadRequest || refusal.Reason != want {
		t.Errorf("refusal %d %q, want %q", refusal.Status, refusal.Reason, want)
	}
}

func FuzzDecodeBody(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := decodeBody(body)
		if err != nil {
			isRefusal(t, err)
			return
		}
		isWellFormed(t, request)
		encoded, err := json.Marshal(map[string]any{
			"query":         request.Query,
			"documentId":    request.DocumentID,
			"operationName": request.OperationName,
			"variables":     request.Variables,
			"extensions":    request.Extensions,
		})
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeBody(encoded)
		if err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		isSame(t, request, again)
	})
}

func FuzzParseParams(f *testing.F) {
	f.Fuzz(func(t *testing.T, rawQuery string) {
		request, err := parseParams(rawQuery)
		if err != nil {
			isRefusal(t, err)
			return
		}
		if !request.ReadOnly {
			t.Error("not read-only")
		}
		isWellFormed(t, request)
		again, err := parseParams(url.Values{
			"query":         {request.Query},
			"documentId":    {request.DocumentID},
			"operationName": {request.OperationName},
			"variables":     {string(request.Variables)},
			"extensions":    {string(request.Extensions)},
		}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		isSame(t, request, again)
	})
}

func isRefusal(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*ports.Refusal](err); !ok {
		t.Errorf("error %v, want a refusal", err)
	}
}

// isWellFormed holds that a request is what ports.Request promises.
func isWellFormed(t *testing.T, request ports.Request) {
	t.Helper()
	if !utf8.ValidString(request.Query) || !utf8.ValidString(request.DocumentID) || !utf8.ValidString(request.OperationName) {
		t.Errorf("not UTF-8: %+v", request)
	}
	for _, raw := range []json.RawMessage{request.Variables, request.Extensions} {
		if len(raw) != 0 && (!json.Valid(raw) || raw[0] != '{' || raw[len(raw)-1] != '}') {
			t.Errorf("no JSON object: %q", raw)
		}
	}
}

// isSame holds that two requests differ in the spelling of their JSON at most.
func isSame(t *testing.T, a, b ports.Request) {
	t.Helper()
	if a.Query != b.Query || a.DocumentID != b.DocumentID || a.OperationName != b.OperationName || a.ReadOnly != b.ReadOnly ||
		!bytes.Equal(compact(t, a.Variables), compact(t, b.Variables)) ||
		!bytes.Equal(compact(t, a.Extensions), compact(t, b.Extensions)) {
		t.Errorf("%+v, and again %+v", a, b)
	}
}

// compact spells JSON as json.Marshal does; of nothing it makes null.
func compact(t *testing.T, raw json.RawMessage) []byte {
	t.Helper()
	compacted, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	return compacted
}
