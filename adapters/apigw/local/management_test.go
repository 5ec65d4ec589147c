package local_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fanql/fanql/adapters/apigw/local"
)

func TestPost(t *testing.T) {
	f := newFixture(t, local.Config{}, newFunction())
	c := f.dial()
	if status, header, body := f.manage(http.MethodPost, c.id, "hello"); status != 200 || body != "" || header.Get("X-Amzn-Requestid") == "" {
		t.Errorf("POST: %d %q", status, body)
	}
	c.wantText("hello")
}

func TestGet(t *testing.T) {
	now := time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC)
	f := newFixture(t, local.Config{Now: func() time.Time { return now }}, newFunction())
	c := f.dial()
	status, _, body := f.manage(http.MethodGet, c.id, "")
	want := `{"connectedAt":"2026-02-03T04:05:06.789Z","identity":{"sourceIp":"127.0.0.1","userAgent":""},"lastActiveAt":"2026-02-03T04:05:06.789Z"}`
	if status != 200 || body != want {
		t.Errorf("GET: %d %s, want %s", status, body, want)
	}
}

func TestDelete(t *testing.T) {
	f := newFixture(t, local.Config{}, newFunction())
	c := f.dial()
	if status, _, body := f.manage(http.MethodDelete, c.id, ""); status != 204 || body != "" {
		t.Errorf("DELETE: %d %q", status, body)
	}
	c.wantClose(1000)
}

func TestGone(t *testing.T) {
	f := newFixture(t, local.Config{}, newFunction())
	c := f.dial()
	f.manage(http.MethodDelete, c.id, "")
	for _, id := range []string{c.id, "L0SM9cOFvHcCIhw="} {
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
			if status, header, _ := f.manage(method, id, "x"); status != 410 || header.Get("X-Amzn-Errortype") != "GoneException" {
				t.Errorf("%s: %d %s, want 410 GoneException", method, status, header.Get("X-Amzn-Errortype"))
			}
		}
	}
}

func TestPostBeforeConnectHasReturned(t *testing.T) {
	function := newFunction()
	var f *fixture
	function.answer = func(_ context.Context, event events.APIGatewayWebsocketProxyRequest) (string, error) {
		if event.RequestContext.EventType == "CONNECT" {
			if status, _, _ := f.manage(http.MethodPost, event.RequestContext.ConnectionID, "early"); status != 410 {
				t.Errorf("POST within $connect: %d, want 410", status)
			}
		}
		return `{"statusCode":200}`, nil
	}
	f = newFixture(t, local.Config{}, function)
	c := f.dial()
	f.manage(http.MethodPost, c.id, "first")
	c.wantText("first")
}

func TestPostTooLarge(t *testing.T) {
	f := newFixture(t, local.Config{}, newFunction())
	c := f.dial()
	status, header, body := f.manage(http.MethodPost, c.id, strings.Repeat("x", 128<<10+1))
	if status != 413 || header.Get("X-Amzn-Errortype") != "PayloadTooLargeException" {
		t.Errorf("POST: %d %v", status, header)
	}
	var answer struct{ Message, RequestID string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Message == "" || answer.RequestID != header.Get("X-Amzn-Requestid") {
		t.Errorf("POST answered %s (%v)", body, err)
	}
	most := strings.Repeat("x", 128<<10)
	f.manage(http.MethodPost, c.id, most)
	c.wantText(most)
}

// The client takes nothing; what the sockets' buffers hold is posted, and then
// one more waits in the queue.
func TestPostThrottled(t *testing.T) {
	f := newFixture(t, local.Config{QueuedPosts: 1, CloseTimeout: time.Millisecond}, newFunction())
	c := f.dial()
	for range 1000 {
		status, header, _ := f.manage(http.MethodPost, c.id, strings.Repeat("x", 128<<10))
		if status == 429 {
			if code := header.Get("X-Amzn-Errortype"); code != "LimitExceededException" {
				t.Errorf("429 is called %s", code)
			}
			return
		}
	}
	t.Error("a client that receives nothing took 1,000 messages of 128 KiB")
}

func TestUnsigned(t *testing.T) {
	f := newFixture(t, local.Config{}, newFunction())
	c := f.dial()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+"/@connections/"+c.id, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	if status, _, body := do(t, request); status != 403 || !strings.Contains(body, "Missing Authentication Token") {
		t.Errorf("an unsigned POST: %d %s", status, body)
	}
}
