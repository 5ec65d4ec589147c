package graphqlhttp_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

const (
	asEvents = "text/event-stream"
	asParts  = `multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json;q=0.9`
)

// fakeStreams keeps what it is to hold.
type fakeStreams struct {
	held []ports.Stream
	err  error
}

func (f *fakeStreams) Hold(_ http.ResponseWriter, _ *http.Request, stream ports.Stream) error {
	f.held = append(f.held, stream)
	return f.err
}

func holding(streams graphqlhttp.Streams, config graphqlhttp.Config, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	w.Header().Set("Vary", "Origin") // of a middleware
	config.Streams = streams
	must.Make(graphqlhttp.NewHandler(executed(), config)).ServeHTTP(w, r)
	return w
}

// hold returns the stream that a request leads to.
func hold(t *testing.T, config graphqlhttp.Config, r *http.Request) ports.Stream {
	t.Helper()
	streams := &fakeStreams{}
	if w := holding(streams, config, r); len(streams.held) != 1 {
		t.Fatalf("%d streams, and the answer %d %s", len(streams.held), w.Code, w.Body)
	}
	return streams.held[0]
}

func accepting(accept string, r *http.Request, header ...string) *http.Request {
	r.Header.Set("Accept", accept)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func TestHeaderOfAStream(t *testing.T) {
	for accept, contentType := range map[string]string{
		asEvents: "text/event-stream; charset=utf-8",
		asParts:  `multipart/mixed;boundary="graphql";subscriptionSpec=1.0`,
	} {
		header := hold(t, graphqlhttp.Config{}, accepting(accept, post(`{"query":"{a}"}`), "Accept-Encoding", "gzip")).Header
		for name, want := range map[string]string{
			"Content-Type": contentType, "Cache-Control": "no-cache", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff",
			"Vary": "Origin, Accept", "Content-Encoding": "",
		} {
			if got := strings.Join(header.Values(name), ", "); got != want {
				t.Errorf("%s: %s is %q, want %q", accept, name, got, want)
			}
		}
	}
}

func TestRequestOfAStream(t *testing.T) {
	for name, test := range map[string]struct {
		request  *http.Request
		want     string
		readOnly bool
	}{
		"POST": {request: post(`{"query":"subscription S { a }","operationName":"S","variables":{"b":"<"},"extensions":{"c":1}}`),
			want: `{"query":"subscription S { a }","operationName":"S","variables":{"b":"\u003c"},"extensions":{"c":1}}`},
		"GET": {request: get(url.Values{"query": {"subscription { a }"}, "variables": {`{"b":1}`}}),
			want: `{"query":"subscription { a }","variables":{"b":1}}`, readOnly: true},
		"a document that is named": {request: post(`{"documentId":"d"}`), want: `{"documentId":"d"}`},
		"an empty document":        {request: post(`{"query":""}`), want: `{"query":""}`},
	} {
		t.Run(name, func(t *testing.T) {
			stream := hold(t, graphqlhttp.Config{}, accepting(asEvents, test.request))
			if string(stream.Payload) != test.want || stream.ReadOnly != test.readOnly || stream.Init != nil {
				t.Errorf("got %s %v %s, want %s", stream.Payload, stream.ReadOnly, stream.Init, test.want)
			}
		})
	}
}

// TestLastEventIDResumes: as an extension of the request, which a client may also
// give itself.
func TestLastEventIDResumes(t *testing.T) {
	for name, test := range map[string]struct{ extensions, id, want string }{
		"no ID":                      {`{"resume":"1"}`, "", `{"query":"q","extensions":{"resume":"1"}}`},
		"an ID":                      {``, "17", `{"query":"q","extensions":{"resume":"17"}}`},
		"beside others":              {`{"a":[1]}`, "17", `{"query":"q","extensions":{"a":[1],"resume":"17"}}`},
		"later than that of the URL": {`{"resume":"1"}`, "17", `{"query":"q","extensions":{"resume":"17"}}`},
		"after those of a list":      {`{"resume":["1","2"]}`, "17", `{"query":"q","extensions":{"resume":["1","2","17"]}}`},
		"after those of none":        {`{"resume":[]}`, "17", `{"query":"q","extensions":{"resume":["17"]}}`},
		"quotes":                     {``, `"`, `{"query":"q","extensions":{"resume":"\""}}`},
	} {
		t.Run(name, func(t *testing.T) {
			params := url.Values{"query": {"q"}, "extensions": {test.extensions}}
			stream := hold(t, graphqlhttp.Config{}, accepting(asEvents, get(params), "Last-Event-ID", test.id))
			if string(stream.Payload) != test.want {
				t.Errorf("got %s, want %s", stream.Payload, test.want)
			}
		})
	}
}

func TestConnectionParams(t *testing.T) {
	config := graphqlhttp.Config{ConnectionParams: func(r *http.Request) (map[string]any, error) {
		return map[string]any{"token": r.Header.Get("Authorization")}, nil
	}}
	stream := hold(t, config, accepting(asEvents, post(`{"query":"q"}`), "Authorization", "Bearer x"))
	if string(stream.Init) != `{"token":"Bearer x"}` {
		t.Errorf("got %s", stream.Init)
	}
	for name, test := range map[string]struct {
		err    error
		status int
		text   string
	}{
		"that the client reads": {&ports.PublicError{Message: "no token", Status: 401}, 401, "no token"},
		"that it does not":      {errors.New("secret"), 500, "internal error"},
	} {
		config := graphqlhttp.Config{Logger: silence(), ConnectionParams: func(*http.Request) (map[string]any, error) { return nil, test.err }}
		if got := oneError(t, holding(&fakeStreams{}, config, accepting(asEvents, post(`{"query":"q"}`))), test.status); got != test.text {
			t.Errorf("an error %s: %q", name, got)
		}
	}
}

func TestStreamsThatDoNotBegin(t *testing.T) {
	for name, test := range map[string]struct {
		request *http.Request
		config  graphqlhttp.Config
		status  int
		text    string
	}{
		"no JSON":             {request: post(`x`), status: 400, text: "body: expected a JSON object"},
		"no document":         {request: post(`{}`), status: 400, text: "query: expected a string"},
		"a form":              {request: post(`a=b`, "Content-Type", "text/plain"), status: 415, text: "content-type"},
		"HEAD":                {request: httptest.NewRequest(http.MethodHead, "/graphql?query=q", nil), status: 405},
		"a reservation (PUT)": {request: httptest.NewRequest(http.MethodPut, "/graphql", nil), status: 405, text: "method"},
		"too much": {request: post(`{"query":"` + strings.Repeat("q", 100) + `"}`), config: graphqlhttp.Config{MaxBodyBytes: 120},
			status: 413, text: "request: over 56 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			streams := &fakeStreams{}
			w := holding(streams, test.config, accepting(asEvents, test.request))
			if len(streams.held) > 0 || w.Code != test.status {
				t.Fatalf("%d streams, status %d, want %d", len(streams.held), w.Code, test.status)
			}
			if test.text != "" && !strings.Contains(oneError(t, w, test.status), test.text) {
				t.Errorf("got %s, want %q", w.Body, test.text)
			}
		})
	}
	refusing := &fakeStreams{err: &ports.Refusal{Status: 503, Reason: "full"}}
	if got := oneError(t, holding(refusing, graphqlhttp.Config{}, accepting(asEvents, post(`{"query":"q"}`))), 503); got != "full" {
		t.Errorf("got %q", got)
	}
}

// TestStreamsWhereNoConnectionIsHeld: as in a Lambda function.
func TestStreamsWhereNoConnectionIsHeld(t *testing.T) {
	for accept, mediaType := range map[string]string{asEvents: "text/event-stream", asParts: "multipart/mixed"} {
		want := "accept: " + mediaType + " is not answered here, where no connection is held: subscribe over a WebSocket"
		if got := oneError(t, holding(nil, graphqlhttp.Config{}, accepting(accept, post(`{"query":"q"}`))), http.StatusNotAcceptable); got != want {
			t.Errorf("%s: %q", accept, got)
		}
	}
}

// written is what a stream's format makes of a whole stream.
func written(t *testing.T, accept string, responses ...string) string {
	t.Helper()
	format := hold(t, graphqlhttp.Config{}, accepting(accept, post(`{"query":"q"}`))).Format
	b := bytes.Clone(format.Begin())
	for _, response := range responses {
		b = format.Next([]byte(response)).AppendTo(b)
	}
	b = format.KeepAlive().AppendTo(b)
	b = format.Errors([]byte(`[{"message":"wrong"}]`)).AppendTo(b)
	b = format.Refused(4403, `"away"`).AppendTo(b)
	return string(format.End().AppendTo(b))
}

func TestEvents(t *testing.T) {
	const (
		plain    = `{"data":{"a":1}}`
		placed   = `{"data":{"a":1},"extensions":{"event":{"id":"e","position":"0017"}}}`
		spaced   = "{\"data\":\r\n{\"a\":1}}"
		inData   = `{"data":{"extensions":{"event":{"position":"1"}}}}`
		inErrors = `{"errors":[{"message":"x","extensions":{"event":{"position":"1"}}}]}`
		broken   = `{"data":{"a":1},"extensions":{"event":{"position":"1\n2"}}}`
		start    = `{"data":null,"extensions":{"event":{"start":["0012"]}}}`
		starts   = `{"data":null,"extensions":{"event":{"start":["0012","0013"]}}}`
		twice    = `{"data":{"extensions":{"event":{"position":"1"}}},"extensions":{"event":{"position":"2"},"x":{"extensions":{}}}}`
	)
	got := written(t, asEvents, plain, placed, spaced, inData, inErrors, broken, start, starts, twice)
	want := ":\n\n" +
		"event: next\ndata: " + plain + "\n\n" +
		"event: next\nid: 0017\ndata: " + placed + "\n\n" +
		"event: next\ndata: {\"data\":  {\"a\":1}}\n\n" +
		"event: next\ndata: " + inData + "\n\n" +
		"event: next\ndata: " + inErrors + "\n\n" +
		"event: next\ndata: " + broken + "\n\n" +
		"event: next\nid: 0012\ndata: " + start + "\n\n" +
		"event: next\ndata: " + starts + "\n\n" +
		"event: next\nid: 2\ndata: " + twice + "\n\n" +
		":\n\n" +
		`event: next` + "\n" + `data: {"errors":[{"message":"wrong"}]}` + "\n\n" +
		`event: next` + "\n" + `data: {"errors":[{"message":"\"away\""}]}` + "\n\n" +
		"event: complete\ndata: \n\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMultipart(t *testing.T) {
	const part = "\r\ncontent-type: application/json\r\n\r\n"
	got := written(t, asParts, `{"data":{"a":1}}`, `{"data":{"a":2}}`)
	bodies := []string{`{"payload":{"data":{"a":1}}}`, `{"payload":{"data":{"a":2}}}`, `{}`,
		`{"payload":{"errors":[{"message":"wrong"}]}}`, `{"payload":null,"errors":[{"message":"\"away\""}]}`}
	want := "--graphql"
	for _, body := range bodies {
		want += part + body + "\r\n--graphql"
	}
	if want += "--\r\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	header := hold(t, graphqlhttp.Config{}, accepting(asParts, post(`{"query":"q"}`))).Header
	_, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	reader := multipart.NewReader(strings.NewReader(got), params["boundary"])
	for _, body := range bodies {
		part, err := reader.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if read, err := io.ReadAll(part); err != nil || string(read) != body || part.Header.Get("Content-Type") != "application/json" {
			t.Errorf("net/http reads %s %v (%v), want %s", read, part.Header, err, body)
		}
	}
	if _, err := reader.NextPart(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last part: %v", err)
	}
}

// TestResultsAreShared: streams that receive one response have its bytes.
func TestResultsAreShared(t *testing.T) {
	for _, accept := range []string{asEvents, asParts} {
		handler := &fakeStreams{}
		h := must.Make(graphqlhttp.NewHandler(executed(), graphqlhttp.Config{Streams: handler}))
		for range 2 {
			h.ServeHTTP(httptest.NewRecorder(), accepting(accept, post(`{"query":"q"}`)))
		}
		response := []byte(`{"data":{"a":1}}`)
		first, second := handler.held[0].Format.Next(response), handler.held[1].Format.Next(response)
		if &first.Head[0] != &second.Head[0] || &first.Payload[0] != &response[0] || &second.Payload[0] != &response[0] {
			t.Errorf("%s: the results are not shared", accept)
		}
		if n := testing.AllocsPerRun(100, func() { handler.held[1].Format.Next(response) }); n > 0 {
			t.Errorf("%s: a result that is shared costs %v allocations", accept, n)
		}
	}
}

func silence() *slog.Logger { return slog.New(slog.DiscardHandler) }

// FuzzEvents: whatever a response is, it stays one event of the stream.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{`{"data":1}`, "{\n}", `{"data":1,"extensions":{"event":{"position":"1\n\nevent: complete"}}}`, `{"extensions":{"event":{"position":"\u000d"}}}`} {
		f.Add([]byte(seed))
	}
	handler := &fakeStreams{}
	must.Make(graphqlhttp.NewHandler(executed(), graphqlhttp.Config{Streams: handler})).
		ServeHTTP(httptest.NewRecorder(), accepting(asEvents, post(`{"query":"q"}`)))
	format := handler.held[0].Format
	f.Fuzz(func(t *testing.T, response []byte) {
		event := string(format.Next(bytes.Clone(response)).AppendTo(nil)) // responses are never modified
		head, data, _ := strings.Cut(event, "\ndata: ")
		if strings.ContainsAny(data[:len(data)-2], "\r\n") || !strings.HasSuffix(event, "\n\n") || strings.Count(head, "\n") > 1 || strings.Contains(head, "\r") {
			t.Errorf("%q became %q", response, event)
		}
	})
}
