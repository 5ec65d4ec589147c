//go:build e2e

package lambda

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// proxy stands between the program and DynamoDB Local.
type proxy struct {
	url string

	mu     sync.Mutex
	counts map[call]int
	// intercept, unless nil, sees each request first. True: it has answered.
	intercept func(w http.ResponseWriter, request call) bool
	// done, unless nil, is called with each request that has succeeded.
	done func(action string, body []byte)
}

// call is what the proxy knows of a request: its action, the table, and of a
// listing its topic.
type call struct {
	action, table, topic string
	// continued: it begins behind another page.
	continued bool
}

// startProxy has a proxy before the database of an account, whatever access key it is
// asked with.
func startProxy(t *testing.T, of account) *proxy {
	t.Helper()
	target, err := url.Parse(of.endpoint())
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{counts: map[call]int{}}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			scheme, _, _ := strings.Cut(r.In.Header.Get("Authorization"), "=") // up to the credential
			_, scope, _ := strings.Cut(r.In.Header.Get("Authorization"), "/")
			r.Out.Header.Set("Authorization", scheme+"="+of.key+"/"+scope)
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway) // of a request that its sender gave up, mostly
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // its sender gave up
		}
		request := callOf(r.Header.Get("X-Amz-Target"), body)
		if p.see(w, request) {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := &recorder{ResponseWriter: w}
		forward.ServeHTTP(answer, r)
		if done := p.whenDone(); done != nil && answer.status == http.StatusOK {
			done(request.action, body)
		}
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func callOf(target string, body []byte) call {
	var request struct {
		TableName                 string
		ExpressionAttributeValues map[string]struct{ S string }
	}
	_ = json.Unmarshal(body, &request) // what is no request has no table
	_, action, _ := strings.Cut(target, ".")
	values := request.ExpressionAttributeValues
	after := values[":after"].S
	return call{action: action, table: request.TableName, topic: values[":topic"].S, continued: after != "" && after != "\x00"}
}

// see counts a request, and says whether it has been answered.
func (p *proxy) see(w http.ResponseWriter, request call) bool {
	p.mu.Lock()
	p.counts[request]++
	intercept := p.intercept
	p.mu.Unlock()
	return intercept != nil && intercept(w, request)
}

func (p *proxy) whenDone() func(action string, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// recorder keeps the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader keeps the status.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// count is how many requests the filter has let through so far.
func (p *proxy) count(filter func(call) bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	total := 0
	for request, n := range p.counts {
		if filter(request) {
			total += n
		}
	}
	return total
}

// set replaces intercept.
func (p *proxy) set(intercept func(http.ResponseWriter, call) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.intercept = intercept
}

// holdStream keeps what is published in the stream until release is called, so
// that it comes in one batch.
func (p *proxy) holdStream() (release func()) {
	held := make(chan struct{})
	p.set(func(_ http.ResponseWriter, request call) bool {
		if request.action == "GetRecords" {
			<-held
		}
		return false
	})
	return sync.OnceFunc(func() {
		p.set(nil)
		close(held)
	})
}

// refuse answers so many listings of a topic with each of DynamoDB's errors, one
// error after the other, and returns how many that were so far.
func (p *proxy) refuse(topic string, requests int, errors ...string) (refused func() int) {
	var mu sync.Mutex
	n := 0
	p.set(func(w http.ResponseWriter, request call) bool {
		mu.Lock()
		defer mu.Unlock()
		if request.action != "Query" || request.topic != topic || n >= requests*len(errors) {
			return false
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.dynamodb.v20120810#" + errors[n/requests], "message": "refused"})
		n++
		return true
	})
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}
