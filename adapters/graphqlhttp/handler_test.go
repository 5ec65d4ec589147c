package graphqlhttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

const (
	asGraphQL = "application/graphql-response+json"
	asJSON    = "application/json"
)

// fake answers what it is set to, and remembers what it was asked.
type fake struct {
	response ports.Response
	err      error
	requests []ports.Request
	caller   any
}

// callerKey is where middleware would keep who is asking.
type callerKey struct{}

func (f *fake) Execute(ctx context.Context, request ports.Request) (ports.Response, error) {
	f.caller = ctx.Value(callerKey{})
	f.requests = append(f.requests, request)
	return f.response, f.err
}

func executed() *fake {
	return &fake{response: ports.Response{Body: []byte(`{"data":{"a":1}}`)}}
}

func post(body string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", asJSON)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func get(params url.Values) *http.Request {
	return httptest.NewRequest(http.MethodGet, "/graphql?"+params.Encode(), nil)
}

func serve(executor graphqlhttp.Executor, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	must.Make(graphqlhttp.NewHandler(executor, graphqlhttp.Config{})).ServeHTTP(w, r)
	return w
}

// refused holds that the answer has the status and one GraphQL error, whose
// message it returns, and that nothing was executed.
func refused(t *testing.T, executor *fake, r *http.Request, status int) string {
	t.Helper()
	w := serve(executor, r)
	if len(executor.requests) != 0 {
		t.Errorf("the executor was asked: %+v", executor.requests)
	}
	return oneError(t, w, status)
}

func oneError(t *testing.T, w *httptest.ResponseRecorder, status int) string {
	t.Helper()
	if w.Code != status {
		t.Errorf("status %d, want %d", w.Code, status)
	}
	var response struct {
		Data   any
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &response); err != nil {
		t.Fatalf("body %q: %v", w.Body, err)
	}
	if len(response.Errors) != 1 || response.Data != nil {
		t.Fatalf("body %s, want one error and no data", w.Body)
	}
	return response.Errors[0].Message
}

func TestPostHandsTheRequestOver(t *testing.T) {
	executor := executed()
	w := serve(executor, post(`{"query":"query Q { a }","operationName":"Q","variables":{"b":[1]},"extensions":{"c":null}}`))
	if w.Code != http.StatusOK || w.Body.String() != `{"data":{"a":1}}` {
		t.Errorf("answer %d %s", w.Code, w.Body)
	}
	want := ports.Request{
		Query:         "query Q { a }",
		OperationName: "Q",
		Variables:     json.RawMessage(`{"b":[1]}`),
		Extensions:    json.RawMessage(`{"c":null}`),
	}
	sameRequest(t, executor.requests, want)
}

func TestGetHandsTheRequestOverReadOnly(t *testing.T) {
	executor := executed()
	w := serve(executor, get(url.Values{
		"query":         {"query Q { a }"},
		"operationName": {"Q"},
		"variables":     {` {"b": "&=+"} `},
		"extensions":    {`{"c":null}`},
	}))
	if w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
	want := ports.Request{
		Query:         "query Q { a }",
		OperationName: "Q",
		Variables:     json.RawMessage(`{"b": "&=+"}`),
		Extensions:    json.RawMessage(`{"c":null}`),
		ReadOnly:      true,
	}
	sameRequest(t, executor.requests, want)
}

func sameRequest(t *testing.T, got []ports.Request, want ports.Request) {
	t.Helper()
	if len(got) != 1 || fmt.Sprintf("%+v", got[0]) != fmt.Sprintf("%+v", want) {
		t.Errorf("requests %+v, want one: %+v", got, want)
	}
}

func TestExecutorGetsTheContextOfTheRequest(t *testing.T) {
	executor := executed()
	r := post(`{"query":"{ a }"}`)
	serve(executor, r.WithContext(context.WithValue(r.Context(), callerKey{}, "ada")))
	if executor.caller != "ada" {
		t.Error("what middleware put into the context did not arrive")
	}
}

func TestHeadersOfTheResponse(t *testing.T) {
	w := serve(executed(), post(`{"query":"{ a }"}`, "Accept", asGraphQL))
	want := map[string]string{
		"Content-Type":           "application/graphql-response+json; charset=utf-8",
		"Content-Length":         "16",
		"Vary":                   "Accept",
		"X-Content-Type-Options": "nosniff",
		"Allow":                  "",
	}
	for name, value := range want {
		if got := w.Header().Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func TestStatusOfEachOutcome(t *testing.T) {
	tests := []struct {
		name    string
		outcome ports.Outcome
		get     bool
		accept  string
		status  int
		allow   string
	}{
		{"executed", ports.Executed, false, asGraphQL, 200, ""},
		{"executed, plain", ports.Executed, false, asJSON, 200, ""},
		{"rejected", ports.Rejected, false, asGraphQL, 400, ""},
		{"rejected, plain", ports.Rejected, false, asJSON, 200, ""},
		{"rejected by GET", ports.Rejected, true, asGraphQL, 400, ""},
		{"rejected by GET, plain", ports.Rejected, true, asJSON, 200, ""},
		{"mutation by GET", ports.NotAllowed, true, asGraphQL, 405, "POST"},
		{"mutation by GET, plain", ports.NotAllowed, true, asJSON, 405, "POST"},
		{"subscription by GET", ports.NeedsStream, true, asGraphQL, 405, "POST"},
		{"subscription by POST", ports.NeedsStream, false, asGraphQL, 400, ""},
		{"subscription by POST, plain", ports.NeedsStream, false, asJSON, 200, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := []byte(`{"errors":[{"message":"m"}]}`)
			r := post(`{"query":"{ a }"}`)
			if test.get {
				r = get(url.Values{"query": {"{ a }"}})
			}
			r.Header.Set("Accept", test.accept)
			w := serve(&fake{response: ports.Response{Outcome: test.outcome, Body: body}}, r)
			if w.Code != test.status || w.Header().Get("Allow") != test.allow {
				t.Errorf("status %d, Allow %q; want %d, %q", w.Code, w.Header().Get("Allow"), test.status, test.allow)
			}
			if got := w.Header().Get("Content-Type"); got != test.accept+"; charset=utf-8" {
				t.Errorf("Content-Type %q", got)
			}
			if !bytes.Equal(w.Body.Bytes(), body) {
				t.Errorf("body %s", w.Body)
			}
		})
	}
}

// TestSubscriptionWithoutAStreamIsToldHowToAskForOne, where there are streams.
func TestSubscriptionWithoutAStreamIsToldHowToAskForOne(t *testing.T) {
	handler, err := graphqlhttp.NewHandler(
		&fake{response: ports.Response{Outcome: ports.NeedsStream, Body: []byte(`{}`)}}, graphqlhttp.Config{Streams: &fakeStreams{}})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, post(`{"query":"subscription { a }"}`))
	want := `{"errors":[{"message":"a subscription needs a WebSocket, or a stream: Accept: text/event-stream, or multipart/mixed;subscriptionSpec=1.0"}]}`
	if got := w.Body.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRefusalIsToldToTheClient(t *testing.T) {
	tests := []struct {
		name    string
		refusal ports.Refusal
		status  int
		message string
	}{
		{"with its status", ports.Refusal{Status: 401, Reason: `say "please"`}, 401, `say "please"`},
		{"403 without a status", ports.Refusal{Reason: "no"}, 403, "no"},
		{"403 for what is no error status", ports.Refusal{Status: 101, Reason: "no"}, 403, "no"},
		{"403 for what is no status at all", ports.Refusal{Status: 4403, Reason: "no"}, 403, "no"},
		{"in words even without a reason", ports.Refusal{Status: 429}, 429, "Too Many Requests"},
		{"in words for an unheard-of status too", ports.Refusal{Status: 499}, 499, "refused"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := fmt.Errorf("hook: %w", &test.refusal)
			w := serve(&fake{err: err}, post(`{"query":"{ a }"}`))
			if got := oneError(t, w, test.status); got != test.message {
				t.Errorf("message %q, want %q", got, test.message)
			}
		})
	}
}

// TestRefusalsHaveExtensions: at both doors, and for what is refused before the engine
// is asked.
func TestRefusalsHaveExtensions(t *testing.T) {
	extensions := map[string]any{"code": "QUOTA"}
	refusal := &ports.Refusal{Reason: "no", Extensions: extensions}
	stream := accepting(asEvents, post(`{"query":"q"}`))
	params := graphqlhttp.Config{ConnectionParams: func(*http.Request) (map[string]any, error) {
		return nil, &ports.PublicError{Message: "no", Extensions: extensions}
	}}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"Execute":          serve(&fake{err: refusal}, post(`{"query":"{ a }"}`)),
		"Hold":             holding(&fakeStreams{err: refusal}, graphqlhttp.Config{}, stream),
		"ConnectionParams": holding(&fakeStreams{}, params, accepting(asEvents, post(`{"query":"q"}`))),
	} {
		if want := `{"errors":[{"message":"no","extensions":{"code":"QUOTA"}}]}`; w.Code != 403 || w.Body.String() != want {
			t.Errorf("%s: got %d %s, want %s", name, w.Code, w.Body, want)
		}
	}
}

func TestOtherErrorsAreMaskedAndLogged(t *testing.T) {
	var log bytes.Buffer
	handler := must.Make(graphqlhttp.NewHandler(
		&fake{err: errors.New("table is on fire")},
		graphqlhttp.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))},
	))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, post(`{"query":"{ a }"}`))
	if got := oneError(t, w, http.StatusInternalServerError); got != "internal error" {
		t.Errorf("message %q", got)
	}
	if !strings.Contains(log.String(), "table is on fire") {
		t.Errorf("log %q", log.String())
	}
}

func TestClientThatLeftIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	handler := must.Make(graphqlhttp.NewHandler(
		&fake{err: context.Canceled},
		graphqlhttp.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))},
	))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	handler.ServeHTTP(httptest.NewRecorder(), post(`{"query":"{ a }"}`).WithContext(ctx))
	if log.Len() != 0 {
		t.Errorf("log %q", log.String())
	}
}

func TestOtherMethodsAreRefusedWithAllow(t *testing.T) {
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete, "QUERY"} {
		executor := executed()
		r := post(`{"query":"{ a }"}`)
		r.Method = method
		w := serve(executor, r)
		oneError(t, w, http.StatusMethodNotAllowed)
		if got := w.Header().Get("Allow"); got != "GET, HEAD, OPTIONS, POST" || len(executor.requests) != 0 {
			t.Errorf("%s: Allow %q, executed %d", method, got, len(executor.requests))
		}
	}
}

func TestOptionsTellsTheMethods(t *testing.T) {
	executor := executed()
	w := serve(executor, httptest.NewRequest(http.MethodOptions, "/graphql", nil))
	if w.Code != http.StatusNoContent || w.Header().Get("Allow") != "GET, HEAD, OPTIONS, POST" {
		t.Errorf("answer %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if len(executor.requests) != 0 || w.Body.Len() != 0 {
		t.Errorf("executed %d, body %q", len(executor.requests), w.Body)
	}
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	executor := executed()
	r := get(url.Values{"query": {"{ a }"}})
	r.Method = http.MethodHead
	w := serve(executor, r)
	if w.Code != http.StatusOK || w.Header().Get("Content-Length") != "16" || w.Body.Len() != 0 {
		t.Errorf("answer %d, Content-Length %q, body %q", w.Code, w.Header().Get("Content-Length"), w.Body)
	}
	sameRequest(t, executor.requests, ports.Request{Query: "{ a }", ReadOnly: true})
}

func TestContentTypeMustBeJSONInUTF8(t *testing.T) {
	tests := []struct {
		contentType string
		ok          bool
	}{
		{"application/json", true},
		{"application/json; charset=utf-8", true},
		{`Application/JSON;charset="UTF-8"`, true},
		{"application/json; profile=x", true},
		{"", false},
		{"application/json; charset=utf-16", false},
		{"application/json; charset", false},
		{"application/jsonp", false},
		{"application/graphql", false},
		{"text/plain", false},
		{"multipart/form-data; boundary=x", false},
		{"application/x-www-form-urlencoded", false},
	}
	for _, test := range tests {
		t.Run(test.contentType, func(t *testing.T) {
			r := post(`{"query":"{ a }"}`, "Content-Type", test.contentType)
			if test.ok {
				if w := serve(executed(), r); w.Code != http.StatusOK {
					t.Errorf("status %d: %s", w.Code, w.Body)
				}
				return
			}
			message := refused(t, executed(), r, http.StatusUnsupportedMediaType)
			if !strings.Contains(message, "content-type: expected") {
				t.Errorf("message %q", message)
			}
		})
	}
}

func TestCodedBodyIsRefused(t *testing.T) {
	r := post(`{"query":"{ a }"}`, "Content-Encoding", "gzip")
	if got := refused(t, executed(), r, http.StatusUnsupportedMediaType); got != "content-encoding: expected none" {
		t.Errorf("message %q", got)
	}
	r = post(`{"query":"{ a }"}`, "Content-Encoding", "identity")
	if w := serve(executed(), r); w.Code != http.StatusOK {
		t.Errorf("identity: status %d", w.Code)
	}
}

func TestBodyIsBounded(t *testing.T) {
	body := `{"query":"{ a }"}`
	for _, test := range []struct {
		limit  int
		status int
	}{{len(body), http.StatusOK}, {len(body) - 1, http.StatusRequestEntityTooLarge}} {
		w := httptest.NewRecorder()
		config := graphqlhttp.Config{MaxBodyBytes: test.limit}
		must.Make(graphqlhttp.NewHandler(executed(), config)).ServeHTTP(w, post(body))
		if w.Code != test.status {
			t.Errorf("limit %d: status %d, want %d", test.limit, w.Code, test.status)
		}
	}
	over := post(`{"query":"` + strings.Repeat(" ", 128<<10) + `"}`)
	if got := refused(t, executed(), over, http.StatusRequestEntityTooLarge); got != "body: over 131072 bytes" {
		t.Errorf("message %q", got)
	}
}

// TestBodyThatIsAnnouncedTooLongIsRefusedAtOnce: a server that answers with a final status
// does not ask for the body before (RFC 9110, section 10.1.1).
func TestBodyThatIsAnnouncedTooLongIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	body := `{"query":"{ a }"}`
	handler := must.Make(graphqlhttp.NewHandler(executed(), graphqlhttp.Config{MaxBodyBytes: len(body)}))
	front := httptest.NewServer(handler)
	defer front.Close()
	for length, want := range map[int]int{len(body): http.StatusContinue, len(body) + 1: http.StatusRequestEntityTooLarge} {
		if got := expecting(t, front.Listener.Addr().String(), length); got != want {
			t.Errorf("%d bytes are answered with %d first, want %d", length, got, want)
		}
	}
}

// expecting announces a body and returns the first status of the answer.
func expecting(t *testing.T, address string, length int) int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: server\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", length)
	if err != nil {
		t.Fatal(err)
	}
	var version string
	var status int
	if _, err := fmt.Fscan(conn, &version, &status); err != nil {
		t.Fatal(err)
	}
	return status
}

func TestQueryStringIsBounded(t *testing.T) {
	over := get(url.Values{"query": {strings.Repeat("a", 128<<10)}})
	message := refused(t, executed(), over, http.StatusRequestURITooLong)
	if message != "query string: over 131072 bytes" {
		t.Errorf("message %q", message)
	}
}

// failingReader is a body whose client stops halfway.
type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

func TestBodyThatDoesNotArriveIsRefused(t *testing.T) {
	for _, test := range []struct {
		err     error
		status  int
		message string
	}{
		{fmt.Errorf("read: %w", os.ErrDeadlineExceeded), http.StatusRequestTimeout, "body: not received in time"},
		{io.ErrUnexpectedEOF, http.StatusBadRequest, "body: not received whole"},
	} {
		r := post("")
		r.Body = io.NopCloser(failingReader{test.err})
		if got := refused(t, executed(), r, test.status); got != test.message {
			t.Errorf("message %q, want %q", got, test.message)
		}
	}
}

func TestMalformedRequestsAre400ForBothMediaTypes(t *testing.T) {
	for _, accept := range []string{asGraphQL, asJSON} {
		refused(t, executed(), post(`{"qeury":"{ a }"}`, "Accept", accept), http.StatusBadRequest)
		r := get(url.Values{"qeury": {"{ a }"}})
		r.Header.Set("Accept", accept)
		refused(t, executed(), r, http.StatusBadRequest)
	}
}

func TestUnacceptableResponseIsRefused(t *testing.T) {
	w := serve(executed(), post(`{"query":"{ a }"}`, "Accept", "text/html"))
	want := "accept: expected application/graphql-response+json or application/json"
	if got := oneError(t, w, http.StatusNotAcceptable); got != want {
		t.Errorf("message %q", got)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
}
