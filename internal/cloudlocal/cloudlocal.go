// Package cloudlocal stands in for the services of AWS that run nowhere else: what is
// used of S3, Lambda and CloudFormation, behind their HTTP interfaces, so that tests
// use the real clients. Its address is what AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_LAMBDA
// and AWS_ENDPOINT_URL_CLOUDFORMATION are set to.
package cloudlocal

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/events"
)

// The names that the cloud knows.
const (
	Bucket   = "bucket"
	Function = "stream"
	Stack    = "stack"
)

// Cloud is one account. It may be used concurrently.
type Cloud struct {
	// Invoke is the function. An error is one that the function reports.
	Invoke func(ctx context.Context, payload []byte) ([]byte, error)
	// Outputs are those of the stack.
	Outputs map[string]string

	mu      sync.Mutex
	objects map[string]string
}

// Put puts an object into the bucket.
func (c *Cloud) Put(key, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.objects == nil {
		c.objects = map[string]string{}
	}
	c.objects[key] = text
}

// Keys are those of the objects in the bucket, sorted.
func (c *Cloud) Keys() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.objects))
}

// Kept is a batch as Lambda keeps it in a bucket: the payload is text. Source: "Retain
// discarded records for a DynamoDB event source in Lambda".
func Kept(records []events.DynamoDBEventRecord) (string, error) {
	payload, err := json.Marshal(events.DynamoDBEvent{Records: records})
	if err != nil {
		return "", err
	}
	object, err := json.Marshal(map[string]any{
		"requestContext": map[string]any{"condition": "RecordAgeExceeded", "approximateInvokeCount": 12},
		"version":        "1.0", "timestamp": "2026-11-28T10:00:01.000Z", "payload": string(payload),
	})
	return string(object), err
}

// ServeHTTP answers one request.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, ofObject := strings.CutPrefix(r.URL.Path, "/"+Bucket+"/")
	switch {
	case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/"+Function+"/"):
		c.invoke(w, r)
	case ofObject && key != "":
		c.object(w, r, key)
	case strings.Trim(r.URL.Path, "/") == Bucket:
		c.list(w, r)
	case r.Method == http.MethodPost && r.URL.Path == "/":
		c.describe(w, r)
	default:
		http.NotFound(w, r)
	}
}

// invoke is Invoke of Lambda.
func (c *Cloud) invoke(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, err := c.Invoke(r.Context(), payload)
	if err != nil {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		answer, _ = json.Marshal(map[string]string{"errorMessage": err.Error()}) // texts always have a JSON
	}
	_, _ = w.Write(answer) // the client has gone
}

// object is GetObject and DeleteObject of S3.
func (c *Cloud) object(w http.ResponseWriter, r *http.Request, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, found := c.objects[key]
	switch {
	case r.Method == http.MethodDelete:
		delete(c.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case !found:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `<Error><Code>NoSuchKey</Code></Error>`) // the client has gone
	default:
		_, _ = io.WriteString(w, text) // the client has gone
	}
}

// list is ListObjectsV2 of S3. A page has two objects, so that callers turn it.
func (c *Cloud) list(w http.ResponseWriter, r *http.Request) {
	const page = 2
	type content struct{ Key string }
	var answer struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []content
	}
	after := r.URL.Query().Get("continuation-token")
	for _, key := range c.Keys() {
		switch {
		case key <= after:
		case len(answer.Contents) == page:
			answer.IsTruncated, answer.NextContinuationToken = true, answer.Contents[page-1].Key
		default:
			answer.Contents = append(answer.Contents, content{key})
		}
	}
	_ = xml.NewEncoder(w).Encode(answer) // the client has gone
}

// describe is DescribeStacks of CloudFormation.
func (c *Cloud) describe(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what is cut names no stack
	form, _ := url.ParseQuery(string(body))
	if form.Get("StackName") != Stack {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack does not exist</Message></Error></ErrorResponse>`)
		return
	}
	type output struct{ OutputKey, OutputValue string }
	var answer struct {
		XMLName   xml.Name `xml:"DescribeStacksResponse"`
		StackName string   `xml:"DescribeStacksResult>Stacks>member>StackName"`
		Outputs   []output `xml:"DescribeStacksResult>Stacks>member>Outputs>member"`
	}
	answer.StackName = Stack
	for key, value := range c.Outputs {
		answer.Outputs = append(answer.Outputs, output{key, value})
	}
	_ = xml.NewEncoder(w).Encode(answer) // the client has gone
}
