package fanql_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/core"
)

// accepts are the Accept headers of the two kinds of stream.
const (
	acceptEvents = "text/event-stream"
	acceptParts  = `multipart/mixed;subscriptionSpec="1.0", application/json`
)

// stream is the answer to a request that stays open.
type stream struct {
	t        *testing.T
	response *http.Response
	body     *bufio.Reader
}

// stream subscribes over a stream.
func (p *process) stream(t *testing.T, accept, query string, headers ...string) *stream {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.address+"/graphql", strings.NewReader(`{"query":"`+query+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accept)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return &stream{t, response, bufio.NewReader(response.Body)}
}

// want reads what comes next.
func (s *stream) want(text string) {
	s.t.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(s.body, got); err != nil || string(got) != text {
		s.t.Fatalf("got %q (%v), want %q", got[:n], err, text)
	}
}

func (s *stream) wantEnd(want error) {
	s.t.Helper()
	if rest, err := io.ReadAll(s.body); len(rest) > 0 || !errors.Is(err, want) {
		s.t.Fatalf("got %q and %v, want the end with %v", rest, err, want)
	}
}

func TestStreams(t *testing.T) {
	p := start(t, fanql.Config{})
	events := p.stream(t, acceptEvents, "subscription { texts }")
	events.want(":\n\nevent: next\ndata: {\"data\":{\"texts\":\"first\"}}\n\n")
	parts := p.stream(t, acceptParts, "subscription { texts }")
	const part = "\r\ncontent-type: application/json\r\n\r\n"
	parts.want("--graphql" + part + `{"payload":{"data":{"texts":"first"}}}` + "\r\n--graphql")
	p.send(t, "hello")
	events.want("event: next\ndata: {\"data\":{\"texts\":\"hello\"}}\n\n")
	parts.want(part + `{"payload":{"data":{"texts":"hello"}}}` + "\r\n--graphql")
	if err := p.Engine().Publish(t.Context(), core.NewTopic[string]("texts").End()); err != nil {
		t.Fatal(err)
	}
	events.want("event: complete\ndata: \n\n")
	events.wantEnd(nil)
	parts.want("--\r\n")
	parts.wantEnd(nil)
}

// An EventSource whose position no history reaches back to forgets it: with the same one
// it would come back for ever.
func TestAStreamThatMissedEventsForgetsItsPosition(t *testing.T) {
	for position, message := range map[string]string{
		"12345678.AAAAAAAAAAAAAAAAAAAAAAAAAA.0000000000000007": "events were missed that cannot be delivered any more; subscribe again",
		"of another server": "extensions.resume: position 1 is not a position that this server has given",
	} {
		events := start(t, fanql.Config{}).stream(t, acceptEvents, "subscription { kept }", "Last-Event-ID", position)
		events.want(":\n\nevent: next\nid:\ndata: {\"errors\":[{\"message\":\"" + message + "\",\"extensions\":{\"code\":\"" +
			core.CodeMissed + "\"}}]}\n\nevent: complete\ndata: \n\n")
		events.wantEnd(nil)
	}
}

func TestAStreamIsCutWhenTheServerStops(t *testing.T) {
	p := start(t, fanql.Config{})
	events := p.stream(t, acceptEvents, "subscription { texts }")
	events.want(":\n\nevent: next\ndata: {\"data\":{\"texts\":\"first\"}}\n\n")
	if err := p.stop(t); err != nil {
		t.Error(err)
	}
	events.wantEnd(io.ErrUnexpectedEOF)
}
